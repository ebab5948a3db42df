{#
  How sure a share is. The interval is Wilson's score interval at 95 % (E. B. Wilson, Probable
  inference, the law of succession, and statistical inference, JASA 22, 1927): it stays within
  0 and 1 and holds for small samples, which the usual plus-or-minus does not.
#}

{# The normal quantile for 95 %, two-sided. #}
{% macro z_95() -%} cast(1.959963984540054 as double) {%- endmacro %}

{# Samples below this are marked: a share of them is told, but is no finding. #}
{% macro is_small_sample(trials) -%}
  coalesce({{ trials }}, 0) < 30
{%- endmacro %}

{# Lower and upper end of the interval of successes / trials, as double; null without trials. #}
{% macro wilson_low(successes, trials) -%}
  case when {{ trials }} > 0 then greatest({{ wilson_bound(successes, trials, '-') }}, cast(0 as double)) end
{%- endmacro %}
{% macro wilson_high(successes, trials) -%}
  case when {{ trials }} > 0 then least({{ wilson_bound(successes, trials, '+') }}, cast(1 as double)) end
{%- endmacro %}

{% macro wilson_bound(successes, trials, side) -%}
  {%- set k = 'cast(' ~ successes ~ ' as double)' -%}
  {%- set n = 'cast(' ~ trials ~ ' as double)' -%}
  {%- set z2 = 'cast(3.841458820694124 as double)' -%}
  ((({{ k }}) + {{ z2 }} / 2 {{ side }} {{ z_95() }} * sqrt(
    ({{ k }}) * (({{ n }}) - ({{ k }})) / ({{ n }}) + {{ z2 }} / 4
  )) / (({{ n }}) + {{ z2 }}))
{%- endmacro %}

{# A share as double; null without trials. #}
{% macro share(part, whole) -%}
  cast({{ part }} as double) / nullif(cast({{ whole }} as double), cast(0 as double))
{%- endmacro %}
