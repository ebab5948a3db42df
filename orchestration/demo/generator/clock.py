"""Time in the generator: seconds since 1970 in UTC, as int64 arrays.

Belongs here: conversion to wall-clock time, business hours, random delays. Does not belong
here: what happens at these times.
"""

from __future__ import annotations

import zlib
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Random = np.random.Generator

MINUTE = 60
HOUR = 3600
DAY = 86_400
# Later than anything, so that "happened by then" is one comparison.
NEVER = 1 << 50
OPENS, CLOSES = 8 * HOUR, 18 * HOUR


def generator(seed: int, purpose: str) -> Random:
    """An independent stream of random numbers for one purpose.

    Streams do not depend on each other, so that a change in one part of the company leaves the
    others as they are.
    """
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(purpose.encode())]))


def day_start(day: date, timezone: str) -> int:
    """The UTC second at which `day` begins in `timezone`."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).timestamp())


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def wall_clock(times: Ints, timezone: str) -> Ints:
    """Seconds since 1970 as a clock on the wall in `timezone` shows them; NEVER stays."""
    known = np.where(times < NEVER, times, 0)
    instants = pa.array(known, pa.timestamp("s", tz=timezone))
    local = pc.local_timestamp(instants).cast(pa.int64()).to_numpy()
    return np.where(times < NEVER, local, NEVER)


def outside_repeated_hour(times: Ints, timezone: str) -> Ints:
    """Move what happens in the hour that an autumn clock change repeats to the hour after it.

    An export with naive local times cannot say which of the two hours it means.
    """
    wall = wall_clock(times, timezone)
    known = times < NEVER
    first = (wall == wall_clock(times + HOUR, timezone)) & known
    second = (wall == wall_clock(times - HOUR, timezone)) & known
    return times + 2 * HOUR * first + HOUR * second


def after(rng: Random, times: Ints, median: float | Floats, sigma: float = 0.8) -> Ints:
    """`times` plus a log-normal delay of that median in seconds, at least one minute."""
    delay = np.exp(np.log(median) + sigma * rng.standard_normal(len(times)))
    later = times + np.maximum(delay, MINUTE).astype(np.int64)
    return np.where(times < NEVER, later, NEVER)


def in_office_hours(rng: Random, times: Ints, timezones: tuple[str, ...], region: Ints) -> Ints:
    """Move each time forward to the next hour that the region's office is open.

    `region` indexes `timezones`. No time moves backwards, so that orders stay.
    """
    jitter = (rng.random(len(times)) * 3 * HOUR).astype(np.int64)
    moved = times.copy()
    for index, timezone in enumerate(timezones):
        rows = np.flatnonzero((region == index) & (times < NEVER))
        wall = wall_clock(times[rows], timezone)
        day, of_day = wall // DAY, wall % DAY
        opens_on = day + (of_day >= CLOSES)
        weekday = (opens_on + 3) % 7  # 1970-01-01 was a Thursday
        opens_on += np.select([weekday == 5, weekday == 6], [2, 1], 0)
        closed = (opens_on != day) | (of_day < OPENS)
        opening = opens_on * DAY + OPENS + jitter[rows]
        moved[rows] = times[rows] + np.where(closed, opening - wall, 0)
    return moved


def visiting_times(rng: Random, count: int, start: int, end: int) -> Ints:
    """Times of visits between two UTC seconds: growing, few at weekends, most by day."""
    # A window begins at midnight somewhere in the world: the nearest UTC day is meant.
    days = np.arange((start + DAY // 2) // DAY, (end + DAY // 2) // DAY)
    weight = np.where((days + 3) % 7 >= 5, 0.35, 1.0) * np.linspace(1.0, 1.4, len(days))
    day = rng.choice(days, count, p=weight / weight.sum())
    of_day = np.clip(rng.normal(13.5, 4.0, count), 0.0, 23.99) * HOUR
    return np.clip(day * DAY + of_day.astype(np.int64), start, end - 1)
