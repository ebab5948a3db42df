"""How old what a release is made of is, where gate 1 does not say it: rows for `data_quality`.

Belongs here: a row for each source table without one, and one for the release. Does not belong
here: the age of a load's newest row, which gate 1 judges by the limits that the source declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from expectations.results import ExpectationResult
from expectations.suites.loads import IS_FRESH
from orchestration.lib.company.folder import Company
from orchestration.lib.company.source_config import Source
from orchestration.lib.lake.manifest import Load

RELEASE = "release"
# A week may be closed up to a week after its end.
_USUAL_AGE = timedelta(days=8)

Place = tuple[str, str]


def freshness_results(
    company: Company,
    newest: Mapping[Place, Load],
    counting: Mapping[Place, Load],
    told: Iterable[ExpectationResult],
    as_of: datetime,
    now: datetime,
) -> list[ExpectationResult]:
    """A result for each declared table that `told` has none of, then the release's.

    `newest` are the newest loads of all tables, `counting` the newest accepted ones. Times are
    naive UTC. None of them blocks.
    """
    known = {result.asset for result in told if result.expectation == IS_FRESH}
    results = []
    for source in company.sources:
        for table in source.tables:
            asset, place = f"{source.source}__{table}", (source.source, table)
            if asset not in known:
                passed, message = _of_table(source, table, newest.get(place), counting.get(place))
                results.append(_result(asset, passed, message, now, source))
    passed, message = _of_release(company, as_of, now)
    return [*results, _result(RELEASE, passed, message, now)]


def _of_table(
    source: Source, table: str, newest: Load | None, counting: Load | None
) -> tuple[bool, str]:
    if counting is None:
        return False, "No load of this table is accepted yet: its rows are missing."
    counts = f"Load {counting.load_id} of {counting.extracted_at:%Y-%m-%d %H:%M} UTC counts"
    if newest is not None and newest.load_id > counting.load_id:
        when = f"{newest.extracted_at:%Y-%m-%d %H:%M} UTC"
        return False, f"{counts}; load {newest.load_id} of {when} was rejected."
    limits = source.tables[table].freshness
    if limits.warn_after_days is None:
        return True, f"{counts}, the newest input; the source declares no warn_after_days for it."
    return True, f"{counts}, the newest input; its rows have no time to judge their age by."


def _of_release(company: Company, as_of: datetime, now: datetime) -> tuple[bool, str]:
    told = f"The numbers are as of {as_of:%Y-%m-%d %H:%M} UTC"
    if company.agreement.company.as_of == as_of:
        return True, f"{told}, as agreement/company.csv says."
    days = max(now - as_of, timedelta(0)) / timedelta(days=1)
    allowed = _USUAL_AGE / timedelta(days=1)
    message = f"{told}, {days:.1f} days before they were built; {allowed:g} days are usual."
    return now - as_of <= _USUAL_AGE, message


def _result(
    asset: str, passed: bool, message: str, now: datetime, source: Source | None = None
) -> ExpectationResult:
    owner = "data" if source is None else source.owner
    return ExpectationResult(
        "freshness", asset, IS_FRESH, "warning", passed, None, None, message, [], now, owner
    )
