{#
  One row per measure, source, platform, currency and month of what sources report and the marts
  keep as it is: advertising, activities and touches. Without quarantined rows.
#}
{% set ads = {
    "ad_spend": "cost", "ad_clicks": "clicks", "ad_impressions": "impressions",
    "platform_conversions": "platform_conversions",
} %}
with platforms as (
    select
        reported.source_system,
        reported.campaign_reference,
        min(campaigns.platform) as platform
    from {{ ref('int_ad_campaigns') }} as reported
    inner join {{ ref('int_campaigns') }} as campaigns
        on reported.campaign_id = campaigns.campaign_id
    group by reported.source_system, reported.campaign_reference
),

-- Many reports in few rows, before anything is asked of them.
days as (
    select
        source_system,
        platform,
        campaign_id,
        campaign_name,
        currency,
        {%- for column in ads.values() %}
        sum({{ column }}) as {{ column }},
        count({{ column }}) as {{ column }}_count,
        {%- endfor %}
        {{ period_start('month', 'report_date') }} as period_start
    from {{ ref('stg_generic__ad_reports') }}
    group by source_system, platform, campaign_id, campaign_name, currency, {{ period_start('month', 'report_date') }}
),

-- The campaign's platform where the report names none, as in fct_ad_spend.
reports as (
    select
        days.source_system,
        coalesce(days.platform, platforms.platform) as platform,
        days.currency,
        {%- for column in ads.values() %}
        days.{{ column }},
        days.{{ column }}_count,
        {%- endfor %}
        days.period_start
    from (
        select *, {{ campaign_reference() }} as campaign_reference
        from days
    ) as days
    left join platforms
        on days.source_system = platforms.source_system
        and days.campaign_reference = platforms.campaign_reference
)

{% for measure, column in ads.items() %}
select
    '{{ measure }}' as measure,
    source_system,
    platform,
    {{ "currency" if column == "cost" else "cast(null as string)" }} as currency,
    period_start,
    '(agrees)' as cause,
    cast(sum({{ column }}) as decimal(38, 6)) as source_value,
    cast(sum({{ column }}) as decimal(38, 6)) as our_value,
    cast(sum({{ column }}_count) as bigint) as record_count
from reports
where {{ column }}_count > 0
group by source_system, platform, {{ "currency, " if column == "cost" }}period_start

union all
{% endfor %}
select
    'activities' as measure,
    source_system,
    cast(null as string) as platform,
    cast(null as string) as currency,
    {{ period_start('month', 'occurred_date') }} as period_start,
    case when is_deleted then 'deleted upstream' else '(agrees)' end as cause,
    cast(count(*) as decimal(38, 6)) as source_value,
    cast(sum(case when is_deleted then 0 else 1 end) as decimal(38, 6)) as our_value,
    count(*) as record_count
from {{ ref('stg_generic__activities') }}
group by source_system, {{ period_start('month', 'occurred_date') }}, is_deleted

union all

select
    'touches' as measure,
    source_system,
    cast(null as string) as platform,
    cast(null as string) as currency,
    {{ period_start('month', 'occurred_date') }} as period_start,
    '(agrees)' as cause,
    cast(count(*) as decimal(38, 6)) as source_value,
    cast(count(*) as decimal(38, 6)) as our_value,
    count(*) as record_count
from {{ ref('int_touch_events') }}
group by source_system, {{ period_start('month', 'occurred_date') }}
