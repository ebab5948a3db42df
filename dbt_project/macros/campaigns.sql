{# How an ad report names its campaign: by id, else by name. #}
{% macro campaign_reference() -%}
  coalesce(campaign_id, 'name:' || campaign_name)
{%- endmacro %}
