-- One row per opportunity and day on which something is recorded of it: the moves of that day,
-- how it stood at its end, and the last day on which it still stood so.
{% set amounts = ["new", "reopened", "grown", "shrunk", "won", "lost", "removed"] %}
with stages as (
    {{ stage_rows() }}
),

steps as (
    select
        {%- for column in ["stage_id", "is_open", "amount_reporting", "expected_close_date"] %}
        lag(events.{{ column }}) over (
            partition by events.opportunity_id order by events.event_number asc nulls last
        ) as previous_{{ column }},
        {%- endfor %}
        coalesce(
            events.from_label,
            lag(events.stage_label) over (
                partition by events.opportunity_id order by events.event_number asc nulls last
            )
        ) as previous_label,
        events.*
    from {{ ref('int_opportunity_events') }} as events
),

kinds as (
    select
        steps.*,
        steps.previous_is_open is null as is_new,
        not steps.previous_is_open and steps.is_open as is_reopened,
        -- Won and lost have their day; a deal that left on an unknown one was removed.
        case
            when not steps.previous_is_open or steps.is_open then null
            when steps.stage_id in ('won', 'lost') and steps.occurred_at is not null then steps.stage_id
            when not steps.is_open then 'removed'
        end as closed_as,
        steps.previous_is_open and steps.is_open
        and case
            when stages.stage_rank <> previous_stages.stage_rank
                then stages.stage_rank > previous_stages.stage_rank
            else label_order.later_label is not null
        end as is_advanced,
        steps.previous_is_open and steps.is_open
        and steps.expected_close_date > steps.previous_expected_close_date as is_pushed,
        steps.previous_is_open and steps.is_open
        and steps.expected_close_date < steps.previous_expected_close_date as is_pulled_in,
        case
            when steps.previous_is_open then steps.amount_reporting - steps.previous_amount_reporting
            else 0
        end as growth
    from steps
    left join stages
        on steps.stage_id = stages.stage_id
    left join stages as previous_stages
        on steps.previous_stage_id = previous_stages.stage_id
    left join {{ ref('int_opportunity_label_order') }} as label_order
        on steps.source_system = label_order.source_system
        and steps.previous_label = label_order.earlier_label
        and steps.stage_label = label_order.later_label
),

days as (
    select
        {%- for kind in ["new", "reopened", "advanced", "pushed", "pulled_in"] %}
        {{ any_true("is_" ~ kind) }} as is_{{ kind }},
        {%- endfor %}
        {%- for closing in ["won", "lost", "removed"] %}
        sum(case when closed_as = '{{ closing }}' then 0 - amount_reporting else 0 end) as {{ closing }}_amount,
        {%- endfor %}
        opportunity_id,
        event_day,
        {{ value_at_max("is_open", ["event_number"]) }} as is_open,
        {{ value_at_max("stage_label", ["event_number"]) }} as stage_label,
        {{ value_at_max("stage_id", ["event_number"]) }} as stage_id,
        {{ value_at_max("expected_close_date", ["event_number"]) }} as expected_close_date,
        {{ value_at_max("case when is_open then amount_reporting else 0 end", ["event_number"]) }} as closing_amount,
        sum(case when is_new then amount_reporting else 0 end) as new_amount,
        sum(case when is_reopened then amount_reporting else 0 end) as reopened_amount,
        sum(case when growth > 0 then growth else 0 end) as grown_amount,
        sum(case when growth < 0 then growth else 0 end) as shrunk_amount,
        max(closed_as) as closed_as
    from kinds
    group by opportunity_id, event_day
)

select
    days.opportunity_id,
    days.event_day as first_day,
    coalesce(
        {{ add_days("lead(days.event_day) over (partition by days.opportunity_id order by days.event_day asc nulls last)", "-1") }},
        terms.last_day
    ) as last_day,
    days.event_day = max(days.event_day) over (partition by days.opportunity_id) as is_last,
    days.stage_id,
    days.stage_label,
    days.is_open,
    cast(coalesce(
        lag(days.closing_amount) over (
            partition by days.opportunity_id order by days.event_day asc nulls last
        ), 0
    ) as decimal(18, 2)) as opening_amount,
    {%- for amount in amounts %}
    cast(days.{{ amount }}_amount as decimal(18, 2)) as {{ amount }}_amount,
    {%- endfor %}
    cast(days.closing_amount as decimal(18, 2)) as closing_amount,
    days.expected_close_date,
    -- The most important move.
    case
        when days.closed_as is not null then days.closed_as
        when days.is_reopened then 'reopened'
        when days.is_new then 'new'
        when days.is_advanced then 'advanced'
        when days.is_pushed then 'pushed'
        when days.is_pulled_in then 'pulled_in'
        when days.grown_amount > 0 then 'grown'
        when days.shrunk_amount < 0 then 'shrunk'
    end as move,
    days.is_advanced,
    days.is_pushed,
    days.is_pulled_in,
    terms.has_time_travel
from days
inner join {{ ref('int_opportunity_terms') }} as terms
    on days.opportunity_id = terms.opportunity_id
