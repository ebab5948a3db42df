"""Which subjects of a family of events are surely worse than their peers, and are the cause.

Belongs here: tests of counts, and telling causes from echoes. Does not belong here: which
families there are (`families`), or what a finding is worth (`stakes`).

Events are cells: a number of like events with the place of the subject of each dimension that
they belong to, -1 where it is unknown. An unknown subject is nobody's and no peer of anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from orchestration.lib.findings.intervals import Z_95, Floats, difference_low, strict_z

Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

MIN_EVENTS = 15  # of the subject
MIN_PEER_EVENTS = 50
MIN_BAD = 8
MIN_DIFFERENCE = 0.05  # surely five points: no significant trifles


@dataclass(frozen=True)
class Cells:
    """Events of a window: arrays of one length; `codes` by dimension, `names` of the codes."""

    count: Floats
    bad: Floats  # of the count, those that went wrong
    codes: Mapping[str, Integers]
    names: Mapping[str, Sequence[str]]

    def take(self, kept: Flags) -> Cells:
        """Only the cells that a mask or a slice keeps."""
        codes = {dimension: places[kept] for dimension, places in self.codes.items()}
        return Cells(self.count[kept], self.bad[kept], codes, self.names)


@dataclass(frozen=True)
class Rule:
    """What makes a subject of a family stand out.

    `ratio`: its share is at least so many times that of its peers. With `of_rest` the shares of
    what did not go wrong are compared instead, the peers' being so many times the subject's.
    """

    ratio: float
    of_rest: bool = False


@dataclass(frozen=True)
class Finding:
    """A subject that stands out: x of its n events went wrong, y of its peers' m."""

    dimension: str
    subject: str
    code: int
    n: float
    x: float
    m: float
    y: float
    low: float  # of the difference of shares, as sure as the number of tests asks for
    low_95: float
    z: float
    tests: int

    @property
    def share(self) -> float:
        return self.x / self.n

    @property
    def peers_share(self) -> float:
        return _peers_share(self.y, self.m)


def find(
    cells: Cells, rule: Rule, dimensions: Sequence[str], no_peer: Flags | None = None
) -> list[Finding]:
    """The subjects that are surely worse than all others of their dimension, without echoes.

    `no_peer` marks cells that are nobody's peers, though they count for their own subject.
    """
    is_peer = np.ones(len(cells.count), bool) if no_peer is None else ~no_peer
    tested = []
    for dimension in dimensions:
        n, x, m, y = _counts(cells, dimension, is_peer)
        for code in np.flatnonzero((n >= MIN_EVENTS) & (m >= MIN_PEER_EVENTS)):
            tested.append((dimension, int(code), n[code], x[code], m[code], y[code]))
    z = strict_z(len(tested))
    candidates = [
        Finding(
            dimension, cells.names[dimension][code], code, n, x, m, y,
            _low(n, x, m, y, z), _low(n, x, m, y, Z_95), z, len(tested),
        )
        for dimension, code, n, x, m, y in tested
        if _stands_out(n, x, m, y, z, rule)
    ]  # fmt: skip
    return _causes(candidates, cells, rule, is_peer)


def holds(finding: Finding, cells: Cells, rule: Rule, without: Flags | None = None) -> bool:
    """Whether a finding is one in other cells too, just as strictly; `without` some of them."""
    codes = cells.codes[finding.dimension]
    kept = np.ones(len(codes), bool) if without is None else ~without
    own = kept & (codes == finding.code)
    others = kept & (codes >= 0) & (codes != finding.code)
    n, x = cells.count[own].sum(), cells.bad[own].sum()
    m, y = cells.count[others].sum(), cells.bad[others].sum()
    enough = n >= MIN_EVENTS and m >= MIN_PEER_EVENTS
    return bool(enough and _stands_out(n, x, m, y, finding.z, rule))


def is_of(finding: Finding, cells: Cells) -> Flags:
    """Which cells are the finding's own."""
    return cells.codes[finding.dimension] == finding.code


def _causes(
    candidates: Sequence[Finding], cells: Cells, rule: Rule, is_peer: Flags
) -> list[Finding]:
    """Candidates that are no echo of another one.

    One cause makes several candidates: a slow region and each of its reps. One is an echo of
    another if it is no finding without the other's events, and the other still is one without
    its, or is the surer one where each needs the other.
    """
    own = {(c.dimension, c.code): is_of(c, cells) for c in candidates}

    def survives(one: Finding, other: Finding) -> bool:
        theirs = own[other.dimension, other.code]
        # Cells that are nobody's peers stay with their own subject.
        unseen = theirs | (~is_peer & ~own[one.dimension, one.code])
        return holds(one, cells, rule, unseen)

    def is_echo(one: Finding, other: Finding) -> bool:
        if survives(one, other):
            return False
        surer = (other.low_95, other.dimension, other.subject) > (
            one.low_95, one.dimension, one.subject,
        )  # fmt: skip
        return surer or survives(other, one)

    return [
        one for one in candidates if not any(is_echo(one, k) for k in candidates if k is not one)
    ]


def _counts(cells: Cells, dimension: str, is_peer: Flags) -> tuple[Floats, Floats, Floats, Floats]:
    """By subject: its events and bad ones, and those of all other known subjects."""
    codes, size = cells.codes[dimension], len(cells.names[dimension])
    known = codes >= 0
    peers = known & is_peer

    def sums(values: Floats, kept: Flags) -> Floats:
        return np.bincount(codes[kept], values[kept], size).astype(float)

    n, x = sums(cells.count, known), sums(cells.bad, known)
    n_peers, x_peers = sums(cells.count, peers), sums(cells.bad, peers)
    return n, x, n_peers.sum() - n_peers, x_peers.sum() - x_peers


def _peers_share(y: float, m: float) -> float:
    # Half an event more keeps peers without any bad one from being taken for perfect.
    return (y + 0.5) / (m + 1)


def _low(n: float, x: float, m: float, y: float, z: float) -> float:
    return float(difference_low(x, n, _peers_share(y, m), m, z))


def _stands_out(n: float, x: float, m: float, y: float, z: float, rule: Rule) -> bool:
    """Enough bad ones, surely more than by chance, surely not a trifle, and clearly more."""
    if x < MIN_BAD or _low(n, x, m, y, z) <= 0 or _low(n, x, m, y, Z_95) < MIN_DIFFERENCE:
        return False
    p, q = x / n, _peers_share(y, m)
    if rule.of_rest:
        return (1 - q) >= rule.ratio * (1 - p)
    return p >= rule.ratio * q
