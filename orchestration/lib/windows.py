"""Which days of a table a run asks its source for.

Belongs here: windows from a run's days, what the lake covers and where a backfill stopped.
Does not belong here: asking (`extract`), the loads themselves (`lake`). Pure functions.

A window is a pair of midnights of the source's own clock, its end not part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from orchestration.lib.lake.manifest import Load, Window

# Before any row: where the window of a table begins that nothing is known of yet.
BEGINNING = datetime(1900, 1, 1)
# A window of more days is read month by month, so that an interrupted run has not lost it all.
WHOLE_DAYS = 62


@dataclass(frozen=True)
class RunDays:
    """The days of a run, `end` not part of them.

    A *backfill* asks for these days alone. The daily run asks for what is not in the lake yet
    up to its day, so that days on which nothing ran leave no gap.
    """

    start: date
    end: date
    is_backfill: bool = False

    @property
    def window(self) -> Window:
        """The days as midnights."""
        return midnight(self.start), midnight(self.end)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def covered_until(windows: Iterable[Window]) -> datetime:
    """The end of what windows cover without a gap from the beginning on."""
    until = BEGINNING
    for start, end in sorted(windows):
        if start > until:
            break
        until = max(until, end)
    return until


def windows_to_read(
    days: RunDays, lag_days: int, loads: Sequence[Load], first_day: date
) -> list[Window]:
    """The windows that a run asks for, oldest first; each becomes a load.

    `loads` are the accepted ones of the table that were mapped as it is mapped now, newest
    first. The window reaches `lag_days` back before what is new, for rows that came late or
    were restated. A backfill from `first_day` on, the first of all partitions, reads what is
    older too; one that was interrupted goes on after its last load, unless others came since:
    what was read before them may have changed.
    """
    start, end = days.window
    lag = timedelta(days=lag_days)
    if days.is_backfill:
        last = loads[0].window_end if loads and loads[0].range == days.window else None
        if last is not None and last < end:
            return in_months((last, end))
        if days.start <= first_day:
            first, *rest = in_months(days.window)
            return [(BEGINNING, first[1]), *rest]
        return in_months((start - lag, end))
    until = covered_until(load.window for load in loads if load.window is not None)
    if until == BEGINNING:
        return [(BEGINNING, end)]
    return in_months((min(start, until) - lag, end))


def in_months(window: Window) -> list[Window]:
    """A window cut where months begin; uncut if it is short."""
    start, end = window
    if end - start <= timedelta(days=WHOLE_DAYS):
        return [window]
    cuts = []
    month = start
    while (month := (month.replace(day=1) + timedelta(days=31)).replace(day=1)) < end:
        cuts.append(month)
    return list(zip([start, *cuts], [*cuts, end], strict=True))
