{#
  Per measure, source, platform, currency and month: our number beside the source's own, in total
  (cause '(all)') and by cause. The parts come from the records, the totals from the marts that
  people read; what the parts do not account for is 'unexplained'.
#}
{% set measures = reconciled_measures() %}
with parts as (
    select * from {{ ref('int_reconciliation_parts') }}
),

-- A lead counts for the source of the lead, also where its deal is in another system.
lead_sources as (
    select
        journey_id,
        coalesce(lead_source_system, source_system) as source_system
    from {{ ref('int_journeys') }}
),

mart_totals as (
    {% for measure in measures %}
    select
        '{{ measure["id"] }}' as measure,
        {{ "lead_sources" if measure["id"] == "leads" else "facts" }}.source_system,
        {{ "facts." ~ measure["platform"] if measure["platform"] else "cast(null as string)" }} as platform,
        {{ "facts." ~ measure["currency"] if measure["currency"] else "cast(null as string)" }} as currency,
        {{ period_start('month', "facts." ~ measure["date"]) }} as period_start,
        cast({{ measure["value"] }} as decimal(38, 6)) as our_value
    from {{ ref(measure["fact"]) }} as facts
    {%- if measure["id"] == "leads" %}
left join lead_sources
    on facts.journey_id = lead_sources.journey_id
    {%- endif %}
    where {{ measure["filter"] }} and {{ measure["value"] }} is not null
    {{ "union all" if not loop.last }}
    {% endfor %}
),

differences as (
    select
        measure, source_system, platform, currency, period_start,
        our_value as mart_value, 0 as parts_value
    from mart_totals
    union all
    select
        measure, source_system, platform, currency, period_start,
        0 as mart_value, our_value as parts_value
    from parts
),

unexplained as (
    select
        measure,
        source_system,
        platform,
        currency,
        period_start,
        'unexplained' as cause,
        cast(0 as decimal(38, 6)) as source_value,
        cast(sum(mart_value) - sum(parts_value) as decimal(38, 6)) as our_value,
        cast(0 as bigint) as record_count,
        cast(null as string) as example_source_ids
    from differences
    group by measure, source_system, platform, currency, period_start
    having sum(mart_value) <> sum(parts_value)
),

-- What platforms claim beside the deals that were won after a touch of their campaigns: one of
-- those that attribution counts for the deal. A claim names no deal, so that only the sums can be
-- compared.
ad_campaigns as (
    select distinct source_system, platform, campaign_id
    from {{ ref('fct_ad_spend') }}
    where campaign_id is not null
),

wins as (
    select distinct
        touches.opportunity_id,
        ad_campaigns.source_system,
        ad_campaigns.platform,
        touches.basis_month as period_start
    from {{ ref('fct_attribution_weights') }} as touches
    inner join ad_campaigns
        on touches.campaign_id = ad_campaigns.campaign_id
    where touches.basis = 'revenue'
),

claims as (
    select
        source_system,
        platform,
        period_start,
        sum(claimed) as claimed,
        sum(won) as won
    from (
        select source_system, platform, period_start, source_value as claimed, 0 as won
        from parts
        where measure = 'platform_conversions'
        union all
        select source_system, platform, period_start, 0 as claimed, 1 as won from wins
    ) as both_sides
    group by source_system, platform, period_start
),

causes_of_claims as (
    select '(agrees)' as cause
    union all
    select 'claimed by the platform, not won here' as cause
    union all
    select 'won here, not claimed by the platform' as cause
),

claim_parts as (
    select
        'claimed_wins' as measure,
        claims.source_system,
        claims.platform,
        cast(null as string) as currency,
        claims.period_start,
        parts_of_claims.cause,
        cast(
            case parts_of_claims.cause
                when '(agrees)' then least(claims.claimed, claims.won)
                when 'claimed by the platform, not won here' then claims.claimed - least(claims.claimed, claims.won)
                else 0
            end as decimal(38, 6)
        ) as source_value,
        cast(
            case parts_of_claims.cause
                when '(agrees)' then least(claims.claimed, claims.won)
                when 'won here, not claimed by the platform' then claims.won - least(claims.claimed, claims.won)
                else 0
            end as decimal(38, 6)
        ) as our_value,
        cast(claims.won as bigint) as record_count,
        cast(null as string) as example_source_ids
    from claims
    cross join causes_of_claims as parts_of_claims
),

all_parts as (
    select * from parts
    union all
    select * from unexplained
    union all
    select * from claim_parts where source_value <> 0 or our_value <> 0
),

summed as (
    select
        measure, source_system, platform, currency, period_start, cause,
        sum(source_value) as source_value,
        sum(our_value) as our_value,
        sum(record_count) as record_count,
        max(example_source_ids) as example_source_ids
    from all_parts
    group by measure, source_system, platform, currency, period_start, cause
    union all
    select
        measure, source_system, platform, currency, period_start, '(all)' as cause,
        sum(source_value) as source_value,
        sum(our_value) as our_value,
        sum(record_count) as record_count,
        cast(null as string) as example_source_ids
    from all_parts
    group by measure, source_system, platform, currency, period_start
)

select
    cast({{ surrogate_key([
        'measure', 'source_system', 'platform', 'currency', 'period_start', 'cause'
    ]) }} as string) as reconciliation_id,
    cast(measure as string) as measure,
    cast(source_system as string) as source_system,
    cast(platform as string) as platform,
    cast(currency as string) as currency,
    cast(period_start as date) as period_start,
    cast(cause as string) as cause,
    cast(our_value as decimal(38, 6)) as our_value,
    cast(source_value as decimal(38, 6)) as source_value,
    cast(our_value - source_value as decimal(38, 6)) as difference,
    cast(record_count as bigint) as record_count,
    cast(example_source_ids as string) as example_source_ids,
    cast(
        case measure
            {%- for measure in measures %}
            when '{{ measure["id"] }}'
                then '{{ measure["fact"] }}: {{ measure["filter"] | replace("'", "''") }}, month of {{ measure["date"] }}'
            {%- endfor %}
            else 'fct_attribution_weights: basis = ''revenue'', opportunities by basis_month; fct_ad_spend: platform_conversions'
        end as string
    ) as drill
from summed
