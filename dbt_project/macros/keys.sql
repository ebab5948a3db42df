{#
  Surrogate keys: md5 over the parts as text, with a separator and a null marker, so that
  ('a', null) and (null, 'a') differ. Never pass a double.
#}
{% macro surrogate_key(parts) -%}
  md5(
    {%- for part in parts -%}
      {{ " || '|' || " if not loop.first }}coalesce(cast({{ part }} as string), '(null)')
    {%- endfor -%}
  )
{%- endmacro %}

{# The key of a source's record; null where the record is not named. #}
{% macro record_key(source_system, source_id) -%}
  case when {{ source_id }} is not null then {{ surrogate_key([source_system, source_id]) }} end
{%- endmacro %}
