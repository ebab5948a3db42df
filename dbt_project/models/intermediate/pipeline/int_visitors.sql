-- One row per visitor of the web: a person where it is known who it is, else a visitor id; when
-- the visitor was first seen, and the channel of that first touch.
with first_touches as (
    select
        coalesce(person_id, visitor_id) as visitor_key,
        max(person_id) as person_id,
        min({{ struct({
            "occurred_at": "occurred_at",
            "touch_id": "touch_id",
            "occurred_date": "occurred_date",
            "channel_id": "coalesce(channel_id, '(none)')",
        }) }}) as first_touch
    from {{ ref('int_touches') }}
    where touch_type in ('web_session', 'web_event', 'form_fill', 'ad_click')
        and coalesce(person_id, visitor_id) is not null
    group by coalesce(person_id, visitor_id)
)

select
    visitor_key,
    person_id,
    first_touch.occurred_at as first_seen_at,
    first_touch.occurred_date as first_seen_date,
    first_touch.channel_id
from first_touches
