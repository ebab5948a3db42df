{#
  Channels come from evidence: a tuple of eight texts. Each distinct tuple is judged once, by
  the agreement's rules in their order; the rules become SQL, with patterns as literals,
  because a pattern that is read from a row is compiled anew for every comparison.
#}
{% macro channel_evidence_columns() -%}
  {{ return([
    'channel_label', 'utm_source', 'utm_medium', 'utm_campaign',
    'referrer', 'click_id_type', 'lead_source', 'touch_type'
  ]) }}
{%- endmacro %}

{# The rules as the warehouse has them now; none while a project without data is compiled. #}
{% macro channel_rules() %}
  {% if not execute %}{{ return([]) }}{% endif %}
  {%- set relation = load_relation(ref('stg_agreement__channel_rules')) -%}
  {% if relation is none %}{{ return([]) }}{% endif %}
  {%- set columns = ['channel_id'] + channel_evidence_columns() -%}
  {%- set found = run_query(
    'select ' ~ columns | join(', ') ~ ' from ' ~ relation ~ ' order by rule_order asc nulls last'
  ) -%}
  {%- set rules = [] -%}
  {% for row in found.rows %}
    {% do rules.append(dict(zip(columns, row.values()))) %}
  {% endfor %}
  {{ return(rules) }}
{% endmacro %}

{# The channel of an evidence row: first matching rule, else `other` where there is any
   evidence, else `direct` for a visit of the web site, else `unattributed`. #}
{% macro channel_of_evidence() -%}
  {%- set evidence = channel_evidence_columns() | reject('equalto', 'touch_type') | list -%}
  case
    {% for rule in channel_rules() -%}
    when
      {%- for column in channel_evidence_columns() if rule[column] %}
      {{ channel_pattern_holds(column, rule[column]) }} and
      {%- endfor %} true then {{ text_literal(rule['channel_id']) }}
    {% endfor -%}
    when coalesce({{ evidence | join(', ') }}) is not null then 'other'
    when touch_type in ('web_session', 'web_event') then 'direct'
    else 'unattributed'
  end
{%- endmacro %}

{% macro channel_pattern_holds(column, pattern) -%}
  {%- if pattern == '(none)' -%}{{ column }} is null
  {%- else -%}{{ matches_fully(column, text_literal(pattern)) }}
  {%- endif -%}
{%- endmacro %}
