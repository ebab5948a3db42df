-- One row per stage change of an opportunity within its days in the pipeline, in order. Money
-- has the opportunity's one rate.
--
-- A label that the agreement does not know leaves the deal open or closed as it was.
with labels as (
    select * from {{ ref('int_stage_labels') }} where object_type = 'opportunity'
),

history as (
    select
        terms.opportunity_id,
        terms.closing_stage_id,
        terms.source_system,
        greatest(changes.changed_date, terms.first_day) as change_day,
        changes.changed_at,
        changes.from_stage,
        changes.to_stage as stage_label,
        labels.stage_id as label_stage_id,
        {{ to_reporting("cast(changes.amount as decimal(18, 2))", "terms") }} as amount_reporting,
        changes.expected_close_date,
        row_number() over (
            partition by terms.opportunity_id
            order by
                changes.changed_at asc nulls first,
                changes.source_id asc nulls first,
                changes._table asc nulls first
        ) as change_number
    from {{ ref('stg_generic__stage_changes') }} as changes
    inner join {{ ref('int_opportunity_terms') }} as terms
        on changes.source_system = terms.source_system
        and changes.object_id = terms.source_id
        and terms.object_type = 'opportunity'
    left join labels
        on changes.source_system = labels.source_system
        and changes.to_stage = labels.label
    where changes.object_type = 'opportunity' and changes.changed_date <= terms.last_day
),

-- Changes up to the next known label share its number.
numbered as (
    select
        history.*,
        count(label_stage_id) over (
            partition by opportunity_id
            order by change_number asc nulls last
            rows between unbounded preceding and current row
        ) as known_number
    from history
),

known as (
    select
        numbered.*,
        max(label_stage_id) over (partition by opportunity_id, known_number) as stage_id
    from numbered
),

judged as (
    select
        known.*,
        coalesce(stage_id not in {{ closing_stages() }}, true) as is_open
    from known
)

select
    opportunity_id,
    source_system,
    change_number,
    change_day,
    changed_at,
    from_stage,
    stage_label,
    stage_id,
    is_open,
    amount_reporting,
    expected_close_date,
    -- The closing that a closed record speaks of itself: its own day and amount are the truth.
    closing_stage_id is not null
    and change_number > coalesce(
        max(case when is_open then change_number end) over (partition by opportunity_id), 0
    ) as is_closing_of_record
from judged
