-- One row per journey: what it is made of, and how it stands. Named by its root record: the
-- first lead that its opportunity came from, else the opportunity itself; without one, the
-- first lead. Duplicates that merely join a journey never rename it.
with passes as (
    select
        linked.source_system,
        linked.source_id,
        linked.pass_number,
        linked.person_id,
        linked.opportunity_id,
        linked.island_number,
        linked.link,
        linked.begins_at,
        passes.started_at,
        passes.ended_at,
        passes.is_ended,
        passes.exit_stage_id
    from {{ ref('int_lead_passes_linked') }} as linked
    inner join {{ ref('int_lead_passes') }} as passes
        on linked.source_system = passes.source_system
        and linked.source_id = passes.source_id
        and linked.pass_number = passes.pass_number
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

deal_passes as (
    select
        passes.*,
        row_number() over (
            partition by opportunity_id
            order by
                begins_at asc nulls first,
                source_system asc nulls first,
                source_id asc nulls first,
                pass_number asc nulls first
        ) as pass_rank
    from passes
    where opportunity_id is not null and link <> 'same_person'
),

deals as (
    select
        {{ surrogate_key([
            "coalesce(deal_passes.source_system, opportunities.source_system)",
            "case when deal_passes.source_id is null then opportunities.object_type else 'lead' end",
            "coalesce(deal_passes.source_id, opportunities.source_id)",
            "coalesce(deal_passes.pass_number, 1)",
        ]) }} as journey_id,
        opportunities.opportunity_id,
        cast(null as bigint) as island_number,
        coalesce(deal_passes.person_id, opportunities.person_id) as person_id,
        opportunities.source_system,
        deal_passes.source_system as lead_source_system,
        deal_passes.source_id as source_lead_id,
        deal_passes.pass_number,
        deal_passes.link as lead_link,
        coalesce(opportunities.closing_stage_id, 'open') as outcome,
        -- Touches up to here bring the journey in: creation of the deal, else its closing.
        coalesce(opportunities.created_at, opportunities.closed_at) as basis_at,
        case
            when opportunities.created_at is null then opportunities.closed_date
            else opportunities.created_date
        end as basis_date,
        case
            when opportunities.created_at is null then opportunities.is_closed_date_only
            else opportunities.is_created_date_only
        end as is_basis_date_only
    from opportunities
    left join deal_passes
        on opportunities.opportunity_id = deal_passes.opportunity_id
        and deal_passes.pass_rank = 1
),

island_passes as (
    select
        passes.*,
        row_number() over (
            partition by person_id, island_number
            order by
                begins_at asc nulls first,
                source_system asc nulls first,
                source_id asc nulls first,
                pass_number asc nulls first
        ) as pass_rank,
        row_number() over (
            partition by person_id, island_number
            order by
                is_ended asc nulls first,
                ended_at desc nulls first,
                source_system asc nulls first,
                source_id asc nulls first,
                pass_number asc nulls first
        ) as end_rank
    from passes
    where opportunity_id is null
),

islands as (
    select
        {{ surrogate_key([
            "roots.source_system", "'lead'", "roots.source_id", "roots.pass_number"
        ]) }} as journey_id,
        cast(null as string) as opportunity_id,
        roots.island_number,
        roots.person_id,
        roots.source_system,
        roots.source_system as lead_source_system,
        roots.source_id as source_lead_id,
        roots.pass_number,
        cast(null as string) as lead_link,
        -- Open while any of its leads is.
        case when ends.is_ended then ends.exit_stage_id else 'open' end as outcome,
        case when ends.is_ended then ends.ended_at end as basis_at,
        cast(null as date) as basis_date,
        false as is_basis_date_only
    from island_passes as roots
    inner join island_passes as ends
        on roots.person_id = ends.person_id
        and roots.island_number = ends.island_number
        and ends.end_rank = 1
    where roots.pass_rank = 1
)

select * from deals
union all
select * from islands
