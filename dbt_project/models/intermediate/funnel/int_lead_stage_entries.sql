-- Every stage that a lead record gives evidence of, with the pass of the lead it belongs to.
-- A lead's passes are split where it is recycled: what follows is a new pass.
--
-- Evidence: the lead's own timestamps and history, and those of leads merged into it; the
-- agreement's stage rules; its current status, where none of them already tells of that stage. A
-- status without a date of its own has the time of the lead's creation, or none if it closes the
-- pass; `is_time_known` is false. That a lead is closed tells nothing of when.
{% set time_columns = [] %}
{% for name in ["created", "mql", "sal", "sql", "disqualified", "recycled"] %}
{% do time_columns.extend([name ~ "_at", name ~ "_date", "is_" ~ name ~ "_date_only"]) %}
{% endfor %}
with leads as (
    select * from {{ ref('int_leads') }}
),

stages as (
    {{ stage_rows() }}
),

labels as (
    select * from {{ ref('int_stage_labels') }} where object_type = 'lead'
),

records as (
    select * from {{ ref('int_person_records') }} where object_type = 'lead'
),

merged_leads as (
    select
        leads.source_system,
        leads.source_id,
        {{ "merged." ~ time_columns | join(", merged.") }}
    from {{ ref('stg_generic__leads') }} as merged
    inner join records
        on merged.source_system = records.source_system
        and merged.source_id = records.source_id
        and merged.source_id <> records.survivor_id
    inner join leads
        on records.source_system = leads.source_system
        and records.survivor_id = leads.source_id
),

-- Whose timestamps speak for a lead: its own, and those of leads merged into it.
standing as (
    select source_system, source_id, false as is_merged, {{ time_columns | join(", ") }}
    from leads
    union all
    select source_system, source_id, true as is_merged, {{ time_columns | join(", ") }}
    from merged_leads
),

times as (
    select
        standing.source_system,
        standing.source_id,
        standing.is_merged,
        stages.stage_id,
        {{ by_stage("stages.stage_id", {
            "lead": "standing.created_at", "mql": "standing.mql_at", "sal": "standing.sal_at",
            "sql": "standing.sql_at", "disqualified": "standing.disqualified_at",
            "recycled": "standing.recycled_at",
        }) }} as entered_at,
        {{ by_stage("stages.stage_id", {
            "lead": "standing.created_date", "mql": "standing.mql_date", "sal": "standing.sal_date",
            "sql": "standing.sql_date", "disqualified": "standing.disqualified_date",
            "recycled": "standing.recycled_date",
        }) }} as entered_date,
        {{ by_stage("stages.stage_id", {
            "lead": "standing.is_created_date_only", "mql": "standing.is_mql_date_only",
            "sal": "standing.is_sal_date_only", "sql": "standing.is_sql_date_only",
            "disqualified": "standing.is_disqualified_date_only",
            "recycled": "standing.is_recycled_date_only",
        }) }} as is_date_only
    from standing
    cross join stages
    where stages.stage_id in ('lead', 'mql', 'sal', 'sql', 'disqualified', 'recycled')
),

own_times as (
    select * from times where not is_merged
),

-- A merged lead was the same person's: a time of it that is earlier, or that the survivor lacks, is
-- the survivor's. How it ended is not: as a rule it was put aside as a duplicate.
merged_times as (
    select merged.*
    from times as merged
    inner join own_times
        on merged.source_system = own_times.source_system
        and merged.source_id = own_times.source_id
        and merged.stage_id = own_times.stage_id
    where merged.is_merged
        and merged.stage_id not in {{ closing_stages() }}
        and merged.entered_at < coalesce(own_times.entered_at, {{ latest_time() }})
),

-- The record itself is evidence of `lead`, dated or not.
recorded as (
    select
        source_system,
        source_id,
        stage_id,
        entered_at,
        entered_date,
        is_date_only,
        entered_at is not null as is_time_known
    from own_times
    where entered_at is not null or stage_id = 'lead'

    union all

    select
        source_system,
        source_id,
        stage_id,
        entered_at,
        entered_date,
        is_date_only,
        true as is_time_known
    from merged_times

    union all

    select
        leads.source_system,
        leads.source_id,
        labels.stage_id,
        changes.changed_at as entered_at,
        changes.changed_date as entered_date,
        changes.is_changed_date_only as is_date_only,
        true as is_time_known
    from {{ ref('stg_generic__stage_changes') }} as changes
    inner join labels
        on changes.source_system = labels.source_system
        and changes.to_stage = labels.label
    inner join records
        on changes.source_system = records.source_system
        and changes.object_id = records.source_id
    inner join leads
        on records.source_system = leads.source_system
        and records.survivor_id = leads.source_id
    where changes.object_type = 'lead' and labels.stage_id is not null

    union all

    select source_system, source_id, stage_id, entered_at, entered_date, is_date_only, is_time_known
    from {{ ref('int_lead_rule_entries') }}
),

