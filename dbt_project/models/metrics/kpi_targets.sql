-- One target per KPI, period and slice; the agreement's own goes before a source's.
{% set key = kpi_key() %}
with all_targets as (
    select
        kpi_id, period_grain, period_start, segment, channel_id, region, target_value,
        1 as priority, '' as source_system, '' as source_table, '' as source_id
    from {{ ref('stg_agreement__targets') }}
    union all
    select
        kpi_id, period_grain, period_start, segment, channel_id, region, target_value,
        2 as priority, source_system, _table as source_table, source_id
    from {{ ref('stg_generic__targets') }}
),

sliced as (
    select
        kpi_id,
        period_grain,
        period_start,
        {% for slice in kpi_slices() -%}
        coalesce(nullif({{ slice }}, ''), '(all)') as {{ slice }},
        {% endfor -%}
        target_value,
        priority,
        source_system,
        source_table,
        source_id
    from all_targets
)

select
    {% for column in key %}{{ column }}, {% endfor %}
    cast(target_value as double) as target_value
from (
    select
        sliced.*,
        row_number() over (
            partition by {{ key | join(", ") }}
            order by
                priority asc nulls last,
                source_system asc nulls last,
                source_table asc nulls last,
                source_id asc nulls last
        ) as choice
    from sliced
) as ranked
where choice = 1
    -- KPIs are told by one slice at a time.
    and ({% for slice in kpi_slices() %}case when {{ slice }} = '(all)' then 0 else 1 end{{ " + " if not loop.last }}{% endfor %}) <= 1
