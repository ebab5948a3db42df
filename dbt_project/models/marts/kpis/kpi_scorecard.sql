-- Every KPI by period and slice, beside its target, the period before and the year before.
{% set key = kpi_key() %}
{% set compared = [("previous_value", "previous_start"), ("year_ago_value", "year_ago_start")] %}
with kpi_values as (
    select * from {{ ref('kpi_values') }}
)

select
    cast(scores.period_grain as string) as period_grain,
    cast(scores.period_start as date) as period_start,
    scores.kpi_id,
    cast(scores.segment as string) as segment,
    cast(scores.channel_id as string) as channel_id,
    cast(scores.region as string) as region,
    cast(scores.numerator as decimal(38, 6)) as numerator,
    cast(scores.denominator as decimal(38, 6)) as denominator,
    cast(scores.value as double) as value,
    cast(scores.null_reason as string) as null_reason,
    cast(targets.target_value as double) as target,
    cast(
        case
            when kpis.direction = 'down' then targets.target_value / nullif(scores.value, 0)
            else scores.value / nullif(targets.target_value, 0)
        end as double
    ) as attainment,
    {% for name, start in compared %}
    -- A sum or stock without a row in a period that is covered was nothing then.
    cast(
        case
            when {{ name }}s.kpi_id is not null then {{ name }}s.value
            when kpis.kind in ('sum', 'stock') and scores.null_reason is null
                and periods.{{ start }} >= periods.first_start then 0
        end as double
    ) as {{ name }},
    {% endfor %}
    kpis.owner_team,
    kpis.kind,
    kpis.unit
from kpi_values as scores
inner join {{ ref('stg_agreement__kpis') }} as kpis
    on scores.kpi_id = kpis.kpi_id
inner join {{ ref('kpi_periods') }} as periods
    on scores.period_grain = periods.period_grain
    and scores.period_start = periods.period_start
{% for name, start in compared %}
left join kpi_values as {{ name }}s
    on scores.kpi_id = {{ name }}s.kpi_id
    and scores.period_grain = {{ name }}s.period_grain
    and periods.{{ start }} = {{ name }}s.period_start
    and {{ kpi_same("scores", name ~ "s", kpi_slices()) }}
{% endfor %}
left join {{ ref('kpi_targets') }} as targets
    on {{ kpi_same("scores", "targets", key) }}
