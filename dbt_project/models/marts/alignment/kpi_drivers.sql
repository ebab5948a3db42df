{# One row per KPI, period, comparison and member of a dimension: how much of the KPI's move it
   explains. The effects add up to the move exactly; `macros/kpi_drivers.sql` says how it is split. #}
{% set comparisons = {"previous": "previous_start", "year_ago": "year_ago_start"} %}
{% set dimensions = ["segment", "channel_id", "region"] %}
with cells as (
    select
        scorecard.kpi_id,
        scorecard.kind,
        scorecard.period_grain,
        scorecard.period_start,
        {% for dimension in dimensions -%}
        scorecard.{{ dimension }},
        {% endfor -%}
        cast(scorecard.numerator as double) as numerator,
        cast(scorecard.denominator as double) as denominator,
        scorecard.value,
        scorecard.target,
        scorecard.null_reason
    from {{ ref('kpi_scorecard') }} as scorecard
    where scorecard.kind in ('sum', 'ratio')
        and scorecard.period_grain in ('week', 'month', 'quarter')
),

overall as (
    select
        cells.*,
        {% for start in comparisons.values() -%}
        periods.{{ start }},
        {% endfor -%}
        -- What has not ended is not compared with what has.
        periods.period_end <= {{ as_of_date() }} as is_over
    from cells
    inner join {{ ref('kpi_periods') }} as periods
        on cells.period_grain = periods.period_grain
        and cells.period_start = periods.period_start
    where {% for dimension in dimensions %}cells.{{ dimension }} = '(all)' and {% endfor %}cells.value is not null
),

moves as (
    {% for comparison, start in comparisons.items() %}
    select
        totals.kpi_id,
        totals.kind,
        totals.period_grain,
        totals.period_start,
        '{{ comparison }}' as comparison,
        bases.period_start as base_start,
        totals.value,
        bases.value as base_value,
        totals.denominator,
        bases.denominator as base_denominator
    from overall as totals
    inner join overall as bases
        on totals.kpi_id = bases.kpi_id
        and totals.period_grain = bases.period_grain
        and totals.{{ start }} = bases.period_start
    where totals.is_over
    union all
    {% endfor %}
    select
        kpi_id,
        kind,
        period_grain,
        period_start,
        'target' as comparison,
        cast(null as date) as base_start,
        value,
        target as base_value,
        denominator,
        cast(null as double) as base_denominator
    from overall
    where is_over and target is not null
),

-- What is known for the company as a whole only explains nothing by its slices.
members as (
    {% for dimension in dimensions %}
    select
        kpi_id, period_grain, period_start, '{{ dimension }}' as dimension, {{ dimension }} as member,
        numerator, denominator, target
    from cells
    where {{ dimension }} <> '(all)' and coalesce(null_reason, '') not like 'input_not_split:%'
    {{ "union all" if not loop.last }}
    {% endfor %}
),

all_effects as (
    select * from ({{ effects_between_periods() }}) as between_periods
    union all
    select * from ({{ effects_against_target() }}) as against_target
)

select
    cast(kpi_id as string) as kpi_id,
    cast(period_grain as string) as period_grain,
    cast(period_start as date) as period_start,
    cast(comparison as string) as comparison,
    cast(dimension as string) as dimension,
    cast(member as string) as member,
    cast(value as double) as value,
    cast(base_value as double) as base_value,
    cast(weight as double) as weight,
    cast(base_weight as double) as base_weight,
    cast(total_effect - mix_effect as double) as rate_effect,
    cast(mix_effect as double) as mix_effect,
    cast(total_effect as double) as total_effect
from all_effects
