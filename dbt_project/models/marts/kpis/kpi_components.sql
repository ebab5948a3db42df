-- Additive numbers per day, channel, segment and region; what each is, the macro
-- kpi_components says. Rows without a day count in no period and are not here.
{% for component in kpi_components() %}
select
    cast({{ component["date"] }} as date) as component_date,
    cast('{{ component["id"] }}' as string) as component_id,
    cast({{ kpi_slice_column(component, "channel_id") }} as string) as channel_id,
    cast({{ kpi_slice_column(component, "segment") }} as string) as segment,
    cast({{ kpi_slice_column(component, "region") }} as string) as region,
    cast(sum(cast({{ component["value"] }} as decimal(38, 6))) as decimal(38, 6)) as value
from {{ kpi_rows(component) }}
    and {{ component["date"] }} is not null
    and {{ component["value"] }} is not null
group by {{ component["date"] }}, {{ kpi_slice_column(component, "channel_id") }}, {{ kpi_slice_column(component, "segment") }}, {{ kpi_slice_column(component, "region") }}
{{ "union all" if not loop.last }}
{% endfor %}
