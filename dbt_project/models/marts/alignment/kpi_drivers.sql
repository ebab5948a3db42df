{# One row per KPI, period, comparison and member of a dimension: how much of the KPI's move it
   explains. For a ratio the move of each member is split at the midpoint (E. M. Kitagawa,
   Components of a difference between two rates, JASA 50, 1955): its own rate changed, or its
   share of the whole did. The effects add up to the move exactly. #}
{% set comparisons = {"previous": "previous_start", "year_ago": "year_ago_start"} %}
{% set dimensions = ["segment", "channel_id", "region"] %}
{% set keys = ["kpi_id", "period_grain", "period_start", "comparison", "dimension", "member"] %}
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
        scorecard.null_reason
    from {{ ref('kpi_scorecard') }} as scorecard
    where scorecard.kind in ('sum', 'ratio')
        and scorecard.period_grain in ('week', 'month', 'quarter')
),

moves as (
    {% for comparison, start in comparisons.items() %}
    select
        totals.kpi_id,
        totals.kind,
        totals.period_grain,
        totals.period_start,
        '{{ comparison }}' as comparison,
        periods.{{ start }} as base_start,
        totals.value,
        bases.value as base_value,
        totals.denominator,
        bases.denominator as base_denominator
    from cells as totals
    inner join {{ ref('kpi_periods') }} as periods
        on totals.period_grain = periods.period_grain
        and totals.period_start = periods.period_start
    inner join cells as bases
        on totals.kpi_id = bases.kpi_id
        and totals.period_grain = bases.period_grain
        and periods.{{ start }} = bases.period_start
        and {% for dimension in dimensions %}bases.{{ dimension }} = '(all)'{{ " and " if not loop.last }}{% endfor %}
    where {% for dimension in dimensions %}totals.{{ dimension }} = '(all)'{{ " and " if not loop.last }}{% endfor %}
        and totals.value is not null
        and bases.value is not null
        -- What has not ended is not compared with what has.
        and periods.period_end <= {{ as_of_date() }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- What is known for the company as a whole only explains nothing by its slices.
members as (
    {% for dimension in dimensions %}
    select kpi_id, period_grain, period_start, '{{ dimension }}' as dimension, {{ dimension }} as member, numerator, denominator
    from cells
    where {{ dimension }} <> '(all)' and coalesce(null_reason, '') not like 'input_not_split:%'
    {{ "union all" if not loop.last }}
    {% endfor %}
),

sides as (
    select
        moves.kpi_id,
        moves.period_grain,
        moves.period_start,
        moves.comparison,
        members.dimension,
        members.member,
        members.numerator,
        members.denominator,
        cast(null as double) as base_numerator,
        cast(null as double) as base_denominator
    from moves
    inner join members
        on moves.kpi_id = members.kpi_id
        and moves.period_grain = members.period_grain
        and moves.period_start = members.period_start

    union all

    select
        moves.kpi_id,
        moves.period_grain,
        moves.period_start,
        moves.comparison,
        members.dimension,
        members.member,
        cast(null as double) as numerator,
        cast(null as double) as denominator,
        members.numerator as base_numerator,
        members.denominator as base_denominator
    from moves
    inner join members
        on moves.kpi_id = members.kpi_id
        and moves.period_grain = members.period_grain
        and moves.base_start = members.period_start
),

paired as (
    select
        {{ keys | join(", ") }},
        coalesce(sum(numerator), 0) as numerator,
        coalesce(sum(denominator), 0) as denominator,
        coalesce(sum(base_numerator), 0) as base_numerator,
        coalesce(sum(base_denominator), 0) as base_denominator
    from sides
    group by {{ keys | join(", ") }}
),

-- Rates and shares of a ratio. A member that is missing on one side has no rate there: it is
-- given its rate of the other side, so that all of its effect is one of the mix.
rated as (
    select
        paired.*,
        moves.kind,
        moves.value as total_value,
        moves.base_value as total_base_value,
        moves.denominator as total_denominator,
        moves.base_denominator as total_base_denominator,
        paired.denominator / nullif(moves.denominator, 0) as weight,
        paired.base_denominator / nullif(moves.base_denominator, 0) as base_weight,
        coalesce(
            paired.numerator / nullif(paired.denominator, 0), paired.base_numerator / nullif(paired.base_denominator, 0)
        ) as rate,
        coalesce(
            paired.base_numerator / nullif(paired.base_denominator, 0), paired.numerator / nullif(paired.denominator, 0)
        ) as base_rate
    from paired
    inner join moves
        on paired.kpi_id = moves.kpi_id
        and paired.period_grain = moves.period_grain
        and paired.period_start = moves.period_start
        and paired.comparison = moves.comparison
),

-- A member's part of the KPI's move is its part of the value then and now, less what its
-- share of the whole would have moved at the average; of this, what is not mix is rate. So a
-- member with a numerator but no denominator, which has no rate, counts in full too.
effects as (
    select
        rated.*,
        case
            when kind = 'sum' then cast(0 as double)
            else coalesce((weight - base_weight) * (rate + base_rate - total_value - total_base_value) / 2, cast(0 as double))
        end as mix_effect,
        case
            when kind = 'sum' then numerator - base_numerator
            else numerator / nullif(total_denominator, 0) - base_numerator / nullif(total_base_denominator, 0)
                - (weight - base_weight) * (total_value + total_base_value) / 2
        end as total_effect
    from rated
)

select
    cast(kpi_id as string) as kpi_id,
    cast(period_grain as string) as period_grain,
    cast(period_start as date) as period_start,
    cast(comparison as string) as comparison,
    cast(dimension as string) as dimension,
    cast(member as string) as member,
    cast(case when kind = 'sum' then numerator else rate end as double) as value,
    cast(case when kind = 'sum' then base_numerator else base_rate end as double) as base_value,
    cast(weight as double) as weight,
    cast(base_weight as double) as base_weight,
    cast(total_effect - mix_effect as double) as rate_effect,
    cast(mix_effect as double) as mix_effect,
    cast(total_effect as double) as total_effect
from effects
