{# A day of an ad in one currency; several lines of a report for it are added up. Days are
   those of the ad account and are not shifted. #}
with reports as (
    select
        *,
        {{ campaign_reference() }} as campaign_reference,
        coalesce(ad_group_id, 'name:' || ad_group_name) as ad_group_reference,
        coalesce(ad_id, 'name:' || ad_name) as ad_reference
    from {{ ref('stg_generic__ad_reports') }}
),

days as (
    select
        reports.report_date,
        reports.source_system,
        reports.platform,
        reports.ad_account_id,
        reports.campaign_reference,
        reports.ad_group_reference,
        reports.ad_reference,
        reports.currency,
        reports.segment,
        reports.region,
        max(reports.ad_group_name) as ad_group_name,
        max(reports.ad_name) as ad_name,
        sum(reports.impressions) as impressions,
        sum(reports.clicks) as clicks,
        sum(reports.cost) as spend,
        sum(reports.platform_conversions) as platform_conversions,
        sum(reports.platform_conversion_value) as platform_conversion_value
    from reports
    group by
        reports.report_date,
        reports.source_system,
        reports.platform,
        reports.ad_account_id,
        reports.campaign_reference,
        reports.ad_group_reference,
        reports.ad_reference,
        reports.currency,
        reports.segment,
        reports.region
)

select
    cast({{ surrogate_key([
        'days.report_date', 'days.source_system', 'days.platform', 'days.ad_account_id', 'days.campaign_reference',
        'days.ad_group_reference', 'days.ad_reference', 'days.currency', 'days.segment', 'days.region'
    ]) }} as string) as ad_spend_id,
    cast(days.report_date as date) as spend_date,
    cast(coalesce(days.platform, campaigns.platform) as string) as platform,
    cast(days.ad_account_id as string) as ad_account_id,
    cast(campaigns.campaign_id as string) as campaign_id,
    cast(days.ad_group_reference as string) as ad_group_id,
    cast(days.ad_group_name as string) as ad_group_name,
    cast(days.ad_reference as string) as ad_id,
    cast(days.ad_name as string) as ad_name,
    cast(coalesce(channels.channel_id, 'unattributed') as string) as channel_id,
    cast(coalesce({{ agreed_segment('days.segment', 'segments') }}, campaigns.segment) as string) as segment,
    cast(coalesce(days.region, campaigns.region) as string) as region,
    cast(days.impressions as bigint) as impressions,
    cast(days.clicks as bigint) as clicks,
    cast(days.spend as decimal(18, 6)) as spend,
    cast(days.currency as string) as currency,
    {{ to_reporting('days.spend', scale=6) }} as spend_reporting,
    cast(days.platform_conversions as decimal(18, 6)) as platform_conversions,
    cast(days.platform_conversion_value as decimal(18, 6)) as platform_conversion_value,
    {{ to_reporting('days.platform_conversion_value', scale=6) }} as platform_conversion_value_reporting,
    cast(days.source_system as string) as source_system
from days
left join {{ ref('int_ad_campaigns') }} as reported
    on days.source_system = reported.source_system
    and days.campaign_reference = reported.campaign_reference
left join {{ ref('dim_campaign') }} as campaigns on reported.campaign_id = campaigns.campaign_id
{{ join_segment('days.segment', 'segments') }}
left join {{ ref('int_record_channels') }} as channels
    on channels.object_type = 'ad_campaign'
    and days.source_system = channels.source_system
    and days.campaign_reference = channels.source_id
{{ join_fx_rate('days.currency', 'days.report_date') }}
