-- From when to when an opportunity may have been opened and closed, and from when to when its
-- journey lasts as far as the records themselves tell: from its named lead on, if it has one.
with opportunities as (
    select
        opportunity_id,
        source_id,
        person_id,
        coalesce(opened_at, {{ latest_time() }}) as opens_at,
        coalesce(opened_by, {{ latest_time() }}) as opens_by,
        closing_stage_id,
        closed_by,
        coalesce(closed_by, {{ latest_time() }}) as closes_at
    from {{ ref('int_opportunities') }}
),

linked_persons as (
    select
        named.opportunity_id,
        min(passes.person_id) as person_id,
        min(coalesce(passes.started_at, {{ earliest_time() }})) as begins_at
    from {{ ref('int_lead_passes_named') }} as named
    inner join {{ ref('int_lead_passes') }} as passes
        on named.source_system = passes.source_system
        and named.source_id = passes.source_id
        and named.pass_number = passes.pass_number
    group by named.opportunity_id
)

select
    opportunities.*,
    coalesce(linked_persons.person_id, opportunities.person_id) as journey_person_id,
    least(
        coalesce(linked_persons.begins_at, opportunities.opens_at), opportunities.opens_at
    ) as begins_at,
    linked_persons.opportunity_id is not null as has_lead
from opportunities
left join linked_persons
    on opportunities.opportunity_id = linked_persons.opportunity_id
