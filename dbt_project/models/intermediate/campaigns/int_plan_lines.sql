-- One row per line of the marketing plan, with its campaign, if it has one, and days. A line
-- without days has those of its campaign; with a first day only it is that day.
select
    {{ surrogate_key(["'marketing_plan'", "plans.source_system", "plans._table", "plans.source_id"]) }} as plan_id,
    plans.source_system,
    campaigns.campaign_id,
    coalesce({{ agreed_segment("plans.segment", "plan_segments") }}, campaigns.segment) as segment,
    coalesce(plans.region, campaigns.region) as region,
    coalesce(plans.starts_on, campaigns.starts_on) as starts_on,
    greatest(
        coalesce(plans.ends_on, campaigns.ends_on, plans.starts_on, campaigns.starts_on),
        coalesce(plans.starts_on, campaigns.starts_on)
    ) as ends_on,
    plans.planned_budget,
    plans.actual_budget,
    plans.currency,
    {{ list_length("plans.accounts", ";") }} as planned_accounts,
    {{ list_length("plans.reps", ";") }} as planned_reps
from {{ ref('stg_generic__marketing_plans') }} as plans
{{ resolve_record("plans", "campaign_id", ref("int_campaign_records"), "campaign") }}
{{ join_segment("plans.segment", "plan_segments") }}
left join {{ ref('int_campaigns') }} as campaigns
    on {{ resolved("campaign", "campaign_id") }} = campaigns.campaign_id
