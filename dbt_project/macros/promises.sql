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
