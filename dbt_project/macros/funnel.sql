{#
  The funnel's fixed words. What a company calls its stages, and who answers for them, is in
  its agreement; the ids and their order are the product's.
#}

{# The main path, in order. #}
{% macro main_stages() %}
  {{ return(["lead", "mql", "sal", "sql", "opportunity", "won"]) }}
{% endmacro %}

{# Every stage; the side exits follow the main path. #}
{% macro all_stages() %}
  {{ return(main_stages() + ["disqualified", "lost", "recycled"]) }}
{% endmacro %}

{# Stages that end a pass, or a journey, as a list for `in`. #}
{% macro closing_stages() -%}
  ('won', 'lost', 'disqualified', 'recycled')
{%- endmacro %}

{# The stages as rows, with their order: (stage_id, stage_rank). #}
{% macro stage_rows() -%}
  {% for stage in all_stages() %}
  select '{{ stage }}' as stage_id, {{ loop.index }} as stage_rank{{ " union all" if not loop.last }}
  {% endfor %}
{%- endmacro %}

{# A stage column's value by the row's stage_id, for columns named after the stages. #}
{% macro by_stage(column, columns) -%}
  case {{ column }}
    {%- for stage, value in columns.items() %}
    when '{{ stage }}' then {{ value }}
    {%- endfor %}
  end
{%- endmacro %}

{#
  Timestamps that stand for "always before" and "always after" where an interval has no known
  start or end.
#}
{% macro earliest_time() -%} cast('0001-01-01 00:00:00' as timestamp) {%- endmacro %}
{% macro latest_time() -%} cast('9999-12-31 00:00:00' as timestamp) {%- endmacro %}

{# The last moment that a time may mean: the end of the day for a date without a time. #}
{% macro latest_moment(timestamp, is_date_only) -%}
  case
    when {{ is_date_only }} then {{ end_of_day(timestamp) }}
    else {{ timestamp }}
  end
{%- endmacro %}

{#
  True where the first of two times lies after the second. Where one of them is a date without
  a time, only the dates are compared. Each side names columns `<side>_at`, `<side>_date` and
  `is_<side>_date_only`; unknown times are never after anything.
#}
{% macro is_after(first, second) -%}
  coalesce(
    case
      when is_{{ first }}_date_only or is_{{ second }}_date_only
        then {{ first }}_date > {{ second }}_date
      else {{ first }}_at > {{ second }}_at
    end,
    false
  )
{%- endmacro %}

{#
  Days between two stages as double: whole and part days. Null unless both are observed with
  a known time. A date without a time is its midnight, so that a later time of the same day
  may seem earlier: that counts as 0.
#}
{% macro days_between_stages(first, second) -%}
  case
    when is_{{ first }}_time_known and is_{{ second }}_time_known and not has_time_travel
      then greatest(
        cast({{ microseconds_between(first ~ '_at', second ~ '_at') }} as double)
        / cast(86400000000 as double),
        cast(0 as double)
      )
  end
{%- endmacro %}

{#
  True where a touch is not later than a moment; a moment that is unknown bounds nothing.
  Where the moment is a date without a time, its whole day counts.
#}
{% macro is_by_moment(touches, moments, moment) -%}
  case
    when {{ moments }}.{{ moment }}_at is null then true
    when {{ moments }}.is_{{ moment }}_date_only
      then {{ touches }}.occurred_date <= {{ moments }}.{{ moment }}_date
    else {{ touches }}.occurred_at <= {{ moments }}.{{ moment }}_at
  end
{%- endmacro %}

{# The team that a channel's leads come from: reps who reach out, or marketing. #}
{% macro sourcing_team(channel_id) -%}
  case
    when {{ channel_id }} = 'outbound' then 'sales'
    when {{ channel_id }} in ('other', 'unattributed') or {{ channel_id }} is null then 'unknown'
    else 'marketing'
  end
{%- endmacro %}

{# A rep's team as one of the two, null where its name tells of neither. #}
{% macro funnel_team(team) -%}
  case
    when {{ folded(team) }} like '%market%' then 'marketing'
    when {{ folded(team) }} like '%sales%' or {{ folded(team) }} in ('sdr', 'bdr') then 'sales'
  end
{%- endmacro %}
