-- One row per opportunity and thing that happened to it, in order: its creation, its stage
-- changes, and the record as it stands now, which always has the last word.
--
-- What is not known of a change stays as it was before it; what is not known of the creation is
-- as first known afterwards. So no move is invented. What differs between the last change and
-- the record happened when the record was closed; in an open deal when its stage changed, if
-- that is what differs, else when the record was updated, else on the last day that the source
-- tells anything of: a day that no later build moves.
{% set filled = ["stage_label", "stage_id", "amount_reporting", "expected_close_date"] %}
with terms as (
    select * from {{ ref('int_opportunity_terms') }}
),

changes as (
    select * from {{ ref('int_opportunity_changes') }}
),

histories as (
    select
        opportunity_id,
        max(case when change_number = 1 then from_stage end) as first_label,
        max(change_number) as last_number,
        {{ value_at_max("change_day", ["change_number"]) }} as last_change_day,
        {{ value_at_max("stage_label", ["change_number"]) }} as last_label,
        {{ value_at_max("case when not is_closing_of_record then amount_reporting end", ["0 - change_number"]) }} as first_amount,
        {{ value_at_max("case when not is_closing_of_record then expected_close_date end", ["0 - change_number"]) }} as first_expected_close_date
    from changes
    group by opportunity_id
),

lives as (
    select
        terms.*,
        histories.first_label,
        first_labels.stage_id as first_stage_id,
        histories.last_label,
        coalesce(histories.last_number, 0) as last_number,
        coalesce(histories.last_change_day, terms.first_day) as last_change_day,
        coalesce(histories.first_amount, terms.amount_reporting) as first_amount,
        coalesce(
            histories.first_expected_close_date, terms.expected_close_date
        ) as first_expected_close_date,
        coalesce(
            case
                when coalesce(histories.last_label, '') <> terms.stage_label
                    then terms.stage_changed_date
            end,
            terms.updated_date,
            terms.stage_changed_date,
            terms.first_day
        ) as recorded_day
    from terms
    left join histories
        on terms.opportunity_id = histories.opportunity_id
    left join {{ ref('int_stage_labels') }} as first_labels
        on terms.source_system = first_labels.source_system
        and first_labels.object_type = 'opportunity'
        and histories.first_label = first_labels.label
),

events as (
    select
        opportunity_id,
        source_system,
        0 as event_number,
        first_day as event_day,
        created_at as occurred_at,
        true as is_open,
        cast(null as string) as from_label,
        case
            when last_number > 0 then first_label
            -- Without any history an open deal has been where it is.
            when closing_stage_id is null and stage_changed_date is null then stage_label
        end as stage_label,
        case
            when last_number > 0 then first_stage_id
            when closing_stage_id is null and stage_changed_date is null then open_stage_id
        end as stage_id,
        first_amount as amount_reporting,
        first_expected_close_date as expected_close_date
    from lives

    union all

    select
        opportunity_id,
        source_system,
        change_number as event_number,
        change_day as event_day,
        changed_at as occurred_at,
        is_open,
        from_stage as from_label,
        stage_label,
        stage_id,
        amount_reporting,
        expected_close_date
    from changes
    where not is_closing_of_record

    union all

    select
        opportunity_id,
        source_system,
        last_number + 1 as event_number,
        case
            when closing_stage_id is not null then last_day
            else least(last_day, greatest(last_change_day, recorded_day))
        end as event_day,
        case when closing_stage_id is not null then closed_at else stage_changed_at end as occurred_at,
        closing_stage_id is null as is_open,
        cast(null as string) as from_label,
        stage_label,
        coalesce(closing_stage_id, open_stage_id) as stage_id,
        amount_reporting,
        expected_close_date
    from lives
),

-- Events up to the next known value of a column share its run.
runs as (
    select
        {%- for column in filled %}
        count({{ column }}) over (
            partition by opportunity_id
            order by event_number asc nulls last
            rows between unbounded preceding and current row
        ) as {{ column }}_run,
        {%- endfor %}
        events.*
    from events
),

filled as (
    select
        opportunity_id,
        source_system,
        event_number,
        event_day,
        occurred_at,
        is_open,
        {%- for column in filled %}
        max({{ column }}) over (partition by opportunity_id, {{ column }}_run) as {{ column }},
        {%- endfor %}
        from_label
    from runs
),

settled as (
    select
        filled.*,
        -- What a deal came back from is no label that it moved on from.
        lag(is_open) over (partition by opportunity_id order by event_number asc nulls last) as was_open,
        max(case when is_open then event_number end) over (
            partition by opportunity_id, event_day
        ) as last_open_number
    from filled
)

select
    opportunity_id,
    source_system,
    cast(event_number as bigint) as event_number,
    event_day,
    occurred_at,
    is_open,
    case when was_open then from_label end as from_label,
    stage_label,
    case
        when is_open and (stage_id is null or stage_id in {{ closing_stages() }}) then 'opportunity'
        else stage_id
    end as stage_id,
    amount_reporting,
    expected_close_date
from settled
-- A closing that was undone on the same day is none.
where is_open or event_number > coalesce(last_open_number, -1)
