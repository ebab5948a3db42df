"""The warehouse's tables of events and money, through the tests and back, week by week.

Belongs here: the families of events, their windows and what a finding is worth; Arrow in, Arrow
out, for the Python models of dbt's `models/metrics`. Does not belong here: SQL, or formulas.

- weeks: week_start of the weeks that are reviewed
- events: family, judged_week and bad_week (Mondays; bad_week empty for what never went wrong),
  event_count, bad_amount, bad_amount_count, and the subjects segment, region, channel, campaign,
  owner
- money: week_start, segment, region, spend, new_pipeline, won_from_leads, leads_handed
- actions: item_id and closed_at of what the teams have closed

Nothing is known before its week: an event that went wrong later counts as good until then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.lib.findings.intervals import Z_95, Floats, wilson
from orchestration.lib.findings.peers import (
    Cells,
    Finding,
    Flags,
    Integers,
    Rule,
    find,
    holds,
    is_of,
)

DIMENSIONS = ("segment", "region", "channel", "campaign", "owner")
YEAR, QUARTER = 52, 13  # in weeks
NEVER = np.iinfo(np.int32).max
# A share of the budget must be known to be compared.
KNOWN_SPEND = 0.8
SMALL_BUDGET, LARGE_BUDGET = 0.5, 1.25


@dataclass(frozen=True)
class Family:
    """One kind of event: over how many weeks it is judged, by what subjects, how strictly."""

    weeks: int
    dimensions: tuple[str, ...]
    rule: Rule


FAMILIES = {
    "lost_on_price": Family(26, ("segment", "region", "channel"), Rule(1.5)),
    "slow_response": Family(13, ("region", "owner", "segment", "channel"), Rule(1.5)),
    "rejected_leads": Family(26, ("campaign", "channel", "segment", "region", "owner"), Rule(1.5)),
    "closed_deals": Family(YEAR, ("segment", "region"), Rule(1.3)),
}
RESULT = pa.schema(
    [
        ("week_start", pa.date32()),
        ("item_id", pa.string()),
        ("finding", pa.string()),
        ("subject_type", pa.string()),
        ("subject_id", pa.string()),
        ("window_weeks", pa.int64()),
        ("event_count", pa.int64()),
        ("bad_count", pa.int64()),
        ("peer_count", pa.int64()),
        ("peer_bad_count", pa.int64()),
        ("share", pa.float64()),
        ("peers_share", pa.float64()),
        ("interval_low", pa.float64()),  # of the share, 95 %
        ("interval_high", pa.float64()),
        ("sure_difference", pa.float64()),
        ("test_count", pa.int64()),
        ("budget_share", pa.float64()),
        ("pipeline_share", pa.float64()),
        ("value_at_stake", pa.float64()),  # per quarter
    ]
)


@dataclass(frozen=True)
class _Events:
    """The events of a family in order of their weeks."""

    weeks: Integers
    bad_weeks: Integers
    counts: Floats
    amounts: Floats
    amount_counts: Floats
    codes: Mapping[str, Integers]
    names: Mapping[str, Sequence[str]]

    def window(self, first: int, last: int) -> tuple[Cells, slice]:
        """What was known at the end of week `last` of the events judged from `first` on."""
        rows = slice(
            int(np.searchsorted(self.weeks, first)), int(np.searchsorted(self.weeks, last, "right"))
        )
        counts = self.counts[rows]
        codes = {name: places[rows] for name, places in self.codes.items()}
        bad = np.where(self.bad_weeks[rows] <= last, counts, 0.0)
        return Cells(counts, bad, codes, self.names), rows


@dataclass(frozen=True)
class _Found:
    """A finding with its kind and what it is worth."""

    kind: str
    of: Finding
    weeks: int
    stake: float
    budget_share: float | None = None
    pipeline_share: float | None = None


@dataclass(frozen=True)
class _Money:
    """Weekly sums in the reporting currency, by segment and region."""

    weeks: Integers
    columns: Mapping[str, Floats]
    subjects: Mapping[str, np.ndarray]  # names, None where unknown

    def year(self, last: int) -> _Money:
        """The 52 weeks that end with week `last`."""
        kept = (self.weeks > last - YEAR) & (self.weeks <= last)
        return _Money(
            self.weeks[kept],
            {name: values[kept] for name, values in self.columns.items()},
            {name: values[kept] for name, values in self.subjects.items()},
        )

    def sum(self, column: str) -> float:
        return float(self.columns[column].sum())

    def shares(self, column: str, dimension: str, subject: str) -> tuple[float, float, float]:
        """A subject's part of what is known, the known part of all, and the known sum."""
        values, names = self.columns[column], self.subjects[dimension]
        known = float(values[[name is not None for name in names]].sum())
        own = float(values[names == subject].sum())
        total = float(values.sum())
        return (own / known if known else 0.0), (known / total if total else 0.0), known


