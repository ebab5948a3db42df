-- One row per journey with a person: the first and last touch of that person at or before
-- the journey's basis (creation of the deal, else its closing, else the end of the lead; open
-- leads have no bound), and whether any touch came before the deal was closed.
--
-- Nothing bounds a first touch from below, so it is the person's own first touch or none.
with journeys as (
    select
        journeys.journey_id,
        journeys.person_id,
        journeys.basis_at,
        journeys.basis_date,
        journeys.is_basis_date_only,
        opportunities.opportunity_id,
        opportunities.closed_at,
        opportunities.closed_date,
        opportunities.is_closed_date_only
    from {{ ref('int_journeys') }} as journeys
    left join {{ ref('int_opportunities') }} as opportunities
        on journeys.opportunity_id = opportunities.opportunity_id
    where journeys.person_id is not null
),

touches as (
    select touch_id, person_id, occurred_at, occurred_date, channel_id
    from {{ ref('int_touches') }}
    where person_id is not null
),

person_firsts as (
    select
        person_id,
        min(occurred_at) as first_at
    from touches
    group by person_id
),

first_touches as (
    select
        touches.person_id,
        min(touches.touch_id) as touch_id
    from touches
    inner join person_firsts
        on touches.person_id = person_firsts.person_id
        and touches.occurred_at = person_firsts.first_at
    group by touches.person_id
),

first_details as (
    select
        touches.person_id,
        touches.touch_id,
        touches.occurred_at,
        touches.occurred_date,
        touches.channel_id
    from touches
    inner join first_touches
        on touches.person_id = first_touches.person_id
        and touches.touch_id = first_touches.touch_id
),

journey_lasts as (
    select
        journeys.journey_id,
        journeys.person_id,
        max(touches.occurred_at) as last_at,
        count(*) as touch_count
    from journeys
    inner join touches
        on journeys.person_id = touches.person_id
        and {{ is_by_moment("touches", "journeys", "basis") }}
    group by journeys.journey_id, journeys.person_id
),

last_touches as (
    select
        journey_lasts.journey_id,
        max(touches.touch_id) as touch_id
    from journey_lasts
    inner join touches
        on journey_lasts.person_id = touches.person_id
        and journey_lasts.last_at = touches.occurred_at
    group by journey_lasts.journey_id
)

select
    journeys.journey_id,
    first_details.touch_id as first_touch_id,
    first_details.channel_id as first_touch_channel_id,
    first_details.occurred_at as first_touch_at,
    last_touches.touch_id as last_touch_id,
    last_details.channel_id as last_touch_channel_id,
    journey_lasts.last_at as last_touch_at,
    coalesce(journey_lasts.touch_count, 0) as touch_count,
    person_touches.person_id is not null as is_influenced
from journeys
left join journey_lasts
    on journeys.journey_id = journey_lasts.journey_id
left join first_details
    on journey_lasts.person_id = first_details.person_id
left join last_touches
    on journeys.journey_id = last_touches.journey_id
left join touches as last_details
    on journeys.person_id = last_details.person_id
    and last_touches.touch_id = last_details.touch_id
left join first_details as person_touches
    on journeys.person_id = person_touches.person_id
    and journeys.opportunity_id is not null
    and {{ is_by_moment("person_touches", "journeys", "closed") }}
