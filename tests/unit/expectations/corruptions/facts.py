"""Corruptions for the suites of `expectations/suites/facts.py`."""

from __future__ import annotations

from tests.unit.expectations.corruptions.words import put, repeat

CORRUPTIONS: dict[tuple[str, str], str] = {
    ("fct_touchpoints", "touch_id_is_unique"): repeat("fct_touchpoints"),
    ("fct_touchpoints", "occurred_at_is_given"): put("fct_touchpoints", "occurred_at", "null"),
    ("fct_touchpoints", "occurred_date_is_given"): put("fct_touchpoints", "occurred_date", "null"),
    ("fct_touchpoints", "touch_type_is_given"): put("fct_touchpoints", "touch_type", "null"),
    ("fct_touchpoints", "is_paid_is_given"): put("fct_touchpoints", "is_paid", "null"),
    ("fct_touchpoints", "person_id_is_in_dim_person"): put("fct_touchpoints", "person_id", "'x'"),
    ("fct_touchpoints", "account_id_is_in_dim_account"): put(
        "fct_touchpoints", "account_id", "'x'"
    ),
    ("fct_touchpoints", "channel_id_is_in_dim_channel"): put(
        "fct_touchpoints", "channel_id", "null"
    ),
    ("fct_touchpoints", "campaign_id_is_in_dim_campaign"): put(
        "fct_touchpoints", "campaign_id", "'x'"
    ),
    ("fct_touchpoints", "occurred_date_is_in_dim_date"): put(
        "fct_touchpoints", "occurred_date", "date '2099-01-01'"
    ),
    ("fct_touchpoints", "touches_are_those_of_the_lake"): "delete from marts.fct_touchpoints"
    " where source_system = 'mail'",
    ("fct_funnel_events", "journey_id_stage_id_is_unique"): repeat("fct_funnel_events"),
    ("fct_funnel_events", "journey_id_is_in_fct_funnel"): put(
        "fct_funnel_events", "journey_id", "'x'"
    ),
    ("fct_funnel_events", "person_id_is_in_dim_person"): put(
        "fct_funnel_events", "person_id", "'x'"
    ),
    ("fct_funnel_events", "account_id_is_in_dim_account"): put(
        "fct_funnel_events", "account_id", "'x'"
    ),
    ("fct_funnel_events", "opportunity_id_is_in_fct_opportunities"): put(
        "fct_funnel_events", "opportunity_id", "'x'"
    ),
    ("fct_funnel_events", "channel_id_is_in_dim_channel"): put(
        "fct_funnel_events", "channel_id", "'x'"
    ),
    ("fct_funnel_events", "stage_id_is_known"): put("fct_funnel_events", "stage_id", "'prospect'"),
    ("fct_funnel_events", "is_inferred_is_given"): put("fct_funnel_events", "is_inferred", "null"),
    ("fct_funnel_events", "entered_date_is_in_dim_date"): put(
        "fct_funnel_events", "entered_date", "date '2099-01-01'"
    ),
    (
        "fct_funnel_events",
        "side_exits_are_observed",
    ): "update marts.fct_funnel_events set is_inferred = true where stage_id = 'lost'",
    (
        "fct_funnel_events",
        "funnel_never_widens",
    ): "delete from marts.fct_funnel_events where stage_id = 'mql'",
    (
        "fct_funnel_events",
        "won_journeys_are_won_opportunities",
    ): "delete from marts.fct_funnel_events where stage_id = 'won' and journey_id = 'j4'",
    ("fct_funnel", "journey_id_is_unique"): repeat("fct_funnel"),
    ("fct_funnel", "outcome_is_known"): put("fct_funnel", "outcome", "'gone'"),
    ("fct_funnel", "person_id_is_in_dim_person"): put("fct_funnel", "person_id", "'x'"),
    ("fct_funnel", "account_id_is_in_dim_account"): put("fct_funnel", "account_id", "'x'"),
    ("fct_funnel", "opportunity_id_is_in_fct_opportunities"): put(
        "fct_funnel", "opportunity_id", "'x'"
    ),
    ("fct_funnel", "owner_id_is_in_dim_rep"): put("fct_funnel", "owner_id", "'x'"),
    ("fct_funnel", "first_touch_channel_id_is_in_dim_channel"): put(
        "fct_funnel", "first_touch_channel_id", "'x'"
    ),
    ("fct_funnel", "last_touch_channel_id_is_in_dim_channel"): put(
        "fct_funnel", "last_touch_channel_id", "'x'"
    ),
    **{
        ("fct_funnel", f"{name}_is_not_negative"): put("fct_funnel", name, "-1")
        for name in (
            "days_lead_to_mql",
            "days_mql_to_sal",
            "days_sal_to_sql",
            "days_sql_to_opportunity",
            "days_opportunity_to_won",
            "days_lead_to_won",
            "touch_count",
        )
    },
    ("fct_funnel", "time_travel_has_no_durations"): put("fct_funnel", "has_time_travel", "true"),
    ("fct_funnel", "opportunity_is_in_one_journey"): put("fct_funnel", "opportunity_id", "'d2'"),
    ("fct_funnel", "amounts_are_those_of_the_opportunities"): put("fct_funnel", "amount", "99"),
    ("fct_funnel", "every_lead_has_a_journey"): "delete from marts.fct_funnel"
    " where journey_id = 'j3'",
    ("fct_opportunities", "opportunity_id_is_unique"): repeat("fct_opportunities"),
    ("fct_opportunities", "lost_reason_holds_no_address_or_phone"): put(
        "fct_opportunities", "lost_reason", "'since 01.03.2026 at 0660/1234567'"
    ),
    ("fct_sales_activities", "outcome_holds_no_address_or_phone"): put(
        "fct_sales_activities", "outcome", "'jane@example.com'"
    ),
    ("fct_opportunities", "journey_id_is_in_fct_funnel"): put(
        "fct_opportunities", "journey_id", "null"
    ),
    ("fct_opportunities", "person_id_is_in_dim_person"): put(
        "fct_opportunities", "person_id", "'x'"
    ),
    ("fct_opportunities", "account_id_is_in_dim_account"): put(
        "fct_opportunities", "account_id", "'x'"
    ),
    ("fct_opportunities", "owner_id_is_in_dim_rep"): put("fct_opportunities", "owner_id", "'x'"),
    ("fct_opportunities", "created_by_id_is_in_dim_rep"): put(
        "fct_opportunities", "created_by_id", "'x'"
    ),
    ("fct_opportunities", "channel_id_is_in_dim_channel"): put(
        "fct_opportunities", "channel_id", "'x'"
    ),
    ("fct_opportunities", "stage_id_is_known"): put("fct_opportunities", "stage_id", "'prospect'"),
    ("fct_opportunities", "won_is_closed"): put("fct_opportunities", "is_closed", "false"),
    ("fct_opportunities", "closed_by_as_of"): put(
        "fct_opportunities", "closed_date", "date '2025-02-01'"
    ),
    ("fct_opportunities", "closing_day_is_known"): put("fct_opportunities", "closed_date", "null"),
    ("fct_opportunities", "amount_has_a_rate"): put(
        "fct_opportunities", "amount_reporting", "null"
    ),
    ("fct_opportunities", "list_amount_has_a_rate"): put("fct_opportunities", "list_amount", "1"),
    ("fct_opportunities", "opportunities_are_those_of_the_lake"): "delete from"
    " marts.fct_opportunities where opportunity_id = 'd2'",
    ("fct_opportunities", "amounts_are_those_of_the_lake"): put(
        "fct_opportunities", "amount", "99.99"
    ),
    ("fct_opportunities", "won_value_is_that_of_the_lake"): put(
        "fct_opportunities", "is_won", "false"
    ),
    ("fct_ad_spend", "ad_spend_id_is_unique"): repeat("fct_ad_spend"),
    ("fct_ad_spend", "spend_date_is_given"): put("fct_ad_spend", "spend_date", "null"),
    ("fct_ad_spend", "spend_is_given"): put("fct_ad_spend", "spend", "null"),
    **{
        ("fct_ad_spend", f"{name}_is_not_negative"): put("fct_ad_spend", name, "-1")
        for name in ("spend", "impressions", "clicks")
    },
    ("fct_ad_spend", "campaign_id_is_in_dim_campaign"): put("fct_ad_spend", "campaign_id", "'x'"),
    ("fct_ad_spend", "channel_id_is_in_dim_channel"): put("fct_ad_spend", "channel_id", "'x'"),
    ("fct_ad_spend", "spend_date_is_in_dim_date"): put(
        "fct_ad_spend", "spend_date", "date '2099-01-01'"
    ),
    ("fct_ad_spend", "spend_has_a_rate"): put("fct_ad_spend", "spend_reporting", "null"),
    ("fct_ad_spend", "spend_is_that_of_the_lake"): put("fct_ad_spend", "spend", "24.99"),
    ("fct_ad_spend", "clicks_are_those_of_the_lake"): put("fct_ad_spend", "clicks", "5"),
    ("fct_sales_activities", "activity_id_is_unique"): repeat("fct_sales_activities"),
    ("fct_sales_activities", "occurred_at_is_given"): put(
        "fct_sales_activities", "occurred_at", "null"
    ),
    ("fct_sales_activities", "activity_type_is_given"): put(
        "fct_sales_activities", "activity_type", "null"
    ),
    ("fct_sales_activities", "team_is_known"): put("fct_sales_activities", "team", "'legal'"),
    ("fct_sales_activities", "rep_id_is_in_dim_rep"): put("fct_sales_activities", "rep_id", "'x'"),
    ("fct_sales_activities", "person_id_is_in_dim_person"): put(
        "fct_sales_activities", "person_id", "'x'"
    ),
    ("fct_sales_activities", "account_id_is_in_dim_account"): put(
        "fct_sales_activities", "account_id", "'x'"
    ),
    ("fct_sales_activities", "opportunity_id_is_in_fct_opportunities"): put(
        "fct_sales_activities", "opportunity_id", "'x'"
    ),
    ("fct_sales_activities", "occurred_date_is_in_dim_date"): put(
        "fct_sales_activities", "occurred_date", "date '2099-01-01'"
    ),
    ("fct_sales_activities", "activities_are_those_of_the_lake"): "delete from"
    " marts.fct_sales_activities",
}
