{# Leads that were wanted, and wait. #}
{% macro agenda_uncalled_leads() %}
select {{ agenda_row({
    "week_start": "week_start",
    "item_id": surrogate_key(["'opportunity'", "'uncalled_leads'", "region"]),
    "item_kind": "'opportunity'", "finding": "'uncalled_leads'",
    "subject_type": "'region'", "subject_id": "region", "subject_name": "region", "region": "region",
    "priority": "4", "score": "uncalled_count",
    "title": "case when uncalled_count = 1 then 'One accepted lead waits' else " ~ whole_number("uncalled_count") ~ " || ' accepted leads wait' end
      || ' for a first call' || case when region = '(none)' then '' else ' in region ' || region end || '.'",
    "evidence": whole_number("uncalled_count") ~ " || ' of ' || " ~ whole_number("accepted_count") ~ "
      || ' leads accepted in the 13 weeks to ' || " ~ spoken_day("week_end") ~ "
      || ' have had no call or mail for a week or more since, and got no further. Owners: '
      || " ~ whole_number("owner_count") ~ " || '. For example '
      || coalesce(example_1, '-') || coalesce(', ' || example_2, '') || coalesce(', ' || example_3, '') || '.'",
    "measured": "cast(uncalled_count as double) / accepted_count", "sample_size": "accepted_count",
    "expected": "0",
    "interval_low": wilson_low("uncalled_count", "accepted_count"), "interval_high": wilson_high("uncalled_count", "accepted_count"),
    "answerable_type": "'stage'", "answerable_id": "'sal'", "news_since": "week_start",
    "source_mart": "'fct_lead_response'",
    "source_filter": "'decision = ''accepted'' and coalesce(region, ''(none)'') = ' || " ~ in_quotes("region") ~ " || ' and '
      || " ~ days_filter("accepted_date", add_days("week_end", -90), add_days("week_end", -7)),
}) }}
from {{ ref('finding_uncalled_leads') }}
{% endmacro %}

{# What both teams' numbers suffer from, as the warehouse itself knows it. #}
{% macro agenda_data_problems() %}
  {% set newest = "(select max(week_start) from " ~ ref('finding_weeks') ~ ")" %}
with unexplained as (
    select
        weeks.week_start,
        problems.measure,
        problems.source_system,
        count(*) as month_count,
        min(problems.period_start) as first_month
    from {{ ref('finding_weeks') }} as weeks
    inner join {{ ref('reconciliation') }} as problems
        on problems.cause = 'unexplained'
        and problems.difference <> 0
        -- A problem of the data without a date is known as of now.
        and coalesce({{ month_end("problems.period_start") }}, {{ as_of_date() }}) <= weeks.week_end
    group by weeks.week_start, problems.measure, problems.source_system
),

-- KPIs that are empty for want of a source, by what is missing.
missing as (
    select
        weeks.week_start,
        substr(scores.null_reason, 15) as input_id,
        count(*) as kpi_count,
        row_number() over (
            partition by weeks.week_start
            order by count(*) desc nulls last, substr(scores.null_reason, 15) asc nulls last
        ) as place
    from {{ ref('finding_weeks') }} as weeks
    inner join {{ ref('kpi_scorecard') }} as scores
        on scores.period_grain = 'week'
        and weeks.week_start = scores.period_start
    where scores.null_reason like 'input_missing:%'
        and scores.segment = '(all)' and scores.channel_id = '(all)' and scores.region = '(all)'
    group by weeks.week_start, substr(scores.null_reason, 15)
),

missing_inputs as (
    select
        week_start,
        sum(kpi_count) as kpi_count,
        count(*) as input_count,
        {% for place in range(1, 4) -%}
        max(case when place = {{ place }} then replace(input_id, '_', ' ') end) as input_{{ place }}{{ "," if not loop.last }}
        {% endfor %}
    from missing
    group by week_start
),

candidates as (
    select count(*) as pair_count from {{ ref('int_account_candidates') }}
)

select {{ agenda_row({
    "week_start": "week_start",
    "item_id": surrogate_key(["'data'", "'unexplained'", "measure", "source_system"]),
    "item_kind": "'data'", "finding": "'unexplained_difference'",
    "subject_type": "'source'", "subject_id": "source_system", "subject_name": "source_system",
    "priority": "5", "score": "month_count",
    "title": "'Our number of ' || replace(measure, '_', ' ') || ' differs from that of ' || source_system || ', and nobody knows why yet.'",
    "evidence": "'In ' || " ~ whole_number("month_count") ~ " || ' months'
      || coalesce(', the first from ' || " ~ spoken_day("first_month") ~ ", '') || '.'",
    "sample_size": "month_count", "answerable_type": "'data'", "news_since": "week_start",
    "source_mart": "'reconciliation'",
    "source_filter": "'cause = ''unexplained'' and measure = ' || " ~ in_quotes("measure") ~ " || ' and source_system = ' || " ~ in_quotes("source_system"),
}) }}
from unexplained

union all

select {{ agenda_row({
    "week_start": "week_start",
    "item_id": surrogate_key(["'data'", "'missing_inputs'"]),
    "item_kind": "'data'", "finding": "'missing_inputs'", "subject_type": "'kpi'",
    "priority": "5", "score": "0",
    "title": whole_number("kpi_count") ~ " || ' KPIs are empty, since no source tells what they need.'",
    "evidence": "'Missing: ' || input_1 || coalesce(', ' || input_2, '') || coalesce(', ' || input_3, '')
      || case when input_count > 3 then ' and ' || " ~ whole_number("input_count - 3") ~ " || ' more' else '' end || '.'",
    "sample_size": "kpi_count", "answerable_type": "'data'", "news_since": "week_start",
    "source_mart": "'kpi_scorecard'", "source_filter": "'null_reason like ''input_missing:%'' and period_grain = ''week'''",
}) }}
from missing_inputs

union all

select {{ agenda_row({
    "week_start": newest,
    "item_id": surrogate_key(["'data'", "'account_candidates'"]),
    "item_kind": "'data'", "finding": "'account_candidates'", "subject_type": "'account'",
    "priority": "5", "score": "pair_count",
    "title": "'Some accounts may be one company under two names.'",
    "evidence": whole_number("pair_count") ~ " || ' pairs of accounts have names that look alike, and nothing else that says so.'",
    "sample_size": "pair_count", "answerable_type": "'data'", "news_since": newest,
    "source_mart": "'dim_account'", "source_filter": "'true'",
}) }}
from candidates
where pair_count > 0
{% endmacro %}
