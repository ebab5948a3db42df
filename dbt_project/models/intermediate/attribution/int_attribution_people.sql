-- One row per journey and person whose touches may have brought it about: the contacts of its
-- opportunity (rank 1), and the person of its lead (rank 2).
with contacts as (
    select
        {{ resolved("opportunity", "opportunity_id") }} as opportunity_id,
        {{ resolved("contact", "person_id") }} as person_id
    from {{ ref('stg_generic__opportunity_contacts') }} as links
    {{ resolve_record("links", "opportunity_id", ref("int_opportunity_records"), "opportunity") }}
    {{ resolve_record("links", "contact_id", ref("int_person_records"), "contact", "contact") }}

    union all

    select
        opportunities.opportunity_id,
        records.person_id
    from {{ ref('int_opportunities') }} as opportunities
    inner join {{ ref('int_person_records') }} as records
        on opportunities.contact_source_system = records.source_system
        and opportunities.source_contact_id = records.source_id
        and records.object_type = 'contact'
)

select distinct
    journeys.journey_id,
    contacts.person_id,
    cast(1 as bigint) as person_rank
from {{ ref('int_journeys') }} as journeys
inner join contacts
    on journeys.opportunity_id = contacts.opportunity_id
where contacts.person_id is not null
union all
select
    journey_id,
    person_id,
    cast(2 as bigint) as person_rank
from {{ ref('int_journeys') }}
where person_id is not null
