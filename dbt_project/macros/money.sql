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
