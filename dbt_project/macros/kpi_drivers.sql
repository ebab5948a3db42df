{#
  How `kpi_drivers` splits a move over the members of a dimension, one macro per kind of comparison.
  Both read the `moves` and `members` of the model, and give the same columns.
#}
{% macro driver_keys() -%}
{{ return(["kpi_id", "period_grain", "period_start", "comparison", "dimension", "member"]) }}
{%- endmacro %}

{#
  Against an earlier period. For a ratio the move of each member is split at the midpoint
  (E. M. Kitagawa, Components of a difference between two rates, JASA 50, 1955): its own rate
  changed, or its share of the whole did.
#}
{% macro effects_between_periods() %}
with sides as (
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
    where moves.comparison <> 'target'

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
        {{ driver_keys() | join(", ") }},
        coalesce(sum(numerator), 0) as numerator,
        coalesce(sum(denominator), 0) as denominator,
        coalesce(sum(base_numerator), 0) as base_numerator,
        coalesce(sum(base_denominator), 0) as base_denominator
    from sides
    group by {{ driver_keys() | join(", ") }}
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
    {{ driver_keys() | join(", ") }},
    case when kind = 'sum' then numerator else rate end as value,
    case when kind = 'sum' then base_numerator else base_rate end as base_value,
    weight,
    base_weight,
    total_effect,
    mix_effect
from effects
{% endmacro %}

{#
  Against a target. A ratio's member is held to its own target, or else to that of the total; a sum's
  to its own, or else to its part of what the total leaves over, by its part of the last twelve
  months.
#}
{% macro effects_against_target() %}
{% set of_dimension = "partition by moves.kpi_id, moves.period_grain, moves.period_start, year_sums.dimension" %}
with
-- What the members of a sum counted in the twelve months that end with the period.
year_sums as (
    select
        moves.kpi_id,
        moves.period_grain,
        moves.period_start,
        members.dimension,
        members.member,
        {{ exact_sum("members.numerator") }} as year_numerator
    from moves
    inner join members
        on moves.kpi_id = members.kpi_id
        and moves.period_grain = members.period_grain
        and members.period_start > {{ add_months("moves.period_start", -12) }}
        and members.period_start <= moves.period_start
    where moves.comparison = 'target' and moves.kind = 'sum'
    group by moves.kpi_id, moves.period_grain, moves.period_start, members.dimension, members.member
),

-- Of the total's target, what no member has as its own is shared by those without.
held as (
    select
        moves.kpi_id,
        moves.kind,
        moves.period_grain,
        moves.period_start,
        moves.comparison,
        year_sums.dimension,
        year_sums.member,
        coalesce(members.numerator, cast(0 as double)) as numerator,
        members.target,
        year_sums.year_numerator,
        moves.base_value - coalesce({{ exact_sum("members.target", over=of_dimension) }}, cast(0 as double)) as left_over,
        {{ exact_sum("case when members.target is null then year_sums.year_numerator else 0 end", over=of_dimension) }}
            as year_without_target
    from moves
    inner join year_sums
        on moves.kpi_id = year_sums.kpi_id
        and moves.period_grain = year_sums.period_grain
        and moves.period_start = year_sums.period_start
    left join members
        on year_sums.kpi_id = members.kpi_id
        and year_sums.period_grain = members.period_grain
        and year_sums.period_start = members.period_start
        and year_sums.dimension = members.dimension
        and year_sums.member = members.member
    where moves.comparison = 'target'
),

sum_targets as (
    select
        {{ driver_keys() | join(", ") }},
        numerator,
        coalesce(
            target,
            case when left_over > 0 and year_without_target > 0 then left_over * year_numerator / year_without_target end,
            cast(0 as double)
        ) as target
    from held

    union all

    -- Where nobody is left to share it, or the members' targets are more than the total's.
    select
        {{ driver_keys()[:-1] | join(", ") }},
        '(rest)' as member,
        cast(0 as double) as numerator,
        max(left_over) as target
    from held
    where abs(left_over) > 1e-9 and not (left_over > 0 and year_without_target > 0)
    group by {{ driver_keys()[:-1] | join(", ") }}
)

select
    {{ driver_keys() | join(", ") }},
    numerator as value,
    target as base_value,
    cast(null as double) as weight,
    cast(null as double) as base_weight,
    numerator - target as total_effect,
    cast(0 as double) as mix_effect
from sum_targets

union all

select
    moves.kpi_id,
    moves.period_grain,
    moves.period_start,
    moves.comparison,
    members.dimension,
    members.member,
    members.numerator / nullif(members.denominator, 0) as value,
    coalesce(members.target, moves.base_value) as base_value,
    members.denominator / nullif(moves.denominator, 0) as weight,
    cast(null as double) as base_weight,
    (members.numerator - members.denominator * moves.base_value) / nullif(moves.denominator, 0) as total_effect,
    members.denominator / nullif(moves.denominator, 0)
    * (coalesce(members.target, moves.base_value) - moves.base_value) as mix_effect
from moves
inner join members
    on moves.kpi_id = members.kpi_id
    and moves.period_grain = members.period_grain
    and moves.period_start = members.period_start
where moves.comparison = 'target' and moves.kind = 'ratio'
{% endmacro %}