recorded_stages as (
    select
        source_system,
        source_id,
        stage_id,
        max(entered_at) as last_entered_at
    from recorded
    group by source_system, source_id, stage_id
),

statuses as (
    select
        leads.source_system,
        leads.source_id,
        labels.stage_id,
        case
            when leads.status_changed_at is not null then leads.status_changed_at
            when labels.stage_id not in {{ closing_stages() }} then leads.created_at
        end as entered_at,
        case
            when leads.status_changed_at is not null then leads.status_changed_date
            when labels.stage_id not in {{ closing_stages() }} then leads.created_date
        end as entered_date,
        case
            when leads.status_changed_at is not null then leads.is_status_changed_date_only
            else labels.stage_id not in {{ closing_stages() }} and leads.is_created_date_only
        end as is_date_only,
        leads.status_changed_at is not null as is_time_known
    from leads
    inner join labels
        on leads.source_system = labels.source_system
        and leads.status = labels.label
    left join recorded_stages
        on leads.source_system = recorded_stages.source_system
        and leads.source_id = recorded_stages.source_id
        and labels.stage_id = recorded_stages.stage_id
    left join recorded_stages as recycled
        on leads.source_system = recycled.source_system
        and leads.source_id = recycled.source_id
        and recycled.stage_id = 'recycled'
    where labels.stage_id is not null
        and (
            recorded_stages.stage_id is null
            -- Recorded, but for a pass before the last: the status tells of a new one.
            or (
                labels.stage_id <> 'recycled'
                and leads.status_changed_at > recycled.last_entered_at
                and recorded_stages.last_entered_at <= recycled.last_entered_at
            )
        )
),

entries as (
    select * from recorded
    union all
    select * from statuses
),

ordered as (
    select
        entries.*,
        stages.stage_rank,
        -- A pass ends with its day where only the day is known.
        case
            when entries.stage_id in {{ closing_stages() }}
                then {{ latest_moment("entries.entered_at", "entries.is_date_only") }}
            else entries.entered_at
        end as ordered_at
    from entries
    inner join stages
        on entries.stage_id = stages.stage_id
),

-- Few leads are recycled, and only they need their entries put in order.
recycled_leads as (
    select distinct source_system, source_id
    from ordered
    where stage_id = 'recycled' and is_time_known
),

dated as (
    select
        ordered.*,
        lag(ordered.stage_id) over (
            partition by ordered.source_system, ordered.source_id
            order by
                ordered.ordered_at asc nulls first,
                ordered.stage_rank asc nulls first,
                ordered.entered_at asc nulls first,
                ordered.is_date_only asc nulls first
        ) as previous_stage_id
    from ordered
    inner join recycled_leads
        on ordered.source_system = recycled_leads.source_system
        and ordered.source_id = recycled_leads.source_id
    where ordered.is_time_known
),

-- Recycled twice in a row is recycled once.
distinct_exits as (
    select *
    from dated
    where stage_id <> 'recycled' or coalesce(previous_stage_id, '') <> 'recycled'
),

passed as (
    select
        distinct_exits.*,
        1 + coalesce(
            sum(case when stage_id = 'recycled' then 1 else 0 end) over (
                partition by source_system, source_id
                order by
                    ordered_at asc nulls first,
                    stage_rank asc nulls first,
                    entered_at asc nulls first,
                    is_date_only asc nulls first
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as pass_number
    from distinct_exits
),

last_passes as (
    select
        source_system,
        source_id,
        max(pass_number) as pass_number
    from passed
    group by source_system, source_id
)

select
    source_system,
    source_id,
    cast(pass_number as bigint) as pass_number,
    stage_id,
    stage_rank,
    entered_at,
    entered_date,
    is_date_only,
    is_time_known,
    ordered_at
from passed

union all

-- Never recycled: one pass. Else, without a time, the record belongs to the first pass and
-- the current status to the last.
select
    others.source_system,
    others.source_id,
    cast(
        case
            when others.stage_id = 'lead' then 1 else coalesce(last_passes.pass_number, 1)
        end as bigint
    ) as pass_number,
    others.stage_id,
    others.stage_rank,
    others.entered_at,
    others.entered_date,
    others.is_date_only,
    others.is_time_known,
    others.ordered_at
from ordered as others
left join last_passes
    on others.source_system = last_passes.source_system
    and others.source_id = last_passes.source_id
where last_passes.pass_number is null or not others.is_time_known
