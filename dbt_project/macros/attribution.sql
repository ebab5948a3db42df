{# The ten models, in the order of the agreement. #}
{% macro attribution_models() %}
  {{ return([
    'first', 'last', 'last_non_direct', 'linear', 'time_decay', 'u_shaped', 'w_shaped',
    'full_path', 'markov', 'shapley'
  ]) }}
{% endmacro %}

{#
  How many days a touch lies before the basis event, as double: whole and part days, or whole
  days where one of them is a date without a time. Never below 0.
#}
{% macro attribution_age_days(touches, paths) -%}
  greatest(
    case
      when {{ touches }}.is_occurred_date_only or {{ paths }}.is_basis_date_only
        then cast({{ days_between(touches ~ '.occurred_date', paths ~ '.basis_date') }} as double)
      else cast({{ microseconds_between(touches ~ '.occurred_at', paths ~ '.basis_at') }} as double)
        / cast(86400000000 as double)
    end,
    cast(0 as double)
  )
{%- endmacro %}
