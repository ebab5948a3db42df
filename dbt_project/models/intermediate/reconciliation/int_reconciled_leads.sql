-- One row per lead as its source counts it beside the journey that counts it here, with the
-- cause where the two differ. A row of either side has a row, also where the other has none.
with source_rows as (
    select
        source_system,
        source_id,
        created_date,
        is_deleted,
        row_number() over (
            partition by source_system, source_id
            order by
                is_deleted asc nulls first,
                updated_at desc nulls last,
                _load_id desc nulls last,
                _table asc nulls last
        ) as row_rank
    from {{ ref('stg_generic__leads') }}
),

-- Journeys by the pass of the lead that they begin with.
journeys as (
    select
        coalesce(journeys.lead_source_system, journeys.source_system) as source_system,
        journeys.source_lead_id as source_id,
        coalesce(journeys.pass_number, 1) as pass_number,
        stages.lead_date,
        stages.is_lead_observed
    from {{ ref('int_journeys') }} as journeys
    inner join {{ ref('int_journey_stages') }} as stages
        on journeys.journey_id = stages.journey_id
),

records as (
    select * from {{ ref('int_person_records') }} where object_type = 'lead'
),

-- Every row of the source, with the journey of the record's first pass.
counted_by_source as (
    select
        source_rows.source_system,
        source_rows.source_id,
        source_rows.created_date as source_date,
        cast(1 as decimal(38, 6)) as source_value,
        journeys.lead_date as our_date,
        cast(case when journeys.is_lead_observed then 1 end as decimal(38, 6)) as our_value,
        case
            when source_rows.row_rank > 1 and not source_rows.is_deleted then 'repeated in another table'
            -- Many systems mark what they merged as deleted too: the survivor counts.
            when records.survivor_id <> source_rows.source_id then 'merged record'
            -- What was merged into a deleted record has gone with it, and is no record here.
            when source_rows.is_deleted or records.source_id is null then 'deleted upstream'
            when journeys.source_id is null then 'joined the journey of the same person'
            when source_rows.created_date is null then 'no creation date'
            when journeys.is_lead_observed then 'dated by another record of its journey'
            else 'unexplained'
        end as cause
    from source_rows
    left join records
        on source_rows.source_system = records.source_system
        and source_rows.source_id = records.source_id
    left join journeys
        on source_rows.source_system = journeys.source_system
        and source_rows.source_id = journeys.source_id
        and journeys.pass_number = 1
        and source_rows.row_rank = 1
),

counted_here_only as (
    select
        source_system,
        source_id,
        cast(null as date) as source_date,
        cast(null as decimal(38, 6)) as source_value,
        lead_date as our_date,
        cast(1 as decimal(38, 6)) as our_value,
        case
            when source_id is null then 'known from the stage of an opportunity'
            else 'recycled and opened another journey'
        end as cause
    from journeys
    where is_lead_observed and (source_id is null or pass_number > 1)
)

select * from counted_by_source
union all
select * from counted_here_only
