"""Findings of the agenda: intervals, peers, causes and echoes, and targets, by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from orchestration.lib.findings.frames import RESULT, findings, item_id
from orchestration.lib.findings.intervals import difference_low, strict_z, wilson
from orchestration.lib.findings.kpi_moves import judge_ratio, judge_sum, kpi_moves
from orchestration.lib.findings.peers import Cells, Rule, find

MONDAY = date(2025, 6, 2)
WORSE = Rule(1.5)


def cells(*rows: tuple[dict[str, str | None], int, int]) -> Cells:
    """Cells from (subject by dimension, events, of these bad ones)."""
    count, bad, codes, names = [], [], {}, {}
    for _, n, x in rows:
        count += [n - x, x]
        bad += [0, x]
    for dimension in rows[0][0]:
        values = [row[0][dimension] for row in rows]
        names[dimension] = sorted({value for value in values if value})
        places = [names[dimension].index(value) if value else -1 for value in values]
        codes[dimension] = np.repeat(np.array(places, np.int64), 2)
    return Cells(np.array(count, float), np.array(bad, float), codes, names)


def found(data: Cells, rule: Rule = WORSE) -> list[tuple[str, str]]:
    return [(f.dimension, f.subject) for f in find(data, rule, list(data.codes))]


# Intervals ───────────────────────────────────────────────────────────────────────────────


def test_wilson_as_published() -> None:
    # Newcombe 1998 (two-sided 95 %): 81 of 263 gives 0.2553 to 0.3662, 0 of 20 gives 0 to 0.1611.
    low, high = wilson(np.array([81.0, 0.0]), np.array([263.0, 20.0]), 1.959964)
    assert low == pytest.approx([0.2553, 0], abs=5e-5)
    assert high == pytest.approx([0.3662, 0.1611], abs=5e-5)


def test_difference_as_published() -> None:
    # Newcombe 1998, method 10: 56/70 against 48/80 is 0.0524 to 0.3339; 9/10 against 3/10
    # is 0.1705 to 0.8090.
    low = difference_low(np.array([56.0, 9.0]), np.array([70.0, 10.0]), np.array([0.6, 0.3]),
                         np.array([80.0, 10.0]), 1.959964)  # fmt: skip
    assert low == pytest.approx([0.0524, 0.1705], abs=5e-5)


def test_more_subjects_ask_for_more() -> None:
    # Normal quantiles of 0.99, 1 - 0.01 / 7 and 1 - 0.01 / 40.
    assert [round(strict_z(k), 2) for k in (1, 7, 40)] == [2.33, 2.98, 3.48]


# Peers ───────────────────────────────────────────────────────────────────────────────────


def test_a_subject_that_is_surely_worse() -> None:
    # 20 of 25 against 10 of 60: p 0.8, q 10.5/61 = 0.172. Two subjects have 15 events, but only
    # `pricey` has 50 peers (the other one's are 25): k 1, z 2.326. Wilson ends: 0.566 of p, 0.306
    # of q: 0.628 - sqrt(0.234^2 + 0.134^2) = 0.358.
    data = cells(({"segment": "pricey"}, 25, 20), ({"segment": "usual"}, 60, 10))
    (finding,) = find(data, WORSE, ["segment"])
    assert (finding.subject, finding.tests) == ("pricey", 1)
    assert finding.low == pytest.approx(0.358, abs=2e-3)
    assert finding.peers_share == pytest.approx(10.5 / 61)


@pytest.mark.parametrize(
    ("subject", "others", "why"),
    [
        ((14, 14), (60, 6), "fewer than 15 events"),
        ((20, 7), (200, 4), "fewer than 8 went wrong"),
        ((30, 9), (200, 40), "30 % against 20 % may be chance"),
        ((40_000, 8_800), (40_000, 7_600), "sure, but three points only"),
        ((4_000, 1_400), (4_000, 1_000), "sure ten points, but no half as much again"),
    ],
)
def test_what_is_no_finding(subject: tuple[int, int], others: tuple[int, int], why: str) -> None:
    assert not found(cells(({"segment": "one"}, *subject), ({"segment": "rest"}, *others))), why


def test_the_same_numbers_among_many_subjects_may_be_chance() -> None:
    # 13 of 30 against a fifth: with one comparison low is 0.05; among 41 (z 3.49) below 0.
    worse = ({"owner": "one"}, 30, 13)
    assert found(cells(worse, ({"owner": "all"}, 1200, 240)))
    rest = [({"owner": f"rep {number:02}"}, 30, 6) for number in range(40)]
    assert not found(cells(worse, *rest))


def test_unknown_subjects_are_no_peers() -> None:
    # Without a known other segment there is nobody to compare with.
    assert not found(cells(({"segment": "one"}, 30, 25), ({"segment": None}, 500, 5)))


def test_a_slow_region_wins_over_its_reps() -> None:
    # All three reps of the region are slow: each is a finding as long as the others are not
    # taken out, but the region still is one without any single rep.
    rows = [({"region": "north", "owner": f"n{number}"}, 40, 28) for number in range(3)]
    rows += [({"region": "south", "owner": f"s{number}"}, 40, 4) for number in range(6)]
    assert found(cells(*rows)) == [("region", "north")]


def test_a_slow_rep_wins_over_the_region() -> None:
    rows = [({"region": "north", "owner": "n0"}, 80, 70)]
    rows += [({"region": "north", "owner": f"n{number}"}, 20, 2) for number in (1, 2)]
    rows += [({"region": "south", "owner": f"s{number}"}, 40, 4) for number in range(6)]
    assert found(cells(*rows)) == [("owner", "n0")]


def test_seldom_won_is_told_by_what_is_not_won() -> None:
    # Won 10 of 100 against 60 of 200: not won 0.9 and 0.7, won at least 1.3 times as often.
    data = cells(({"segment": "hard"}, 100, 90), ({"segment": "usual"}, 200, 140))
    assert found(data, Rule(1.3, of_rest=True)) == [("segment", "hard")]
    # As shares of what was not won they are near: 0.9 is less than 1.3 times 0.7.
    assert not found(data, Rule(1.3))


# Weeks ───────────────────────────────────────────────────────────────────────────────────


def weeks(*days: date) -> pa.Table:
    return pa.table({"week_start": pa.array(days, pa.date32())})


def events(*rows: dict[str, Any]) -> pa.Table:
    days = {"judged_week": pa.date32(), "bad_week": pa.date32()}
    amounts = {"bad_amount": pa.float64(), "bad_amount_count": pa.int64()}
    subjects = dict.fromkeys(("segment", "region", "channel", "campaign", "owner"), pa.string())
    names = {"family": pa.string(), "event_count": pa.int64()}
    schema = pa.schema({**names, **days, **amounts, **subjects})
    blank = {"bad_amount": 0, "bad_amount_count": 0}
    return pa.Table.from_pylist([{**blank, **row} for row in rows], schema=schema)


def lost(segment: str, week: date, n: int, x: int) -> list[dict[str, Any]]:
    shared = {"family": "lost_on_price", "segment": segment, "judged_week": week}
    return [
        {**shared, "event_count": n - x},
        {**shared, "event_count": x, "bad_week": week, "bad_amount": 1000.0 * x,
         "bad_amount_count": x},
    ]  # fmt: skip


SUMS = ("spend", "new_pipeline", "won_from_leads", "leads_handed")


def money(*rows: dict[str, Any]) -> pa.Table:
    blank = {"week_start": MONDAY, **dict.fromkeys(SUMS, 0.0)}
    types = {"week_start": pa.date32(), "segment": pa.string(), "region": pa.string()}
    schema = pa.schema({**types, **dict.fromkeys(SUMS, pa.float64())})
    return pa.Table.from_pylist([{**blank, **row} for row in rows], schema=schema)


def actions(*rows: tuple[str, date]) -> pa.Table:
    return pa.table(
        {
            "item_id": pa.array([row[0] for row in rows], pa.string()),
            "closed_at": pa.array([row[1] for row in rows], pa.date32()),
        }
    )


def test_a_finding_has_its_stake_and_its_week() -> None:
    given = events(*lost("pricey", MONDAY, 25, 20), *lost("usual", MONDAY, 60, 10))
    (row,) = findings(weeks(MONDAY), given, money(), actions()).to_pylist()
    assert (row["finding"], row["subject_id"]) == ("lost_on_price", "pricey")
    assert (row["event_count"], row["bad_count"]) == (25, 20)
    assert row["interval_low"] < 0.8 < row["interval_high"]
    # 0.358 of 25 deals in 26 weeks, for a quarter half of it, at 1,000 each.
    assert row["value_at_stake"] == pytest.approx(0.358 * 25 * 13 / 26 * 1000, rel=0.01)
    # Known in its week, not before, and not 26 weeks later.
    days = [MONDAY + timedelta(7 * number) for number in (-1, 0, 25, 26)]
    rows = findings(weeks(*days), given, money(), actions()).to_pylist()
    assert [row["week_start"] for row in rows] == days[1:3]


def test_what_goes_wrong_later_is_not_known_before() -> None:
    later = MONDAY + timedelta(7)
    given = [
        {"family": "rejected_leads", "campaign": name, "judged_week": MONDAY, "bad_week": bad,
         "event_count": n}
        for name, n, bad in (("bad", 40, later), ("bad", 10, None), ("good", 100, None))
    ]  # fmt: skip
    table = money({"won_from_leads": 15_000.0, "leads_handed": 150.0})
    rows = findings(weeks(MONDAY, later), events(*given), table, actions()).to_pylist()
    assert [(row["week_start"], row["subject_id"]) for row in rows] == [(later, "bad")]


def test_the_order_of_rows_does_not_matter() -> None:
    given = [*lost("pricey", MONDAY, 25, 20), *lost("usual", MONDAY, 60, 10)]
    one, other = (
        findings(weeks(MONDAY), events(*rows), money(), actions()) for rows in (given, given[::-1])
    )
    assert one.equals(other)


def test_a_closed_finding_needs_news() -> None:
    closing = actions((item_id("lost_on_price", "segment", "pricey"), MONDAY + timedelta(2)))
    later = MONDAY + timedelta(7)
    before = [*lost("pricey", MONDAY, 25, 20), *lost("usual", MONDAY, 60, 10)]
    again = [*lost("pricey", later, 25, 20), *lost("usual", later, 60, 10)]

    def found_in(*given: dict[str, Any]) -> list[date]:
        rows = findings(weeks(MONDAY, later), events(*given), money(), closing).to_pylist()
        return [row["week_start"] for row in rows]

    # Closed in its week: found there, and a week later only by what has happened since.
    assert found_in(*before) == [MONDAY]
    assert found_in(*before, *again) == [MONDAY, later]


def closed(segment: str, n: int, won: int) -> list[dict[str, Any]]:
    return [{**row, "family": "closed_deals"} for row in lost(segment, MONDAY, n, won)]


def test_a_winner_without_budget_and_a_budget_without_wins() -> None:
    sums = money(
        {"segment": "star", "spend": 100.0, "new_pipeline": 500.0},
        {"segment": "usual", "spend": 400.0, "new_pipeline": 400.0},
        {"segment": "hard", "spend": 500.0, "new_pipeline": 100.0},
    )
    given = events(*closed("star", 60, 48), *closed("usual", 100, 40), *closed("hard", 80, 8))
    found = findings(weeks(MONDAY), given, sums, actions())
    by_kind = {row["finding"]: row for row in found.to_pylist()}
    assert {kind: row["subject_id"] for kind, row in by_kind.items()} == {
        "wins_without_budget": "star",
        "budget_without_wins": "hard",
    }
    # Half of the spend for a tenth of the pipeline: 0.4 of 1,000 a year, a quarter of that.
    assert by_kind["budget_without_wins"]["value_at_stake"] == pytest.approx(100)


def test_nothing_to_look_at() -> None:
    nothing = findings(weeks(MONDAY), events(), money(), actions())
    assert nothing.num_rows == 0 and nothing.schema == RESULT


def test_an_id_is_that_of_the_macro() -> None:
    # md5 of 'finding|lost_on_price|segment|A', as surrogate_key joins its parts.
    assert item_id("lost_on_price", "segment", "A") == "d0a47355a0dd7de5f7555afafef24878"


# Targets ─────────────────────────────────────────────────────────────────────────────────


def test_a_sum_against_its_target() -> None:
    # 100 a week were to be; 39 weeks of 98 and 102 in turn, then 13 of 70. r = 4809/5200 (the
    # first week of a pair is 98: 20 x 98 + 19 x 102 + 910 = 4808).
    actual = np.array([98.0, 102.0] * 19 + [98.0] + [70.0] * 13)
    move = judge_sum(np.full(52, 100.0), actual, np.zeros(52), 3.0)
    assert move is not None
    assert (move["measured"], move["target"]) == (910, 1300)
    # The same miss is chance for weeks that vary between 20 and 180.
    assert judge_sum(np.full(52, 100.0), np.array([20.0, 180.0] * 19 + [20.0] + [70.0] * 13),
                     np.zeros(52), 3.0) is None  # fmt: skip


def test_a_share_against_its_target() -> None:
    weeks_of = np.full(26, 0.5), np.full(26, 4.0), np.full(26, 20.0)
    # 52 of 260 where half was to be: Wilson at z 3 ends at 0.28, below 0.45.
    move = judge_ratio(*weeks_of, 3.0)
    assert move is not None and (move["measured"], move["sample_size"]) == (0.2, 260)
    assert judge_ratio(np.full(26, 0.21), *weeks_of[1:], 3.0) is None


def test_moves_of_a_company() -> None:
    days = [MONDAY - timedelta(7 * number) for number in range(52)]
    row = {
        "kpi_id": "leads",
        "kind": "sum",
        "segment": "(all)",
        "target": 100.0,
        "denominator": 0.0,
    }
    reached = [60.0] * 13 + [99.0, 100.0, 101.0] * 13
    series = pa.Table.from_pylist(
        [
            {**row, "week_start": day, "numerator": value, "denominator": 0.0}
            for day, value in zip(days, reached, strict=True)
        ]
    )
    (move,) = kpi_moves(weeks(MONDAY), series).to_pylist()
    assert (move["measured"], move["target"], move["test_count"]) == (780, 1300, 1)
    # A gap in the weeks: nobody can say how much they vary.
    assert kpi_moves(weeks(MONDAY), series.slice(0, 20)).num_rows == 0
