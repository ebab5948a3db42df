{# One row per breach: a record for which a promise was not kept, or a period in which a
   promised KPI was not reached. #}
with lines as (
    select * from {{ ref('dim_promise') }}
),

records as (
    select
        records.promise_id,
        records.valid_from,
        case when records.opportunity_id is null then 'lead' else 'opportunity' end as subject_type,
        {{ period_of_day("lines.period_grain", "days") }} as period_start,
        records.journey_id,
        coalesce(records.opportunity_id, funnel.opportunity_id) as opportunity_id,
        funnel.person_id,
        funnel.account_id,
        funnel.source_system,
        funnel.source_lead_id,
        funnel.source_opportunity_id,
        cast(null as string) as kpi_id,
        funnel.owner_id,
        funnel.campaign_id,
        funnel.first_touch_channel_id as channel_id,
        funnel.segment,
        funnel.region,
        records.started_at,
        records.started_date,
        records.due_at,
        records.happened_at,
        records.measured,
        records.minutes_late,
        funnel.amount_reporting
    from {{ ref('sla_records') }} as records
    inner join lines
        on records.promise_id = lines.promise_id
        and records.valid_from = lines.valid_from
    inner join {{ ref('dim_date') }} as days
        on records.started_date = days.date_day
    inner join {{ ref('fct_funnel') }} as funnel
        on records.journey_id = funnel.journey_id
    where not records.is_kept
),

kpis as (
    select
        promise_id,
        valid_from,
        'kpi' as subject_type,
        period_start,
        cast(null as string) as journey_id,
        cast(null as string) as opportunity_id,
        cast(null as string) as person_id,
        cast(null as string) as account_id,
        cast(null as string) as source_system,
        cast(null as string) as source_lead_id,
        cast(null as string) as source_opportunity_id,
        measure as kpi_id,
        cast(null as string) as owner_id,
        cast(null as string) as campaign_id,
        cast(null as string) as channel_id,
        segment,
        region,
        cast(null as timestamp) as started_at,
        period_start as started_date,
        cast(null as timestamp) as due_at,
        cast(null as timestamp) as happened_at,
        delivered as measured,
        cast(null as bigint) as minutes_late,
        cast(null as decimal(18, 2)) as amount_reporting
    from {{ ref('sla_ledger') }}
    where measure_kind = 'kpi' and status = 'broken'
),

breaches as (
    select * from records
    union all
    select * from kpis
)

select
    cast({{ surrogate_key([
        "breaches.promise_id", "breaches.valid_from", "breaches.subject_type",
        "coalesce(breaches.journey_id, breaches.kpi_id)", "breaches.opportunity_id", "breaches.started_date",
    ]) }} as string) as breach_id,
    cast(breaches.promise_id as string) as promise_id,
    cast(breaches.valid_from as date) as valid_from,
    cast(lines.promised_by as string) as promised_by,
    cast(lines.promised_to as string) as promised_to,
    cast(lines.measure as string) as measure,
    cast(lines.period_grain as string) as period_grain,
    cast(breaches.period_start as date) as period_start,
    cast(breaches.subject_type as string) as subject_type,
    {% for name in ["journey_id", "opportunity_id", "person_id", "account_id", "source_system", "source_lead_id",
                    "source_opportunity_id", "kpi_id", "owner_id", "campaign_id", "channel_id", "segment", "region"] -%}
    cast(breaches.{{ name }} as string) as {{ name }},
    {% endfor -%}
    cast(breaches.started_at as timestamp) as started_at,
    cast(breaches.started_date as date) as started_date,
    cast(breaches.due_at as timestamp) as due_at,
    cast(breaches.happened_at as timestamp) as happened_at,
    cast(breaches.measured as double) as measured,
    cast(lines.threshold as decimal(18, 6)) as threshold,
    cast(breaches.minutes_late as bigint) as minutes_late,
    cast(breaches.amount_reporting as decimal(18, 2)) as amount_reporting
from breaches
inner join lines
    on breaches.promise_id = lines.promise_id
    and breaches.valid_from = lines.valid_from
