{# What leads, contacts, opportunities and conversions say themselves of where they came from.
   The channel of their campaign counts only where they say nothing else. #}
with given as (
    select
        source_system,
        'lead' as object_type,
        source_id,
        campaign_id,
        lead_source,
        utm_source,
        utm_medium,
        utm_campaign,
        referrer,
        landing_page
    from {{ ref('stg_generic__leads') }}
    where not is_deleted or merged_into_id is not null
    union all
    select
        source_system,
        'contact' as object_type,
        source_id,
        cast(null as string) as campaign_id,
        lead_source,
        cast(null as string) as utm_source,
        cast(null as string) as utm_medium,
        cast(null as string) as utm_campaign,
        cast(null as string) as referrer,
        cast(null as string) as landing_page
    from {{ ref('stg_generic__contacts') }}
    where not is_deleted or merged_into_id is not null
    union all
    select
        source_system,
        'opportunity' as object_type,
        source_id,
        campaign_id,
        lead_source,
        cast(null as string) as utm_source,
        cast(null as string) as utm_medium,
        cast(null as string) as utm_campaign,
        cast(null as string) as referrer,
        cast(null as string) as landing_page
    from {{ ref('stg_generic__opportunities') }}
    where not is_deleted
    union all
    select
        source_system,
        'conversion' as object_type,
        source_id,
        cast(null as string) as campaign_id,
        lead_source,
        utm_source,
        utm_medium,
        utm_campaign,
        referrer,
        landing_page
    from {{ ref('stg_generic__conversions') }}
),

parsed as (
    select
        source_system,
        object_type,
        source_id,
        campaign_id,
        lead_source,
        {% for name in ['utm_source', 'utm_medium', 'utm_campaign'] -%}
        {{ without_addresses('coalesce(' ~ name ~ ', ' ~ url_parameter('landing_page', name) ~ ')') }} as {{ name }},
        {% endfor -%}
        {{ without_addresses(url_page('referrer')) }} as referrer,
        {{ folded(url_click_id_type('landing_page')) }} as click_id_type
    from given
),

placed as (
    select
        parsed.source_system,
        parsed.object_type,
        parsed.source_id,
        case
            when
                coalesce(
                    parsed.lead_source,
                    parsed.utm_source,
                    parsed.utm_medium,
                    parsed.utm_campaign,
                    parsed.referrer,
                    parsed.click_id_type
                ) is null then campaigns.channel_label
        end as channel_label,
        parsed.utm_source,
        parsed.utm_medium,
        parsed.utm_campaign,
        parsed.referrer,
        parsed.click_id_type,
        parsed.lead_source,
        cast(null as string) as touch_type
    from parsed
    {{ resolve_record('parsed', 'campaign_id', ref('int_campaign_records'), 'campaign') }}
    left join {{ ref('int_campaigns') }} as campaigns
        on {{ resolved('campaign', 'campaign_id') }} = campaigns.campaign_id
    union all
    {# A campaign is its label; without one, its type, and the paid clicks on its platform
        where it has ad spend. #}
    select
        source_system,
        'campaign' as object_type,
        campaign_id as source_id,
        channel_label,
        platform as utm_source,
        case when has_ad_reports then 'paid' end as utm_medium,
        utm_campaign,
        cast(null as string) as referrer,
        cast(null as string) as click_id_type,
        campaign_type as lead_source,
        case when has_ad_reports then 'ad_click' end as touch_type
    from {{ ref('int_campaigns') }}
    union all
    {# What is spent on a campaign is spent on the platform that reports it. #}
    select
        reported.source_system,
        'ad_campaign' as object_type,
        reported.campaign_reference as source_id,
        campaigns.channel_label,
        coalesce(reported.platform, campaigns.platform) as utm_source,
        'paid' as utm_medium,
        campaigns.utm_campaign,
        cast(null as string) as referrer,
        cast(null as string) as click_id_type,
        campaigns.campaign_type as lead_source,
        'ad_click' as touch_type
    from {{ ref('int_ad_campaigns') }} as reported
    left join {{ ref('int_campaigns') }} as campaigns
        on reported.campaign_id = campaigns.campaign_id
)

select
    *,
    {{ surrogate_key(channel_evidence_columns()) }} as evidence_key
from placed
