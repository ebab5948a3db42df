-- Which opportunity, or else which island of duplicate leads, each pass of a lead belongs to.
--
--   1. named: the lead names the opportunity, or the opportunity names the lead. Else the lead
--      was converted to the contact that the opportunity is about.
--   2. open_pass: an opportunity without a lead takes a pass of its person that is open when it
--      is created: of duplicates the first, which is what opened the journey. If the latest
--      one has an opportunity already, it takes none: a second opportunity opens a journey of
--      its own.
--   3. same_person: passes left over that overlap one another are one island. An island joins
--      the latest-begun opportunity journey of its person that is open when the island
--      begins, else the first that begins while the island lasts.
--
-- Where several opportunities want one pass, the earliest created has it, then the smallest
-- id. A pass without an opportunity lasts until its own exit, or until its person's next
-- deal is closed or next lead recycled: what comes later is a new journey.
with passes as (
    select
        source_system,
        source_id,
        pass_number,
        person_id,
        started_at,
        coalesce(started_at, {{ earliest_time() }}) as begins_at,
        case
            when ended_at is not null then ended_at
            when is_ended then {{ earliest_time() }}
            else {{ latest_time() }}
        end as ends_at,
        exit_stage_id
    from {{ ref('int_lead_passes') }}
),

opportunities as (
    select
        opportunity_id,
        source_system,
        object_type,
        source_id,
        lead_source_system,
        lead_id,
        contact_source_system,
        contact_id,
        person_id,
        opened_at,
        coalesce(opened_at, {{ latest_time() }}) as opens_at,
        coalesce(opened_by, {{ latest_time() }}) as opens_by,
        closing_stage_id,
        closed_by,
        coalesce(closed_by, {{ latest_time() }}) as closes_at
    from {{ ref('int_opportunities') }}
),

leads as (
    select
        source_system,
        source_id,
        converted_opportunity_id,
        converted_contact_id
    from {{ ref('int_leads') }}
    where converted_opportunity_id is not null or converted_contact_id is not null
),

-- 1. named ─────────────────────────────────────────────────────────────────────────────
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
        lead_id as source_id,
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
        and leads.converted_contact_id = opportunities.contact_id
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
),

named_or_contact as (
    select source_system, source_id, pass_number, opportunity_id, 'named' as link
    from by_name
    union all
    select source_system, source_id, pass_number, opportunity_id, 'contact' as link
    from by_contact
),

-- How long each pass lasts ──────────────────────────────────────────────────────────────
linked_persons as (
    select
        named_or_contact.opportunity_id,
        min(passes.person_id) as person_id,
        min(passes.begins_at) as begins_at
    from named_or_contact
    inner join passes
        on named_or_contact.source_system = passes.source_system
        and named_or_contact.source_id = passes.source_id
        and named_or_contact.pass_number = passes.pass_number
    group by named_or_contact.opportunity_id
),

opportunity_spans as (
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
),

breaks as (
    select distinct person_id, break_at
    from (
        select journey_person_id as person_id, closed_by as break_at
        from opportunity_spans
        where closing_stage_id is not null
        union all
        select person_id, ends_at as break_at
        from passes
        where exit_stage_id in ('recycled', 'won', 'lost')
    ) as all_breaks
    where person_id is not null and break_at is not null
),

linked_passes as (
    select
        passes.source_system,
        passes.source_id,
        passes.pass_number,
        passes.person_id,
        passes.begins_at,
        passes.ends_at,
        named_or_contact.opportunity_id,
        opportunities.closes_at,
        named_or_contact.link
    from passes
    left join named_or_contact
        on passes.source_system = named_or_contact.source_system
        and passes.source_id = named_or_contact.source_id
        and passes.pass_number = named_or_contact.pass_number
    left join opportunities
        on named_or_contact.opportunity_id = opportunities.opportunity_id
),

first_breaks as (
    select
        linked_passes.source_system,
        linked_passes.source_id,
        linked_passes.pass_number,
        min(breaks.break_at) as break_at
    from linked_passes
    inner join breaks
        on linked_passes.person_id = breaks.person_id
        and linked_passes.begins_at <= breaks.break_at
    where linked_passes.opportunity_id is null
    group by linked_passes.source_system, linked_passes.source_id, linked_passes.pass_number
),

lasting_passes as (
    select
        linked_passes.source_system,
        linked_passes.source_id,
        linked_passes.pass_number,
        linked_passes.person_id,
        linked_passes.begins_at,
        linked_passes.opportunity_id,
        linked_passes.link,
        case
            when linked_passes.opportunity_id is not null then linked_passes.closes_at
            when first_breaks.break_at is not null
                then least(linked_passes.ends_at, first_breaks.break_at)
            else linked_passes.ends_at
        end as lasts_until
    from linked_passes
    left join first_breaks
        on linked_passes.source_system = first_breaks.source_system
        and linked_passes.source_id = first_breaks.source_id
        and linked_passes.pass_number = first_breaks.pass_number
),

