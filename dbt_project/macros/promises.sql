{#
  What a promise may measure beside KPIs, record by record, with the unit of its threshold.
  `orchestration/lib/company/agreement_words.py` says what each means; a test compares the two.
#}
{% macro record_measures() %}
  {{ return({
    'response_minutes': 'minutes',
    'decision_hours': 'hours',
    'attempts': 'attempts',
    'rejection_reason': 'reasons',
    'stuck_days': 'days'
  }) }}
{% endmacro %}

{# Of these, measured on the clock. #}
{% macro clock_measures() %}
  {{ return(['response_minutes', 'decision_hours']) }}
{% endmacro %}

{# The other of the two teams. #}
{% macro other_team(team) -%}
  case {{ team }} when 'marketing' then 'sales' else 'marketing' end
{%- endmacro %}

{# Whether a line of a promise applies to a record: to its day, its segment and its region. #}
{% macro promise_covers(lines, records, day) -%}
  {{ promise_is_valid_on(lines, records ~ '.' ~ day) }} and {{ promise_covers_slice(lines, records) }}
{%- endmacro %}

{% macro promise_is_valid_on(lines, day) -%}
  ({{ day }} >= {{ lines }}.valid_from and ({{ lines }}.valid_to is null or {{ day }} <= {{ lines }}.valid_to))
{%- endmacro %}

{% macro promise_covers_slice(lines, records) -%}
  ({{ lines }}.segment is null or {{ lines }}.segment = {{ records }}.segment)
  and ({{ lines }}.region is null or {{ lines }}.region = {{ records }}.region)
{%- endmacro %}

{# How specific a line is: of one measure the most specific line judges a record, one of segment and
   region before one of a segment, then of a region, then of all. #}
{% macro promise_specificity(lines) -%}
  case when {{ lines }}.segment is null then 0 else 2 end + case when {{ lines }}.region is null then 0 else 1 end
{%- endmacro %}

{# The KPI that a line of a promise is about, as `kpis`, and its cell of a period, as `scores`; nothing
   for a line about single records. `periods` has the period_start. #}
{% macro join_promised_kpi(lines, periods) -%}
left join {{ ref('dim_kpi') }} as kpis
  on {{ lines }}.measure_kind = 'kpi'
  and {{ lines }}.measure = kpis.kpi_id
left join {{ ref('kpi_scorecard') }} as scores
  on {{ lines }}.measure_kind = 'kpi'
  and {{ lines }}.measure = scores.kpi_id
  and {{ lines }}.period_grain = scores.period_grain
  and {{ periods }}.period_start = scores.period_start
  and coalesce({{ lines }}.segment, '(all)') = scores.segment
  and coalesce({{ lines }}.region, '(all)') = scores.region
  and scores.channel_id = '(all)'
{%- endmacro %}
