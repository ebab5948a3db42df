"""Segments and regions that promises, targets and the target market name.

Belongs here: whether such a name can be one. Does not belong here: regions, and the segments of
a company without `segments.csv`, which the sources alone define (`slice_notes`).
"""

from __future__ import annotations

import re

from orchestration.lib.company.agreement_csv import Rows
from orchestration.lib.company.agreement_patterns import holds
from orchestration.lib.company.problems import closest, did_you_mean

UNKNOWN = "(none)"  # in reports: the records without a value
_ALL = ("(all)", "*")


def check_segment(rows: Rows, index: int, segments: Rows) -> None:
    """Complain of a segment that `segments.csv` does not define, where it defines any."""
    value = rows.values[index]["segment"]
    if _is_all(rows, index, "segment") or value in (None, UNKNOWN):
        return
    if not segments.values or not segments.lacks("segment", value):
        return
    known = segments.known("segment")
    meant = [] if closest(value, known) else [_labelled(segments, value)]
    fix = next((f"write {name}, whose labels hold it" for name in meant if name), None)
    rows.complain(
        index,
        "segment",
        f"is no segment of {segments.file}",
        fix or f"{did_you_mean(value, known)}; or give it a line in {segments.file}",
    )


def check_region(rows: Rows, index: int) -> None:
    """Complain of a region that means all of them."""
    _is_all(rows, index, "region")


def _is_all(rows: Rows, index: int, column: str) -> bool:
    """Whether a value is how reports and other tables write all; complains of it."""
    if rows.values[index][column] not in _ALL:
        return False
    needed = rows.table.column(column).required
    fix = f"name one {column} per line" if needed else f"empty it: an empty {column} means all"
    rows.complain(index, column, f"is no {column}", fix)
    return True


def _labelled(segments: Rows, value: str) -> str | None:
    """The segment whose labels a value matches."""
    for _, row in segments:
        try:
            if row["labels"] and holds(row["labels"], value):
                return row["segment"]
        except re.error:  # told where it stands
            continue
    return None
