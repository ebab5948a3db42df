-- Additive numbers per day, channel, segment and region; what each is, the macro
-- kpi_components says. Rows without a day count in no period and are not here.
with counted as (
    {% for component in kpi_components() %}
    select
        {{ component["date"] }} as component_date,
        '{{ component["id"] }}' as component_id,
        channel_id,
        segment,
        region,
        sum(cast({{ component["value"] }} as decimal(38, 6))) as value
    from {{ component_source(component) }}
        and {{ component["date"] }} is not null
        and {{ component["value"] }} is not null
    group by {{ component["date"] }}, channel_id, segment, region
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    cast(component_date as date) as component_date,
    cast(component_id as string) as component_id,
    cast(coalesce(channel_id, '(none)') as string) as channel_id,
    cast(coalesce(segment, '(none)') as string) as segment,
    cast(coalesce(region, '(none)') as string) as region,
    cast(sum(value) as decimal(38, 6)) as value
from counted
group by
    component_date,
    component_id,
    coalesce(channel_id, '(none)'),
    coalesce(segment, '(none)'),
    coalesce(region, '(none)')
