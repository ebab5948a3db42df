"""Which days a run asks for: daily runs, backfills, gaps and interruptions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from orchestration.lib.lake.manifest import Load, Window
from orchestration.lib.windows import (
    BEGINNING,
    RunDays,
    covered_until,
    in_months,
    windows_to_read,
)

FIRST_DAY = date(2024, 1, 1)
JUNE_10 = RunDays(date(2024, 6, 10), date(2024, 6, 11))


def at(month: int, day: int, year: int = 2024) -> datetime:
    return datetime(year, month, day)


def load(window: Window, asked: Window | None = None) -> Load:
    """A load of a window, by a run that was asked for the days `asked`."""
    empty = Load(
        *(1, "crm", "deals", "upsert", None, None, None, None, 0, 0, 0, 0, 0, 0, 0),
        *(at(1, 1), "run", "", [], "", "", "", {}, None, "accepted", []),
    )
    start, end = asked or (None, None)
    return replace(
        empty, window_start=window[0], window_end=window[1], range_start=start, range_end=end
    )


def test_the_first_daily_run_reads_everything_before_its_end() -> None:
    assert windows_to_read(JUNE_10, 3, [], FIRST_DAY) == [(BEGINNING, at(6, 11))]


def test_a_daily_run_reads_its_day_and_the_lag() -> None:
    loads = [load((BEGINNING, at(6, 10)))]
    assert windows_to_read(JUNE_10, 3, loads, FIRST_DAY) == [(at(6, 7), at(6, 11))]
    assert windows_to_read(JUNE_10, 30, loads, FIRST_DAY) == [(at(5, 11), at(6, 11))]


def test_a_daily_run_closes_the_gap_that_days_without_a_run_left() -> None:
    loads = [load((at(5, 20), at(6, 1))), load((BEGINNING, at(5, 23)))]
    assert windows_to_read(JUNE_10, 3, loads, FIRST_DAY) == [(at(5, 29), at(6, 11))]
    # 2 June is not covered: a load after the hole does not hide it.
    loads = [load((at(6, 3), at(6, 10))), *loads]
    assert windows_to_read(JUNE_10, 3, loads, FIRST_DAY) == [(at(5, 29), at(6, 11))]


def test_an_old_day_alone_is_read_with_its_lag() -> None:
    loads = [load((BEGINNING, at(6, 11)))]
    march = RunDays(date(2024, 3, 5), date(2024, 3, 6))
    assert windows_to_read(march, 3, loads, FIRST_DAY) == [(at(3, 2), at(3, 6))]


def test_a_backfill_reads_its_range_and_no_gap() -> None:
    days = RunDays(date(2024, 3, 5), date(2024, 3, 8), is_backfill=True)
    assert windows_to_read(days, 3, [], FIRST_DAY) == [(at(3, 2), at(3, 8))]
    again = [load((at(3, 2), at(3, 8)), days.window)]
    assert windows_to_read(days, 3, again, FIRST_DAY) == [(at(3, 2), at(3, 8))]


def test_a_long_backfill_is_read_by_the_month_and_goes_on_where_it_stopped() -> None:
    days = RunDays(date(2024, 2, 10), date(2024, 5, 3), is_backfill=True)
    months = [
        (at(2, 7), at(3, 1)),
        (at(3, 1), at(4, 1)),
        (at(4, 1), at(5, 1)),
        (at(5, 1), at(5, 3)),
    ]
    assert windows_to_read(days, 3, [], FIRST_DAY) == months
    loads = [load(window, days.window) for window in months[:2]]
    assert windows_to_read(days, 3, list(reversed(loads)), FIRST_DAY) == [(at(4, 1), at(5, 3))]
    # What was read before another run may have changed since.
    daily = load((at(6, 7), at(6, 11)), JUNE_10.window)
    assert windows_to_read(days, 3, [daily, *reversed(loads)], FIRST_DAY) == months
    loads = [load(window, days.window) for window in months]
    assert windows_to_read(days, 3, list(reversed(loads)), FIRST_DAY) == months


def test_a_backfill_from_the_first_day_reads_what_is_older_too() -> None:
    days = RunDays(FIRST_DAY, date(2024, 4, 1), is_backfill=True)
    windows = windows_to_read(days, 3, [], FIRST_DAY)
    assert windows == [(BEGINNING, at(2, 1)), (at(2, 1), at(3, 1)), (at(3, 1), at(4, 1))]
    assert covered_until(windows) == at(4, 1)


@pytest.mark.parametrize(
    ("windows", "until"),
    [
        ([], BEGINNING),
        ([(at(1, 1), at(2, 1))], BEGINNING),
        ([(BEGINNING, at(1, 5)), (at(1, 5), at(1, 9)), (at(1, 2), at(1, 3))], at(1, 9)),
        ([(BEGINNING, at(1, 5)), (at(1, 6), at(1, 9))], at(1, 5)),
    ],
)
def test_coverage_ends_at_the_first_gap(windows: list[Window], until: datetime) -> None:
    assert covered_until(windows) == until


def test_months_are_cut_over_a_year_and_short_windows_are_not() -> None:
    assert in_months((at(1, 30), at(4, 1))) == [(at(1, 30), at(4, 1))]
    cut = in_months((at(11, 30), at(2, 2, 2025)))
    assert cut == [
        (at(11, 30), at(12, 1)),
        (at(12, 1), at(1, 1, 2025)),
        (at(1, 1, 2025), at(2, 1, 2025)),
        (at(2, 1, 2025), at(2, 2, 2025)),
    ]
