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
{% macro wilson_low(successes, trials, z=none) -%}
  case when {{ trials }} > 0 then greatest({{ wilson_bound(successes, trials, '-', z) }}, cast(0 as double)) end
{%- endmacro %}
{% macro wilson_high(successes, trials, z=none) -%}
  case when {{ trials }} > 0 then least({{ wilson_bound(successes, trials, '+', z) }}, cast(1 as double)) end
{%- endmacro %}

{% macro wilson_bound(successes, trials, side, z=none) -%}
  {%- set k = 'cast(' ~ successes ~ ' as double)' -%}
  {%- set n = 'cast(' ~ trials ~ ' as double)' -%}
  {%- set z = z or z_95() -%}
  {%- set z2 = z ~ ' * ' ~ z -%}
  ((({{ k }}) + {{ z2 }} / 2 {{ side }} {{ z }} * sqrt(
    ({{ k }}) * (({{ n }}) - ({{ k }})) / ({{ n }}) + {{ z2 }} / 4
  )) / (({{ n }}) + {{ z2 }}))
{%- endmacro %}

{#
  The normal quantile of 1 - 0.01 / tests, for the next larger number of tests in the list: of so
  many looks at once (Bonferroni) one in a hundred raises a false alarm. A column or a number.
#}
{% macro strict_z(tests) -%}
  case
    {%- for most, z in [(1, 2.3263), (2, 2.5758), (5, 2.8782), (10, 3.0902), (20, 3.2905), (40, 3.4808), (80, 3.6623), (160, 3.8361)] %}
    when {{ tests }} <= {{ most }} then cast({{ z }} as double)
    {%- endfor %}
    else cast(4.2649 as double)
  end
{%- endmacro %}

{# A share as double; null without trials. #}
{% macro share(part, whole) -%}
  cast({{ part }} as double) / nullif(cast({{ whole }} as double), cast(0 as double))
{%- endmacro %}
