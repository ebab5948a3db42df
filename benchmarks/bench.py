"""What `make bench` runs: generate, run, measure, and print the design's budgets beside it.

    python -m benchmarks.bench --scale 1 --work FOLDER
    python -m benchmarks.bench --scale 10 --work FOLDER --only full,daily

Belongs here: the parts, what they compare, and their budgets. Does not belong here: how a run, the
floor, the readers or the models of attribution are measured (their own modules). Everything is
measured in one go on one machine, since most budgets are ratios.

| part | what it measures |
|---|---|
| `full` | the first run of three years of history, its floor, its gates and its memory |
| `daily` | the run of the next day; after it the same with one year of history |
| `backfill` | 90 days in one run |
| `bi` | eight readers while a run publishes |
| `attribution` | ten models beside the package ChannelAttribution |
| `demo` | from the installed environment to published marts |
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks import attribution, results
from benchmarks.floor import build_floor
from benchmarks.generate import THREE_YEARS, Company, generate, grow
from benchmarks.results import Result
from benchmarks.run import IDENTITY, Run, environment, measured, run
from orchestration.settings import PROJECT_ROOT, Settings

ONE_YEAR = 365
BACKFILL_DAYS = 90
# What the design promises.
FULL_RATIO, DAILY_SHARE, OVERHEAD_SECONDS = 1.3, 0.1, 20
PEAK_GIB = 8
BACKFILL_RATIO = 3
GATES_SHARE = 0.15
DEMO_SECONDS = 45
BI_MILLISECONDS = 100
# "Flat": what two runs of the same work differ by on a quiet machine.
FLAT_RATIO = 1.2


@dataclass
class Bench:
    """The folders of a benchmark, and what its parts hand to each other."""

    work: Path
    scale: float
    floor: float | None = None
    daily: Run | None = None
    homes: dict[int, Settings] = field(default_factory=dict)

    def settings(self, days: int) -> Settings:
        """The home and company of so many days of history."""
        return Settings(self.work / f"home-{days}", self.work / f"company-{days}")

    def first_run(self, days: int) -> Run:
        """Generate the company anew and run the pipeline for the first time."""
        settings = self.settings(days)
        shutil.rmtree(settings.home, ignore_errors=True)
        company = Company.of(self.scale, days)
        say(f"generating {days} days of history at scale {self.scale:g}")
        began = time.monotonic()
        generate(settings.company, company)
        say(f"generated in {time.monotonic() - began:.0f} s; running")
        found = run(settings, company.end)
        self.homes[days] = settings
        return found

    def next_day(self, days: int) -> Run:
        """Add a day to the company and run the pipeline for it."""
        settings = self.homes[days]
        company = grow(settings.company, 1)
        say(f"running the next day after {days} days of history")
        return run(settings, company.end)


def full(bench: Bench) -> Iterator[Result]:
    """The first run of all history: extract, transform, gates and publish."""
    found = bench.first_run(THREE_YEARS)
    say(f"ran in {found.seconds:.0f} s; executing its models with a bare connection")
    settings = bench.homes[THREE_YEARS]
    warehouse = bench.work / "floor" / settings.warehouse_file.name
    bench.floor = floor = build_floor(settings, warehouse)
    warehouse.unlink()
    yield Result("full run: floor (bare DuckDB, same models and files)", "s", floor)
    budget = FULL_RATIO * floor + OVERHEAD_SECONDS
    yield Result("full run", "s", found.seconds, budget)
    yield Result("full run, of the floor", "ratio", found.seconds / floor)
    for phase, seconds in found.phases.items():
        yield Result(f"full run: {phase}", "s", seconds)
    yield Result("full run: peak memory", "GiB", found.peak_memory, PEAK_GIB)
    yield Result(
        "full run: all gates, of the run", "share", found.gates / found.seconds, GATES_SHARE
    )


def daily(bench: Bench) -> Iterator[Result]:
    """The next day, after three years of history and after one."""
    bench.daily = found = bench.next_day(THREE_YEARS)
    budget = None if bench.floor is None else DAILY_SHARE * bench.floor + OVERHEAD_SECONDS
    yield Result("next daily run: extract, transform, gates", "s", _daily_work(found), budget)
    yield Result("next daily run: identity, beside it", "s", found.of_models(IDENTITY))
    yield Result("next daily run: release copy, beside it", "s", found.phases["publish"])
    yield Result("next daily run, from start to end", "s", found.seconds)
    bench.first_run(ONE_YEAR)
    year = bench.next_day(ONE_YEAR)
    yield Result("next daily run after one year of history", "s", _daily_work(year))
    ratio = _daily_work(found) / _daily_work(year)
    yield Result("daily run, three years of history over one", "ratio", ratio, FLAT_RATIO)


def _daily_work(found: Run) -> float:
    return found.work - found.of_models(IDENTITY)


def backfill(bench: Bench) -> Iterator[Result]:
    """The last 90 days again, in one run."""
    settings = bench.homes[THREE_YEARS]
    end = Company.read(settings.company).end
    start = end - timedelta(days=BACKFILL_DAYS - 1)
    say(f"backfilling {BACKFILL_DAYS} days")
    found = run(settings, end, "--start", str(start), "--end", str(end))
    budget = None if bench.daily is None else BACKFILL_RATIO * bench.daily.seconds
    yield Result("backfill of 90 days in one run", "s", found.seconds, budget)


def bi(bench: Bench) -> Iterator[Result]:
    """Eight readers while the run of one more day publishes."""
    settings = bench.homes[THREE_YEARS]
    stop, found = (bench.work / name for name in ("bi.stop", "bi.json"))
    stop.unlink(missing_ok=True)
    published = settings.published / "tandem.duckdb"
    command = [sys.executable, "-m", "benchmarks.bi", str(published), str(stop), str(found)]
    with subprocess.Popen(command, env=environment(settings), cwd=PROJECT_ROOT):
        try:
            daily_run = bench.next_day(THREE_YEARS)
        finally:
            stop.touch()
    read = json.loads(found.read_text())
    waits = [
        seconds * 1000
        for at, seconds in read["seconds"]
        if daily_run.publish_began <= at <= daily_run.publish_ended
    ]
    p95 = float(np.percentile(waits, 95)) if waits else None
    yield Result("BI query during a publish, p95", "ms", p95, BI_MILLISECONDS)
    yield Result("BI queries during a publish", "count", len(waits))
    yield Result("BI query during a publish, errors", "count", len(read["errors"]), 0)


def attributed(bench: Bench) -> Iterator[Result]:
    """Ten models on unaggregated paths, and the heuristics and Markov model of the package."""
    paths = round(100_000 * bench.scale)
    say(f"attributing {paths:,} paths")
    table = attribution.make_paths(paths, paths * 6, seed=7)
    ours = sum(attribution.run_ours(table).values())
    folder = attribution.install_package(bench.work / "channelattribution")
    theirs = None if folder is None else sum(attribution.run_package(table, folder).values())
    note = "" if theirs else "the package could not be installed here"
    name = f"attribution, ten models on {paths * 6 / 1e6:g} M touches"
    yield Result(name, "s", ours, theirs, note)
    yield Result("attribution, ChannelAttribution: heuristics and Markov", "s", theirs, None, note)


def demo(bench: Bench) -> Iterator[Result]:
    """As `make run` does once the environment is installed: manifest, demo company, run."""
    home = bench.work / "home-demo"
    shutil.rmtree(home, ignore_errors=True)
    env = environment(Settings(home, home / "demo"))
    del env["TANDEM_COMPANY"]  # unset, it is the demo company, which is not there yet
    # Nothing is parsed yet on a clean checkout; the run then finds what the first command has.
    clean = {"DBT_PARTIAL_PARSE": "false"}
    say("making and running the demo company")
    seconds = [
        measured([sys.executable, "-m", "orchestration.cli", name], {**env, **more})[0]
        for name, more in (("manifest", clean), ("demo", {}), ("run", {}))
    ]
    yield Result("demo: manifest, company, run", "s", sum(seconds), DEMO_SECONDS)
    yield Result("demo: the run alone", "s", seconds[-1])


PARTS: dict[str, Callable[[Bench], Iterable[Result]]] = {
    "full": full,
    "daily": daily,
    "backfill": backfill,
    "bi": bi,
    "attribution": attributed,
    "demo": demo,
}
NEEDS_HOME = ("daily", "backfill", "bi")


def say(line: str) -> None:
    """Progress; the table is what stays."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1, help="10 has 10 M touches")
    parser.add_argument("--work", type=Path, required=True, help="folder for homes and companies")
    parser.add_argument("--only", default=",".join(PARTS), help="some parts, with commas")
    arguments = parser.parse_args()
    chosen = [name for name in arguments.only.split(",") if name]
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    os.environ.update({"DAGSTER_DISABLE_TELEMETRY": "yes"})
    bench = Bench(arguments.work.resolve() / f"scale-{arguments.scale:g}", arguments.scale)
    if "full" not in chosen and set(chosen) & set(NEEDS_HOME):
        settings = bench.settings(THREE_YEARS)
        if settings.published.exists():
            bench.homes[THREE_YEARS] = settings
        else:
            chosen.insert(0, "full")
    found: list[Result] = []
    for name in PARTS:
        if name in chosen:
            found += PARTS[name](bench)
            results.write(results.FILE, arguments.scale, found)
    print(f"{results.machine()}; scale {arguments.scale:g}\n")
    print(results.table(found))
    print(f"\nWritten to {results.FILE.relative_to(PROJECT_ROOT)}.")


if __name__ == "__main__":
    main()
