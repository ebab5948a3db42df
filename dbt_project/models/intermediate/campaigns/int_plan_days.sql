-- One row per line of the marketing plan and day: its budgets spread evenly over its days.
with lines as (
    select
        plans.*,
        {{ days_between("starts_on", "ends_on") }} + 1 as days
    from {{ ref('int_plan_lines') }} as plans
    where starts_on is not null
),

days as (
    {{ day_spine("(select min(starts_on) from lines)", "(select max(ends_on) from lines)") }}
),

placed as (
    select
        lines.plan_id,
        lines.campaign_id,
        lines.segment,
        lines.region,
        lines.currency,
        lines.planned_accounts,
        lines.planned_reps,
        days.date_day as plan_date,
        {{ days_between("lines.starts_on", "days.date_day") }} + 1 as day_number,
        lines.days,
        lines.planned_budget,
        lines.actual_budget
    from lines
    inner join days
        on days.date_day >= lines.starts_on and days.date_day <= lines.ends_on
),

spread as (
    select
        placed.*,
        {{ part_of_day("planned_budget", "day_number", "days") }} as planned_part,
        {{ part_of_day("actual_budget", "day_number", "days") }} as actual_part
    from placed
)

select
    spread.plan_id,
    spread.campaign_id,
    spread.segment,
    spread.region,
    spread.planned_accounts,
    spread.planned_reps,
    cast(spread.plan_date as date) as plan_date,
    {{ to_reporting("spread.planned_part", scale=6) }} as planned_budget_reporting,
    {{ to_reporting("spread.actual_part", scale=6) }} as actual_budget_reporting,
    case
        when fx.rate is null and coalesce(spread.planned_part, spread.actual_part) is not null
            then coalesce(spread.currency, 'no currency')
    end as currency_without_rate
from spread
{{ join_fx_rate("spread.currency", "spread.plan_date") }}
