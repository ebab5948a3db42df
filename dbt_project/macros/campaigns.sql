{#
  How an ad report names its campaign: by its platform, and there by id, else by name. Two
  platforms may use one name, and one id, for two campaigns. A report without campaigns names
  only the platform. Part of the key of int_ad_campaigns.
#}
{% macro campaign_reference() -%}
  coalesce({{ folded('platform') }} || '|', '') || coalesce({{ reported_campaign_id() }}, '')
{%- endmacro %}

{# What the platform itself calls that campaign. #}
{% macro reported_campaign_id() -%}
  coalesce(campaign_id, 'name:' || campaign_name)
{%- endmacro %}
