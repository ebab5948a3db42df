-- KPIs of the kinds sum and ratio, by period and slice.
{% set key = kpi_key() %}
{% set cell = kpi_cell() %}
with kpis as (
    select * from {{ ref('kpi_definitions') }} where kind in ('sum', 'ratio')
),

-- One row per KPI and component that it is made of.
parts as (
    select kpi_id, 'numerator' as part, numerator as component_id from kpis
    union all
    select kpi_id, 'denominator' as part, denominator as component_id from kpis where kind = 'ratio'
),

counted as (
    select
        parts.kpi_id,
        {% for column in cell %}components.{{ column }}, {% endfor %}
        case when parts.part = 'numerator' then components.value end as numerator,
        case when parts.part = 'denominator' then components.value end as denominator
    from {{ ref('kpi_period_components') }} as components
    inner join parts
        on components.component_id = parts.component_id
),

counted_or_not as (
    select {{ key | join(", ") }}, numerator, denominator from counted
    union all
    select {{ key | join(", ") }}, null as numerator, null as denominator
    from ({{ kpi_lasting_cells("counted") }}) as lasting
    union all
    select
        {% for column in key %}cells.{{ column }}, {% endfor %}
        null as numerator,
        null as denominator
    from {{ ref('kpi_cells') }} as cells
    inner join kpis
        on cells.kpi_id = kpis.kpi_id
),

summed as (
    select
        {{ key | join(", ") }},
        cast(coalesce(sum(numerator), 0) as decimal(38, 6)) as numerator,
        cast(coalesce(sum(denominator), 0) as decimal(38, 6)) as denominator
    from counted_or_not
    group by {{ key | join(", ") }}
),

known as (
    select
        {% for column in key %}summed.{{ column }}, {% endfor %}
        kpis.kind,
        {% for part in ["numerator", "denominator"] -%}
        case
            when
                kpis.has_{{ part }}
                and summed.period_start <= coalesce(kpis.{{ part }}_known_until, summed.period_start)
                then summed.{{ part }}
        end as {{ part }},
        {% endfor -%}
        case
            when kpis.missing_input is not null then kpis.missing_input
            {% for slice in kpi_slices() -%}
            when summed.{{ slice }} <> '(all)' and kpis.not_split_by_{{ slice }} is not null
                then kpis.not_split_by_{{ slice }}
            {% endfor -%}
            when summed.period_start > kpis.numerator_known_until
                or summed.period_start > kpis.denominator_known_until
                then 'not_reported_yet'
            when kpis.kind = 'ratio' and summed.denominator = 0 then 'denominator_zero'
        end as null_reason
    from summed
    inner join kpis
        on summed.kpi_id = kpis.kpi_id
)

select
    {{ key | join(", ") }},
    numerator,
    denominator,
    case
        when null_reason is not null then null
        when kind = 'sum' then cast(numerator as double)
        else cast(numerator as double) / nullif(cast(denominator as double), 0)
    end as value,
    null_reason
from known
