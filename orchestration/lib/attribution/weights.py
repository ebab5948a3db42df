"""The models that weigh the touches of one path by their place in it, whatever other paths do.

Belongs here: a weight per touch; the weights of a path add up to 1. Does not belong here: models
that are estimated from many paths (`channels`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orchestration.lib.attribution.paths import Flags, Floats, Integers, Paths

# What the milestones of a path have together; the touches between them share the rest.
U_SHARE, W_SHARE, FULL_SHARE = 0.8, 0.9, 0.9


def first(paths: Paths) -> Floats:
    """All to the first touch."""
    return _all_to(paths, paths.starts)


def last(paths: Paths) -> Floats:
    """All to the last touch."""
    return _all_to(paths, paths.ends)


def last_non_direct(paths: Paths, direct: Sequence[str]) -> Floats:
    """All to the last touch of another channel than these; to the last one if there is none."""
    is_direct = np.isin(np.array(paths.channels, dtype=str), list(direct))
    found = paths.last_where(~is_direct[paths.codes])
    return _all_to(paths, np.where(found < 0, paths.ends, found))


def linear(paths: Paths) -> Floats:
    """The same to each touch."""
    return paths.per_touch(1.0 / paths.lengths)


def time_decay(paths: Paths, age_days: Floats, half_life_days: float) -> Floats:
    """Half as much per half-life that a touch is older; `age_days` counts back from the deal."""
    # Only differences of age matter. From the last touch on, however old, so that none is lost.
    decayed = np.exp2((paths.per_touch(age_days[paths.ends]) - age_days) / half_life_days)
    return decayed / paths.per_touch(paths.sums(decayed))


def u_shaped(paths: Paths) -> Floats:
    """40 % to the first touch, 40 % to the last, 20 % to those between."""
    return _by_milestones(paths, [paths.starts, paths.ends], U_SHARE)


def w_shaped(paths: Paths, is_by_lead: Flags, is_by_creation: Flags) -> Floats:
    """30 % each to the first touch, the one that made the lead and the one that made the deal.

    The flags tell which touches came at or before each milestone: its touch is the last of them.
    """
    made = [paths.last_where(is_by_lead), paths.last_where(is_by_creation)]
    return _by_milestones(paths, [paths.starts, *made], W_SHARE)


def full_path(
    paths: Paths, is_by_lead: Flags, is_by_creation: Flags, is_by_closing: Flags
) -> Floats:
    """22.5 % each to the milestones of `w_shaped` and the touch that closed the deal."""
    made = [paths.last_where(flags) for flags in (is_by_lead, is_by_creation, is_by_closing)]
    return _by_milestones(paths, [paths.starts, *made], FULL_SHARE)


def by_channel(paths: Paths, shares: Floats) -> Floats:
    """In proportion to the share of each touch's channel; `shares` is (path, channel).

    A path whose channels all have none is spread evenly.
    """
    share = shares[paths.path_of_touch, paths.codes]
    total = paths.sums(share)
    share = np.where(paths.per_touch(total > 0), share, 1.0)
    return share / paths.per_touch(np.where(total > 0, total, paths.lengths))


def _all_to(paths: Paths, places: Integers) -> Floats:
    weights = np.zeros(len(paths.codes))
    weights[places] = 1.0
    return weights


def _by_milestones(paths: Paths, milestones: Sequence[Integers], share: float) -> Floats:
    """Equal parts of `share` to the milestones that a path has, the rest to its other touches.

    A milestone is a touch's place per path, or -1. Milestones on one touch add up; without other
    touches the milestones have everything.
    """
    known = np.sum([places >= 0 for places in milestones], axis=0)
    weights = np.zeros(len(paths.codes))
    for places in milestones:
        has_it = places >= 0
        weights[places[has_it]] += (share / known)[has_it]
    is_other = weights == 0
    others = paths.sums(is_other.astype(np.float64))
    rest = (1.0 - share) / np.maximum(others, 1.0)
    weights = np.where(is_other, paths.per_touch(rest), weights)
    return weights / paths.per_touch(np.where(others > 0, 1.0, share))
