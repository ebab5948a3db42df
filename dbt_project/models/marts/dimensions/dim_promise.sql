-- One row per line of a promise, with the days on which it applies.
with measures as (
    {% for measure, unit in record_measures().items() -%}
    select
        '{{ measure }}' as measure,
        'record' as measure_kind,
        '{{ unit }}' as unit
    union all
    {% endfor -%}
    select
        kpi_id as measure,
        'kpi' as measure_kind,
        unit
    from {{ ref('stg_agreement__kpis') }}
    where kpi_id not in ('{{ record_measures() | join("', '") }}')
),

lines as (
    select
        *,
        lead(valid_from) over (
            partition by promise_id order by valid_from asc nulls last
        ) as next_from
    from {{ ref('stg_agreement__promises') }}
)

select
    lines.promise_id,
    lines.valid_from,
    cast(
        case
            when lines.valid_to < lines.next_from then lines.valid_to
            when lines.next_from is not null then {{ add_days('lines.next_from', -1) }}
            else lines.valid_to
        end as date
    ) as valid_to,
    lines.promise_name,
    lines.promised_by,
    cast({{ other_team('lines.promised_by') }} as string) as promised_to,
    lines.measure,
    cast(measures.measure_kind as string) as measure_kind,
    lines.threshold,
    cast(
        case when measures.measure_kind = 'record' then coalesce(lines.required_share, 1) end as double
    ) as required_share,
    cast(measures.unit as string) as unit,
    lines.period_grain,
    cast(
        case
            when lines.measure in ('{{ clock_measures() | join("', '") }}')
                then coalesce(lines.calendar, 'business')
        end as string
    ) as calendar,
    lines.segment,
    lines.region,
    lines.description
from lines
left join measures
    on lines.measure = measures.measure
