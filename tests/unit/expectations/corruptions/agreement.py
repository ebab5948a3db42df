"""Corruptions for the suites of `expectations/suites/agreement.py`."""

from __future__ import annotations

from tests.unit.expectations.corruptions.words import put, repeat

_PROMISE, _ROLE = "dim_promise", "dim_responsibility"

CORRUPTIONS: dict[tuple[str, str], str] = {
    (_PROMISE, "promise_id_valid_from_is_unique"): repeat(_PROMISE),
    (_PROMISE, "promised_by_is_known"): put(_PROMISE, "promised_by", "'it'"),
    (_PROMISE, "measure_kind_is_known"): put(_PROMISE, "measure_kind", "null"),
    (_PROMISE, "threshold_is_given"): put(_PROMISE, "threshold", "null"),
    (_PROMISE, "unit_is_given"): put(_PROMISE, "unit", "null"),
    (_PROMISE, "is_promised_to_the_other_team"): put(_PROMISE, "promised_to", "promised_by"),
    (_PROMISE, "required_share_is_a_share"): put(_PROMISE, "required_share", "90"),
    (_PROMISE, "applies_for_a_day"): put(_PROMISE, "valid_to", "valid_from - 1"),
    (_PROMISE, "one_line_applies_at_a_time"): put(_PROMISE, "valid_to", "null"),
    (_ROLE, "responsibility_id_is_unique"): repeat(_ROLE),
    (_ROLE, "subject_type_is_known"): put(_ROLE, "subject_type", "'rule'"),
    (_ROLE, "role_is_known"): put(_ROLE, "role", "'owner'"),
    (_ROLE, "team_is_known"): put(_ROLE, "team", "'it'"),
    (_ROLE, "each_subject_has_one_accountable"): put(_ROLE, "role", "'informed'"),
    (_ROLE, "subject_is_there"): put(_ROLE, "subject_id", "'x'"),
}
