"""Which KPIs are surely away from their targets, week by week.

Belongs here: the test of a series of weeks against its targets. Does not belong here: KPIs,
their values or what explains a move; that is dbt's.

- weeks: week_start of the weeks that are reviewed
- series: kpi_id, kind (sum or ratio), segment, week_start, target, numerator, denominator

A single week against its target is noise: 13 weeks are judged, by how much the company's own
weeks vary in a year. A share is judged by its counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa

from orchestration.lib.findings.intervals import Floats, strict_z, wilson

WEEKS, YEAR = 13, 52
MIN_WEEKS = 26  # of history, to know how much weeks vary
MIN_DIFFERENCE = 0.1
RESULT = pa.schema(
    [
        ("week_start", pa.date32()),
        ("kpi_id", pa.string()),
        ("segment", pa.string()),
        ("measured", pa.float64()),
        ("target", pa.float64()),
        ("interval_low", pa.float64()),  # as sure as the number of tests asks for
        ("interval_high", pa.float64()),
        ("sample_size", pa.int64()),  # of a ratio: its denominator; of a sum: the weeks
        ("test_count", pa.int64()),
    ]
)


Weeks = tuple[Floats, Floats, Floats]  # targets, numerators, denominators


def kpi_moves(weeks: pa.Table, series: pa.Table) -> pa.Table:
    """One row per week, KPI and segment that surely misses or beats its target by a tenth."""
    known: dict[tuple[str, str, str], dict[date, tuple[float, float, float]]] = {}
    for row in series.to_pylist():
        numbers = (row["target"], row["numerator"], row["denominator"])
        known.setdefault((row["kpi_id"], row["segment"], row["kind"]), {})[row["week_start"]] = (
            numbers
        )
    rows: list[dict[str, Any]] = []
    for day in sorted(weeks["week_start"].to_pylist()):
        tested = {
            key: judged for key, by_week in sorted(known.items()) if (judged := _year(by_week, day))
        }
        z = strict_z(len(tested), sides=2)
        for (kpi_id, segment, kind), judged in tested.items():
            move = (judge_ratio if kind == "ratio" else judge_sum)(*judged, z)
            if move is not None:
                key = {"week_start": day, "kpi_id": kpi_id, "segment": segment}
                rows.append({**key, **move, "test_count": len(tested)})
    return pa.Table.from_pylist(rows, schema=RESULT)


def _year(by_week: Mapping[date, tuple[float, float, float]], last: date) -> Weeks | None:
    """The weeks of the year that ends with a week, without a gap; None if they are too few."""
    found: list[tuple[float, float, float]] = []
    while len(found) < YEAR and (numbers := by_week.get(last - timedelta(7 * len(found)))):
        found.append(numbers)
    if len(found) < MIN_WEEKS:
        return None
    targets, numerators, denominators = np.array(found[::-1], dtype=np.float64).T
    return targets, numerators, denominators


def judge_sum(
    targets: Floats, numerators: Floats, denominators: Floats, z: float
) -> dict[str, float] | None:
    """A sum of 13 weeks against its target, or None where it is near, or may be.

    With r = actual / target of the whole year, the weeks vary by the standard deviation s of
    (actual - r target); 13 of them by s sqrt(13).
    """
    if targets.sum() <= 0:
        return None
    ratio = numerators.sum() / targets.sum()
    spread = float(np.std(numerators - ratio * targets, ddof=1)) * sqrt(WEEKS)
    measured, target = float(numerators[-WEEKS:].sum()), float(targets[-WEEKS:].sum())
    away = abs(measured - target)
    if not spread or target <= 0 or away <= z * spread or away < MIN_DIFFERENCE * target:
        return None
    return _move(measured, target, measured - z * spread, measured + z * spread, WEEKS)


def judge_ratio(
    targets: Floats, numerators: Floats, denominators: Floats, z: float
) -> dict[str, float] | None:
    """A share of 13 weeks against its target: surely away by a tenth of it, by Wilson."""
    successes, trials = numerators[-WEEKS:].sum(), denominators[-WEEKS:].sum()
    target = float(targets[-WEEKS:].mean())
    if not trials or successes > trials or target <= 0:
        return None
    low, high = (float(end) for end in wilson(successes, trials, z))
    if high >= target * (1 - MIN_DIFFERENCE) and low <= target * (1 + MIN_DIFFERENCE):
        return None
    return _move(float(successes / trials), target, low, high, int(trials))


def _move(measured: float, target: float, low: float, high: float, sample: int) -> dict[str, float]:
    return {
        "measured": measured,
        "target": target,
        "interval_low": low,
        "interval_high": high,
        "sample_size": sample,
    }
