{# One row per step of the funnel and thing that enters or converts: on which day it counts, and how
   many days the step took. A cohort's conversions count on the day of the first stage, a period's
   on the day of the second. #}
{% set steps = funnel_steps() %}
with steps as (
    {{ funnel_step_rows() }}
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
        coalesce(visitors.channel_id, '(none)') as channel_id,
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
)

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