def item_id(finding: str, subject_type: str, subject_id: str) -> str:
    """The agenda's id of a finding: of what it says about whom, and of nothing that changes.

    As the macro `surrogate_key` makes one of the same parts.
    """
    return hashlib.md5(f"finding|{finding}|{subject_type}|{subject_id}".encode()).hexdigest()


def findings(weeks: pa.Table, events: pa.Table, money: pa.Table, actions: pa.Table) -> pa.Table:
    """One row per week and finding, with the schema RESULT."""
    families = {name: _events(events, name) for name in FAMILIES}
    sums = _money(money)
    closed = dict(
        zip(actions["item_id"].to_pylist(), _weeks(actions["closed_at"]).tolist(), strict=True)
    )
    rows = [
        _row(day, found)
        for day in sorted(weeks["week_start"].to_pylist())
        for found in _of_week(_week(day), families, sums.year(_week(day)), closed)
    ]
    return pa.Table.from_pylist(rows, schema=RESULT)


def _of_week(
    week: int,
    families: Mapping[str, _Events],
    money: _Money,
    closed: Mapping[str, int],
) -> Iterator[_Found]:
    """The findings at the end of a week, of those that are not closed without new evidence."""

    def scan(family: str, rule: Rule, no_peer: Flags | None = None) -> list[Finding]:
        cells, _ = families[family].window(week - FAMILIES[family].weeks + 1, week)
        return find(cells, rule, FAMILIES[family].dimensions, no_peer)

    def is_news(kind: str, family: str, rule: Rule, found: Finding) -> bool:
        """An item that was closed comes back by what happened since, and by nothing else."""
        since = closed.get(item_id(kind, found.dimension, found.subject), NEVER)
        if since >= week:
            return True
        first = max(since + 1, week - FAMILIES[family].weeks + 1)
        return holds(found, families[family].window(first, week)[0], rule)

    handed = money.sum("leads_handed")
    value_of_lead = money.sum("won_from_leads") / handed if handed else 0.0
    result = []
    for kind, value in (
        ("lost_on_price", None),
        ("slow_response", value_of_lead),
        ("rejected_leads", value_of_lead),
    ):
        family = FAMILIES[kind]
        for found in scan(kind, family.rule):
            if is_news(kind, kind, family.rule, found):
                each = (
                    value if value is not None else _mean_amount(families[kind], found, week, kind)
                )
                result.append(_Found(kind, found, family.weeks, _stake(found, family.weeks, each)))

    family = FAMILIES["closed_deals"]
    winners = scan("closed_deals", family.rule)
    for found in winners:
        budget, is_known, _ = money.shares("spend", found.dimension, found.subject)
        pipeline, _, _ = money.shares("new_pipeline", found.dimension, found.subject)
        if (
            is_known >= KNOWN_SPEND
            and budget <= SMALL_BUDGET * pipeline
            and is_news("wins_without_budget", "closed_deals", family.rule, found)
        ):
            each = _mean_amount(families["closed_deals"], found, week, "closed_deals")
            stake = _stake(found, family.weeks, each)
            result.append(
                _Found("wins_without_budget", found, family.weeks, stake, budget, pipeline)
            )

    # Deals that were not won, of subjects beside which the strong winners do not count.
    cells, _ = families["closed_deals"].window(week - family.weeks + 1, week)
    of_winners = np.zeros(len(cells.count), bool)
    for found in winners:
        of_winners |= is_of(found, cells)
    rest = Rule(family.rule.ratio, of_rest=True)
    not_won = replace(cells, bad=cells.count - cells.bad)
    on_price = {(f.of.dimension, f.of.subject) for f in result if f.kind == "lost_on_price"}
    for found in find(not_won, rest, family.dimensions, of_winners):
        budget, is_known, spend = money.shares("spend", found.dimension, found.subject)
        pipeline, _, _ = money.shares("new_pipeline", found.dimension, found.subject)
        if (
            is_known >= KNOWN_SPEND
            and budget >= LARGE_BUDGET * pipeline
            # Price is the cause, few wins are its effect.
            and (found.dimension, found.subject) not in on_price
        ):
            stake = (budget - pipeline) * spend * QUARTER / YEAR
            result.append(
                _Found("budget_without_wins", found, family.weeks, stake, budget, pipeline)
            )
    yield from result


