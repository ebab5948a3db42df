"""Corruptions for the suite of `expectations/suites/reconciliation.py`."""

from __future__ import annotations


def _set(assignment: str, where: str = "measure = 'ad_spend' and cause = '(agrees)'") -> str:
    return f"update marts.reconciliation set {assignment} where {where}"


CORRUPTIONS: dict[tuple[str, str], str] = {
    ("reconciliation", name): statement
    for name, statement in {
        "reconciliation_id_is_unique": _set("reconciliation_id = 'x'", "measure = 'leads'"),
        "measure_is_known": _set("measure = 'visits'"),
        "source_system_is_given": _set("source_system = null"),
        "cause_is_given": _set("cause = null"),
        "our_value_is_given": _set("our_value = null"),
        "source_value_is_given": _set("source_value = null"),
        "difference_is_ours_less_the_source": _set("difference = 1"),
        "parts_of_our_value_add_up": _set("our_value = 24"),
        "parts_of_source_value_add_up": _set("source_value = 24"),
        "our_numbers_are_those_of_the_marts": (
            "delete from marts.reconciliation where measure = 'leads'"
        ),
        "source_numbers_are_those_of_the_lake": (
            "delete from staging.stg_generic__leads where is_deleted"
        ),
        "nothing_is_unexplained": _set("cause = 'unexplained'"),
    }.items()
}
