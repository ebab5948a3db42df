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
