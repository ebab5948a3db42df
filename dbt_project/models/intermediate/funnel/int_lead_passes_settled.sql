-- Which opportunity each pass of a lead has for itself, and how long the pass lasts.
--
-- An opportunity without a lead takes a pass of its person that is open when it is created: of
-- duplicates the first, which is what opened the journey. If the latest one has an opportunity
-- already, it takes none: a second opportunity opens a journey of its own.
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
        coalesce(started_at, {{ earliest_time() }}) as begins_at,
        case
            when ended_at is not null then ended_at
            when is_ended then {{ earliest_time() }}
            else {{ latest_time() }}
        end as ends_at,
        exit_stage_id
    from {{ ref('int_lead_passes') }}
),

opportunity_spans as (
    select * from {{ ref('int_opportunity_spans') }}
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
        named.opportunity_id,
        opportunity_spans.closes_at,
        named.link
    from passes
    left join {{ ref('int_lead_passes_named') }} as named
        on passes.source_system = named.source_system
        and passes.source_id = named.source_id
        and passes.pass_number = named.pass_number
    left join opportunity_spans
        on named.opportunity_id = opportunity_spans.opportunity_id
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
)

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
