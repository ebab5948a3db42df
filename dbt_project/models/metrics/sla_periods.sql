{# One row per line of a promise and period that it judges: for single records each period in which
   it applies, since each record has the line of its own day; for a KPI, which has one value for
   the whole period, those on whose first day it applies. #}
with periods as (
    {% for grain, column in evidence_grains().items() %}
    select
        '{{ grain }}' as period_grain,
        {{ column }} as period_start,
        max(date_day) as period_end
    from {{ ref('dim_date') }}
    group by {{ column }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    lines.promise_id,
    lines.valid_from,
    periods.period_start,
    periods.period_end
from {{ ref('dim_promise') }} as lines
inner join periods
    on lines.period_grain = periods.period_grain
    and lines.valid_from <= case lines.measure_kind when 'kpi' then periods.period_start else periods.period_end end
    and (lines.valid_to is null or lines.valid_to >= periods.period_start)
    and periods.period_start <= {{ as_of_date() }}
