-- KPIs of the kind percentile, by period and slice: exact, between the two nearest values where
-- the percentile falls between them.
{% set key = kpi_key() %}
{% set cell = kpi_cell() %}
with kpis as (
    select * from {{ ref('kpi_definitions') }} where kind = 'percentile'
),

samples as (
    {% for sample in kpi_samples() %}
    select
        '{{ sample["id"] }}' as sample_id,
        cast({{ sample["date"] }} as date) as sample_date,
        {% for slice in kpi_slices() -%}
        {{ kpi_slice_column(sample, slice) }} as {{ slice }},
        {% endfor -%}
        cast({{ sample["value"] }} as double) as value
    from {{ kpi_rows(sample) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- How often each value occurs; few values occur in many rows.
occurrences as (
    select
        samples.sample_id,
        days.period_grain,
        days.period_start,
        samples.value,
        {% for slice in kpi_slices() -%}
        coalesce(samples.{{ slice }}, '(all)') as {{ slice }},
        {% endfor -%}
        count(*) as row_count
    from samples
    inner join {{ ref('kpi_days') }} as days
        on samples.sample_date = days.date_day and not days.is_ahead
    {{ kpi_one_slice_at_a_time(["samples.sample_id", "days.period_grain", "days.period_start", "samples.value"]) }}
),

ranked as (
    select
        occurrences.*,
        sum(row_count) over (
            partition by sample_id, period_grain, period_start, segment, channel_id, region
            order by value asc nulls last
            rows between unbounded preceding and current row
        ) as last_rank,
        sum(row_count) over (
            partition by sample_id, period_grain, period_start, segment, channel_id, region
        ) as sample_size
    from occurrences
),

-- Where the percentile falls among the ranks, from 1.
places as (
    select
        kpis.kpi_id,
        {% for column in cell %}ranked.{{ column }}, {% endfor %}
        ranked.value,
        ranked.last_rank,
        ranked.last_rank - ranked.row_count + 1 as first_rank,
        1 + cast(kpis.percentile as double) * cast(ranked.sample_size - 1 as double) as place
    from ranked
    inner join kpis
        on ranked.sample_id = kpis.numerator
),

percentiles as (
    select
        {{ key | join(", ") }},
        max(case when floor(place) between first_rank and last_rank then value end) as below,
        max(case when ceil(place) between first_rank and last_rank then value end) as above,
        max(place - floor(place)) as share_above
    from places
    group by {{ key | join(", ") }}
),

cells as (
    select {{ key | join(", ") }} from percentiles
    union
    select {{ key | join(", ") }} from ({{ kpi_lasting_cells("percentiles") }}) as lasting
    union
    select {% for column in key %}cells.{{ column }}{{ ", " if not loop.last }}{% endfor %}
    from {{ ref('kpi_cells') }} as cells
    inner join kpis
        on cells.kpi_id = kpis.kpi_id
)

select
    {% for column in key %}cells.{{ column }}, {% endfor %}
    cast(null as decimal(38, 6)) as numerator,
    cast(null as decimal(38, 6)) as denominator,
    percentiles.below + (percentiles.above - percentiles.below) * percentiles.share_above as value,
    case
        when kpis.missing_input is not null then kpis.missing_input
        when percentiles.kpi_id is null then 'sample_empty'
    end as null_reason
from cells
inner join kpis
    on cells.kpi_id = kpis.kpi_id
left join percentiles
    on {{ kpi_same("cells", "percentiles", key) }}
