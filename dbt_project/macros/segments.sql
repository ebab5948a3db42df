{#
  A segment as the agreement calls it. Write `join_segment(...)` among the joins and
  `agreed_segment(...)` among the columns; `name` is that join's own:

      select {{ agreed_segment("leads.segment", "lead_segments") }} as segment
      from leads
      {{ join_segment("leads.segment", "lead_segments") }}
#}
{% macro join_segment(column, name) -%}
left join {{ ref('int_segment_labels') }} as {{ name }}
  on {{ column }} = {{ name }}.raw_segment
{%- endmacro %}

{% macro agreed_segment(column, name) -%}
  coalesce({{ name }}.segment, {{ column }})
{%- endmacro %}
