-- KPIs of the kind stock, by period and slice: what there is on one day of the period.
{% set key = kpi_key() %}
{% set cell = kpi_cell() %}
with kpis as (
    select * from {{ ref('kpi_definitions') }} where kind = 'stock'
),

on_the_day as (
    {% for stock in kpi_stocks() %}
    select
        '{{ stock["id"] }}' as stock_id,
        period_grain,
        period_start,
        {{ kpi_sliced() }},
        sum(value) as value
    from (
        select
            periods.period_grain,
            periods.period_start,
            {% for slice in kpi_slices() -%}
            {{ kpi_slice_column(stock, slice) }} as {{ slice }},
            {% endfor -%}
            cast({{ stock["value"] }} as decimal(38, 6)) as value
        from {{ ref(stock["fact"]) }}
        inner join {{ ref('kpi_periods') }} as periods
            on {{ stock["date"] }} = periods.{{ {"last": "last_day", "first": "period_start"}[stock["day"]] }}
        where {{ stock["filter"] }}
    ) as counted
    {{ kpi_one_slice_at_a_time(["period_grain", "period_start"]) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

counted as (
    select
        kpis.kpi_id,
        {% for column in cell %}on_the_day.{{ column }}, {% endfor %}
        on_the_day.value
    from on_the_day
    inner join kpis
        on on_the_day.stock_id = kpis.numerator
),

counted_or_not as (
    select {{ key | join(", ") }}, value from counted
    union all
    select {{ key | join(", ") }}, 0 as value
    from ({{ kpi_lasting_cells("counted") }}) as lasting
    union all
    select
        {% for column in key %}cells.{{ column }}, {% endfor %}
        0 as value
    from {{ ref('kpi_cells') }} as cells
    inner join kpis
        on cells.kpi_id = kpis.kpi_id
),

summed as (
    select
        {{ key | join(", ") }},
        cast(sum(value) as decimal(38, 6)) as value
    from counted_or_not
    group by {{ key | join(", ") }}
)

select
    {% for column in key %}summed.{{ column }}, {% endfor %}
    case when kpis.missing_input is null then summed.value end as numerator,
    cast(null as decimal(38, 6)) as denominator,
    case when kpis.missing_input is null then cast(summed.value as double) end as value,
    kpis.missing_input as null_reason
from summed
inner join kpis
    on summed.kpi_id = kpis.kpi_id