-- 2. open_pass ──────────────────────────────────────────────────────────────────────────
open_passes as (
    select
        opportunity_spans.opportunity_id,
        opportunity_spans.opens_at,
        opportunity_spans.source_id as opportunity_source_id,
        lasting_passes.source_system,
        lasting_passes.source_id,
        lasting_passes.pass_number,
        lasting_passes.begins_at,
        -- How many of this pass and those begun later have an opportunity already.
        sum(case when lasting_passes.opportunity_id is null then 0 else 1 end) over (
            partition by opportunity_spans.opportunity_id
            order by
                lasting_passes.begins_at desc nulls last,
                lasting_passes.source_system asc nulls last,
                lasting_passes.source_id asc nulls last,
                lasting_passes.pass_number desc nulls last
            rows between unbounded preceding and current row
        ) as taken_since
    from opportunity_spans
    inner join lasting_passes
        on opportunity_spans.person_id = lasting_passes.person_id
        and lasting_passes.begins_at <= opportunity_spans.opens_by
        and lasting_passes.lasts_until >= opportunity_spans.opens_at
    where not opportunity_spans.has_lead
),

first_open_passes as (
    select
        open_passes.*,
        row_number() over (
            partition by opportunity_id
            order by
                begins_at asc nulls last,
                source_system asc nulls last,
                source_id asc nulls last,
                pass_number asc nulls last
        ) as pass_choice
    from open_passes
    where taken_since = 0
),

by_person as (
    select source_system, source_id, pass_number, opportunity_id
    from (
        select
            first_open_passes.*,
            row_number() over (
                partition by source_system, source_id, pass_number
                order by
                    opens_at asc nulls last,
                    opportunity_source_id asc nulls last,
                    opportunity_id asc nulls last
            ) as opportunity_choice
        from first_open_passes
        where pass_choice = 1
    ) as chosen
    where opportunity_choice = 1
),

-- 3. same_person ────────────────────────────────────────────────────────────────────────
settled_passes as (
    select
        lasting_passes.source_system,
        lasting_passes.source_id,
        lasting_passes.pass_number,
        lasting_passes.person_id,
        lasting_passes.begins_at,
        lasting_passes.lasts_until,
        coalesce(lasting_passes.opportunity_id, by_person.opportunity_id) as opportunity_id,
        case
            when lasting_passes.opportunity_id is not null then lasting_passes.link
            when by_person.opportunity_id is not null then 'open_pass'
        end as link
    from lasting_passes
    left join by_person
        on lasting_passes.source_system = by_person.source_system
        and lasting_passes.source_id = by_person.source_id
        and lasting_passes.pass_number = by_person.pass_number
),

reached as (
    select
        settled_passes.*,
        max(lasts_until) over (
            partition by person_id
            order by
                begins_at asc nulls first,
                source_system asc nulls first,
                source_id asc nulls first,
                pass_number asc nulls first
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from settled_passes
    where opportunity_id is null
),

numbered as (
    select
        reached.*,
        sum(case when begins_at <= reached_before then 0 else 1 end) over (
            partition by person_id
            order by
                begins_at asc nulls first,
                source_system asc nulls first,
                source_id asc nulls first,
                pass_number asc nulls first
            rows between unbounded preceding and current row
        ) as island_number
    from reached
),

islands as (
    select
        person_id,
        island_number,
        min(begins_at) as begins_at,
        max(lasts_until) as lasts_until
    from numbered
    group by person_id, island_number
),

journey_spans as (
    select
        opportunity_spans.opportunity_id,
        opportunity_spans.journey_person_id as person_id,
        least(
            opportunity_spans.begins_at,
            coalesce(settled_passes.begins_at, opportunity_spans.begins_at)
        ) as begins_at,
        opportunity_spans.closes_at as lasts_until
    from opportunity_spans
    left join settled_passes
        on opportunity_spans.opportunity_id = settled_passes.opportunity_id
        and settled_passes.link = 'open_pass'
    where opportunity_spans.journey_person_id is not null
),

joined_islands as (
    select
        islands.person_id,
        islands.island_number,
        journey_spans.opportunity_id,
        row_number() over (
            partition by islands.person_id, islands.island_number
            order by
                case when journey_spans.begins_at <= islands.begins_at then 0 else 1 end asc nulls last,
                case
                    when journey_spans.begins_at <= islands.begins_at then journey_spans.begins_at
                end desc nulls last,
                journey_spans.begins_at asc nulls last,
                journey_spans.opportunity_id asc nulls last
        ) as journey_choice
    from islands
    inner join journey_spans
        on islands.person_id = journey_spans.person_id
        and journey_spans.begins_at <= islands.lasts_until
        and journey_spans.lasts_until >= islands.begins_at
)

select
    source_system,
    source_id,
    pass_number,
    person_id,
    begins_at,
    opportunity_id,
    cast(null as bigint) as island_number,
    link
from settled_passes
where opportunity_id is not null

union all

select
    numbered.source_system,
    numbered.source_id,
    numbered.pass_number,
    numbered.person_id,
    numbered.begins_at,
    joined_islands.opportunity_id,
    case
        when joined_islands.opportunity_id is null then cast(numbered.island_number as bigint)
    end as island_number,
    case
        when joined_islands.opportunity_id is null then 'island' else 'same_person'
    end as link
from numbered
left join joined_islands
    on numbered.person_id = joined_islands.person_id
    and numbered.island_number = joined_islands.island_number
    and joined_islands.journey_choice = 1
