"""Ten attribution models on 6 M touches in 1 M paths, beside the package ChannelAttribution.

Both read the same unaggregated paths, as texts. Ours splits them and runs all ten models; the
package (C++) runs its heuristics (first, last, linear) and its Markov model of order 1, which it
estimates by simulation. The package is under GPL and no part of Tandem: it is installed into a
folder of the benchmark's own, and nothing else knows of it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa

from orchestration.lib.attribution import channels, weights
from orchestration.lib.attribution.path_file import parse_paths
from orchestration.lib.attribution.paths import Outcomes, Paths

CHANNELS = np.array([f"channel {number:02}" for number in range(12)])
HALF_LIFE_DAYS = 7
INSTALL_SECONDS = 600  # it may have to be compiled


def make_paths(count: int, touches: int, seed: int) -> pa.Table:
    """Paths with a mean of touches/count; some channels are frequent, some convert better."""
    random = np.random.default_rng(seed)
    lengths = 1 + random.poisson(touches / count - 1, count)
    shares = 1 / np.arange(1, len(CHANNELS) + 1)
    codes = random.choice(len(CHANNELS), lengths.sum(), p=shares / shares.sum())
    ends = np.cumsum(lengths)
    names = CHANNELS[codes]
    texts = [
        " > ".join(names[end - length : end]) for end, length in zip(ends, lengths, strict=True)
    ]
    converts = random.random(count) < 0.05 + 0.02 * codes[ends - 1]
    return pa.table(
        {
            "path": texts,
            "conversions": converts.astype(np.int64),
            "value": np.where(converts, random.gamma(2, 500, count), 0.0),
            "null": (~converts).astype(np.int64),
        }
    )


def run_ours(table: pa.Table) -> dict[str, float]:
    """Seconds for reading the texts and for each model's weights of all touches."""
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        start = perf_counter()
        result = work()
        seconds[name] = perf_counter() - start
        return result

    paths: Paths = timed("read", lambda: parse_paths(table["path"], ">"))
    conversions, values, nulls = (
        np.asarray(table[name], dtype=np.float64) for name in ("conversions", "value", "null")
    )
    outcomes = Outcomes(conversions, values, nulls, np.zeros(len(table), np.int64))
    # What the warehouse knows beside the channels: here evenly spread days and milestones.
    places = np.arange(len(paths.codes)) - paths.per_touch(paths.starts)
    left = paths.per_touch(paths.lengths) - places
    age, by_lead, by_creation = left * 3.0, left > 3, left > 1
    closed = np.ones(len(paths.codes), np.bool_)
    models: dict[str, Callable[[], Any]] = {
        "first": lambda: weights.first(paths),
        "last": lambda: weights.last(paths),
        "last_non_direct": lambda: weights.last_non_direct(paths, CHANNELS[:1].tolist()),
        "linear": lambda: weights.linear(paths),
        "time_decay": lambda: weights.time_decay(paths, age, HALF_LIFE_DAYS),
        "u_shaped": lambda: weights.u_shaped(paths),
        "w_shaped": lambda: weights.w_shaped(paths, by_lead, by_creation),
        "full_path": lambda: weights.full_path(paths, by_lead, by_creation, closed),
        "markov": lambda: spread(channels.markov(paths, outcomes)),
        "shapley": lambda: spread(channels.shapley(paths, outcomes)),
    }

    def spread(estimate: channels.Estimate) -> Any:
        return weights.by_channel(paths, estimate.conversions[outcomes.periods])

    def credit(work: Callable[[], Any]) -> channels.Estimate:
        return channels.by_weights(paths, outcomes, work())

    for model, work in models.items():
        found = timed(model, partial(credit, work))
        assert abs(found.conversions.sum() - outcomes.conversions.sum()) < 1e-3
    return seconds


def install_package(folder: Path) -> Path | None:
    """The folder with the package, installed on first use; None where it cannot be had."""
    if not folder.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        # It imports matplotlib, and does not ask for it.
        command = [*pip, "--target", str(folder), "ChannelAttribution", "matplotlib"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode:
            return None
    return folder


def run_package(table: pa.Table, folder: Path) -> dict[str, float]:
    """Seconds for the package's heuristics and its Markov model."""
    sys.path.append(str(folder))
    with redirect_stdout(sys.stderr):  # it advertises itself
        package = import_module("ChannelAttribution")

    data = table.to_pandas()
    start = perf_counter()
    package.heuristic_models(data, "path", "conversions", "value", sep=">", flg_pro=False)
    heuristics = perf_counter() - start
    start = perf_counter()
    package.markov_model(
        data, "path", "conversions", "value", "null",
        order=1, sep=">", ncore=2, seed=1, verbose=False, flg_pro=False,
    )  # fmt: skip
    return {"heuristics": heuristics, "markov": perf_counter() - start}
