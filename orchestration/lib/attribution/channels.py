"""The models that are estimated from many paths: Markov and Shapley, per period and channel.

Belongs here: what each channel has of a period's conversions and value. Does not belong here:
how a single path is weighed (`weights`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from orchestration.lib.attribution.paths import Floats, Integers, Outcomes, Paths, sums_by_place

# Cells of the table of paths by channels that are held at once.
_CELLS_AT_ONCE = 40_000_000


@dataclass(frozen=True)
class Estimate:
    """Arrays of (period, channel); conversions and values add up to those of the period."""

    conversions: Floats
    values: Floats


@dataclass(frozen=True)
class MarkovEstimate(Estimate):
    """`removal_effects`: the share of all conversions that would be lost without the channel."""

    removal_effects: Floats


def markov(paths: Paths, outcomes: Outcomes) -> MarkovEstimate:
    """Removal effects of the first-order chain start → channels → conversion or null, exactly.

    Anderl, Becker, von Wangenheim, Schumann (2016), as the package ChannelAttribution defines
    it: without a channel, whoever would come to it is lost. Values have a chain of their own, in
    which a conversion is worth the mean value of the paths that end in the same channel.
    """
    count = len(paths.channels)
    visits, ends, values = _transitions(paths, outcomes)
    leaving = visits.sum(axis=2)
    leaving[:, :count] += ends.sum(axis=0)
    leaving = np.where(leaving > 0, leaving, 1.0)
    steps = visits / leaving[:, :, None]
    # expected[i, j]: how often a walk from channel i comes to channel j.
    expected = np.linalg.inv(np.eye(count) - steps[:, :count, :])
    reached = np.einsum("pi,pij->pj", steps[:, count, :], expected)
    own = np.einsum("pii->pi", expected)

    def lost_without(reward: Floats) -> tuple[Floats, Floats]:
        """What all walks bring, and what is lost of it without each channel."""
        from_channel = np.einsum("pij,pj->pi", expected, reward / leaving[:, :count])
        return np.einsum("pi,pi->p", reached, reward / leaving[:, :count]), (
            reached * from_channel / own
        )

    brought, lost = lost_without(ends[0])
    effects = lost / np.where(brought > 0, brought, 1.0)[:, None]
    _, lost_value = lost_without(values)
    # Refunds may turn a value below zero, and then it tells no shares.
    tells = (lost_value.min(axis=1, initial=0.0) >= 0) & (lost_value.sum(axis=1) > 0)
    return MarkovEstimate(
        _spread(_per_period(outcomes, outcomes.conversions), effects),
        _spread(
            _per_period(outcomes, outcomes.values), np.where(tells[:, None], lost_value, effects)
        ),
        effects,
    )


def shapley(paths: Paths, outcomes: Outcomes) -> Estimate:
    """Shapley values of the game v(S) = what the paths bring whose channels all lie in S.

    That game is a sum of one unanimity game per path, so each path is worth the same to each of
    its distinct channels: Zhao, Mahboobi, Bagheri (2018), Shapley Value Methods for Attribution
    Modeling in Online Advertising, theorem 1.
    """
    shape = (outcomes.period_count, len(paths.channels))
    conversions, values = np.zeros(shape), np.zeros(shape)
    for rows, codes, parts in _distinct_channels(paths):
        cells = outcomes.periods[rows] * shape[1] + codes
        for total, brought in ((conversions, outcomes.conversions), (values, outcomes.values)):
            total += sums_by_place(cells, brought[rows] / parts, shape[0] * shape[1]).reshape(shape)
    return Estimate(conversions, values)


def by_weights(paths: Paths, outcomes: Outcomes, weights: Floats) -> Estimate:
    """What each channel has when each path's outcome is given to its touches by their weights."""
    shape = (outcomes.period_count, len(paths.channels))
    cells = paths.per_touch(outcomes.periods) * shape[1] + paths.codes

    def total(brought: Floats) -> Floats:
        credit = weights * paths.per_touch(brought)
        return sums_by_place(cells, credit, shape[0] * shape[1]).reshape(shape)

    return Estimate(total(outcomes.conversions), total(outcomes.values))


def _transitions(paths: Paths, outcomes: Outcomes) -> tuple[Floats, Floats, Floats]:
    """How often each step was taken.

    `visits` is (period, from, to), where the last `from` is the start; `ends` is (2, period,
    channel): steps to conversion and to null; `values` is what the conversions brought.
    """
    count, periods = len(paths.channels), outcomes.period_count
    origins = np.empty_like(paths.codes)
    origins[1:] = paths.codes[:-1]
    origins[paths.starts] = count
    cells = (paths.per_touch(outcomes.periods) * (count + 1) + origins) * count + paths.codes
    times = paths.per_touch(outcomes.conversions + outcomes.nulls)
    visits = sums_by_place(cells, times, periods * (count + 1) * count)
    last = outcomes.periods * count + paths.codes[paths.ends]
    converted, lost, values = (
        sums_by_place(last, brought, periods * count).reshape(periods, count)
        for brought in (outcomes.conversions, outcomes.nulls, outcomes.values)
    )
    return visits.reshape(periods, count + 1, count), np.stack([converted, lost]), values


def _distinct_channels(paths: Paths) -> Iterator[tuple[Integers, Integers, Integers]]:
    """Each path with each of its channels once, and how many it has; in blocks of paths."""
    block = max(1, _CELLS_AT_ONCE // max(1, len(paths.channels)))
    for begin in range(0, len(paths.starts), block):
        end = min(begin + block, len(paths.starts))
        touches = slice(paths.starts[begin], paths.ends[end - 1] + 1)
        has = np.zeros((end - begin, len(paths.channels)), np.bool_)
        has[paths.path_of_touch[touches] - begin, paths.codes[touches]] = True
        rows, codes = np.nonzero(has)
        yield rows + begin, codes, has.sum(axis=1)[rows]


def _per_period(outcomes: Outcomes, of_paths: Floats) -> Floats:
    return sums_by_place(outcomes.periods, of_paths, outcomes.period_count)


def _spread(totals: Floats, effects: Floats) -> Floats:
    """Each period's total over the channels in proportion to their effects."""
    sums = effects.sum(axis=1)
    return effects * (totals / np.where(sums > 0, sums, 1.0))[:, None]
