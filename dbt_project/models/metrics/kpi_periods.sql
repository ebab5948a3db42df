-- One row per period up to the one that holds as-of, with the periods it is compared with.
-- `last_day` is its last day, or as-of while it runs.
select
    period_grain,
    period_start,
    min(period_start) over (partition by period_grain) as first_start,
    case period_grain
        when 'day' then {{ add_days("period_start", -1) }}
        when 'week' then {{ add_days("period_start", -7) }}
        when 'month' then {{ add_months("period_start", -1) }}
        when 'quarter' then {{ add_months("period_start", -3) }}
        else {{ add_months("period_start", -12) }}
    end as previous_start,
    case period_grain
        when 'week' then {{ add_days("period_start", -364) }}
        else {{ add_months("period_start", -12) }}
    end as year_ago_start,
    period_end,
    least(period_end, {{ as_of_date() }}) as last_day
from (
    select period_grain, period_start, max(date_day) as period_end
    from {{ ref('kpi_days') }}
    group by period_grain, period_start
) as periods
