-- Every KPI by period and slice. The agreement says which KPIs exist and of which components
-- they are made; a kind that can be summed over days is computed here from kpi_components.
-- A further kind is one more part of `computed`.
{% set grains = ["day", "week", "month", "quarter", "year"] %}
{% set slices = ["segment", "channel_id", "region"] %}
with kpis as (
    select *
    from {{ ref('stg_agreement__kpis') }}
),

components as (
    select * from {{ ref('kpi_components') }}
),

-- Components whose input the company has at all; any one row tells. With the last day that it
-- is known for, where a period after that day is not 0 but still unknown.
inputs as (
    {% for component in kpi_components() %}
    select
        '{{ component["id"] }}' as component_id,
        {% if component["known_until"] -%}
        (select {{ component["known_until"] }} from {{ ref(component["fact"]) }}) as known_until
        {%- else -%}
        cast(null as date) as known_until
        {%- endif %}
    from (select 1 as found from {{ component_source(component["needs"]) }} limit 1) as evidence -- noqa: AM09
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- Periods: from the first day that anything is counted on to the one that holds `as_of` ─────
day_range as (
    select
        min(component_date) as first_day,
        {{ as_of_date() }} as last_day
    from components
),

days as (
    select day_rows.date_day
    from (
        {{ day_spine("(select first_day from day_range)", "(select last_day from day_range)") }}
    ) as day_rows
),

fiscal as (
    select
        days.date_day,
        -- Months that the fiscal year starts after January.
        company.fiscal_year_start_month - 1 as month_shift
    from days
    cross join {{ ref('stg_agreement__company') }} as company
),

day_periods as (
    {% for grain in grains %}
    select
        date_day,
        '{{ grain }}' as period_grain,
        {% if grain == "day" -%}
        date_day as period_start
        {%- elif grain in ["week", "month"] -%}
        {{ period_start(grain, "date_day") }} as period_start
        {%- else -%}
        {{ add_months(period_start(grain, add_months("date_day", "-month_shift")), "month_shift") }} as period_start
        {%- endif %}
    from fiscal
    {{ "union all" if not loop.last }}
    {% endfor %}
),

periods as (
    select
        period_grain,
        period_start,
        case period_grain
            when 'day' then {{ add_days("period_start", -1) }}
            when 'week' then {{ add_days("period_start", -7) }}
            when 'month' then {{ add_months("period_start", -1) }}
            when 'quarter' then {{ add_months("period_start", -3) }}
            else {{ add_months("period_start", -12) }}
        end as previous_start,
        case period_grain
            when 'week' then {{ add_days("period_start", -364) }}
            else {{ add_months("period_start", -12) }}
        end as year_ago_start,
        min(period_start) over (partition by period_grain) as first_start
    from (select distinct period_grain, period_start from day_periods) as all_periods
),

-- Components by period and slice: one slice at a time, and all of it ───────────────────────
day_values as (
    select
        component_date,
        component_id,
        '(all)' as segment,
        '(all)' as channel_id,
        '(all)' as region,
        sum(value) as value
    from components
    group by component_date, component_id
    {% for slice in slices %}
    union all
    select
        component_date,
        component_id,
        {% for column in slices -%}
        {{ column if column == slice else "'(all)'" }} as {{ column }},
        {% endfor -%}
        sum(value) as value
    from components
    group by component_date, component_id, {{ slice }}
    {% endfor %}
),

period_values as (
    select
        day_periods.period_grain,
        day_periods.period_start,
        day_values.segment,
        day_values.channel_id,
        day_values.region,
        day_values.component_id,
        cast(sum(day_values.value) as decimal(38, 6)) as value
    from day_values
    inner join day_periods
        on day_values.component_date = day_periods.date_day
    group by
        day_periods.period_grain,
        day_periods.period_start,
        day_values.segment,
        day_values.channel_id,
        day_values.region,
        day_values.component_id
),

-- Targets: the agreement's own goes before a source's ─────────────────────────────────────
all_targets as (
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

sliced_targets as (
    select
        kpi_id,
        period_grain,
        period_start,
        {% for column in slices -%}
        coalesce(nullif({{ column }}, ''), '(all)') as {{ column }},
        {% endfor -%}
        target_value,
        priority,
        source_system,
        source_table,
        source_id
    from all_targets
),

targets as (
    select kpi_id, period_grain, period_start, segment, channel_id, region, target_value
    from (
        select
            sliced_targets.*,
            row_number() over (
                partition by kpi_id, period_grain, period_start, segment, channel_id, region
                order by
                    priority asc nulls last,
                    source_system asc nulls last,
                    source_table asc nulls last,
                    source_id asc nulls last
            ) as choice
        from sliced_targets
    ) as ranked
    where choice = 1
),

-- Kinds sum and ratio ──────────────────────────────────────────────────────────────────────
summed_kpis as (
    select * from kpis where kind in ('sum', 'ratio')
),

-- In total every period has a row; a slice has one where it counts anything, or has a target.
summed_keys as (
    select
        kpis.kpi_id,
        periods.period_grain,
        periods.period_start,
        '(all)' as segment,
        '(all)' as channel_id,
        '(all)' as region
    from summed_kpis as kpis
    cross join periods

    union

    select
        kpis.kpi_id,
        period_values.period_grain,
        period_values.period_start,
        period_values.segment,
        period_values.channel_id,
        period_values.region
    from summed_kpis as kpis
    inner join period_values
        on period_values.component_id = kpis.numerator
        or period_values.component_id = kpis.denominator

    union

    select
        kpis.kpi_id,
        targets.period_grain,
        targets.period_start,
        targets.segment,
        targets.channel_id,
        targets.region
    from summed_kpis as kpis
    inner join targets
        on kpis.kpi_id = targets.kpi_id
    inner join periods
        on targets.period_grain = periods.period_grain
        and targets.period_start = periods.period_start
),

summed_parts as (
    select
        keys.kpi_id,
        keys.period_grain,
        keys.period_start,
        keys.segment,
        keys.channel_id,
        keys.region,
        kpis.kind,
        case
            when numerator_inputs.component_id is null
                then 'input_missing:' || coalesce(kpis.numerator, '(none)')
            when kpis.kind = 'ratio' and denominator_inputs.component_id is null
                then 'input_missing:' || coalesce(kpis.denominator, '(none)')
            when keys.period_start > numerator_inputs.known_until
                or keys.period_start > denominator_inputs.known_until
                then 'not_reported_yet'
        end as missing_input,
        case
            when keys.period_start > numerator_inputs.known_until then null
            when numerator_inputs.component_id is not null
                then coalesce(numerators.value, cast(0 as decimal(38, 6)))
        end as numerator,
        case
            when keys.period_start > denominator_inputs.known_until then null
            when denominator_inputs.component_id is not null
                then coalesce(denominators.value, cast(0 as decimal(38, 6)))
        end as denominator
    from summed_keys as keys
    inner join summed_kpis as kpis
        on keys.kpi_id = kpis.kpi_id
    left join inputs as numerator_inputs
        on kpis.numerator = numerator_inputs.component_id
    left join inputs as denominator_inputs
        on kpis.kind = 'ratio' and kpis.denominator = denominator_inputs.component_id
    {% for part in ["numerator", "denominator"] %}
    left join period_values as {{ part }}s
        on kpis.{{ part }} = {{ part }}s.component_id
        and keys.period_grain = {{ part }}s.period_grain
        and keys.period_start = {{ part }}s.period_start
        and keys.segment = {{ part }}s.segment
        and keys.channel_id = {{ part }}s.channel_id
        and keys.region = {{ part }}s.region
    {% endfor %}
),

summed as (
    select
        kpi_id,
        period_grain,
        period_start,
        segment,
        channel_id,
        region,
        numerator,
        denominator,
        case
            when missing_input is not null then null
            when kind = 'sum' then cast(numerator as double)
            else cast(numerator as double) / nullif(cast(denominator as double), 0)
        end as value,
        case
            when missing_input is not null then missing_input
            when kind = 'ratio' and denominator = 0 then 'denominator_zero'
        end as null_reason
    from summed_parts
),

computed as (
    select * from summed
)

select
    cast(computed.period_grain as string) as period_grain,
    cast(computed.period_start as date) as period_start,
    computed.kpi_id,
    cast(computed.segment as string) as segment,
    cast(computed.channel_id as string) as channel_id,
    cast(computed.region as string) as region,
    cast(computed.numerator as decimal(38, 6)) as numerator,
    cast(computed.denominator as decimal(38, 6)) as denominator,
    cast(computed.value as double) as value,
    cast(computed.null_reason as string) as null_reason,
    cast(targets.target_value as double) as target,
    cast(
        case
            when kpis.direction = 'down'
                then cast(targets.target_value as double) / nullif(computed.value, 0)
            else computed.value / nullif(cast(targets.target_value as double), 0)
        end as double
    ) as attainment,
    {% for name, start in [("previous_value", "previous_start"), ("year_ago_value", "year_ago_start")] %}
    -- A sum without a row in a period that is covered was nothing then.
    cast(
        case
            when {{ name }}s.kpi_id is not null then {{ name }}s.value
            when kpis.kind = 'sum' and computed.null_reason is null
                and periods.{{ start }} >= periods.first_start then 0
        end as double
    ) as {{ name }},
    {% endfor %}
    kpis.owner_team,
    kpis.kind,
    kpis.unit
from computed
inner join kpis
    on computed.kpi_id = kpis.kpi_id
inner join periods
    on computed.period_grain = periods.period_grain
    and computed.period_start = periods.period_start
{% for name, start in [("previous_value", "previous_start"), ("year_ago_value", "year_ago_start")] %}
left join computed as {{ name }}s
    on computed.kpi_id = {{ name }}s.kpi_id
    and computed.period_grain = {{ name }}s.period_grain
    and periods.{{ start }} = {{ name }}s.period_start
    and computed.segment = {{ name }}s.segment
    and computed.channel_id = {{ name }}s.channel_id
    and computed.region = {{ name }}s.region
{% endfor %}
left join targets
    on computed.kpi_id = targets.kpi_id
    and computed.period_grain = targets.period_grain
    and computed.period_start = targets.period_start
    and computed.segment = targets.segment
    and computed.channel_id = targets.channel_id
    and computed.region = targets.region
