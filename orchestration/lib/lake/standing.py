"""Gate 1's results of the loads that count, as they stand now.

Belongs here: what became of the verdict on a load since, and telling several loads of one run as
one. Does not belong here: the verdict itself (`expectations.gate_1`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from expectations.results import ExpectationResult
from orchestration.lib.lake.manifest import Load

_EXAMPLES = 3


def standing_results(loads: Sequence[Load]) -> list[ExpectationResult]:
    """One result for each expectation of these loads of one table, oldest first.

    An accepted load is not blocked by what was overruled. Rows are counted over all loads; the
    words are those of the newest load in which the expectation does not hold, else of the newest.
    """
    found: dict[str, list[tuple[Load, ExpectationResult]]] = {}
    for load in reversed(loads):
        for result in _of_load(load):
            found.setdefault(result.expectation, []).append((load, result))
    return [_as_one(of_loads, len(loads)) for of_loads in found.values()]


def _of_load(load: Load) -> list[ExpectationResult]:
    results = [ExpectationResult.from_dict(result) for result in load.results]
    if load.state == "rejected":
        return results
    return [
        replace(
            result,
            severity="warning",
            message=f"{result.message} Load {load.load_id} was accepted all the same.",
        )
        if result.blocks
        else result
        for result in results
    ]


def _as_one(of_loads: Sequence[tuple[Load, ExpectationResult]], count: int) -> ExpectationResult:
    """The results of one expectation, newest first, of so many loads."""
    failed = [each for each in of_loads if not each[1].passed]
    # One that blocks is of the newest load: a run stops there.
    load, told = (failed or of_loads)[0]
    if count == 1:
        return told
    how_many = f"{len(failed)} of {count} loads" if failed else f"All {len(of_loads)} loads"
    results = [result for _, result in of_loads]
    return replace(
        told,
        failed_rows=_sum([result.failed_rows for result in results]),
        checked_rows=_sum([result.checked_rows for result in results]),
        message=f"{how_many}, such as load {load.load_id}: {told.message}",
        examples=[text for result in results for text in result.examples][:_EXAMPLES],
    )


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
