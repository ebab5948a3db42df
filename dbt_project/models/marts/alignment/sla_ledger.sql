{# One row per line of a promise and period: what was promised, what was delivered. #}
with counted as (
    select
        records.promise_id,
        records.valid_from,
        {{ period_of_day("lines.period_grain", "days") }} as period_start,
        count(records.is_kept) as due_count,
        sum(case when records.is_kept then 1 else 0 end) as kept_count,
        sum(case when not records.is_kept then 1 else 0 end) as broken_count,
        sum(case when records.is_kept is null then 1 else 0 end) as open_count,
        {{ percentile("records.measured", 0.5) }} as measured_median,
        {{ percentile("records.measured", 0.9) }} as measured_p90
    from {{ ref('sla_records') }} as records
    inner join {{ ref('dim_promise') }} as lines
        on records.promise_id = lines.promise_id
        and records.valid_from = lines.valid_from
    inner join {{ ref('dim_date') }} as days
        on records.started_date = days.date_day
    group by
        records.promise_id,
        records.valid_from,
        {{ period_of_day("lines.period_grain", "days") }}
),

delivered as (
    select
        lines.*,
        periods.period_start,
        periods.period_end,
        coalesce(counted.due_count, 0) as due_count,
        coalesce(counted.kept_count, 0) as kept_count,
        coalesce(counted.broken_count, 0) as broken_count,
        coalesce(counted.open_count, 0) as open_count,
        counted.measured_median,
        counted.measured_p90,
        kpis.direction,
        case lines.measure_kind
            when 'kpi' then cast(lines.threshold as double)
            else lines.required_share
        end as promised,
        case lines.measure_kind
            when 'kpi' then scores.value
            else {{ share("counted.kept_count", "counted.due_count") }}
        end as delivered
    from {{ ref('sla_periods') }} as periods
    inner join {{ ref('dim_promise') }} as lines
        on periods.promise_id = lines.promise_id
        and periods.valid_from = lines.valid_from
    left join counted
        on periods.promise_id = counted.promise_id
        and periods.valid_from = counted.valid_from
        and periods.period_start = counted.period_start
    {{ join_promised_kpi("lines", "periods") }}
),

judged as (
    select
        delivered.*,
        greatest(
            case when direction = 'down' then delivered - promised else promised - delivered end,
            cast(0 as double)
        ) as shortfall
    from delivered
)

select
    cast(promise_id as string) as promise_id,
    cast(valid_from as date) as valid_from,
    cast(promise_name as string) as promise_name,
    cast(promised_by as string) as promised_by,
    cast(promised_to as string) as promised_to,
    cast(measure as string) as measure,
    cast(measure_kind as string) as measure_kind,
    cast(unit as string) as unit,
    cast(period_grain as string) as period_grain,
    cast(period_start as date) as period_start,
    cast(period_end as date) as period_end,
    cast(segment as string) as segment,
    cast(region as string) as region,
    cast(threshold as decimal(18, 6)) as threshold,
    cast(required_share as double) as required_share,
    cast(calendar as string) as calendar,
    cast(promised as double) as promised,
    cast(delivered as double) as delivered,
    cast(due_count as bigint) as due_count,
    cast(kept_count as bigint) as kept_count,
    cast(broken_count as bigint) as broken_count,
    cast(open_count as bigint) as open_count,
    cast(measured_median as double) as measured_median,
    cast(measured_p90 as double) as measured_p90,
    cast(
        case
            when period_end > {{ as_of_date() }} then 'running'
            when delivered is null then 'no_data'
            when shortfall > 1e-9 then 'broken'
            else 'kept'
        end as string
    ) as status,
    cast(
        case when delivered is not null and period_end <= {{ as_of_date() }} then shortfall end as double
    ) as shortfall,
    measure_kind = 'record' and {{ is_small_sample("due_count") }} as is_small_sample
from judged
