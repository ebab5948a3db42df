-- One row per lead handed to sales and thing that may be promised in time: a response, a
-- decision. With the time that it took, or has taken so far, on both clocks. A date without a
-- time counts in favour of the team that promises: the clock starts at the end of a handover's
-- day and stops at the beginning of the event's. What came before the handover took no time,
-- and is not to the minute.
with handovers as (
    select
        handovers.*,
        case
            when handovers.is_handed_date_only then {{ day_begins_at(add_days('handovers.handed_date', 1)) }}
            else handovers.handed_at
        end as clock_from,
        responses.first_response_at,
        responses.first_response_date,
        responses.is_first_response_date_only,
        coalesce(own_calendars.region, shared_calendars.region) as calendar_region,
        coalesce(own_calendars.timezone, shared_calendars.timezone) as calendar_timezone
    from {{ ref('int_handovers') }} as handovers
    inner join {{ ref('int_journey_attributes') }} as attributes
        on handovers.journey_id = attributes.journey_id
    left join {{ ref('int_handover_responses') }} as responses
        on handovers.journey_id = responses.journey_id
    left join {{ ref('int_business_calendars') }} as own_calendars
        on attributes.region = own_calendars.region
    left join {{ ref('int_business_calendars') }} as shared_calendars
        on shared_calendars.region = '*'
),

events as (
    {% for event, name in [("response", "first_response"), ("decision", "decided")] %}
    select
        '{{ event }}' as event,
        journey_id,
        calendar_region,
        calendar_timezone,
        clock_from,
        case
            when is_{{ name }}_date_only then {{ day_begins_at(name ~ '_date') }}
            else coalesce({{ name }}_at, {{ as_of() }})
        end as clock_to,
        {{ name }}_at as happened_at,
        {{ name }}_at is not null as has_happened,
        {{ name }}_at is not null
        and not (is_handed_date_only or is_{{ name }}_date_only)
        and {{ name }}_at >= handed_at as is_to_the_minute
    from handovers
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    cast(events.event as string) as event,
    events.journey_id,
    cast(events.calendar_region as string) as calendar_region,
    cast(events.clock_from as timestamp) as clock_from,
    events.happened_at,
    events.has_happened,
    coalesce(events.is_to_the_minute, false) as is_to_the_minute,
    {{ business_clock('events.clock_from', 'from_day') }} as business_clock_from,
    {{ whole_minutes('greatest(' ~ microseconds_between('events.clock_from', 'events.clock_to') ~ ', 0)') }} as elapsed_minutes,
    {{ whole_minutes(
        'greatest(' ~ business_clock('events.clock_to', 'to_day') ~ ' - ' ~ business_clock('events.clock_from', 'from_day') ~ ', 0)'
    ) }} as business_minutes
from events
{{ join_business_clock('events', 'events.clock_from', 'from_day') }}
{{ join_business_clock('events', 'events.clock_to', 'to_day') }}
