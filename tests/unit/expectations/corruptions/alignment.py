"""Corruptions for the suites of `expectations/suites/alignment.py`."""

from __future__ import annotations

from tests.unit.expectations.corruptions.words import put, repeat

_EFFORT = "sales_effort"
_PRICE = "price_evidence"
_VOICE = "customer_voice"
_MARKET = "market_coverage"
_PLAN = "plan_and_pipeline"
_DRIVERS = "kpi_drivers"


def _shares(table: str, *columns: str) -> dict[tuple[str, str], str]:
    return {(table, f"{column}_is_a_share"): put(table, column, "1.5") for column in columns}


def _intervals(table: str, *columns: str) -> dict[tuple[str, str], str]:
    return {
        (table, f"{column}_is_in_its_interval"): put(table, f"{column}_low", f"{column} + 0.1")
        for column in columns
    }


CORRUPTIONS: dict[tuple[str, str], str] = {
    **{
        (table, "period_grain_is_known"): put(table, "period_grain", "'year'")
        for table in (_EFFORT, _PRICE, _VOICE, _MARKET)
    },
    (_EFFORT, "period_grain_period_start_segment_is_unique"): repeat(_EFFORT),
    **_shares(_EFFORT, "follow_up_rate", "response_in_promise_rate", "open_deals_touched_share"),
    **_intervals(_EFFORT, "follow_up_rate", "response_in_promise_rate"),
    (_EFFORT, "segments_add_up_in_activities"): put(_EFFORT, "activities", "2"),
    (_EFFORT, "segments_add_up_in_leads_handed"): put(_EFFORT, "leads_handed", "2"),
    (_EFFORT, "segments_add_up_in_open_deals"): put(_EFFORT, "open_deals", "2"),
    # A segment that nobody worked for and its deals are missed though they count 0 activities.
    (_EFFORT, "every_open_deal_is_in_its_segment"): "delete from marts.sales_effort"
    " where segment <> '(all)'",
    (_EFFORT, "every_month_since_the_first_activity_has_its_total"): "delete from"
    " marts.sales_effort where segment = '(all)'",
    (_EFFORT, "months_count_every_activity"): "delete from marts.fct_sales_activities",
    (_EFFORT, "months_count_every_handover"): "delete from marts.fct_lead_response",
    (_PRICE, "period_grain_period_start_segment_product_id_is_unique"): repeat(_PRICE),
    **_shares(_PRICE, "win_rate", "price_loss_share"),
    **_intervals(_PRICE, "win_rate", "price_loss_share"),
    (_PRICE, "closed_is_won_or_lost"): put(_PRICE, "won_deals", "3"),
    (_PRICE, "nothing_small_is_above_others"): put(_PRICE, "is_above_others", "true"),
    (_PRICE, "segments_add_up_in_closed_deals"): put(_PRICE, "closed_deals", "4"),
    (_PRICE, "months_count_every_loss"): put(_PRICE, "lost_deals", "2"),
    (_VOICE, "customer_voice_id_is_unique"): repeat(_VOICE),
    (_VOICE, "voice_type_is_known"): put(_VOICE, "voice_type", "'praise'"),
    (_VOICE, "campaign_id_is_in_dim_campaign"): put(_VOICE, "campaign_id", "'x'"),
    (_VOICE, "product_id_is_in_dim_product"): put(_VOICE, "product_id", "'x'"),
    **_intervals(_VOICE, "mention_share"),
    (_VOICE, "topic_holds_no_address_or_phone"): put(_VOICE, "topic", "'ask jane@example.com'"),
    **{
        (_PRICE, f"{name}_holds_no_address_or_phone"): put(
            _PRICE, name, "'since 2025-03-01: 555-123-4567'"
        )
        for name in ("top_lost_reason", "top_competitor")
    },
    (_VOICE, "months_count_every_feedback"): put(_VOICE, "mentions", "2"),
    (_MARKET, "period_grain_period_start_segment_region_is_unique"): repeat(_MARKET),
    **_shares(_MARKET, "effort_top_10_percent_share", "revenue_top_10_percent_share"),
    (_MARKET, "customers_are_known"): put(_MARKET, "customer_accounts", "2"),
    (_MARKET, "both_is_part_of_each"): put(_MARKET, "both_accounts", "2"),
    (_MARKET, "segments_add_up_in_known_accounts"): put(_MARKET, "known_accounts", "2"),
    (_MARKET, "segments_add_up_in_won_value_12_months"): "update marts.market_coverage"
    " set won_value_12_months = 1 where segment <> '(all)'",
    (_MARKET, "won_value_is_that_of_the_deals"): put(_MARKET, "won_value_12_months", "1"),
    (_PLAN, "plan_and_pipeline_id_is_unique"): repeat(_PLAN),
    (_PLAN, "one_row_per_campaign_and_week"): put(_PLAN, "week_start", "date '2025-01-20'"),
    (_PLAN, "only_a_campaign_has_results"): put(_PLAN, "campaign_id", "null"),
    (_PLAN, "budget_has_a_rate"): put(_PLAN, "currency_without_rate", "'CHF'"),
    (_PLAN, "campaign_id_is_in_dim_campaign"): put(_PLAN, "campaign_id", "'x'"),
    **{
        (_PLAN, f"{name}_is_not_negative"): put(_PLAN, name, "-1")
        for name in ("leads", "accepted", "rejected")
    },
    (_PLAN, "spend_is_that_of_the_ads"): put(_PLAN, "spend", "21"),
    (_PLAN, "won_value_is_that_of_the_deals"): put(_PLAN, "won_value", "1"),
    (
        _DRIVERS,
        "kpi_id_period_grain_period_start_comparison_dimension_member_is_unique",
    ): repeat(_DRIVERS),
    (_DRIVERS, "kpi_id_is_in_dim_kpi"): put(_DRIVERS, "kpi_id", "'x'"),
    (_DRIVERS, "total_is_rate_and_mix"): put(_DRIVERS, "mix_effect", "1"),
    (_DRIVERS, "effects_add_up_to_the_move"): put(_DRIVERS, "total_effect", "5"),
}
