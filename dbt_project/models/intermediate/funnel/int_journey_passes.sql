-- One row per pass of a lead: the journey it is part of, and whether that has a deal.
with passes as (
    select * from {{ ref('int_lead_passes_linked') }}
),

journeys as (
    select * from {{ ref('int_journeys') }}
)

select
    passes.source_system,
    passes.source_id,
    passes.pass_number,
    passes.begins_at,
    journeys.journey_id,
    true as has_deal
from passes
inner join journeys
    on passes.opportunity_id = journeys.opportunity_id

union all

select
    passes.source_system,
    passes.source_id,
    passes.pass_number,
    passes.begins_at,
    journeys.journey_id,
    false as has_deal
from passes
inner join journeys
    on passes.person_id = journeys.person_id
    and passes.island_number = journeys.island_number
