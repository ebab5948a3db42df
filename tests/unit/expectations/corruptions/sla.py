"""Corruptions for the suites of `expectations/suites/sla.py`."""

from __future__ import annotations

from tests.unit.expectations.corruptions.words import put, repeat

_LEDGER = "sla_ledger"
_BREACHES = "sla_breaches"

CORRUPTIONS: dict[tuple[str, str], str] = {
    (_LEDGER, "promise_id_valid_from_period_start_is_unique"): repeat(_LEDGER),
    (_LEDGER, "promise_id_is_in_dim_promise"): put(_LEDGER, "promise_id", "'x'"),
    (_LEDGER, "status_is_known"): put(_LEDGER, "status", "'late'"),
    (_LEDGER, "due_is_kept_or_broken"): put(_LEDGER, "due_count", "5"),
    (_LEDGER, "state_is_that_of_its_numbers"): put(_LEDGER, "status", "'kept'"),
    (_LEDGER, "measured_median_is_not_negative"): put(_LEDGER, "measured_median", "-1"),
    (_BREACHES, "breach_id_is_unique"): repeat(_BREACHES),
    (_BREACHES, "promise_id_is_in_dim_promise"): put(_BREACHES, "promise_id", "'x'"),
    (_BREACHES, "journey_id_is_in_fct_funnel"): put(_BREACHES, "journey_id", "'x'"),
    (_BREACHES, "opportunity_id_is_in_fct_opportunities"): put(_BREACHES, "opportunity_id", "'x'"),
    (_BREACHES, "owner_id_is_in_dim_rep"): put(_BREACHES, "owner_id", "'x'"),
    (_BREACHES, "period_start_is_given"): put(_BREACHES, "period_start", "null"),
    (_BREACHES, "promised_by_is_given"): put(_BREACHES, "promised_by", "null"),
    (_BREACHES, "subject_has_its_record"): put(_BREACHES, "journey_id", "null"),
    (_BREACHES, "minutes_late_is_not_negative"): put(_BREACHES, "minutes_late", "-1"),
    (_BREACHES, "breaches_are_those_of_the_ledger"): put(_LEDGER, "broken_count", "2"),
    (_BREACHES, "broken_kpis_are_those_of_the_ledger"): (
        "delete from marts.sla_breaches where subject_type = 'kpi'"
    ),
}
