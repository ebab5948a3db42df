{#
  The report day. A value that was only a date is that date, whatever the timezone; any other
  time is UTC and is read in the agreement's timezone.
#}
{% macro is_date_only(column) -%}
  coalesce({{ holds('_date_only', "'|" ~ column ~ "|'") }}, false)
{%- endmacro %}

{% macro report_date(column) -%}
  case
    when {{ is_date_only(column) }} then cast({{ column }} as date)
    else cast({{ utc_to_local(column, '(select timezone from ' ~ ref('stg_agreement__company') ~ ')') }} as date)
  end
{%- endmacro %}

{#
  The run's "now", a naive UTC timestamp, and its report day: the only clock of the models.
  From the environment, because dbt parses the whole project anew when a variable changes.
#}
{% macro as_of() -%}
  cast('{{ env_var("TANDEM_AS_OF", "2026-01-01 00:00:00") }}' as timestamp)
{%- endmacro %}

{% macro as_of_date() -%}
  cast({{ utc_to_local(as_of(), '(select timezone from ' ~ ref('stg_agreement__company') ~ ')') }} as date)
{%- endmacro %}

{#
  The business clock of a calendar: its working time, in microseconds, from the first day of
  int_business_hours to a moment. The working time between two moments is the difference of
  their clocks. Write `join_business_clock(...)` among the joins, where `calendar` is a
  relation with the columns region and timezone, and `business_clock(...)` among the columns;
  null for a moment outside of int_business_hours.
#}
{% macro join_business_clock(calendar, moment, name) %}
left join {{ ref('int_business_hours') }} as {{ name }}
  on {{ calendar }}.calendar_region = {{ name }}.region
  and cast({{ utc_to_local(moment, calendar ~ '.calendar_timezone') }} as date) = {{ name }}.date_day
{% endmacro %}

{% macro business_clock(moment, name) -%}
  case
    when {{ name }}.opens_at is null or {{ moment }} <= {{ name }}.opens_at
      then {{ name }}.clock_before
    when {{ moment }} >= {{ name }}.closes_at then {{ name }}.clock_before + {{ name }}.open_microseconds
    else {{ name }}.clock_before + {{ microseconds_between(name ~ '.opens_at', moment) }}
  end
{%- endmacro %}

{# Whole minutes that have passed. #}
{% macro whole_minutes(microseconds) -%}
  cast(floor(cast({{ microseconds }} as double) / 60000000) as bigint)
{%- endmacro %}

{# A date that stands for a moment of the company's day, as UTC: the day's first moment. #}
{% macro day_begins_at(day) -%}
  {{ local_to_utc('cast(' ~ day ~ ' as timestamp)', '(select timezone from ' ~ ref('stg_agreement__company') ~ ')') }}
{%- endmacro %}

{# The first day of the fiscal quarter that holds a day, by the company's fiscal year. #}
{% macro fiscal_quarter_start(day) -%}
  {{ add_months(
    period_start('month', day),
    '0 - (cast(month(' ~ day ~ ') as bigint) + 12 - (select coalesce(fiscal_year_start_month, 1) from '
      ~ ref('stg_agreement__company') ~ ')) % 3'
  ) }}
{%- endmacro %}

{# 'HH:MM' as microseconds since midnight. #}
{% macro microseconds_of_day(text) -%}
  (cast(substr({{ text }}, 1, 2) as bigint) * 60 + cast(substr({{ text }}, 4, 2) as bigint)) * 60000000
{%- endmacro %}

{#
  When a working time will be used up. `clocks` is a relation with calendar_region and a clock
  (see above) that is to be reached; the query gives each key the day on which it is, as a
  struct for `business_due_at`. One pass over clocks and days in the order of their time.
#}
{% macro business_due_days(clocks, key, clock, condition) -%}
  select
    marks.{{ key }},
    max(marks.open_day) over (
      partition by marks.region
      order by
        marks.due_clock asc nulls last, marks.is_day asc nulls last, marks.mark_id asc nulls last
      rows between unbounded preceding and current row
    ) as open_day
  from (
    select
      calendar_region as region,
      {{ clock }} as due_clock,
      0 as is_day,
      {{ key }} as mark_id,
      {{ key }},
      null as open_day
    from {{ clocks }}
    where {{ condition }}
    union all
    select
      region,
      clock_before as due_clock,
      1 as is_day,
      cast(date_day as string) as mark_id,
      cast(null as string) as {{ key }},
      {{ struct({
        "clock_before": "clock_before",
        "opens_at": "opens_at",
        "open_microseconds": "open_microseconds",
      }) }} as open_day
    from {{ ref('int_business_hours') }}
    where open_microseconds > 0
  ) as marks
{%- endmacro %}

{# The moment itself; null beyond the calendar's end. #}
{% macro business_due_at(clock, due_days) -%}
  case
    when {{ clock }} - {{ due_days }}.open_day.clock_before <= {{ due_days }}.open_day.open_microseconds
      then {{ add_microseconds(due_days ~ '.open_day.opens_at', clock ~ ' - ' ~ due_days ~ '.open_day.clock_before') }}
  end
{%- endmacro %}
