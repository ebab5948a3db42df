{#
  The components: additive numbers per day, channel, segment and region. KPIs are sums and
  ratios of them, defined by the agreement; a new component is one more entry here.

  - id: what the agreement calls it
  - fact, filter, date, value: its rows, the day that each counts on, and what each adds
  - needs: fact and filter of the rows without which a company lacks this input altogether,
    so that a KPI on it is null and not 0
  - known_until: the last day that the input reports, where silence after it means that nobody
    has reported yet, and not that there was nothing

  Each fact has the columns channel_id (of the journey's first touch; of the campaign for
  spend), segment and region. `dim_kpi` shows fact and filter, so that a KPI can be drilled.
#}
{% macro kpi_components() %}
  {% set entered = {"fact": "fct_funnel_events", "date": "entered_date", "value": "1"} %}
  {% set deals = {"fact": "fct_funnel", "filter": "reached_opportunity"} %}
  {% set undecided_deals = {"fact": "fct_funnel", "filter": "reached_opportunity and outcome <> 'won'"} %}
  {% set components = [] %}
  {% for id, stage in [("leads", "lead"), ("mqls", "mql"), ("sals", "sal"), ("sqls", "sql"),
                       ("opportunities_created", "opportunity")] %}
    {% set filter = "stage_id = '" ~ stage ~ "' and not is_inferred" %}
    {% do components.append(dict(
      entered, id=id, filter=filter,
      needs={"fact": "fct_funnel_events", "filter": filter ~ " and entered_date is not null"}
    )) %}
  {% endfor %}
  {% do components.append(dict(
    entered, id="wins", filter="stage_id = 'won' and not is_inferred", needs=deals
  )) %}
  {% do components.append(dict(
    entered, id="losses", filter="stage_id = 'lost' and not is_inferred", needs=undecided_deals
  )) %}
  {% do components.append(dict(
    entered, id="closed", filter="stage_id in ('won', 'lost') and not is_inferred",
    needs=undecided_deals
  )) %}
  {% do components.append({
    "id": "pipeline_created", "fact": "fct_opportunities", "filter": "created_date is not null",
    "date": "created_date", "value": "amount_reporting",
    "needs": {
      "fact": "fct_opportunities",
      "filter": "created_date is not null and amount_reporting is not null",
    },
  }) %}
  {% do components.append({
    "id": "won_value", "fact": "fct_opportunities", "filter": "is_won",
    "date": "closed_date", "value": "amount_reporting",
    "needs": {"fact": "fct_opportunities", "filter": "amount_reporting is not null"},
  }) %}
  {% do components.append({
    "id": "spend", "fact": "fct_ad_spend", "filter": "true",
    "date": "spend_date", "value": "spend_reporting",
    "needs": {"fact": "fct_ad_spend", "filter": "spend_reporting is not null"},
    "known_until": "max(spend_date)",
  }) %}
  {{ return(components) }}
{% endmacro %}

{# The rows of a component or of its input; `true` keeps every row. #}
{% macro component_source(part) -%}
  {{ ref(part["fact"]) }} where {{ part["filter"] }}
{%- endmacro %}
