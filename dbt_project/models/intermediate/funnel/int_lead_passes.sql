-- One row per pass of a lead: when it began, and whether and how it ended by itself.
-- A pass is over if its latest dated evidence, or its undated current status, is an exit.
with entries as (
    select * from {{ ref('int_lead_stage_entries') }}
),

passes as (
    select
        source_system,
        source_id,
        pass_number,
        min(case when is_time_known then entered_at end) as started_at,
        max(case when is_time_known then ordered_at end) as last_entered_at,
        max(
            case when is_time_known and stage_id in {{ closing_stages() }} then ordered_at end
        ) as last_exit_at,
        max(
            case when is_time_known and stage_id not in {{ closing_stages() }} then ordered_at end
        ) as last_progress_at,
        {{ any_true("not is_time_known and stage_id in " ~ closing_stages()) }} as has_undated_exit
    from entries
    group by source_system, source_id, pass_number
),

exits as (
    select
        source_system,
        source_id,
        pass_number,
        stage_id,
        row_number() over (
            partition by source_system, source_id, pass_number
            order by
                is_time_known asc nulls first,
                ordered_at desc nulls last,
                stage_rank desc nulls last,
                entered_at desc nulls last,
                is_date_only asc nulls first
        ) as exit_rank
    from entries
    where stage_id in {{ closing_stages() }}
),

ended as (
    select
        passes.*,
        has_undated_exit
        or coalesce(last_exit_at >= coalesce(last_progress_at, last_exit_at), false) as is_ended
    from passes
)

select
    ended.source_system,
    ended.source_id,
    ended.pass_number,
    leads.person_id,
    ended.started_at,
    -- An exit without a date closes the pass with the last thing known of it.
    case
        when not ended.is_ended then null
        when ended.has_undated_exit then ended.last_entered_at
        else ended.last_exit_at
    end as ended_at,
    ended.is_ended,
    case when ended.is_ended then exits.stage_id end as exit_stage_id
from ended
left join exits
    on ended.source_system = exits.source_system
    and ended.source_id = exits.source_id
    and ended.pass_number = exits.pass_number
    and exits.exit_rank = 1
inner join {{ ref('int_leads') }} as leads
    on ended.source_system = leads.source_system
    and ended.source_id = leads.source_id
