-- The agreement's KPIs, each with the facts and filters that its number can be drilled to.
with components as (
    {% for component in kpi_components() %}
    select
        '{{ component["id"] }}' as component_id,
        '{{ component["fact"] }}' as fact,
        {{ text_literal(component["filter"]) }} as filter,
        '{{ component["date"] }}' as date_column,
        '{{ component["value"] }}' as value_column
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    kpis.kpi_id,
    kpis.kpi_name,
    kpis.position,
    kpis.kind,
    kpis.numerator,
    kpis.denominator,
    kpis.unit,
    kpis.direction,
    kpis.owner_team,
    kpis.formula,
    kpis.formula_source,
    kpis.description,
    numerators.fact as numerator_fact,
    numerators.filter as numerator_filter,
    numerators.date_column as numerator_date_column,
    numerators.value_column as numerator_value_column,
    denominators.fact as denominator_fact,
    denominators.filter as denominator_filter,
    denominators.date_column as denominator_date_column,
    denominators.value_column as denominator_value_column
from {{ ref('stg_agreement__kpis') }} as kpis
left join components as numerators
    on kpis.numerator = numerators.component_id
left join components as denominators
    on kpis.denominator = denominators.component_id
