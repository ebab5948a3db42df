-- One row per day and period grain: the period that holds the day. From the first day that
-- anything is counted on to the end of the periods that hold as-of, since plans reach further.
with bounds as (
    select
        min(component_date) as first_day,
        {{ add_days(as_of_date(), 366) }} as last_day
    from {{ ref('kpi_components') }}
),

days as (
    select day_rows.date_day
    from (
        {{ day_spine("(select first_day from bounds)", "(select last_day from bounds)") }}
    ) as day_rows
),

fiscal as (
    select
        days.date_day,
        -- Months that the fiscal year starts after January.
        coalesce(company.fiscal_year_start_month, 1) - 1 as month_shift
    from days
    cross join {{ ref('stg_agreement__company') }} as company
),

periods as (
    {% for grain in ["day", "week", "month", "quarter", "year"] %}
    select
        date_day,
        '{{ grain }}' as period_grain,
        {% if grain == "day" -%}
        date_day as period_start
        {%- elif grain in ["week", "month"] -%}
        {{ period_start(grain, "date_day") }} as period_start
        {%- else -%}
        {{ add_months(period_start(grain, add_months("date_day", "-month_shift")), "month_shift") }} as period_start
        {%- endif %}
    from fiscal
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    cast(date_day as date) as date_day,
    cast(period_grain as string) as period_grain,
    cast(period_start as date) as period_start,
    date_day > {{ as_of_date() }} as is_ahead
from periods
where period_start <= {{ as_of_date() }}
