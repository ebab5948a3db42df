{#
  The items of `review_agenda`, one macro per kind: each a query of `agenda_columns()`, a row per
  week in which the item is found. `review_agenda` adds what was found before and is still open.

  - item_id: of what the item says about whom, never of a date
  - priority: kinds in the order of the agenda; score: the order within a kind
  - answerable_type, answerable_id: the stage, KPI or promise whose accountable team answers
  - news_since: what was found counts as new after an item was closed before that day
#}
{% macro agenda_columns() %}
  {{ return({
    "week_start": "date", "item_id": "string", "item_kind": "string", "finding": "string",
    "subject_type": "string", "subject_id": "string", "subject_name": "string", "kpi_id": "string",
    "promise_id": "string", "segment": "string", "region": "string", "channel_id": "string",
    "campaign_id": "string", "priority": "bigint", "score": "double", "title": "string",
    "evidence": "string", "measured": "double", "expected": "double", "interval_low": "double",
    "interval_high": "double", "sample_size": "bigint", "value_at_stake": "double",
    "answerable_type": "string", "answerable_id": "string", "news_since": "date",
    "source_mart": "string", "source_filter": "string"
  }) }}
{% endmacro %}

{# A row of an item: the given expressions, and null for all others. #}
{% macro agenda_row(values) -%}
  {%- for name, type in agenda_columns().items() %}
  cast({{ values.get(name, "null") }} as {{ type }}) as {{ name }}{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# ── words ────────────────────────────────────────────────────────────────────────────── #}

{% macro whole_number(value) -%}
  cast(cast(round({{ value }}) as bigint) as string)
{%- endmacro %}

{% macro percent(share) -%}
  {{ whole_number('(' ~ share ~ ') * 100') }} || ' %'
{%- endmacro %}

{# An amount as people say it: whole, in thousands, in millions. #}
{% macro spoken_amount(amount) -%}
  case
    when abs({{ amount }}) >= 1000000
      then cast(cast(({{ amount }}) / 1000000 as decimal(18, 1)) as string) || ' million'
    when abs({{ amount }}) >= 10000 then {{ whole_number('(' ~ amount ~ ') / 1000') }} || ' thousand'
    else {{ whole_number(amount) }}
  end || ' ' || (select reporting_currency from {{ ref('stg_agreement__company') }})
{%- endmacro %}

{# A KPI's value in its unit. #}
{% macro spoken_value(value, unit) -%}
  case {{ unit }}
    when 'share' then {{ percent(value) }}
    when 'currency' then {{ spoken_amount(value) }}
    when 'ratio' then cast(cast({{ value }} as decimal(18, 2)) as string)
    else {{ whole_number(value) }} || case when {{ unit }} in ('minutes', 'days', 'months') then ' ' || {{ unit }} else '' end
  end
{%- endmacro %}

{% macro in_quotes(text) -%}
  '''' || replace({{ text }}, '''', '''''') || ''''
{%- endmacro %}

{% macro spoken_day(day) -%} cast({{ day }} as string) {%- endmacro %}

{# The filter of the days of a finding's rows. #}
{% macro days_filter(column, first_day, last_day) -%}
  '{{ column }} between date ' || {{ in_quotes(spoken_day(first_day)) }} || ' and date ' || {{ in_quotes(spoken_day(last_day)) }}
{%- endmacro %}
