-- One row per opportunity with a creation date: the days it has been in the pipeline, and the
-- record as it stands now, in the reporting currency.
--
-- No day lies after as_of: what a source dates later counts on that day. A deal that was closed
-- on an unknown day, or before it was created, is there on its first day only: nobody can say how
-- long it stood open.
with opportunities as (
    select
        opportunities.*,
        amounts.rate,
        coalesce(amounts.amount_reporting, 0) as amount_reporting,
        {{ as_of_date() }} as as_of_day
    from {{ ref('int_opportunities') }} as opportunities
    inner join {{ ref('int_opportunity_amounts') }} as amounts
        on opportunities.opportunity_id = amounts.opportunity_id
    where opportunities.created_date is not null
),

bounded as (
    select
        opportunities.*,
        least(created_date, as_of_day) as first_day,
        least(
            case
                when closing_stage_id is null then as_of_day
                else coalesce(closed_date, created_date)
            end,
            as_of_day
        ) as end_day
    from opportunities
)

select
    opportunity_id,
    source_system,
    source_id,
    object_type,
    rate,
    first_day,
    greatest(first_day, end_day) as last_day,
    created_at,
    closed_at,
    closing_stage_id,
    stage_label,
    case
        when label_stage_id not in {{ closing_stages() }} then label_stage_id
    end as open_stage_id,
    stage_changed_at,
    stage_changed_date,
    updated_date,
    amount_reporting,
    expected_close_date,
    coalesce(closed_date < created_date, false) as has_time_travel
from bounded
