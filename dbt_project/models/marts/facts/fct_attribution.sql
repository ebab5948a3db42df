{{ config(materialized='view') }}
-- fct_attribution_weights with a row per model: a view, since a table would be ten times as long.
{% for model in attribution_models() %}
select
    cast('{{ model }}' as string) as model,
    basis,
    opportunity_id,
    touch_id,
    channel_id,
    campaign_id,
    basis_date,
    basis_month,
    {{ model }}_weight as weight,
    cast({{ model }}_weight * cast(amount as double) as double) as credit,
    segment,
    region
from {{ ref('fct_attribution_weights') }}
{{ "union all" if not loop.last }}
{% endfor %}
