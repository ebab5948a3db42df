-- Which opportunity, or else which island of duplicate leads, each pass of a lead belongs to.
--
--   1. named, contact: the records themselves tell (int_lead_passes_named).
--   2. open_pass: an opportunity without a lead takes an open pass of its person
--      (int_lead_passes_settled).
--   3. same_person, here: passes left over that overlap one another are one island. An island
--      joins the latest-begun opportunity journey of its person that is open when the island
--      begins, else the first that begins while the island lasts.
with opportunity_spans as (
    select * from {{ ref('int_opportunity_spans') }}
),

settled_passes as (
    select * from {{ ref('int_lead_passes_settled') }}
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
