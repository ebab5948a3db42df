{#
  The derived KPIs of one level, by period and slice: the product of the numerator's factors
  over that of the denominator's, from the KPIs of that very slice in the models `lower`.

  A factor that is a sum or a stock and counts nothing in the slice is 0; any other that is
  absent makes the KPI null, with the factor's reason.
#}
{% macro derived_kpis(level, lower) %}
{%- set key = kpi_key() -%}
{%- set cell = kpi_cell() -%}
with factors as (
    select * from {{ ref('kpi_factors') }} where level = {{ level }}
),

lower_values as (
    {% for model in lower %}
    select {{ key | join(", ") }}, value, null_reason from {{ ref(model) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

cells as (
    select
        factors.kpi_id,
        {% for column in cell %}lower_values.{{ column }}{{ ", " if not loop.last }}{% endfor %}
    from lower_values
    inner join factors
        on lower_values.kpi_id = factors.factor_kpi_id and factors.factor_kind = 'kpi'
    union
    select {% for column in key %}cells.{{ column }}{{ ", " if not loop.last }}{% endfor %}
    from {{ ref('kpi_cells') }} as cells
    inner join factors
        on cells.kpi_id = factors.kpi_id
),

factor_values as (
    select
        {% for column in key %}cells.{{ column }}, {% endfor %}
        factors.part,
        factors.term,
        factors.factor_kind,
        factors.factor_kpi_id,
        case
            when factors.factor_kind = 'target' then targets.target_value
            when factors.factor_kind <> 'kpi' then factors.fixed_value
            when lower_values.kpi_id is not null then lower_values.value
            when
                kpis.kind in ('sum', 'stock') and kpis.missing_input is null
                and cells.period_start <= coalesce(kpis.numerator_known_until, cells.period_start)
                then 0
        end as value,
        coalesce(lower_values.null_reason, kpis.missing_input) as kpi_null_reason
    from cells
    inner join factors
        on cells.kpi_id = factors.kpi_id
    left join lower_values
        on factors.factor_kind = 'kpi'
        and factors.factor_kpi_id = lower_values.kpi_id
        and {{ kpi_same("cells", "lower_values", cell) }}
    left join {{ ref('kpi_targets') }} as targets
        on factors.factor_kind = 'target'
        and factors.factor_kpi_id = targets.kpi_id
        and {{ kpi_same("cells", "targets", cell) }}
    left join {{ ref('kpi_definitions') }} as kpis
        on factors.factor_kind = 'kpi' and factors.factor_kpi_id = kpis.kpi_id
),

explained as (
    select
        factor_values.*,
        case
            when value is not null then null
            when factor_kind = 'setting' then 'input_missing:' || term
            when factor_kind = 'target' then 'target_missing:' || factor_kpi_id
            else coalesce(kpi_null_reason, 'nothing_counted:' || term)
        end as null_reason
    from factor_values
),

products as (
    select
        {{ key | join(", ") }},
        {% for part in ["numerator", "denominator"] -%}
        case
            when count(case when part = '{{ part }}' and value is null then 1 end) = 0
                then {{ product("case when part = '" ~ part ~ "' then value end") }}
        end as {{ part }},
        {% endfor -%}
        count(case when part = 'denominator' then 1 end) > 0 as is_divided,
        -- An input that is missing altogether says more than a period without rows.
        coalesce(min(case when null_reason like 'input%' then null_reason end), min(null_reason)) as missing_factor
    from explained
    group by {{ key | join(", ") }}
)

select
    {{ key | join(", ") }},
    cast(round(numerator, 6) as decimal(38, 6)) as numerator,
    cast(round(denominator, 6) as decimal(38, 6)) as denominator,
    case
        when missing_factor is not null then null
        when is_divided then numerator / nullif(denominator, 0)
        else numerator
    end as value,
    case
        when missing_factor is not null then missing_factor
        when is_divided and denominator = 0 then 'denominator_zero'
    end as null_reason
from products
{% endmacro %}
