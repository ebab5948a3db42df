-- The cells that the scorecard has whether anything is counted in them or not: every KPI and
-- period in total, and every slice that has a target or is promised. That a slice stays once it
-- has counted anything, the macro kpi_lasting_cells says.
select
    kpis.kpi_id,
    periods.period_grain,
    periods.period_start,
    '(all)' as segment,
    '(all)' as channel_id,
    '(all)' as region
from {{ ref('stg_agreement__kpis') }} as kpis
cross join {{ ref('kpi_periods') }} as periods

union

select
    targets.kpi_id,
    targets.period_grain,
    targets.period_start,
    targets.segment,
    targets.channel_id,
    targets.region
from {{ ref('kpi_targets') }} as targets
inner join {{ ref('stg_agreement__kpis') }} as kpis
    on targets.kpi_id = kpis.kpi_id
inner join {{ ref('kpi_periods') }} as periods
    on targets.period_grain = periods.period_grain
    and targets.period_start = periods.period_start

union

-- A promise of one segment in one region is of two slices at once, which no cell is.
select
    promises.measure as kpi_id,
    promises.period_grain,
    sla_periods.period_start,
    coalesce(promises.segment, '(all)') as segment,
    '(all)' as channel_id,
    coalesce(promises.region, '(all)') as region
from {{ ref('sla_periods') }} as sla_periods
inner join {{ ref('dim_promise') }} as promises
    on sla_periods.promise_id = promises.promise_id
    and sla_periods.valid_from = promises.valid_from
inner join {{ ref('stg_agreement__kpis') }} as kpis
    on promises.measure = kpis.kpi_id
inner join {{ ref('kpi_periods') }} as periods
    on promises.period_grain = periods.period_grain
    and sla_periods.period_start = periods.period_start
where promises.measure_kind = 'kpi'
    and (promises.segment is null or promises.region is null)
