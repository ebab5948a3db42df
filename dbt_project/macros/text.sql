{# Trimmed, and ASCII letters in lower case: what labels are compared by. Other letters stay,
   since engines disagree on their case. Empty becomes null. #}
{% macro folded(text) -%}
  nullif(trim(translate({{ text }}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')), '')
{%- endmacro %}
