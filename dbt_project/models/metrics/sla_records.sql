{# One row per line of a promise and record that it is about: what was promised for the record,
   what came of it, and whether the promise was kept; null while it still can be.

   Where a more specific line on the same measure applies to a record on its day, it is that line's.

   A record counts on the day it began: a lead's handover or rejection. An open deal is a record
   of each period: of its first day, or the first on which it lay still for too long. #}
{% set record = ["promise_id", "valid_from", "journey_id", "opportunity_id", "started_at", "started_date", "due_at",
    "happened_at", "measured", "is_kept", "minutes_late"] %}
with lines as (
    select * from {{ ref('dim_promise') }} where measure_kind = 'record'
),

leads as (
    select * from {{ ref('fct_lead_response') }}
),

-- Promises on the clock ────────────────────────────────────────────────────────────────────
timed as (
    select
        lines.promise_id,
        lines.valid_from,
        lines.threshold,
        lines.calendar,
        leads.journey_id,
        leads.segment,
        leads.region,
        leads.journey_id || '|' || lines.promise_id as record_id,
        leads.handed_at as started_at,
        leads.handed_date as started_date,
        clocks.happened_at,
        clocks.has_happened,
        clocks.is_to_the_minute,
        clocks.calendar_region,
        clocks.clock_from,
        cast(lines.threshold as double) * case lines.measure when 'decision_hours' then 60 else 1 end as limit_minutes,
        case lines.measure when 'decision_hours' then 60 else 1 end as unit_minutes,
        case lines.calendar when 'elapsed' then clocks.elapsed_minutes else clocks.business_minutes end as minutes,
        clocks.business_clock_from + cast(
            cast(lines.threshold as double) * case lines.measure when 'decision_hours' then 60 else 1 end * 60000000 as bigint
        ) as business_due
    from lines
    inner join leads
        on {{ promise_covers("lines", "leads", "handed_date") }}
    inner join {{ ref('int_handover_clocks') }} as clocks
        on leads.journey_id = clocks.journey_id
        and clocks.event = case lines.measure when 'decision_hours' then 'decision' else 'response' end
    where lines.measure in ('{{ clock_measures() | join("', '") }}')
        -- Without any activity in the company's data nobody can say who responded.
        and (lines.measure <> 'response_minutes' or leads.attempts is not null)
),

due_days as (
    {{ business_due_days("timed", "record_id", "business_due", "calendar = 'business'") }}
),

timed_records as (
    select
        timed.promise_id,
        timed.valid_from,
        timed.journey_id,
        timed.segment,
        timed.region,
        cast(null as string) as opportunity_id,
        timed.started_at,
        timed.started_date,
        case
            when timed.calendar = 'elapsed'
                then {{ add_microseconds('timed.clock_from', 'timed.limit_minutes * 60000000') }}
            else {{ business_due_at('timed.business_due', 'due_days') }}
        end as due_at,
        timed.happened_at,
        case when timed.is_to_the_minute then timed.minutes / cast(timed.unit_minutes as double) end as measured,
        case
            when timed.minutes > timed.limit_minutes then false
            when timed.has_happened then true
        end as is_kept,
        cast(greatest(timed.minutes - timed.limit_minutes, 0) as bigint) as minutes_late
    from timed
    left join due_days
        on timed.record_id = due_days.record_id
),

-- Promises about leads that were turned down ────────────────────────────────────────────────
rejected_records as (
    select
        lines.promise_id,
        lines.valid_from,
        leads.journey_id,
        leads.segment,
        leads.region,
        cast(null as string) as opportunity_id,
        leads.rejected_at as started_at,
        leads.rejected_date as started_date,
        leads.rejected_at as due_at,
        leads.rejected_at as happened_at,
        case
            when lines.measure = 'attempts' then cast(leads.attempts as double)
            when leads.rejected_reason is not null then cast(1 as double)
            else cast(0 as double)
        end as measured,
        case
            when lines.measure = 'attempts' then leads.attempts >= lines.threshold
            else leads.rejected_reason is not null
        end as is_kept,
        cast(null as bigint) as minutes_late
    from lines
    inner join leads
        on {{ promise_covers("lines", "leads", "rejected_date") }}
    where leads.decision = 'rejected'
        and (
            lines.measure = 'rejection_reason'
            -- Tries are owed to a lead that is given up because nobody reached it.
            or (
                lines.measure = 'attempts'
                and leads.attempts is not null
                and coalesce(leads.rejected_reason_category, 'unreachable') = 'unreachable'
            )
        )
),

-- Promises to keep working on open deals ────────────────────────────────────────────────────
-- Silence counts from the first activity on any deal: without one nobody can say what is idle.
deals as (
    select
        opportunity_id,
        journey_id,
        segment,
        region,
        greatest(created_date, {{ seen_since(ref('sla_deal_days'), 'worked_date') }}) as watched_from,
        last_open_date
    from {{ ref('sla_deals') }}
    where last_open_date >= {{ seen_since(ref('sla_deal_days'), 'worked_date') }}
),

deal_days as (
    select opportunity_id, watched_from as worked_date from deals
    union
    select days.opportunity_id, days.worked_date
    from {{ ref('sla_deal_days') }} as days
    inner join deals
        on days.opportunity_id = deals.opportunity_id
),

gaps as (
    select
        deal_days.opportunity_id,
        deal_days.worked_date,
        lead(deal_days.worked_date) over (
            partition by deal_days.opportunity_id order by deal_days.worked_date asc nulls last
        ) as next_worked_date
    from deal_days
),

-- A silence breaks a promise from the day after its limit to the day on which it ends.
stuck as (
    select
        lines.promise_id,
        lines.valid_from,
        gaps.opportunity_id,
        gaps.worked_date,
        gaps.next_worked_date,
        {{ add_days("gaps.worked_date", "lines.threshold + 1") }} as passed_date,
        coalesce(gaps.next_worked_date, deals.last_open_date) as ended_date
    from lines
    inner join deals
        on {{ promise_covers_slice("lines", "deals") }}
    inner join gaps
        on deals.opportunity_id = gaps.opportunity_id
        and {{ add_days("gaps.worked_date", "lines.threshold + 1") }} <= coalesce(gaps.next_worked_date, deals.last_open_date)
    where lines.measure = 'stuck_days'
),

calendar as (
    {{ evidence_periods() }}
),

-- The days of each period on which a line of a promise applies.
periods as (
    select
        lines.promise_id,
        lines.valid_from,
        lines.threshold,
        lines.segment,
        lines.region,
        calendar.period_start,
        greatest(calendar.period_start, lines.valid_from) as first_day,
        least(calendar.last_day, coalesce(lines.valid_to, calendar.last_day)) as last_day
    from lines
    inner join calendar
        on lines.period_grain = calendar.period_grain
        and lines.valid_from <= calendar.last_day
        and (lines.valid_to is null or lines.valid_to >= calendar.period_start)
    where lines.measure = 'stuck_days'
),

-- Of several silences in a period the longest, as long as it was by the last of these days.
deal_periods as (
    select
        periods.promise_id,
        periods.valid_from,
        periods.threshold,
        periods.first_day,
        periods.last_day,
        deals.segment,
        deals.region,
        deals.opportunity_id,
        deals.journey_id,
        stuck.passed_date,
        stuck.next_worked_date,
        greatest(stuck.passed_date, periods.first_day) as broken_from,
        {{ days_between("stuck.worked_date", "least(stuck.ended_date, periods.last_day)") }} as silent_days,
        row_number() over (
            partition by periods.promise_id, periods.valid_from, periods.period_start, deals.opportunity_id
            order by
                {{ days_between("stuck.worked_date", "least(stuck.ended_date, periods.last_day)") }} desc nulls last,
                stuck.passed_date asc nulls last
        ) as choice
    from periods
    inner join deals
        on {{ promise_covers_slice("periods", "deals") }}
        and deals.watched_from <= periods.last_day
        and deals.last_open_date >= periods.first_day
    left join stuck
        on periods.promise_id = stuck.promise_id
        and periods.valid_from = stuck.valid_from
        and deals.opportunity_id = stuck.opportunity_id
        and stuck.passed_date <= periods.last_day
        and stuck.ended_date >= periods.first_day
),

deal_records as (
    select
        promise_id,
        valid_from,
        journey_id,
        segment,
        region,
        opportunity_id,
        {{ day_begins_at("case when passed_date is null then first_day else broken_from end") }} as started_at,
        case when passed_date is null then first_day else broken_from end as started_date,
        {{ day_begins_at("passed_date") }} as due_at,
        {{ day_begins_at("next_worked_date") }} as happened_at,
        cast(silent_days as double) as measured,
        passed_date is null as is_kept,
        cast((silent_days - threshold) * 1440 as bigint) as minutes_late
    from deal_periods
    where choice = 1
),

records as (
    {% for relation in ["timed_records", "rejected_records", "deal_records"] %}
    select {{ record | join(", ") }}, segment, region
    from {{ relation }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select {% for column in record %}records.{{ column }}{{ ", " if not loop.last }}{% endfor %}
from records
inner join lines
    on records.promise_id = lines.promise_id
    and records.valid_from = lines.valid_from
left join lines as closer_lines
    on lines.measure = closer_lines.measure
    and {{ promise_specificity("closer_lines") }} > {{ promise_specificity("lines") }}
    and {{ promise_covers("closer_lines", "records", "started_date") }}
where closer_lines.promise_id is null
