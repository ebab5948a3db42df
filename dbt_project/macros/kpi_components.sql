{#
  What KPIs are made of: components (sums and ratios), stocks and samples (percentiles). The
  agreement defines KPIs from them; a new one is one more entry here, and its words in
  `agreement_words.py`.

  - id: what the agreement calls it
  - fact, filter, date, value: its rows, the day that each counts on, and what each adds
  - needs: fact and filter of the rows without which a company lacks this input altogether,
    so that a KPI on it is null and not 0; default: any row of its own
  - slices: columns of the fact where they are called otherwise; none where the fact cannot be
    split that way, so that a KPI on it has a value in total only
  - known_until: the last day that the input reports, where silence after it means that nobody
    has reported yet, and not that there was nothing
  - is_plan: true where days after as-of count for the period that runs
  - day: for a stock the one day of a period that counts, its `last` (as-of while it runs) or
    its `first`, whose opening the date is then; a stock's filter may name period_end

  `dim_kpi` shows fact, filter, date and value, so that every KPI can be drilled.
#}
{% macro kpi_components() %}
  {% set events = {"fact": "fct_funnel_events", "date": "entered_date", "value": "1"} %}
  {% set deals = {"fact": "fct_funnel", "filter": "reached_opportunity"} %}
  {% set undecided_deals = {"fact": "fct_funnel", "filter": "reached_opportunity and outcome <> 'won'"} %}
  {% set amounts = {"fact": "fct_opportunities", "value": "amount_reporting"} %}
  {% set created = "created_date is not null" %}
  {% set handed = {"fact": "fct_lead_response", "date": "handed_date", "value": "1"} %}
  {% set priced = {
    "fact": "fct_price_realization", "date": "closed_date",
    "filter": "is_won and list_amount_reporting is not null and sold_amount_reporting is not null",
  } %}
  {% set in_total_only = {"channel_id": none, "segment": none, "region": none} %}
  {% set components = [] %}

  {% for id, stage in [("leads", "lead"), ("mqls", "mql"), ("sals", "sal"), ("sqls", "sql"),
                       ("opportunities_created", "opportunity")] %}
    {% set filter = "stage_id = '" ~ stage ~ "' and not is_inferred" %}
    {% do components.append(dict(
      events, id=id, filter=filter,
      needs={"fact": "fct_funnel_events", "filter": filter ~ " and entered_date is not null"}
    )) %}
  {% endfor %}

  {# A deal of unknown type counts as new business. #}
  {% for suffix, type in [("", none), ("_new", "new"), ("_expansion", "expansion"), ("_renewal", "renewal")] %}
    {% set of_type = " and coalesce(opportunity_type, 'new') = '" ~ type ~ "'" if type else "" %}
    {% set won = dict(deals, filter=deals["filter"] ~ of_type) %}
    {% do components.append(dict(
      events, id="wins" ~ suffix, filter="stage_id = 'won' and not is_inferred" ~ of_type, needs=won
    )) %}
    {% do components.append(dict(
      events, id="closed" ~ suffix,
      filter="stage_id in ('won', 'lost') and not is_inferred" ~ of_type, needs=undecided_deals
    )) %}
  {% endfor %}
  {% do components.append(dict(
    events, id="losses", filter="stage_id = 'lost' and not is_inferred", needs=undecided_deals
  )) %}

  {% do components.append(dict(amounts, id="pipeline_created", date="created_date", filter=created)) %}
  {% for way in ["lead_source", "first_touch", "creator"] %}
    {% do components.append(dict(
      amounts, id="sourced_pipeline_by_" ~ way, date="created_date",
      filter=created ~ " and sourced_by_" ~ way ~ " = 'marketing'",
      needs={"fact": "fct_opportunities", "filter": created ~ " and sourced_by_" ~ way ~ " <> 'unknown'"}
    )) %}
  {% endfor %}
  {% do components.append(dict(
    amounts, id="influenced_pipeline", date="created_date", filter=created ~ " and is_influenced",
    needs={"fact": "fct_touchpoints", "filter": "true"}
  )) %}

  {% set any_amount = {"fact": "fct_opportunities", "filter": "amount_reporting is not null"} %}
  {% do components.append(dict(
    amounts, id="won_value", date="closed_date", filter="is_won", needs=any_amount
  )) %}
  {% do components.append(dict(
    amounts, id="won_value_new", date="closed_date",
    filter="is_won and coalesce(opportunity_type, 'new') = 'new'", needs=any_amount
  )) %}
  {# An average of deals is that of the deals whose amount is known. #}
  {% for suffix, of_type in [("", ""), ("_new", " and coalesce(opportunity_type, 'new') = 'new'")] %}
    {% do components.append(dict(
      amounts, id="wins_valued" ~ suffix, value="1", date="closed_date",
      filter="is_won and amount_reporting is not null" ~ of_type, needs=any_amount
    )) %}
  {% endfor %}
  {% do components.append(dict(
    amounts, id="closed_value", date="closed_date", filter="stage_id in ('won', 'lost')",
    needs=dict(any_amount, filter=any_amount["filter"] ~ " and not is_won")
  )) %}

  {% do components.append(dict(handed, id="leads_handed", filter="true")) %}
  {% do components.append(dict(
    handed, id="leads_accepted", filter="decision = 'accepted'",
    needs={"fact": "fct_lead_response", "filter": "decision <> 'open'"}
  )) %}
  {% do components.append(dict(
    handed, id="leads_followed_up", filter="is_followed_up",
    needs={"fact": "fct_sales_activities", "filter": "team = 'sales'"}
  )) %}
  {% do components.append(dict(handed, id="follow_ups_due", filter="is_followed_up is not null")) %}
  {% do components.append(dict(handed, id="responses_due", filter="within_promise is not null")) %}
  {% do components.append(dict(
    handed, id="responses_in_promise", filter="within_promise",
    needs={"fact": "fct_sales_activities", "filter": "team = 'sales'"}
  )) %}

  {% for id, value in [("list_value_won", "list_amount_reporting"), ("sold_value_won", "sold_amount_reporting"),
                       ("discount_value_won", "discount_amount_reporting")] %}
    {% do components.append(dict(priced, id=id, value=value)) %}
  {% endfor %}
  {% do components.append({
    "id": "quota", "fact": "fct_quotas", "filter": "true", "date": "quota_date",
    "value": "amount_reporting", "slices": {"channel_id": none, "segment": none}, "is_plan": true,
  }) %}

  {% do components.append({
    "id": "paid_won_value", "fact": "fct_attribution", "date": "basis_date", "value": "credit",
    "filter": "basis = 'revenue' and model = '" ~ kpi_attribution_model() ~ "' and channel_id in (select channel_id from "
      ~ ref('dim_channel') ~ " where is_paid)",
    "needs": {"fact": "fct_attribution", "filter": "basis = 'revenue' and touch_id is not null"},
  }) %}
  {% do components.append({
    "id": "acquisition_cost", "fact": "fct_acquisition_costs", "filter": "true",
    "date": "cost_date", "value": "amount_reporting", "slices": in_total_only,
    "needs": {"fact": "fct_acquisition_costs", "filter": "category <> 'ad_spend'"},
    "known_until": "max(case when category <> 'ad_spend' then cost_date end)",
  }) %}
  {% do components.append({
    "id": "spend", "fact": "fct_ad_spend", "filter": "true", "date": "spend_date",
    "value": "spend_reporting", "known_until": "max(spend_date)",
  }) %}
  {{ return(components) }}
{% endmacro %}

{# The model behind `roas`, as the warehouse has it now. #}
{% macro kpi_attribution_model() %}
  {%- set settings = ref('stg_agreement__attribution') -%}
  {%- set relation = load_relation(settings) if execute and settings.schema -%}
  {%- set found = run_query('select kpi_model from ' ~ relation).columns[0].values() if relation else [] -%}
  {{ return(found[0] if found else 'linear') }}
{% endmacro %}

{% macro kpi_stocks() %}
  {% set deals = {"fact": "fct_opportunity_daily", "filter": "is_open", "date": "date_day"} %}
  {{ return([
    dict(deals, id="pipeline_open", value="closing_amount", day="last"),
    dict(deals, id="opportunities_open", value="1", day="last"),
    dict(
      deals, id="forecast", value="closing_amount", day="first", date=add_days("date_day", 1),
      filter="is_open and expected_close_date > date_day and expected_close_date <= period_end",
      needs={"fact": "fct_opportunity_daily", "filter": "expected_close_date is not null and closing_amount is not null"}
    ),
  ]) }}
{% endmacro %}

{% macro kpi_samples() %}
  {{ return([
    {
      "id": "response_minutes", "fact": "fct_lead_response",
      "filter": "response_business_minutes is not null", "date": "handed_date",
      "value": "response_business_minutes",
    },
    {
      "id": "cycle_days", "fact": "fct_funnel", "filter": "days_opportunity_to_won is not null",
      "date": "won_date", "value": "days_opportunity_to_won",
      "slices": {"channel_id": "first_touch_channel_id"},
    },
  ]) }}
{% endmacro %}

{# All of them. #}
{% macro kpi_inputs() %}
  {{ return(kpi_components() + kpi_stocks() + kpi_samples()) }}
{% endmacro %}

{# The dimensions that KPIs are sliced by, one at a time. #}
{% macro kpi_slices() %}
  {{ return(["segment", "channel_id", "region"]) }}
{% endmacro %}

{# What names one cell of a KPI, and one value of the scorecard. #}
{% macro kpi_cell() %}
  {{ return(["period_grain", "period_start"] + kpi_slices()) }}
{% endmacro %}
{% macro kpi_key() %}
  {{ return(["kpi_id"] + kpi_cell()) }}
{% endmacro %}

{# An input's column for a slice, as select term; (none) where unknown. #}
{% macro kpi_slice_column(input, slice) -%}
  {%- set column = input.get("slices", {}).get(slice, slice) -%}
  {{ "coalesce(" ~ column ~ ", '(none)')" if column else "'(none)'" }}
{%- endmacro %}

{# Rows of a fact; `true` keeps every row. #}
{% macro kpi_rows(part) -%}
  {{ ref(part["fact"]) }} where {{ part["filter"] }}
{%- endmacro %}

{# The grouping that adds one slice at a time, and the total; `keys` are grouped by always. The
   sliced columns are never null, so that null can only mean all. #}
{% macro kpi_one_slice_at_a_time(keys, slices=kpi_slices()) -%}
  group by grouping sets (
    ({{ keys | join(", ") }})
    {%- for slice in slices %},
    ({{ (keys + [slice]) | join(", ") }})
    {%- endfor %}
  )
{%- endmacro %}

{# The slice columns after that grouping. #}
{% macro kpi_sliced(slices=kpi_slices()) -%}
  {% for slice in slices %}
  coalesce({{ slice }}, '(all)') as {{ slice }}{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# The condition of a join that the columns are the same on both sides. #}
{% macro kpi_same(left, right, columns) -%}
  {% for column in columns %}{{ left }}.{{ column }} = {{ right }}.{{ column }}{{ " and " if not loop.last }}{% endfor %}
{%- endmacro %}

{# The cells of a KPI's slices from the period in which each counted anything first, up to the one
   that runs, so that what falls to zero stays in sight. Days are left out: too many. #}
{% macro kpi_lasting_cells(counted) -%}
  select
    firsts.kpi_id,
    firsts.period_grain,
    periods.period_start
    {%- for slice in kpi_slices() %},
    firsts.{{ slice }}
    {%- endfor %}
  from (
    select kpi_id, period_grain, {{ kpi_slices() | join(", ") }}, min(period_start) as first_start
    from {{ counted }}
    group by kpi_id, period_grain, {{ kpi_slices() | join(", ") }}
  ) as firsts
  inner join {{ ref('kpi_periods') }} as periods
    on firsts.period_grain = periods.period_grain
    and firsts.first_start <= periods.period_start
  where firsts.period_grain <> 'day'
{%- endmacro %}
