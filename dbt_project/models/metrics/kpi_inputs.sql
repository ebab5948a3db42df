-- The components, stocks and samples that the company has data for at all; any one row tells.
{% for input in kpi_inputs() %}
{% set needs = input.get("needs", {
    "fact": input["fact"],
    "filter": input["filter"] ~ " and " ~ input["date"] ~ " is not null and " ~ input["value"] ~ " is not null",
}) %}
select
    cast('{{ input["id"] }}' as string) as input_id,
    cast({% if input["known_until"] %}(select {{ input["known_until"] }} from {{ ref(input["fact"]) }}){% else %}null{% endif %} as date) as known_until,
    {%- for slice in kpi_slices() %}
    {{ "true" if input.get("slices", {}).get(slice, slice) else "false" }} as has_{{ slice }},
    {%- endfor %}
    {{ "true" if input["is_plan"] else "false" }} as is_plan
from (select 1 as found from {{ kpi_rows(needs) }} limit 1) as evidence -- noqa: AM09
{{ "union all" if not loop.last }}
{% endfor %}
