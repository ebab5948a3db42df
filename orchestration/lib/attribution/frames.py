"""The warehouse's tables of paths and touches, through the models and back.

Belongs here: Arrow in, Arrow out, for the two Python models of dbt's `intermediate/attribution`.
Does not belong here: the models themselves, or SQL. No row is touched by Python.

- paths: path_number (1, 2, … without gaps), basis, basis_month, is_converted, amount_reporting
- touches: path_number, touch_position (unique in its path, in order of time), channel_id,
  age_days, is_by_lead, is_by_creation, is_by_closing
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.lib.attribution import channels, weights
from orchestration.lib.attribution.path_file import sorted_codes
from orchestration.lib.attribution.paths import Flags, Floats, Integers, Outcomes, Paths


@dataclass(frozen=True)
class Parameters:
    """The agreement's parameters of the models."""

    half_life_days: float
    direct_channels: Sequence[str]


@dataclass(frozen=True)
class _Data:
    paths: Paths
    outcomes: Outcomes
    periods: pa.Table  # basis and basis_month by period
    order: Integers  # of the rows of the touches, as given
    is_converted: Flags  # of the touches


def channel_estimates(paths: pa.Table, touches: pa.Table) -> pa.Table:
    """What each channel has by Markov and Shapley, by basis and month; without empty rows."""
    data = _read(paths, touches)
    markov = channels.markov(data.paths, data.outcomes)
    shapley = channels.shapley(data.paths, data.outcomes)
    periods, codes = np.nonzero((markov.removal_effects > 0) | (shapley.conversions > 0))
    return pa.table(
        {
            "basis": data.periods["basis"].take(periods),
            "basis_month": data.periods["basis_month"].take(periods),
            "channel_id": pa.array(data.paths.channels, pa.string()).take(codes),
            "markov_conversions": markov.conversions[periods, codes],
            "markov_value": markov.values[periods, codes],
            "markov_removal_effect": markov.removal_effects[periods, codes],
            "shapley_conversions": shapley.conversions[periods, codes],
            "shapley_value": shapley.values[periods, codes],
        }
    )


def touch_weights(
    paths: pa.Table, touches: pa.Table, estimates: pa.Table, parameters: Parameters
) -> pa.Table:
    """Ten weights per touch of each path that converted; `estimates` are channel_estimates."""
    data = _read(paths, touches)

    def given(column: str) -> np.ndarray:
        return np.asarray(touches[column])[data.order]

    by_lead, by_creation = given("is_by_lead"), given("is_by_creation")
    of = data.paths
    periods = data.outcomes.periods
    all_weights = {
        "first": weights.first(of),
        "last": weights.last(of),
        "last_non_direct": weights.last_non_direct(of, parameters.direct_channels),
        "linear": weights.linear(of),
        "time_decay": weights.time_decay(of, given("age_days"), parameters.half_life_days),
        "u_shaped": weights.u_shaped(of),
        "w_shaped": weights.w_shaped(of, by_lead, by_creation),
        "full_path": weights.full_path(of, by_lead, by_creation, given("is_by_closing")),
        "markov": weights.by_channel(of, _shares(data, estimates, "markov_conversions")[periods]),
        "shapley": weights.by_channel(of, _shares(data, estimates, "shapley_conversions")[periods]),
    }
    kept = data.is_converted
    return pa.table(
        {
            "path_number": given("path_number")[kept],
            "touch_position": given("touch_position")[kept],
            **{f"{model}_weight": found[kept] for model, found in all_weights.items()},
        }
    )


def _read(paths: pa.Table, touches: pa.Table) -> _Data:
    """The paths that have touches, in order, whatever the order of the rows."""
    numbers, positions = np.asarray(touches["path_number"]), np.asarray(touches["touch_position"])
    # One key, and the sort that gains from rows that come in order already.
    order = np.argsort(numbers * (positions.max(initial=0) + 1) + positions, kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=0))
    path_numbers = ordered[starts]
    names = pc.dictionary_encode(touches["channel_id"]).combine_chunks()
    codes, known = sorted_codes(names)

    rows = np.argsort(np.asarray(paths["path_number"]))[path_numbers - 1]
    used = paths.take(rows)
    converted = np.asarray(used["is_converted"])
    amounts = np.asarray(pc.fill_null(pc.cast(used["amount_reporting"], pa.float64()), 0.0))
    periods, period_of_path = _periods(used)
    return _Data(
        Paths(starts, codes[order], known),
        Outcomes(
            converted.astype(np.float64),
            np.where(converted, amounts, 0.0),
            (~converted).astype(np.float64),
            period_of_path,
            len(periods),
        ),
        periods,
        order,
        np.repeat(converted, np.diff(starts, append=len(order))),
    )


def _periods(paths: pa.Table) -> tuple[pa.Table, Integers]:
    """The periods that occur, in order, and the place of each path's own."""
    months = pc.cast(pc.cast(paths["basis_month"], pa.date32()), pa.int32())
    bases = pc.dictionary_encode(paths["basis"]).combine_chunks()
    codes, _ = sorted_codes(bases)
    keys = codes * 1_000_000 + np.asarray(months)
    _, first_rows, places = np.unique(keys, return_index=True, return_inverse=True)
    return paths.select(["basis", "basis_month"]).take(first_rows), places


def _shares(data: _Data, estimates: pa.Table, column: str) -> Floats:
    """(period, channel): what the estimates say in a column; 0 where they have no row."""
    shares = np.zeros((data.outcomes.period_count, len(data.paths.channels)))
    period = {
        (row["basis"], row["basis_month"]): place
        for place, row in enumerate(data.periods.to_pylist())
    }
    code = {name: place for place, name in enumerate(data.paths.channels)}
    for row in estimates.select(["basis", "basis_month", "channel_id", column]).to_pylist():
        shares[period[row["basis"], row["basis_month"]], code[row["channel_id"]]] = row[column]
    return shares
