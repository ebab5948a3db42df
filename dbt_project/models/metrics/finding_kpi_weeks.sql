{# One row per KPI with a target, segment and week: what was reached, and what was to be. Targets
   are spread evenly over the days of their period; where there are several for a day, that of
   the shortest period counts. A ratio's target is its mean over the days. #}
with targets as (
    select
        targets.kpi_id,
        targets.segment,
        days.date_day,
        targets.target_value,
        case
            when kpis.kind = 'sum'
                then
                    targets.target_value / count(*) over (
                        partition by targets.kpi_id, targets.segment, targets.period_grain, targets.period_start
                    )
            else targets.target_value
        end as day_value,
        case targets.period_grain
            when 'day' then 1 when 'week' then 2 when 'month' then 3 when 'quarter' then 4 else 5
        end as grain_order
    from {{ ref('kpi_targets') }} as targets
    inner join {{ ref('dim_kpi') }} as kpis
        on targets.kpi_id = kpis.kpi_id
    inner join {{ ref('kpi_days') }} as days
        on targets.period_grain = days.period_grain
        and targets.period_start = days.period_start
    where targets.channel_id = '(all)'
        and targets.region = '(all)'
        and (
            kpis.kind = 'sum'
            -- A share of things that are counted: the kind whose chance is known.
            or (
                kpis.kind = 'ratio'
                and kpis.unit = 'share'
                and kpis.numerator_value_column = '1'
                and kpis.denominator_value_column = '1'
                and kpis.numerator_fact = kpis.denominator_fact
                and kpis.numerator_date_column = kpis.denominator_date_column
            )
        )
),

chosen as (
    select
        *,
        row_number() over (
            partition by kpi_id, segment, date_day order by grain_order asc nulls last
        ) as choice
    from targets
),

week_targets as (
    select
        kpi_id,
        segment,
        {{ period_start("week", "date_day") }} as week_start,
        {{ exact_sum("day_value") }} as target_sum,
        {{ exact_sum("day_value") }} / count(*) as target_mean,
        count(*) as day_count
    from chosen
    where choice = 1
    group by kpi_id, segment, {{ period_start("week", "date_day") }}
)

select
    cast(week_targets.kpi_id as string) as kpi_id,
    cast(kpis.kind as string) as kind,
    cast(week_targets.segment as string) as segment,
    cast(week_targets.week_start as date) as week_start,
    cast(case when kpis.kind = 'sum' then week_targets.target_sum else week_targets.target_mean end as double) as target,
    -- A week in which nothing happened has no row, though there was a target for it.
    cast(coalesce(reached.numerator, 0) as double) as numerator,
    cast(coalesce(reached.denominator, 0) as double) as denominator
from week_targets
inner join {{ ref('dim_kpi') }} as kpis
    on week_targets.kpi_id = kpis.kpi_id
inner join {{ ref('kpi_periods') }} as weeks
    on weeks.period_grain = 'week'
    and week_targets.week_start = weeks.period_start
left join {{ ref('kpi_values') }} as reached
    on reached.period_grain = 'week'
    and week_targets.kpi_id = reached.kpi_id
    and week_targets.segment = reached.segment
    and week_targets.week_start = reached.period_start
    and reached.channel_id = '(all)'
    and reached.region = '(all)'
where week_targets.day_count = 7
    and weeks.period_end <= {{ as_of_date() }}
    and (reached.kpi_id is null or reached.null_reason is null or reached.numerator is not null)
