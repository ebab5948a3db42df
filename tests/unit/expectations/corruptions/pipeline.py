"""Corruptions for the suites of `expectations/suites/pipeline.py`."""

from __future__ import annotations

from tests.unit.expectations.corruptions.words import put, repeat

_DAILY = "fct_opportunity_daily"

CORRUPTIONS: dict[tuple[str, str], str] = {
    (_DAILY, "opportunity_id_date_day_is_unique"): repeat(_DAILY),
    (_DAILY, "opportunity_id_is_in_fct_opportunities"): put(_DAILY, "opportunity_id", "'x'"),
    (_DAILY, "date_day_is_in_dim_date"): put(_DAILY, "date_day", "date '2099-01-01'"),
    (_DAILY, "account_id_is_in_dim_account"): put(_DAILY, "account_id", "'x'"),
    (_DAILY, "owner_id_is_in_dim_rep"): put(_DAILY, "owner_id", "'x'"),
    (_DAILY, "channel_id_is_in_dim_channel"): put(_DAILY, "channel_id", "'x'"),
    (_DAILY, "stage_id_is_known"): put(_DAILY, "stage_id", "'prospect'"),
    (_DAILY, "move_is_known"): put(_DAILY, "move", "'slipped'"),
    (_DAILY, "gains_add_and_losses_take"): put(_DAILY, "shrunk_amount", "1"),
    (_DAILY, "moves_explain_the_day"): put(_DAILY, "grown_amount", "1"),
    (_DAILY, "closed_deals_are_worth_nothing"): f"update marts.{_DAILY}"
    " set closing_amount = 1 where not is_open",
    # The day that grew still adds up, and so does the deal: only the next morning is wrong.
    (_DAILY, "each_day_begins_where_the_last_ended"): f"update marts.{_DAILY}"
    " set closing_amount = closing_amount + 1, grown_amount = 1"
    " where opportunity_id = 'd1' and date_day = date '2025-01-12'",
    (_DAILY, "last_days_are_the_opportunities"): "update marts.fct_opportunities"
    " set amount_reporting = amount_reporting + 1 where opportunity_id = 'd2'",
    (
        "funnel_conversion",
        "cohort_grain_cohort_start_step_basis_evidence_channel_id_segment_is_unique",
    ): repeat("funnel_conversion"),
    ("funnel_conversion", "cohort_grain_is_known"): put(
        "funnel_conversion", "cohort_grain", "'day'"
    ),
    ("funnel_conversion", "step_is_known"): put("funnel_conversion", "step", "'mql_to_won'"),
    ("funnel_conversion", "basis_is_known"): put("funnel_conversion", "basis", "'both'"),
    ("funnel_conversion", "evidence_is_known"): put("funnel_conversion", "evidence", "'guessed'"),
    ("funnel_conversion", "channel_id_is_in_dim_channel"): put(
        "funnel_conversion", "channel_id", "'x'"
    ),
    **{
        ("funnel_conversion", f"{name}_is_not_negative"): put("funnel_conversion", name, "-1")
        for name in ("entered", "converted", "median_days", "p90_days")
    },
    ("funnel_conversion", "cohorts_convert_at_most_whole"): "update marts.funnel_conversion"
    " set converted = entered + 1 where basis = 'cohort'",
    ("funnel_conversion", "conversion_rate_is_in_its_interval"): "update marts.funnel_conversion"
    " set conversion_rate_low = 2 where basis = 'cohort'",
    ("funnel_conversion", "funnel_never_widens"): "update marts.funnel_conversion"
    " set entered = entered + 9 where step = 'sql_to_opportunity'",
    ("funnel_conversion", "entries_are_those_of_the_funnel"): "update marts.funnel_conversion"
    " set entered = entered + 1 where step = 'lead_to_won'",
    **{
        ("funnel_conversion", f"{name}_slices_add_up"): "update marts.funnel_conversion"
        f" set converted = converted - 1 where {name} <> '(all)' and step = 'lead_to_mql'"
        for name in ("channel_id", "segment")
    },
    ("stage_ageing", "journey_id_is_unique"): repeat("stage_ageing"),
    ("stage_ageing", "journey_id_is_in_fct_funnel"): put("stage_ageing", "journey_id", "'x'"),
    ("stage_ageing", "opportunity_id_is_in_fct_opportunities"): put(
        "stage_ageing", "opportunity_id", "'x'"
    ),
    ("stage_ageing", "account_id_is_in_dim_account"): put("stage_ageing", "account_id", "'x'"),
    ("stage_ageing", "owner_id_is_in_dim_rep"): put("stage_ageing", "owner_id", "'x'"),
    ("stage_ageing", "channel_id_is_in_dim_channel"): put("stage_ageing", "channel_id", "null"),
    ("stage_ageing", "stage_id_is_known"): put("stage_ageing", "stage_id", "'won'"),
    ("stage_ageing", "limit_source_is_known"): put("stage_ageing", "limit_source", "'habit'"),
    **{
        ("stage_ageing", f"{name}_is_not_negative"): put("stage_ageing", name, "-1")
        for name in ("days_in_stage", "limit_days", "days_since_activity")
    },
    ("stage_ageing", "stuck_is_beyond_the_limit"): put("stage_ageing", "is_stuck", "false"),
    ("stage_ageing", "open_journeys_are_those_of_the_funnel"): "delete from marts.stage_ageing",
}
