-- One row per week that the agenda reviews: the last 26 that have ended by as-of.
select
    cast(week_start as date) as week_start,
    cast(week_end as date) as week_end
from (
    select week_start, max(date_day) as week_end
    from {{ ref('dim_date') }}
    group by week_start
) as weeks
where week_end <= {{ as_of_date() }}
    and week_end > {{ add_days(as_of_date(), -26 * 7) }}
