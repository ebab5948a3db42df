-- Every KPI by period and slice, whatever its kind. A further kind is one more model here.
{{ config(materialized='view') }}
{% for model in ["kpi_sums", "kpi_stocks", "kpi_percentiles", "kpi_derived_1", "kpi_derived_2", "kpi_derived_3"] %}
select
    {% for column in kpi_key() %}{{ column }}, {% endfor %}
    numerator,
    denominator,
    value,
    null_reason
from {{ ref(model) }}
{{ "union all" if not loop.last }}
{% endfor %}
