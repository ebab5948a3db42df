"""The ten models: cases worked by hand, brute force on small cases, laws, and real paths."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.lib.attribution import channels, weights
from orchestration.lib.attribution.frames import Parameters, channel_estimates, touch_weights
from orchestration.lib.attribution.path_file import Credit, attribute_file, parse_paths
from orchestration.lib.attribution.paths import Outcomes, Paths
from orchestration.lib.company.agreement_words import ATTRIBUTION_MODELS
from orchestration.lib.errors import TandemError
from orchestration.settings import PROJECT_ROOT


def paths_of(*texts: str) -> Paths:
    return parse_paths(pa.chunked_array([list(texts)], pa.string()), ">")


def outcomes_of(
    conversions: Sequence[float],
    values: Sequence[float] = (),
    nulls: Sequence[float] = (),
    periods: Sequence[int] = (),
) -> Outcomes:
    count = len(conversions)
    return Outcomes(
        np.array(conversions, float),
        np.array(values or [0] * count, float),
        np.array(nulls or [0] * count, float),
        np.array(periods or [0] * count, np.int64),
        max(periods, default=0) + 1,
    )


def flags(count: int, milestone: int | None) -> np.ndarray:
    """True up to the place of a milestone, counted from 1; nowhere without one."""
    return np.arange(1, count + 1) <= (milestone or 0)


# One path -------------------------------------------------------------------------------------


def test_one_path_by_the_simple_models() -> None:
    path = paths_of("Ads > Mail > direct > Direct")
    assert weights.first(path).tolist() == [1, 0, 0, 0]
    assert weights.last(path).tolist() == [0, 0, 0, 1]
    assert weights.linear(path).tolist() == [0.25] * 4
    assert weights.last_non_direct(path, ["direct", "Direct"]).tolist() == [0, 1, 0, 0]
    assert weights.last_non_direct(path, ["direct"]).tolist() == [0, 0, 0, 1]
    assert weights.last_non_direct(paths_of("a > b"), ["a", "b"]).tolist() == [0, 1]
    assert weights.last_non_direct(path, []).tolist() == [0, 0, 0, 1]


def test_a_touch_counts_half_as_much_per_half_life() -> None:
    # 14, 7 and 0 days: 1/4, 1/2 and 1 of 7/4.
    path = paths_of("a > b > c")
    found = weights.time_decay(path, np.array([14.0, 7.0, 0.0]), 7)
    assert found == pytest.approx([1 / 7, 2 / 7, 4 / 7])
    # Only the difference counts: nothing is lost to rounding where all touches are very old.
    found = weights.time_decay(path, np.array([14.0, 7.0, 0.0]) + 1e5, 7)
    assert found == pytest.approx([1 / 7, 2 / 7, 4 / 7])


U_SHAPED = {
    1: [1],
    2: [0.5, 0.5],
    3: [0.4, 0.2, 0.4],
    4: [0.4, 0.1, 0.1, 0.4],
    5: [0.4, 0.2 / 3, 0.2 / 3, 0.2 / 3, 0.4],
    6: [0.4, 0.05, 0.05, 0.05, 0.05, 0.4],
}
# Places of the touches that made the lead and the deal, and what comes of them.
W_SHAPED: list[tuple[int, int | None, int | None, list[float]]] = [
    (1, 1, 1, [1]),
    (2, 1, 2, [2 / 3, 1 / 3]),  # first touch and lead: 60 of 90
    (2, 2, 2, [1 / 3, 2 / 3]),
    (2, None, 2, [0.5, 0.5]),  # no lead: 45 each of 90
    (3, 2, 3, [1 / 3, 1 / 3, 1 / 3]),  # none between: 30 each of 90
    (3, 1, 3, [0.6, 0.1, 0.3]),
    (4, 2, 4, [0.3, 0.3, 0.1, 0.3]),
    (4, 2, None, [0.45, 0.45, 0.05, 0.05]),  # no deal yet: 45 each
    (4, None, None, [0.9, 0.1 / 3, 0.1 / 3, 0.1 / 3]),
    (5, 3, 5, [0.3, 0.05, 0.3, 0.05, 0.3]),
    (6, 2, 5, [0.3, 0.3, 0.1 / 3, 0.1 / 3, 0.3, 0.1 / 3]),
]
FULL_PATH: list[tuple[int, int | None, int | None, list[float]]] = [
    (1, 1, 1, [1]),
    (2, 1, 1, [0.75, 0.25]),  # three of the four milestones on the first touch
    (2, 1, 2, [0.5, 0.5]),
    (3, 1, 2, [0.5, 0.25, 0.25]),
    (4, 2, 3, [0.25, 0.25, 0.25, 0.25]),  # none between: 22.5 each of 90
    (5, 2, 4, [0.225, 0.225, 0.1, 0.225, 0.225]),
    (5, None, 3, [0.3, 0.05, 0.3, 0.05, 0.3]),  # no lead: 30 each
    (6, 2, 4, [0.225, 0.225, 0.05, 0.225, 0.05, 0.225]),
    (6, 4, 4, [0.225, 0.1 / 3, 0.1 / 3, 0.45, 0.1 / 3, 0.225]),
]


def a_path(count: int) -> Paths:
    return paths_of(" > ".join("abcdef"[:count]))


@pytest.mark.parametrize("count", U_SHAPED)
def test_u_shaped_by_hand(count: int) -> None:
    assert weights.u_shaped(a_path(count)) == pytest.approx(U_SHAPED[count], abs=1e-12)


@pytest.mark.parametrize("count, lead, deal, expected", W_SHAPED)
def test_w_shaped_by_hand(
    count: int, lead: int | None, deal: int | None, expected: list[float]
) -> None:
    found = weights.w_shaped(a_path(count), flags(count, lead), flags(count, deal))
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("count, lead, deal, expected", FULL_PATH)
def test_full_path_by_hand(
    count: int, lead: int | None, deal: int | None, expected: list[float]
) -> None:
    closed = flags(count, count)
    found = weights.full_path(a_path(count), flags(count, lead), flags(count, deal), closed)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("count, lead, deal, expected", W_SHAPED)
def test_without_a_closing_full_path_is_w_shaped(
    count: int, lead: int | None, deal: int | None, expected: list[float]
) -> None:
    unknown = flags(count, None)
    found = weights.full_path(a_path(count), flags(count, lead), flags(count, deal), unknown)
    assert found == pytest.approx(expected, abs=1e-12)


def test_channels_without_any_share_are_spread_evenly() -> None:
    shares = np.array([[0.0, 3.0, 1.0], [0.0, 3.0, 1.0], [0.0, 3.0, 1.0]])
    found = weights.by_channel(paths_of("a > a", "b > c > c", "a > b"), shares)
    # Each touch has its channel's share: 3 : 1 : 1.
    assert found == pytest.approx([0.5, 0.5, 0.6, 0.2, 0.2, 0, 1])


# Many paths -----------------------------------------------------------------------------------


def test_markov_by_hand() -> None:
    # start → a (2 of 3), start → b (1 of 3); a → b in 1 of 2, else null; b converts in 1 of 2.
    paths = paths_of("a > b", "a", "b")
    found = channels.markov(paths, outcomes_of([1, 0, 0], [100, 0, 0], [0, 1, 1]))
    # P = 1/3: all walks come to b (2/3), half of them convert. Without b nobody converts; without
    # a only start → b is left, 1/3 · 1/2 = 1/6, half of P is lost.
    assert found.removal_effects.tolist() == [[pytest.approx(0.5), pytest.approx(1)]]
    assert found.conversions == pytest.approx(np.array([[1 / 3, 2 / 3]]))
    assert found.values == pytest.approx(np.array([[100 / 3, 200 / 3]]))


def test_shapley_by_hand() -> None:
    # 90 for a, b, c together, 10 for a alone; a repeated channel counts once.
    paths = paths_of("a > b > a > c", "a", "b")
    found = channels.shapley(paths, outcomes_of([1, 1, 0], [90, 10, 0], [0, 0, 1]))
    assert found.conversions == pytest.approx(np.array([[4 / 3, 1 / 3, 1 / 3]]))
    assert found.values == pytest.approx(np.array([[40, 30, 30]]))


def test_refunds_do_not_break_the_values() -> None:
    paths = paths_of("a", "b")
    found = channels.markov(paths, outcomes_of([1, 1], [100, -40], [1, 1]))
    assert found.values == pytest.approx(np.array([[30, 30]]))  # by the conversions instead


SMALL = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=5),
        st.integers(0, 5),
        st.integers(0, 100),
        st.integers(0, 5),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=8,
)
Row = tuple[list[str], int, int, int, int]


def built(rows: list[Row]) -> tuple[Paths, Outcomes]:
    names, conversions, values, nulls, periods = zip(*rows, strict=True)
    paid = [value if count else 0 for value, count in zip(values, conversions, strict=True)]
    return (
        paths_of(*(" > ".join(path) for path in names)),
        outcomes_of(conversions, paid, nulls, periods),
    )


def of_period(rows: list[Row], period: int) -> list[Row]:
    return [row for row in rows if row[4] == period]


def brute_shapley(rows: list[Row], players: Sequence[str]) -> list[float]:
    """By the definition: the mean of what a channel adds over all orders of the channels."""

    def worth(coalition: Sequence[str]) -> int:
        return sum(row[1] for row in rows if set(row[0]) <= set(coalition))

    count, found = len(players), []
    for player in players:
        others = [other for other in players if other != player]
        added = 0.0
        for size in range(count):
            for group in combinations(others, size):
                share = factorial(size) * factorial(count - size - 1) / factorial(count)
                added += share * (worth([*group, player]) - worth(group))
        found.append(added)
    return found


def brute_conversion(rows: list[Row], removed: str | None) -> float:
    """The chance that a walk converts, with one channel sending all to null, by iteration."""
    steps: dict[str, dict[str, float]] = {}
    for names, conversions, _, nulls, _ in rows:
        ends = {"(conversion)": conversions, "(null)": nulls}
        for origin, target in zip(["(start)", *names[:-1]], names, strict=True):
            step = steps.setdefault(origin, {})
            step[target] = step.get(target, 0) + conversions + nulls
        for end, times in ends.items():
            step = steps.setdefault(names[-1], {})
            step[end] = step.get(end, 0) + times
    chance = {"(conversion)": 1.0}
    for _ in range(3000):
        for origin, targets in steps.items():
            total = sum(targets.values())
            if origin != removed and total:
                chance[origin] = (
                    sum(times * chance.get(target, 0.0) for target, times in targets.items())
                    / total
                )
    return chance.get("(start)", 0.0)


@settings(max_examples=100, deadline=None)
@given(SMALL)
def test_shapley_is_that_of_its_definition(rows: list[Row]) -> None:
    paths, outcomes = built(rows)
    found = channels.shapley(paths, outcomes).conversions
    for period in range(outcomes.period_count):
        expected = brute_shapley(of_period(rows, period), paths.channels)
        assert found[period] == pytest.approx(expected, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(SMALL)
def test_removal_effects_are_those_of_chains_without_the_channel(rows: list[Row]) -> None:
    paths, outcomes = built(rows)
    found = channels.markov(paths, outcomes).removal_effects
    for period in range(outcomes.period_count):
        own = of_period(rows, period)
        chance = brute_conversion(own, None)
        for code, channel in enumerate(paths.channels):
            lost = chance - brute_conversion(own, channel)
            assert found[period, code] == pytest.approx(lost / chance if chance else 0, abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(SMALL, st.randoms(use_true_random=False))
def test_nothing_is_lost_and_order_does_not_matter(rows: list[Row], random: object) -> None:
    paths, outcomes = built(rows)
    count = len(paths.codes)
    ages = np.linspace(50, 0, count)
    some = np.arange(count) % 3 == 0
    models: list[np.ndarray] = [
        weights.first(paths),
        weights.last(paths),
        weights.last_non_direct(paths, ["b"]),
        weights.linear(paths),
        weights.time_decay(paths, ages, 7),
        weights.u_shaped(paths),
        weights.w_shaped(paths, some, ~some),
        weights.full_path(paths, some, ~some, some),
    ]
    for estimate in (channels.markov(paths, outcomes), channels.shapley(paths, outcomes)):
        models.append(weights.by_channel(paths, estimate.conversions[outcomes.periods]))
        for found, given_ in (
            (estimate.conversions, outcomes.conversions),
            (estimate.values, outcomes.values),
        ):
            totals = np.bincount(outcomes.periods, given_, outcomes.period_count)
            assert found.sum(axis=1) == pytest.approx(totals, abs=1e-9)
    for found in models:
        assert paths.sums(found) == pytest.approx(np.ones(len(rows)), abs=1e-9)
        assert found.min() >= 0
        credit = channels.by_weights(paths, outcomes, found).conversions.sum()
        assert credit == pytest.approx(outcomes.conversions.sum(), abs=1e-9)


# Tables of the warehouse ----------------------------------------------------------------------

PATHS = [  # path_number, basis, basis_month, is_converted, amount_reporting
    (1, "pipeline", date(2025, 3, 1), True, 100.0),
    (2, "pipeline", date(2025, 3, 1), True, None),
    (3, "pipeline", date(2025, 4, 1), True, 50.0),
    (4, "pipeline", date(2025, 3, 1), True, 7.0),  # without touches
    (5, "pipeline", date(2025, 3, 1), False, 900.0),
    (6, "revenue", date(2025, 4, 1), True, 100.0),
]
TOUCHES = [  # path_number, touch_position, channel_id, age_days, by lead, by creation, by closing
    (1, 1, "ads", 7.0, True, True, False),
    (1, 2, "mail", 0.0, False, True, False),
    (2, 1, "ads", 3.0, False, True, False),
    (3, 1, "mail", 3.0, False, True, False),
    (5, 1, "mail", 3.0, False, False, False),
    (6, 1, "direct", 20.0, False, True, True),
    (6, 2, "ads", 13.0, True, True, True),
    (6, 3, "direct", 6.0, False, False, True),
]


def table(columns: str, rows: Sequence[tuple[object, ...]]) -> pa.Table:
    return pa.table(dict(zip(columns.split(), map(list, zip(*rows, strict=True)), strict=True)))


def frames(
    reorder: Callable[[Sequence[tuple[object, ...]]], Sequence[tuple[object, ...]]],
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    paths = table("path_number basis basis_month is_converted amount_reporting", reorder(PATHS))
    touches = table(
        "path_number touch_position channel_id age_days is_by_lead is_by_creation is_by_closing",
        reorder(TOUCHES),
    )
    estimates = channel_estimates(paths, touches)
    found = touch_weights(paths, touches, estimates, Parameters(7, ["direct"]))
    return estimates.to_pylist(), found.to_pylist()


def test_tables_by_hand() -> None:
    estimates, found = frames(lambda rows: rows)
    in_march = {row["channel_id"]: row for row in estimates if row["basis_month"].month == 3}
    # March, pipeline: ads > mail (100), ads (no amount), and mail that came to nothing.
    # Shapley: ads has half of the first and the second; mail the other half.
    assert in_march["ads"]["shapley_conversions"] == pytest.approx(1.5)
    assert in_march["mail"]["shapley_value"] == pytest.approx(50)
    # Markov: start → ads 2/3, mail 1/3; ads → conversion or mail 1/2; mail → conversion 1/2.
    # P = 2/3 · (1/2 + 1/4) + 1/3 · 1/2 = 2/3. Without ads 1/6 is left, without mail 1/3.
    assert in_march["ads"]["markov_removal_effect"] == pytest.approx(3 / 4)
    assert in_march["mail"]["markov_removal_effect"] == pytest.approx(1 / 2)
    assert in_march["ads"]["markov_conversions"] == pytest.approx(2 * 0.75 / 1.25)

    of = {(row["path_number"], row["touch_position"]): row for row in found}
    assert set(of) == {row[:2] for row in TOUCHES if row[0] != 5}
    assert of[1, 1]["markov_weight"] == pytest.approx(0.6)  # 3/4 of 5/4
    assert of[1, 1]["shapley_weight"] == pytest.approx(0.75)  # 1.5 of 2
    assert of[1, 2]["time_decay_weight"] == pytest.approx(2 / 3)
    assert of[1, 1]["w_shaped_weight"] == pytest.approx(2 / 3)
    assert [of[6, place]["last_non_direct_weight"] for place in (1, 2, 3)] == [0, 1, 0]
    assert of[6, 2]["full_path_weight"] == pytest.approx(0.5)  # lead and deal, of four


def test_tables_in_any_order() -> None:
    def by_key(rows: list[dict[str, object]]) -> list[str]:
        return sorted(map(str, rows))

    straight, backwards = frames(lambda rows: rows), frames(lambda rows: rows[::-1])
    assert [by_key(rows) for rows in straight] == [by_key(rows) for rows in backwards]


# Files ----------------------------------------------------------------------------------------


def attributed(credits: list[Credit], model: str) -> dict[str, float]:
    return {of.channel: of.conversions for of in credits if of.model == model}


def test_real_paths_as_the_reference_has_them(real_data: Path) -> None:
    folder = real_data / "channel_attribution"
    reference = json.loads((folder / "reference.json").read_text())
    credits = attribute_file(folder / "PathData.csv", None, ">", ["direct"])
    assert attributed(credits, "first") == reference["first"]
    assert attributed(credits, "last") == reference["last"]
    assert attributed(credits, "linear") == pytest.approx(reference["linear"], abs=5.1e-5)
    exact = reference["markov_order_1_exact"]
    assert attributed(credits, "markov") == pytest.approx(exact, rel=1e-4)
    for model in {of.model for of in credits}:
        found = [of for of in credits if of.model == model]
        assert sum(of.conversions for of in found) == pytest.approx(reference["conversions"])
        assert sum(of.value for of in found) == pytest.approx(reference["value"], abs=1e-3)


@pytest.mark.parametrize(
    "content",
    [
        "path,conversions,value,null\na > b,1,10,2\n",
        "Total_Null;path;total_conversions;total_conversion_value\n2; a>b ;1;10\n",
        '\ufeffpath\tconversions\tvalue\tnull\n"a > b"\t1.0\t1e1\t2\n',
    ],
)
def test_files_as_they_come(tmp_path: Path, content: str) -> None:
    file = tmp_path / "paths.csv"
    file.write_text(content, encoding="utf-8")
    credits = attribute_file(file, None, ">", [])
    assert [(of.channel, of.conversions, of.value) for of in credits if of.model == "linear"] == [
        ("a", 0.5, 5),
        ("b", 0.5, 5),
    ]


@pytest.mark.parametrize(
    "content, message",
    [
        ("route,conversions\na,1\n", "has no column path; its header is 'route,conversions'"),
        ("path,conversions\na,1\nb,x\n", "conversions is no number in 1 row(s), first in row 2"),
        ("path,conversions\na,1\nb,\n", "conversions is no number in 1 row(s), first in row 2"),
        ("path,conversions\na,-1\n", "conversions is below 0"),
        (
            "path,conversions\na,1\n ,1\n",
            "has a touch without a name in 1 row(s), first in row 2",
        ),
        ("path,conversions\na > > b,1\n", "path is empty or has a touch without a name"),
        ("path,conversions\na,1,2\n", "cannot be read as delimited"),
    ],
)
def test_a_bad_file_is_told(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "paths.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(TandemError) as error:
        attribute_file(file, None, ">", [])
    assert message in str(error.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(TandemError, match="is no file"):
        attribute_file(tmp_path / "none.csv", None, ">", [])


# The guide ------------------------------------------------------------------------------------


def test_the_example_of_the_guide_is_what_the_code_says() -> None:
    paths = paths_of("ads > event > mail > ads > direct", "mail > direct", "ads", "event > mail")
    outcomes = outcomes_of([1, 1, 0, 0], [10000, 2000, 0, 0], [0, 0, 1, 1])
    markov, shapley = channels.markov(paths, outcomes), channels.shapley(paths, outcomes)
    assert markov.removal_effects[0] == pytest.approx([2 / 3, 1, 4 / 9, 2 / 3])  # by alphabet
    assert shapley.conversions[0] == pytest.approx([0.25, 0.75, 0.25, 0.75])
    count = len(paths.codes)
    ages = np.concatenate([[28, 21, 14, 7, 0], np.zeros(count - 5)])
    lead, deal, won = flags(count, 2), flags(count, 4), np.ones(count, bool)
    found = {
        "first": weights.first(paths),
        "last": weights.last(paths),
        "last_non_direct": weights.last_non_direct(paths, ["direct"]),
        "linear": weights.linear(paths),
        "time_decay": weights.time_decay(paths, ages, 7),
        "u_shaped": weights.u_shaped(paths),
        "w_shaped": weights.w_shaped(paths, lead, deal),
        "full_path": weights.full_path(paths, lead, deal, won),
        "markov": weights.by_channel(paths, markov.conversions[outcomes.periods]),
        "shapley": weights.by_channel(paths, shapley.conversions[outcomes.periods]),
    }
    assert tuple(found) == ATTRIBUTION_MODELS
    guide = (PROJECT_ROOT / "docs" / "attribution.md").read_text(encoding="utf-8")
    for model, of_touches in found.items():
        cells = " | ".join(f"{10000 * weight:.2f}" for weight in of_touches[:5])
        assert f"\n| {model} | {cells} |\n" in guide, (model, cells)
