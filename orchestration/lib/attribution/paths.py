"""Paths as flat arrays: the one shape that every model reads.

Belongs here: the shape and what is derived from it alone. Does not belong here: any model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def sums_by_place(places: Integers, of: Floats, count: int) -> Floats:
    """The sum at each of `count` places."""
    return np.bincount(places, of, count).astype(np.float64, copy=False)


@dataclass(frozen=True)
class Paths:
    """Touches in order of time, path after path; every path has at least one.

    `starts[p]` is the place of path p's first touch, `codes[t]` the channel of touch t as its
    place in `channels`.
    """

    starts: Integers
    codes: Integers
    channels: tuple[str, ...]

    @cached_property
    def lengths(self) -> Integers:
        return np.diff(self.starts, append=len(self.codes))

    @cached_property
    def ends(self) -> Integers:
        """The place of each path's last touch."""
        return self.starts + self.lengths - 1

    @cached_property
    def path_of_touch(self) -> Integers:
        return self.per_touch(np.arange(len(self.starts)))

    def per_touch(self, of_paths: NDArray[Any]) -> NDArray[Any]:
        """A value per path, given to each of its touches."""
        return np.repeat(of_paths, self.lengths)

    def sums(self, of_touches: Floats) -> Floats:
        """The sum over each path's touches."""
        if not len(self.starts):
            return np.zeros(0)
        return np.add.reduceat(of_touches, self.starts)

    def last_where(self, condition: Flags) -> Integers:
        """The place of each path's last touch that meets the condition; -1 without one."""
        if not len(self.starts):
            return np.zeros(0, np.int64)
        places = np.where(condition, np.arange(len(self.codes)), -1)
        return np.maximum.reduceat(places, self.starts)


@dataclass(frozen=True)
class Outcomes:
    """What came of each path: how often it converted, what that was worth, how often it did not.

    `periods[p]` is the period that path p counts in, from 0 to `period_count` - 1.
    """

    conversions: Floats
    values: Floats
    nulls: Floats
    periods: Integers
    period_count: int = 1
