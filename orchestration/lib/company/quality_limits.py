"""Which line of `agreement/quality_limits.csv` applies to a table."""

from __future__ import annotations

from datetime import date

from expectations.suites.loads import Limits
from orchestration.lib.company.agreement import Agreement

_YEARS_BEFORE_HISTORY = 20


def limits_for(agreement: Agreement, source: str, table: str) -> Limits:
    """The most specific line: this table, else this source, else all; Tandem's own without one."""
    earliest = date(agreement.company.history_start.year - _YEARS_BEFORE_HISTORY, 1, 1)
    lines = {
        (line["source"], line["table"]): line
        for line in agreement.tables["quality_limits"].to_pylist()
    }
    for place in ((source, table), (source, "*"), ("*", "*")):
        if place in lines:
            line = lines[place]
            return Limits(
                1.0 if line["max_bad_share"] is None else float(line["max_bad_share"]),
                line["max_bad_rows"],
                None if line["max_drop_share"] is None else float(line["max_drop_share"]),
                line["earliest_date"] or earliest,
            )
    return Limits(earliest_date=earliest)
