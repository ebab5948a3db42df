{# Stands for 'without a month' where months are compared. #}
{% macro no_month() -%}
  cast('1900-01-01' as date)
{%- endmacro %}

{#
  What reconciliation compares, with the mart that holds our number: its rows, whose month they
  count in, and what each adds. `source` overrides the mart's source system.
#}
{% macro reconciled_measures() %}
  {% set deals = {"fact": "fct_opportunities"} %}
  {% set dated_wins = "is_won and closed_date is not null and not is_conversion" %}
  {% set ads = {"fact": "fct_ad_spend", "date": "spend_date", "platform": "platform"} %}
  {{ return([
    {"id": "leads", "fact": "fct_funnel_events", "date": "entered_date", "value": "1",
     "filter": "stage_id = 'lead' and not is_inferred"},
    dict(deals, id="opportunities", date="created_date", value="1", filter="not is_conversion"),
    dict(deals, id="opportunity_amount", date="created_date", value="amount", currency="currency",
         filter="not is_conversion"),
    dict(deals, id="wins", date="closed_date", value="1", filter=dated_wins),
    dict(deals, id="won_amount", date="closed_date", value="amount", currency="currency",
         filter=dated_wins),
    dict(deals, id="conversions", date="created_date", value="1", filter="is_conversion"),
    dict(deals, id="conversion_amount", date="created_date", value="amount", currency="currency",
         filter="is_conversion"),
    dict(ads, id="ad_spend", value="spend", currency="currency", filter="true"),
    dict(ads, id="ad_clicks", value="clicks", filter="true"),
    dict(ads, id="ad_impressions", value="impressions", filter="true"),
    dict(ads, id="platform_conversions", value="platform_conversions", filter="true"),
    {"id": "activities", "fact": "fct_sales_activities", "date": "occurred_date", "value": "1",
     "filter": "true"},
    {"id": "touches", "fact": "fct_touchpoints", "date": "occurred_date", "value": "1",
     "filter": "true"},
  ]) }}
{% endmacro %}
