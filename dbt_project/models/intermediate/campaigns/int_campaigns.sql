with campaigns as (
    select
        *,
        row_number() over (
            partition by source_system, source_id
            order by updated_at desc nulls last, _table asc nulls last
        ) as version
    from {{ ref('stg_generic__campaigns') }}
),

{# What ad reports say of a campaign: its name on the last day that has one. #}
reports as (
    select
        {{ resolved('campaign', 'campaign_id') }} as campaign_id,
        max(reports.platform) as platform,
        {{ value_at_max('reports.campaign_name', ['reports.report_date', 'reports.campaign_name']) }} as name,
        max(reports.segment) as segment,
        max(reports.region) as region
    from (
        select *, {{ campaign_reference() }} as campaign_reference
        from {{ ref('stg_generic__ad_reports') }}
    ) as reports
    {{ resolve_record('reports', 'campaign_reference', ref('int_campaign_records'), 'campaign') }}
    group by {{ resolved('campaign', 'campaign_id') }}
),

keys as (
    select
        campaign_id,
        source_system,
        campaign_source_id,
        min(case when is_reference_only then 1 else 0 end) = 1 as is_reference_only
    from {{ ref('int_campaign_records') }}
    group by campaign_id, source_system, campaign_source_id
)

select
    keys.campaign_id,
    keys.source_system,
    keys.campaign_source_id as source_id,
    coalesce(
        campaigns.name,
        reports.name,
        case
            when keys.campaign_source_id like 'name:%' then substr(keys.campaign_source_id, 6)
            else keys.campaign_source_id
        end
    ) as name,
    campaigns.campaign_type,
    coalesce(campaigns.platform, reports.platform) as platform,
    campaigns.channel as channel_label,
    campaigns.status,
    campaigns.starts_on,
    campaigns.ends_on,
    campaigns.budget,
    campaigns.currency,
    campaigns.owner_id,
    campaigns.parent_id,
    campaigns.utm_campaign,
    coalesce(campaigns.segment, reports.segment) as segment,
    coalesce(campaigns.region, reports.region) as region,
    coalesce(campaigns.is_deleted, false) as is_deleted,
    reports.campaign_id is not null as has_ad_reports,
    keys.is_reference_only
from keys
left join campaigns
    on keys.source_system = campaigns.source_system
    and keys.campaign_source_id = campaigns.source_id
    and campaigns.version = 1
left join reports on keys.campaign_id = reports.campaign_id
