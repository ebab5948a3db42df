-- The agreement's KPIs, each with the facts and filters that its number can be drilled to.
{% set parts = ["numerator", "denominator"] %}
with inputs as (
    {% for input in kpi_inputs() %}
    select
        '{{ input["id"] }}' as input_id,
        '{{ input["fact"] }}' as fact,
        {{ text_literal(input["filter"] | replace(ref("dim_channel") | string, "marts.dim_channel")) }} as filter,
        {{ text_literal(input["date"]) }} as date_column,
        '{{ input["value"] }}' as value_column,
        '{{ input["day"] or "every" }}' as counted_day
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
    cast(kpis.percentile as double) as percentile,
    kpis.unit,
    kpis.direction,
    kpis.owner_team,
    kpis.formula,
    kpis.formula_source,
    kpis.rival_definitions,
    kpis.description,
    numerators.counted_day
    {%- for part in parts %}
    {%- for column in ["fact", "filter", "date_column", "value_column"] %},
    {{ part }}s.{{ column }} as {{ part }}_{{ column }}
    {%- endfor %}
    {%- endfor %}
from {{ ref('stg_agreement__kpis') }} as kpis
{% for part in parts %}
left join inputs as {{ part }}s
    on kpis.kind <> 'derived' and kpis.{{ part }} = {{ part }}s.input_id
{% endfor %}
