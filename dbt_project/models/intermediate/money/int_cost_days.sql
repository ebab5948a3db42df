-- One row per cost line and day of its period: the line spread evenly. A line without a
-- period's length is that of a month.
with lines as (
    select
        {{ surrogate_key(["'cost'", "source_system", "_table", "source_id"]) }} as cost_id,
        source_system,
        team,
        category,
        amount,
        currency,
        period_start,
        {{ days_between("period_start", period_end("coalesce(period_grain, 'month')", "period_start")) }} as days
    from {{ ref('stg_generic__costs') }}
),

day_numbers as (
    {{ period_day_rows() }}
)

select
    lines.cost_id,
    {{ add_days("lines.period_start", "day_numbers.day_number - 1") }} as cost_date,
    lines.source_system,
    lines.team,
    lines.category,
    lines.currency,
    {{ part_of_day("lines.amount", "day_numbers.day_number", "lines.days") }} as amount
from lines
inner join day_numbers
    on day_numbers.day_number <= lines.days
