{#
  Money in the reporting currency. Write `join_fx_rate(...)` among the joins and
  `to_reporting(...)` among the columns. Without a rate the result is null, never the amount
  itself: gate 2 stops on it.

  The join finds the latest rate on or before the day; `name` tells two joins apart.
#}
{% macro join_fx_rate(currency, day, name='fx') %}
left join {{ ref('int_fx_rates') }} as {{ name }}
  on {{ currency }} = {{ name }}.currency
  and {{ day }} >= {{ name }}.valid_from
  and {{ day }} < {{ name }}.valid_to
{% endmacro %}

{# Both factors widened first: 18 digits overflow in a product, more than 38 lose scale. #}
{% macro to_reporting(amount, name='fx', scale=2) -%}
  cast(round(
    cast({{ amount }} as decimal(19, 6)) * cast({{ name }}.rate as decimal(18, 8)), {{ scale }}
  ) as decimal(18, {{ scale }}))
{%- endmacro %}

{# Units times the price of one, to the cent. #}
{% macro times(quantity, price) -%}
  cast(round(
    cast({{ quantity }} as decimal(18, 6)) * cast({{ price }} as decimal(19, 6)), 2
  ) as decimal(18, 2))
{%- endmacro %}

{#
  A day's part of an amount that is spread evenly over days, as decimal(18, 6): what is due up
  to and with that day, rounded, less what was due up to the day before. So the parts add up to
  the amount exactly. `day_number` counts from 1.
#}
{% macro part_of_day(amount, day_number, days) -%}
  {{ due_by_day(amount, day_number, days) }} - {{ due_by_day(amount, day_number ~ ' - 1', days) }}
{%- endmacro %}

{% macro due_by_day(amount, day_number, days) -%}
  case
    when {{ day_number }} = {{ days }} then cast({{ amount }} as decimal(18, 6))
    else cast(round(
      cast({{ amount }} as double) * ({{ day_number }}) / nullif({{ days }}, 0), 6
    ) as decimal(18, 6))
  end
{%- endmacro %}

{# The first day after a period that begins on a day: a day, month, quarter or year. #}
{% macro period_end(period_grain, period_start) -%}
  case {{ period_grain }}
    when 'day' then {{ add_days(period_start, 1) }}
    when 'month' then {{ add_months(period_start, 1) }}
    when 'quarter' then {{ add_months(period_start, 3) }}
    when 'year' then {{ add_months(period_start, 12) }}
  end
{%- endmacro %}

{# The numbers of the days of the longest period as rows: day_number, from 1. #}
{% macro period_day_rows() -%}
  select {{ days_between("cast('2023-12-31' as date)", "date_day") }} as day_number
  from ({{ day_spine("cast('2024-01-01' as date)", "cast('2024-12-31' as date)") }}) as days_of_a_leap_year
{%- endmacro %}
