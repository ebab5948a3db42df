"""What must hold for the tables that publishing fills."""

from __future__ import annotations

from functools import partial

from expectations.rules import Expectation, Suite, rows

FILLED_BY_PUBLISHING = ("release_info", "data_quality", "kpi_restatements")


def filled_by_publishing(table: str) -> list[Expectation]:
    """The build has only the table's shape; rows in it would be told of every release."""
    return [rows(table, "is_empty_before_publishing", "true", "been written before publishing")]


SUITES = tuple(
    Suite(name, "data", partial(filled_by_publishing, f"marts.{name}"))
    for name in FILLED_BY_PUBLISHING
)
