-- Passes of leads whose opportunity is told by the records themselves: the lead names the
-- opportunity, or the opportunity names the lead (`named`). Else the lead was converted to the
-- contact that the opportunity is about (`contact`).
--
-- Where several opportunities want one pass, the earliest created has it, then the smallest id.
with passes as (
    select
        source_system,
        source_id,
        pass_number,
        coalesce(started_at, {{ earliest_time() }}) as begins_at
    from {{ ref('int_lead_passes') }}
),

opportunities as (
    select
        opportunity_id,
        source_id,
        lead_source_system,
        source_lead_id,
        contact_source_system,
        source_contact_id,
        coalesce(opened_at, {{ latest_time() }}) as opens_at,
        coalesce(opened_by, {{ latest_time() }}) as opens_by
    from {{ ref('int_opportunities') }}
),

-- What leads were converted to. A lead that was merged speaks for its survivor.
leads as (
    select distinct
        conversions.source_system,
        conversions.source_id,
        conversions.converted_opportunity_id,
        coalesce(contacts.survivor_id, conversions.converted_contact_id) as converted_contact_id
    from (
        select source_system, source_id, converted_opportunity_id, converted_contact_id
        from {{ ref('int_leads') }}
        union all
        select
            merged.source_system,
            records.survivor_id as source_id,
            merged.converted_opportunity_id,
            merged.converted_contact_id
        from {{ ref('stg_generic__leads') }} as merged
        inner join {{ ref('int_person_records') }} as records
            on merged.source_system = records.source_system
            and records.object_type = 'lead'
            and merged.source_id = records.source_id
            and records.source_id <> records.survivor_id
    ) as conversions
    left join {{ ref('int_person_records') }} as contacts
        on conversions.source_system = contacts.source_system
        and contacts.object_type = 'contact'
        and conversions.converted_contact_id = contacts.source_id
    where conversions.converted_opportunity_id is not null
        or conversions.converted_contact_id is not null
),

named_leads as (
    select
        leads.source_system,
        leads.source_id,
        {{ resolved("opportunity", "opportunity_id") }} as opportunity_id
    from leads
    {{ resolve_record(
        "leads", "converted_opportunity_id", ref("int_opportunity_records"), "opportunity"
    ) }}
    where {{ resolved("opportunity", "opportunity_id") }} is not null

    union

    select
        lead_source_system as source_system,
        source_lead_id as source_id,
        opportunity_id
    from opportunities
    where lead_source_system is not null
),

-- The pass that the opportunity came from: the latest begun by then, else the first.
named_passes as (
    select
        named_leads.opportunity_id,
        passes.source_system,
        passes.source_id,
        passes.pass_number,
        opportunities.opens_at,
        opportunities.source_id as opportunity_source_id,
        row_number() over (
            partition by
                named_leads.opportunity_id, named_leads.source_system, named_leads.source_id
            order by
                case when passes.begins_at <= opportunities.opens_by then 0 else 1 end asc nulls last,
                case
                    when passes.begins_at <= opportunities.opens_by then passes.pass_number
                end desc nulls last,
                passes.pass_number asc nulls last
        ) as pass_choice
    from named_leads
    inner join opportunities
        on named_leads.opportunity_id = opportunities.opportunity_id
    inner join passes
        on named_leads.source_system = passes.source_system
        and named_leads.source_id = passes.source_id
),

named as (
    select
        source_system,
        source_id,
        pass_number,
        opportunity_id,
        row_number() over (
            partition by source_system, source_id, pass_number
            order by
                opens_at asc nulls last,
                opportunity_source_id asc nulls last,
                opportunity_id asc nulls last
        ) as opportunity_choice
    from named_passes
    where pass_choice = 1
),

by_name as (
    select source_system, source_id, pass_number, opportunity_id
    from named
    where opportunity_choice = 1
),

-- Converted to the opportunity's contact, neither naming the other.
contact_passes as (
    select
        passes.source_system,
        passes.source_id,
        passes.pass_number,
        opportunities.opportunity_id,
        opportunities.opens_at,
        opportunities.source_id as opportunity_source_id,
        row_number() over (
            partition by opportunities.opportunity_id, passes.source_system, passes.source_id
            order by passes.pass_number desc nulls last
        ) as pass_choice
    from leads
    inner join opportunities
        on leads.source_system = opportunities.contact_source_system
        and leads.converted_contact_id = opportunities.source_contact_id
    inner join passes
        on leads.source_system = passes.source_system
        and leads.source_id = passes.source_id
        and passes.begins_at <= opportunities.opens_by
    left join by_name as taken_opportunities
        on opportunities.opportunity_id = taken_opportunities.opportunity_id
    left join named_leads as naming_leads
        on leads.source_system = naming_leads.source_system
        and leads.source_id = naming_leads.source_id
    where taken_opportunities.opportunity_id is null
        and naming_leads.opportunity_id is null
),

by_contact as (
    select source_system, source_id, pass_number, opportunity_id
    from (
        select
            contact_passes.*,
            row_number() over (
                partition by source_system, source_id, pass_number
                order by
                    opens_at asc nulls last,
                    opportunity_source_id asc nulls last,
                    opportunity_id asc nulls last
            ) as opportunity_choice
        from contact_passes
        where pass_choice = 1
    ) as chosen
    where opportunity_choice = 1
)

select source_system, source_id, pass_number, opportunity_id, 'named' as link
from by_name
union all
select source_system, source_id, pass_number, opportunity_id, 'contact' as link
from by_contact
