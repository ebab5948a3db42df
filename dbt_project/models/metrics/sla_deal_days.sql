{# One row per deal and day on which sales worked on it while it was open: an activity that names
   the deal, or one that names no deal but its person, or nobody but its account. #}
{% set others = {
    "opportunity_id": "true",
    "person_id": "activities.opportunity_id is null",
    "account_id": "activities.opportunity_id is null and activities.person_id is null",
} %}
{% for key, condition in others.items() %}
select
    deals.opportunity_id,
    activities.occurred_date as worked_date
from {{ sales_activities() }} as activities
inner join {{ ref('sla_deals') }} as deals
    on activities.{{ key }} = deals.{{ key }}
    and activities.occurred_date >= deals.created_date
    and activities.occurred_date <= deals.last_open_date
where {{ condition }}
{{ "union" if not loop.last }}
{% endfor %}
