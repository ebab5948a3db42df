-- Components by period and slice: one slice at a time, and all of it. Days after as-of count
-- only for a plan.
with by_day as (
    select
        component_date,
        component_id,
        {{ kpi_sliced() }},
        sum(value) as value
    from {{ ref('kpi_components') }}
    {{ kpi_one_slice_at_a_time(["component_date", "component_id"]) }}
)

select
    by_day.component_id,
    days.period_grain,
    days.period_start,
    by_day.segment,
    by_day.channel_id,
    by_day.region,
    cast(sum(by_day.value) as decimal(38, 6)) as value
from by_day
inner join {{ ref('kpi_inputs') }} as inputs
    on by_day.component_id = inputs.input_id
inner join {{ ref('kpi_days') }} as days
    on by_day.component_date = days.date_day
where inputs.is_plan or not days.is_ahead
group by
    by_day.component_id,
    days.period_grain,
    days.period_start,
    by_day.segment,
    by_day.channel_id,
    by_day.region
