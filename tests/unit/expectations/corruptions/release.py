"""Corruptions for the suites of `expectations/suites/release.py`."""

from __future__ import annotations

CORRUPTIONS: dict[tuple[str, str], str] = {
    ("release_info", "is_empty_before_publishing"): "insert into marts.release_info values ('r1')",
    ("data_quality", "is_empty_before_publishing"): "insert into marts.data_quality values ('g')",
    ("kpi_restatements", "is_empty_before_publishing"): (
        "insert into marts.kpi_restatements values ('r1')"
    ),
}
