{% set main = main_stages() %}
{# Each stage to the next, and the whole way. #}
{% set steps = [] %}
{% for stage in main[:-1] %}{% do steps.append([stage, main[loop.index]]) %}{% endfor %}
{% do steps.append(["lead", "won"]) %}
{# The first day of each period; quarters are those of the fiscal year. #}
{% set starts = {
    "week": period_start("week", "count_date"),
    "month": period_start("month", "count_date"),
    "quarter": fiscal_quarter_start("count_date"),
} %}
{% set slices = ["all", "channel_id", "segment"] %}
with steps as (
    {% for first, second in steps %}
    select
        '{{ first }}_to_{{ second }}' as step,
        '{{ first }}' as from_stage_id,
        '{{ second }}' as to_stage_id
    {{ "union all" if not loop.last }}
    {% endfor %}
),

entries as (
    select
        events.journey_id,
        events.person_id,
        events.stage_id,
        events.entered_at,
        events.entered_date,
        events.is_inferred,
        events.is_time_known,
        coalesce(events.channel_id, '(none)') as channel_id,
        coalesce(events.segment, '(none)') as segment
    from {{ ref('fct_funnel_events') }} as events
),

durations as (
    {% for first, second in steps %}
    select
        journey_id,
        '{{ first }}_to_{{ second }}' as step,
        days_{{ first }}_to_{{ second }} as days
    from {{ ref('fct_funnel') }}
    where days_{{ first }}_to_{{ second }} is not null
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- Who was a lead before the first visit is no visitor to be converted.
first_leads as (
    select
        person_id,
        min(entered_date) as inferred_date,
        min(case when not is_inferred then entered_date end) as observed_date,
        min(case when is_time_known then entered_at end) as known_at
    from entries
    where stage_id = 'lead' and person_id is not null
    group by person_id
),

visitors as (
    select
        visitors.channel_id,
        visitors.first_seen_at,
        visitors.first_seen_date,
        first_leads.inferred_date,
        first_leads.observed_date,
        first_leads.known_at,
        case
            when first_leads.known_at >= visitors.first_seen_at
                then cast({{ microseconds_between("visitors.first_seen_at", "first_leads.known_at") }} as double)
                    / cast(86400000000 as double)
            -- A date without a time is its midnight.
            when first_leads.known_at is not null then cast(0 as double)
        end as days
    from {{ ref('int_visitors') }} as visitors
    left join first_leads
        on visitors.person_id = first_leads.person_id
    where first_leads.person_id is null
        or first_leads.inferred_date is null
        or first_leads.inferred_date >= visitors.first_seen_date
),

-- What counts on which day. A cohort's conversions count on the day of the first stage, a
-- period's on the day of the second.
counts as (
    select
        'cohort' as basis,
        steps.step,
        entered.entered_date as count_date,
        entered.channel_id,
        entered.segment,
        1 as inferred_entered,
        case when reached.journey_id is not null then 1 else 0 end as inferred_converted,
        case when entered.is_inferred then 0 else 1 end as observed_entered,
        case
            when reached.journey_id is null or entered.is_inferred or reached.is_inferred then 0
            else 1
        end as observed_converted,
        durations.days
    from steps
    inner join entries as entered
        on steps.from_stage_id = entered.stage_id
    left join entries as reached
        on steps.to_stage_id = reached.stage_id
        and entered.journey_id = reached.journey_id
    left join durations
        on steps.step = durations.step
        and entered.journey_id = durations.journey_id

    union all

    select
        'period' as basis,
        steps.step,
        entries.entered_date as count_date,
        entries.channel_id,
        entries.segment,
        case when entries.stage_id = steps.from_stage_id then 1 else 0 end as inferred_entered,
        case when entries.stage_id = steps.to_stage_id then 1 else 0 end as inferred_converted,
        case
            when entries.stage_id = steps.from_stage_id and not entries.is_inferred then 1 else 0
        end as observed_entered,
        case
            when entries.stage_id = steps.to_stage_id and not entries.is_inferred then 1 else 0
        end as observed_converted,
        case when entries.stage_id = steps.to_stage_id then durations.days end as days
    from steps
    inner join entries
        on entries.stage_id in (steps.from_stage_id, steps.to_stage_id)
    left join durations
        on steps.step = durations.step
        and entries.journey_id = durations.journey_id

    union all

    select
        'cohort' as basis,
        'visitor_to_lead' as step,
        first_seen_date as count_date,
        channel_id,
        '(none)' as segment,
        1 as inferred_entered,
        case when inferred_date is not null then 1 else 0 end as inferred_converted,
        1 as observed_entered,
        case when observed_date is not null then 1 else 0 end as observed_converted,
        days
    from visitors

    union all

    select
        'period' as basis,
        'visitor_to_lead' as step,
        first_seen_date as count_date,
        channel_id,
        '(none)' as segment,
        1 as inferred_entered,
        0 as inferred_converted,
        1 as observed_entered,
        0 as observed_converted,
        cast(null as double) as days
    from visitors

    union all

    select
        'period' as basis,
        'visitor_to_lead' as step,
        inferred_date as count_date,
        channel_id,
        '(none)' as segment,
        0 as inferred_entered,
        1 as inferred_converted,
        0 as observed_entered,
        case when observed_date is not null then 1 else 0 end as observed_converted,
        days
    from visitors
    where inferred_date is not null
),

daily as (
    select
        basis,
        step,
        count_date,
        channel_id,
        segment,
        sum(inferred_entered) as inferred_entered,
        sum(inferred_converted) as inferred_converted,
        sum(observed_entered) as observed_entered,
        sum(observed_converted) as observed_converted
    from counts
    where count_date is not null
    group by basis, step, count_date, channel_id, segment
),

-- By period and slice, one slice at a time. A visitor's segment is only known of who converts.
summed as (
    {% for grain, start in starts.items() %}
    {%- for slice in slices %}
    select
        basis,
        step,
        '{{ grain }}' as cohort_grain,
        {{ start }} as cohort_start,
        {{ "channel_id" if slice == "channel_id" else "'(all)'" }} as channel_id,
        {{ "segment" if slice == "segment" else "'(all)'" }} as segment,
        sum(inferred_entered) as inferred_entered,
        sum(inferred_converted) as inferred_converted,
        sum(observed_entered) as observed_entered,
        sum(observed_converted) as observed_converted
    from daily
    {%- if slice == "segment" %}
    where step <> 'visitor_to_lead'
    {%- endif %}
    group by basis, step, {{ start }}{{ ", " ~ slice if slice != "all" }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

timed as (
    {% for grain, start in starts.items() %}
    {%- for slice in slices %}
    select
        basis,
        step,
        '{{ grain }}' as cohort_grain,
        {{ start }} as cohort_start,
        {{ "channel_id" if slice == "channel_id" else "'(all)'" }} as channel_id,
        {{ "segment" if slice == "segment" else "'(all)'" }} as segment,
        {{ percentile("days", 0.5) }} as median_days,
        {{ percentile("days", 0.9) }} as p90_days
    from counts
    where days is not null and count_date is not null
        {%- if slice == "segment" %}
        and step <> 'visitor_to_lead'
        {%- endif %}
    group by basis, step, {{ start }}{{ ", " ~ slice if slice != "all" }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- How long nine of ten conversions took so far, where enough are known to say.
usual as (
    select
        step,
        cast(ceil({{ percentile("days", 0.9) }}) as bigint) as days
    from counts
    where basis = 'cohort' and days is not null
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
