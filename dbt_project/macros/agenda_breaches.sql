{#
  Promises whose newest period that has ended was surely not kept. A share is judged by its
  counts, as strictly as the number of promises asks for; what is no share is what it is.

  Where it is a finding that breaks a promise, since what is left without the finding's subject
  keeps it, the two are one item: the finding.
#}
{% macro agenda_breaches() %}
with verdicts as (
    select
        weeks.week_start,
        weeks.week_end,
        ledger.*,
        kpis.direction,
        coalesce(kpis.unit, 'share') as told_unit,
        row_number() over (
            partition by weeks.week_start, ledger.promise_id
            order by ledger.period_end desc nulls last, ledger.valid_from desc nulls last
        ) as age,
        case
            when ledger.measure_kind = 'record' then cast(ledger.kept_count as double)
            when kpis.numerator_value_column = '1' and kpis.denominator_value_column = '1'
                and kpis.unit = 'share' and scores.numerator <= scores.denominator
                then cast(scores.numerator as double)
        end as successes,
        case
            when ledger.measure_kind = 'record' then cast(ledger.due_count as double)
            when kpis.numerator_value_column = '1' and kpis.denominator_value_column = '1'
                and kpis.unit = 'share' and scores.numerator <= scores.denominator
                then cast(scores.denominator as double)
        end as trials
    from {{ ref('finding_weeks') }} as weeks
    inner join {{ ref('sla_ledger') }} as ledger
        -- A verdict stands until that of the next period.
        on ledger.period_end <= weeks.week_end
        and {{ add_days("ledger.period_end", days_between("ledger.period_start", "ledger.period_end") ~ " + 7") }} > weeks.week_end
        and ledger.status in ('kept', 'broken')
    {{ join_promised_kpi("ledger", "ledger") }}
),

newest as (
    select
        verdicts.*,
        {{ strict_z("count(*) over (partition by week_start)") }} as z
    from verdicts
    where age = 1
),

broken as (
    select
        newest.*,
        {{ wilson_low("successes", "trials") }} as low,
        {{ wilson_high("successes", "trials") }} as high
    from newest
    where status = 'broken'
        and (
            trials is null
            or (coalesce(direction, 'up') <> 'down' and {{ wilson_high("successes", "trials", "z") }} < promised)
            or (direction = 'down' and {{ wilson_low("successes", "trials", "z") }} > promised)
        )
),

-- The handed leads behind a promise, and the findings that may be what breaks it.
handed as (
    select
        broken.week_start,
        broken.promise_id,
        broken.promised,
        broken.z,
        leads.*,
        case broken.measure when 'acceptance_rate' then 'rejected_leads' else 'slow_response' end as matter,
        case
            when broken.measure_kind = 'record' then records.is_kept
            when broken.measure = 'acceptance_rate' then leads.decision = 'accepted'
            else leads.within_promise
        end as is_kept
    from broken
    inner join {{ ref('fct_lead_response') }} as leads
        on leads.handed_date >= broken.period_start
        and leads.handed_date <= broken.period_end
        and (broken.segment is null or broken.segment = leads.segment)
        and (broken.region is null or broken.region = leads.region)
    left join {{ ref('sla_records') }} as records
        on broken.promise_id = records.promise_id
        and broken.valid_from = records.valid_from
        and leads.journey_id = records.journey_id
    where broken.measure in ('response_minutes', 'response_in_promise_rate', 'acceptance_rate')
),

matched as (
    select
        handed.week_start,
        handed.promise_id,
        handed.promised,
        handed.z,
        handed.journey_id,
        handed.is_kept,
        max(found.item_id) as item_id,
        {{ any_true("found.subject_id = case found.subject_type
            when 'segment' then handed.segment when 'region' then handed.region
            when 'channel' then handed.channel_id when 'campaign' then handed.campaign_id
            else handed.owner_id
        end") }} as is_of_finding
    from handed
    inner join {{ ref('finding_subjects') }} as found
        on handed.week_start = found.week_start
        and handed.matter = found.finding
    where handed.is_kept is not null
    group by handed.week_start, handed.promise_id, handed.promised, handed.z, handed.journey_id, handed.is_kept
),

explained as (
    select
        week_start,
        promise_id
    from matched
    group by week_start, promise_id
    having not coalesce(
        {{ wilson_high(
            "sum(case when is_kept and not is_of_finding then 1 else 0 end)",
            "sum(case when not is_of_finding then 1 else 0 end)",
            "max(z)"
        ) }} < max(promised),
        false
    )
)

select {{ agenda_row({
    "week_start": "broken.week_start",
    "item_id": surrogate_key(["'breach'", "broken.promise_id"]),
    "item_kind": "'breach'",
    "subject_type": "'promise'", "subject_id": "broken.promise_id", "subject_name": "broken.promise_name",
    "promise_id": "broken.promise_id", "segment": "broken.segment", "region": "broken.region",
    "kpi_id": "case when broken.measure_kind = 'kpi' then broken.measure end",
    "priority": "2", "score": "broken.shortfall / nullif(abs(broken.promised), 0)",
    "title": "'A promise of ' || broken.promised_by || ' was not kept: '
      || " ~ without_addresses("coalesce(broken.promise_name, broken.promise_id)") ~ " || ', '
      || " ~ spoken_value("broken.delivered", "broken.told_unit") ~ " || ' where '
      || " ~ spoken_value("broken.promised", "broken.told_unit") ~ " || ' was promised.'",
    "evidence": "'From ' || " ~ spoken_day("broken.period_start") ~ " || ' to ' || " ~ spoken_day("broken.period_end") ~ "
      || case
        when broken.trials is null then '.'
        else ': ' || " ~ whole_number("broken.successes") ~ " || ' of ' || " ~ whole_number("broken.trials") ~ "
          || '; 95 % interval ' || " ~ percent("broken.low") ~ " || ' to ' || " ~ percent("broken.high") ~ " || '.'
      end",
    "measured": "broken.delivered", "expected": "broken.promised",
    "interval_low": "broken.low", "interval_high": "broken.high", "sample_size": "broken.trials",
    "answerable_type": "'promise'", "answerable_id": "broken.promise_id",
    "news_since": "broken.period_end",
    "source_mart": "'sla_breaches'",
    "source_filter": "'promise_id = ' || " ~ in_quotes("broken.promise_id") ~ " || ' and period_start = date '
      || " ~ in_quotes(spoken_day("broken.period_start")),
}) }}
from broken
left join explained
    on broken.week_start = explained.week_start
    and broken.promise_id = explained.promise_id
where explained.promise_id is null
{% endmacro %}
