with campaigns as (
    select
        *,
        row_number() over (
            partition by source_system, source_id
            order by updated_at desc nulls last, _table asc nulls last
        ) as version
    from {{ ref('stg_generic__campaigns') }}
),

{# What ad reports say of a campaign. Whom it aims at only its own record says: the segment or
   region of some of its ads is not that of the others. #}
reports as (
    select
        campaign_id,
        case when min(platform) = max(platform) then min(platform) end as platform,
        max(name) as name
    from {{ ref('int_ad_campaigns') }}
    where campaign_id is not null
    group by campaign_id
),

keys as (
    select campaign_id, source_system, source_id, is_reference_only
    from {{ ref('int_campaign_records') }}
    where campaign_id is not null
    union
    select campaign_id, campaign_system as source_system, campaign_source_id as source_id, true as is_reference_only
    from {{ ref('int_ad_campaigns') }}
    where not is_declared and campaign_id is not null
)

select
    keys.campaign_id,
    keys.source_system,
    keys.source_id,
    coalesce(
        campaigns.name,
        reports.name,
        case
            when keys.source_id like 'name:%' then substr(keys.source_id, 6)
            else keys.source_id
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
    {{ agreed_segment('campaigns.segment', 'segments') }} as segment,
    campaigns.region,
    coalesce(campaigns.is_deleted, false) as is_deleted,
    reports.campaign_id is not null as has_ad_reports,
    keys.is_reference_only
from keys
left join campaigns
    on keys.source_system = campaigns.source_system
    and keys.source_id = campaigns.source_id
    and campaigns.version = 1
left join reports on keys.campaign_id = reports.campaign_id
{{ join_segment('campaigns.segment', 'segments') }}
