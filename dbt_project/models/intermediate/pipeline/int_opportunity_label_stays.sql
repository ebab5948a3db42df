-- One row per opportunity and stay at one stage label: when it was entered and left, where both
-- are known. An open deal is still in its last stay.
with changes as (
    select
        events.opportunity_id,
        events.source_system,
        events.event_number,
        events.stage_label,
        events.stage_id,
        events.is_open,
        events.occurred_at,
        events.event_day,
        lag(events.stage_label) over (
            partition by events.opportunity_id order by events.event_number asc nulls last
        ) as previous_label,
        lag(events.is_open) over (
            partition by events.opportunity_id order by events.event_number asc nulls last
        ) as was_open
    from {{ ref('int_opportunity_events') }} as events
),

entries as (
    select *
    from changes
    where was_open is null
        or was_open <> is_open
        or coalesce(previous_label, '') <> coalesce(stage_label, '')
),

stays as (
    select
        entries.*,
        lead(occurred_at) over (
            partition by opportunity_id order by event_number asc nulls last
        ) as left_at,
        lead(event_number) over (
            partition by opportunity_id order by event_number asc nulls last
        ) is null as is_last
    from entries
)

select
    opportunity_id,
    source_system,
    event_number,
    stage_label,
    stage_id,
    occurred_at as entered_at,
    event_day as entered_day,
    left_at,
    is_last,
    case
        when left_at >= occurred_at
            then cast({{ microseconds_between("occurred_at", "left_at") }} as double)
                / cast(86400000000 as double)
    end as days
from stays
where is_open