def _stake(found: Finding, weeks: int, value: float) -> float:
    """What is surely too much, a quarter: with the gate's own low end, so that a finding which
    only just passes does not outrank a clear one by the size of its deals."""
    return found.low * found.n * QUARTER / weeks * value


def _mean_amount(events: _Events, found: Finding, week: int, family: str) -> float:
    """The average amount of the subject's bad events that have one."""
    cells, rows = events.window(week - FAMILIES[family].weeks + 1, week)
    own = is_of(found, cells) & (cells.bad > 0)
    count = events.amount_counts[rows][own].sum()
    return float(events.amounts[rows][own].sum() / count) if count else 0.0


def _row(day: object, found: _Found) -> dict[str, object]:
    of = found.of
    low, high = wilson(of.x, of.n, Z_95)
    return {
        "week_start": day,
        "item_id": item_id(found.kind, of.dimension, of.subject),
        "finding": found.kind,
        "subject_type": of.dimension,
        "subject_id": of.subject,
        "window_weeks": found.weeks,
        "event_count": round(of.n),
        "bad_count": round(of.x),
        "peer_count": round(of.m),
        "peer_bad_count": round(of.y),
        "share": of.share,
        "peers_share": of.y / of.m,
        "interval_low": float(low),
        "interval_high": float(high),
        "sure_difference": of.low,
        "test_count": of.tests,
        "budget_share": found.budget_share,
        "pipeline_share": found.pipeline_share,
        "value_at_stake": found.stake,
    }


def _events(events: pa.Table, family: str) -> _Events:
    table = events.filter(pc.equal(events["family"], family))
    weeks = _weeks(table["judged_week"])
    order = np.argsort(weeks, kind="stable")
    codes, names = {}, {}
    for dimension in DIMENSIONS:
        places, names[dimension] = _codes(table[dimension])
        codes[dimension] = places[order]

    def floats(name: str) -> Floats:
        return np.asarray(pc.cast(table[name], pa.float64()))[order]

    return _Events(
        weeks[order],
        _weeks(table["bad_week"])[order],
        floats("event_count"),
        floats("bad_amount"),
        floats("bad_amount_count"),
        codes,
        names,
    )


def _codes(column: pa.ChunkedArray) -> tuple[Integers, list[str]]:
    """Places in the list of names in order, -1 for null; of no other order depends a result."""
    encoded = pc.dictionary_encode(column).combine_chunks()
    known = encoded.dictionary.to_pylist()
    names = sorted(known)
    place = {name: number for number, name in enumerate(names)}
    places = np.array([*(place[name] for name in known), -1], dtype=np.int64)
    return places[np.asarray(pc.fill_null(encoded.indices, len(known)))], names


def _money(money: pa.Table) -> _Money:
    columns = ("spend", "new_pipeline", "won_from_leads", "leads_handed")
    return _Money(
        _weeks(money["week_start"]),
        {name: np.asarray(pc.cast(money[name], pa.float64())) for name in columns},
        {name: np.array(money[name].to_pylist(), dtype=object) for name in ("segment", "region")},
    )


def _weeks(mondays: pa.ChunkedArray) -> Integers:
    """Weeks since 1970; NEVER where there is none."""
    days = np.asarray(pc.fill_null(pc.cast(pc.cast(mondays, pa.date32()), pa.int32()), NEVER))
    return np.where(days == NEVER, NEVER, (days.astype(np.int64) + 3) // 7)


def _week(monday: object) -> int:
    return int(_weeks(pa.chunked_array([pa.array([monday], pa.date32())]))[0])
