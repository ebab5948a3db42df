{# One row per step, period and slice: how many entered, how many converted, how sure and how fast. #}
{# The first day of each period; quarters are those of the fiscal year. #}
{% set starts = {
    "week": period_start("week", "count_date"),
    "month": period_start("month", "count_date"),
    "quarter": fiscal_quarter_start("count_date"),
} %}
{% set counted = ["inferred_entered", "inferred_converted", "observed_entered", "observed_converted"] %}
{% set key = ["basis", "step", "cohort_grain", "cohort_start"] %}
{% set slices = ["channel_id", "segment"] %}
with steps as (
    {{ funnel_step_rows() }}
),

daily as (
    select
        basis,
        step,
        count_date,
        channel_id,
        segment,
        {% for name in counted %}sum({{ name }}) as {{ name }}{{ ", " if not loop.last }}{% endfor %}
    from {{ ref('funnel_step_counts') }}
    where count_date is not null
    group by basis, step, count_date, channel_id, segment
),

periods as (
    {% for grain, start in starts.items() %}
    select count_date, '{{ grain }}' as cohort_grain, {{ start }} as cohort_start
    from (select distinct count_date from daily) as days
    {{ "union all" if not loop.last }}
    {% endfor %}
),

summed as (
    select
        {{ key | join(", ") }},
        {{ kpi_sliced(slices) }},
        {% for name in counted %}sum({{ name }}) as {{ name }}{{ ", " if not loop.last }}{% endfor %}
    from daily
    inner join periods
        on daily.count_date = periods.count_date
    {{ kpi_one_slice_at_a_time(key, slices) }}
),

timed as (
    select
        {{ key | join(", ") }},
        {{ kpi_sliced(slices) }},
        {{ percentile("days", 0.5) }} as median_days,
        {{ percentile("days", 0.9) }} as p90_days
    from {{ ref('funnel_step_counts') }} as counts
    inner join periods
        on counts.count_date = periods.count_date
    where counts.days is not null
    {{ kpi_one_slice_at_a_time(key, slices) }}
),

-- How long nine of ten conversions took so far, where enough are known to say.
usual as (
    select
        step,
        cast(ceil({{ percentile("days", 0.9) }}) as bigint) as days
    from {{ ref('funnel_step_counts') }}
    where basis = 'cohort' and count_date is not null and days is not null
    group by step
    having count(*) >= 20
),

ended as (
    select
        summed.*,
        timed.median_days,
        timed.p90_days,
        usual.days as usual_days,
        {{ add_days(add_months("summed.cohort_start", "case summed.cohort_grain when 'month' then 1 when 'quarter' then 3 else 0 end"), "case summed.cohort_grain when 'week' then 6 else -1 end") }} as last_day
    from summed
    left join timed
        on summed.basis = timed.basis
        and summed.step = timed.step
        and summed.cohort_grain = timed.cohort_grain
        and summed.cohort_start = timed.cohort_start
        and summed.channel_id = timed.channel_id
        and summed.segment = timed.segment
    left join usual
        on summed.step = usual.step
    -- A visitor's segment is only known of who converts.
    where summed.step <> 'visitor_to_lead' or summed.segment = '(all)'
),

by_evidence as (
    {% for evidence in ["observed", "inferred"] %}
    select
        ended.*,
        '{{ evidence }}' as evidence,
        {{ evidence }}_entered as entered,
        {{ evidence }}_converted as converted
    from ended
    where {{ evidence }}_entered > 0 or {{ evidence }}_converted > 0
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    cast(by_evidence.cohort_grain as string) as cohort_grain,
    cast(by_evidence.cohort_start as date) as cohort_start,
    cast(by_evidence.step as string) as step,
    cast(coalesce(steps.from_stage_id, 'visitor') as string) as from_stage_id,
    cast(coalesce(steps.to_stage_id, 'lead') as string) as to_stage_id,
    cast(by_evidence.basis as string) as basis,
    cast(by_evidence.evidence as string) as evidence,
    cast(by_evidence.channel_id as string) as channel_id,
    cast(by_evidence.segment as string) as segment,
    cast(by_evidence.entered as bigint) as entered,
    cast(by_evidence.converted as bigint) as converted,
    {{ share("by_evidence.converted", "by_evidence.entered") }} as conversion_rate,
    -- Of a period more may have converted than entered: that is no share.
    {% for end, bound in [
        ("low", wilson_low("by_evidence.converted", "by_evidence.entered")),
        ("high", wilson_high("by_evidence.converted", "by_evidence.entered")),
    ] -%}
    case when by_evidence.basis = 'cohort' then {{ bound }} end as conversion_rate_{{ end }},
    {% endfor -%}
    {{ is_small_sample("by_evidence.entered") }} as is_small_sample,
    case when by_evidence.evidence = 'observed' then by_evidence.median_days end as median_days,
    case when by_evidence.evidence = 'observed' then by_evidence.p90_days end as p90_days,
    -- A cohort is mature once nine of ten would have converted; a period once it is over.
    cast(
        {{ add_days(
            "by_evidence.last_day",
            "case when by_evidence.basis = 'cohort' then by_evidence.usual_days else 1 end"
        ) }} <= {{ as_of_date() }} as boolean
    ) as is_mature
from by_evidence
left join steps
    on by_evidence.step = steps.step
