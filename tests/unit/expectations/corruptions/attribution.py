"""Corruptions for the suites of `expectations/suites/attribution.py`."""

from __future__ import annotations

from tests.unit.expectations.corruptions.words import put, repeat

WEIGHTS, CREDIT, CHANNELS = "fct_attribution_weights", "fct_attribution", "attribution_by_channel"

CORRUPTIONS: dict[tuple[str, str], str] = {
    (WEIGHTS, "touch_is_there_once"): repeat(WEIGHTS),
    (WEIGHTS, "basis_date_is_given"): put(WEIGHTS, "basis_date", "null"),
    (WEIGHTS, "basis_month_is_given"): put(WEIGHTS, "basis_month", "null"),
    (WEIGHTS, "opportunity_id_is_in_fct_opportunities"): put(WEIGHTS, "opportunity_id", "'x'"),
    (WEIGHTS, "touch_id_is_in_fct_touchpoints"): put(WEIGHTS, "touch_id", "'x'"),
    (WEIGHTS, "channel_id_is_in_dim_channel"): put(WEIGHTS, "channel_id", "null"),
    (WEIGHTS, "campaign_id_is_in_dim_campaign"): put(WEIGHTS, "campaign_id", "'x'"),
    (WEIGHTS, "basis_date_is_in_dim_date"): put(WEIGHTS, "basis_date", "date '2099-01-01'"),
    (WEIGHTS, "basis_is_known"): put(WEIGHTS, "basis", "'bookings'"),
    (WEIGHTS, "weights_are_shares"): put(WEIGHTS, "u_shaped_weight", "-0.5"),
    (WEIGHTS, "weights_add_up_to_one"): put(WEIGHTS, "markov_weight", "0.5000001"),
    (WEIGHTS, "every_deal_is_attributed"): (
        f"delete from marts.{WEIGHTS} where opportunity_id = 'd3' and basis = 'revenue'"
    ),
    (CREDIT, "model_is_known"): put(CREDIT, "model", "'gut feeling'"),
    (CREDIT, "basis_is_known"): put(CREDIT, "basis", "null"),
    (CREDIT, "weight_is_given"): put(CREDIT, "weight", "null"),
    (CREDIT, "channel_id_is_given"): put(CREDIT, "channel_id", "null"),
    (CREDIT, "credit_is_the_amount_of_the_deals"): put(CREDIT, "credit", "credit + 0.001"),
    (CHANNELS, "model_basis_basis_month_channel_id_is_unique"): repeat(CHANNELS),
    (CHANNELS, "model_is_known"): put(CHANNELS, "model", "null"),
    (CHANNELS, "basis_is_known"): put(CHANNELS, "basis", "'bookings'"),
    (CHANNELS, "channel_id_is_in_dim_channel"): put(CHANNELS, "channel_id", "'x'"),
    (CHANNELS, "conversions_is_not_negative"): put(CHANNELS, "conversions", "-1"),
    (CHANNELS, "spend_is_not_negative"): put(CHANNELS, "spend", "-1"),
    (CHANNELS, "removal_effect_is_a_share"): put(CHANNELS, "removal_effect", "1.1"),
    (CHANNELS, "credit_is_that_of_fct_attribution"): put(CHANNELS, "credit", "credit + 0.001"),
    (CHANNELS, "exact_credit_adds_up_to_credit"): (
        f"update marts.{CHANNELS} set credit_exact = credit_exact * 1.001 where model = 'markov'"
    ),
    (CHANNELS, "spend_is_that_of_fct_ad_spend"): (
        f"update marts.{CHANNELS} set spend = 21 where spend is not null and model = 'first'"
    ),
}
