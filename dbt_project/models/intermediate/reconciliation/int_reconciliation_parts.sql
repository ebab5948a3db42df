-- One row per measure, source, platform, currency, month and cause: how much the source counts
-- of it and how much the marts do, and records that show it. A record whose month differs
-- stands in both months. What both sides count alike is '(agrees)'.
with records as (
    select
        'leads' as measure,
        source_system,
        source_id,
        cast(null as string) as currency,
        {{ period_start('month', 'source_date') }} as source_period,
        source_value,
        {{ period_start('month', 'our_date') }} as our_period,
        our_value,
        cause
    from {{ ref('int_reconciled_leads') }}

    union all

    select
        measure,
        source_system,
        source_id,
        currency,
        {{ period_start('month', 'source_date') }} as source_period,
        source_value,
        {{ period_start('month', 'our_date') }} as our_period,
        our_value,
        cause
    from {{ ref('int_reconciled_opportunities') }}
),

compared as (
    select
        records.*,
        coalesce(source_period = our_period, source_period is null and our_period is null)
        and source_value is not null as is_same_period
    from records
),

entries as (
    select
        measure,
        source_system,
        source_id,
        currency,
        source_period as period_start,
        source_value,
        case when is_same_period then coalesce(our_value, 0) else 0 end as our_value,
        case
            when is_same_period and source_value = our_value then '(agrees)' else cause
        end as cause
    from compared
    where source_value is not null

    union all

    select
        measure,
        source_system,
        source_id,
        currency,
        our_period as period_start,
        0 as source_value,
        our_value,
        cause
    from compared
    where our_value is not null and not is_same_period
),

ranked as (
    select
        entries.*,
        row_number() over (
            partition by measure, source_system, currency, period_start, cause
            order by source_id asc nulls last, source_value asc nulls last, our_value asc nulls last
        ) as example_rank
    from entries
    where cause <> '(agrees)' and source_id is not null
),

examples as (
    select
        measure,
        source_system,
        currency,
        period_start,
        cause,
        {%- for place in [1, 2, 3] %}
        {{ "|| " if not loop.first }}coalesce(max(case when example_rank = {{ place }} then {{ "', ' || " if not loop.first }}
                case when {{ holds('source_id', "'@'") }} then '***' else source_id end
        end), '')
        {%- endfor %} as example_source_ids
    from ranked
    where example_rank <= 3
    group by measure, source_system, currency, period_start, cause
),

sums as (
    select
        measure,
        source_system,
        currency,
        period_start,
        cause,
        sum(source_value) as source_value,
        sum(our_value) as our_value,
        count(*) as record_count
    from entries
    group by measure, source_system, currency, period_start, cause
)

select
    sums.measure,
    sums.source_system,
    cast(null as string) as platform,
    sums.currency,
    sums.period_start,
    sums.cause,
    cast(sums.source_value as decimal(38, 6)) as source_value,
    cast(sums.our_value as decimal(38, 6)) as our_value,
    sums.record_count,
    examples.example_source_ids
from sums
left join examples
    on sums.measure = examples.measure
    and sums.source_system = examples.source_system
    and coalesce(sums.currency, '') = coalesce(examples.currency, '')
    and coalesce(sums.period_start, {{ no_month() }}) = coalesce(examples.period_start, {{ no_month() }})
    and sums.cause = examples.cause

union all

select
    measure,
    source_system,
    platform,
    currency,
    period_start,
    cause,
    source_value,
    our_value,
    record_count,
    cast(null as string) as example_source_ids
from {{ ref('int_reconciled_reports') }}

union all

select
    measure,
    source_system,
    cast(null as string) as platform,
    cast(null as string) as currency,
    cast(null as date) as period_start,
    'rows in quarantine (new or changed)' as cause,
    -- Whether an older version of the record counts on both sides, a row kept out does not say.
    cast(0 as decimal(38, 6)) as source_value,
    cast(0 as decimal(38, 6)) as our_value,
    cast(row_count as bigint) as record_count,
    cast(null as string) as example_source_ids
from {{ ref('int_quarantined_rows') }}
