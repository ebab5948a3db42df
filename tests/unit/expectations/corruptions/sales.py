"""Corruptions for the suites of `expectations/suites/sales.py`."""

from __future__ import annotations

from tests.unit.expectations.corruptions.words import put, repeat

# A value that no row may have, by the expectation it breaks.
_VALUES = {
    "fct_lead_response": {
        "journey_id_is_in_fct_funnel": ("journey_id", "'x'"),
        "person_id_is_in_dim_person": ("person_id", "'x'"),
        "account_id_is_in_dim_account": ("account_id", "'x'"),
        "opportunity_id_is_in_fct_opportunities": ("opportunity_id", "'x'"),
        "owner_id_is_in_dim_rep": ("owner_id", "'x'"),
        "channel_id_is_in_dim_channel": ("channel_id", "'x'"),
        "campaign_id_is_in_dim_campaign": ("campaign_id", "'x'"),
        "first_response_activity_id_is_in_fct_sales_activities": (
            "first_response_activity_id",
            "'x'",
        ),
        "handed_at_is_given": ("handed_at", "null"),
        "handed_date_is_given": ("handed_date", "null"),
        "rejected_reason_holds_no_address_or_phone": ("rejected_reason", "'call 0660 1234567'"),
        "decision_is_known": ("decision", "'maybe'"),
        "response_minutes_is_not_negative": ("response_minutes", "-1"),
        "response_business_minutes_is_not_negative": ("response_business_minutes", "-1"),
        "attempts_is_not_negative": ("attempts", "-1"),
        "working_time_is_part_of_all_time": ("response_business_minutes", "31"),
        "a_response_comes_after_the_handover": ("first_response_date", "date '2000-01-01'"),
        "only_a_promise_is_kept": ("promise_id", "null"),
    },
    "fct_price_realization": {
        "opportunity_id_is_in_fct_opportunities": ("opportunity_id", "'x'"),
        "product_id_is_in_dim_product": ("product_id", "'x'"),
        "account_id_is_in_dim_account": ("account_id", "'x'"),
        "owner_id_is_in_dim_rep": ("owner_id", "'x'"),
        "channel_id_is_in_dim_channel": ("channel_id", "null"),
        "is_whole_deal_is_given": ("is_whole_deal", "null"),
        "is_won_is_given": ("is_won", "null"),
        "is_closed_is_given": ("is_closed", "null"),
        "lost_reason_holds_no_address_or_phone": ("lost_reason", "'+43 (660) 123-45-67'"),
        "prices_have_a_rate": ("sold_amount_reporting", "null"),
        "discount_is_list_less_sold": ("discount_amount", "5"),
        "sold_lines_are_those_of_the_lake": ("sold_amount", "20"),
    },
    "fct_costs": {
        "amount_is_given": ("amount", "null"),
        "amount_has_a_rate": ("amount_reporting", "null"),
        "costs_are_those_of_the_lake": ("amount", "49.999999"),
    },
    "fct_quotas": {
        "amount_is_given": ("amount", "null"),
        "amount_has_a_rate": ("amount_reporting", "null"),
        "quotas_are_those_of_the_lake": ("amount", "24"),
        "rep_id_is_in_dim_rep": ("rep_id", "'x'"),
    },
    "fct_sales_feedback": {
        "recorded_at_is_given": ("recorded_at", "null"),
        "recorded_date_is_given": ("recorded_date", "null"),
        "topic_holds_no_address_or_phone": ("topic", "'ask jane@example.com'"),
        "feedback_type_is_known": ("feedback_type", "'gossip'"),
        "rep_id_is_in_dim_rep": ("rep_id", "'x'"),
        "person_id_is_in_dim_person": ("person_id", "'x'"),
        "account_id_is_in_dim_account": ("account_id", "'x'"),
        "journey_id_is_in_fct_funnel": ("journey_id", "'x'"),
        "opportunity_id_is_in_fct_opportunities": ("opportunity_id", "'x'"),
        "campaign_id_is_in_dim_campaign": ("campaign_id", "'x'"),
        "product_id_is_in_dim_product": ("product_id", "'x'"),
        "channel_id_is_in_dim_channel": ("channel_id", "'x'"),
    },
}
_KEYS = {
    "fct_lead_response": "journey_id",
    "fct_price_realization": "opportunity_line_id",
    "fct_costs": "cost_id_cost_date",
    "fct_quotas": "quota_id_quota_date",
    "fct_sales_feedback": "feedback_id",
}

CORRUPTIONS: dict[tuple[str, str], str] = {
    **{(mart, f"{key}_is_unique"): repeat(mart) for mart, key in _KEYS.items()},
    **{
        (mart, name): put(mart, column, value)
        for mart, values in _VALUES.items()
        for name, (column, value) in values.items()
    },
    ("fct_lead_response", "handovers_are_observed_mqls"): "delete from marts.fct_lead_response"
    " where journey_id = (select min(journey_id) from marts.fct_lead_response)",
    ("fct_sales_feedback", "feedback_is_that_of_the_lake"): "delete from marts.fct_sales_feedback",
}
