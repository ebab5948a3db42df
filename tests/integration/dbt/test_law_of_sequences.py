"""The law, for what sources do over time: late rows, restated days, merges, rejected loads.

Belongs here: any sequence of changes and readings, with builds in between, ends in the marts of
one full refresh. Does not belong here: what may happen (`changing_company`), the order of rows
(`test_law`).

A sequence happens to one source system. The sequences of an example share a lake and its builds,
since ten builds of a small company cost what ten builds cost.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st

from orchestration.lib import dbt
from orchestration.lib.compaction import compact
from orchestration.lib.company.folder import load_company
from orchestration.lib.durable import make_folder
from orchestration.lib.entities import ENTITIES
from orchestration.lib.lake.lake import Lake
from orchestration.lib.release import releases
from orchestration.settings import PROJECT_ROOT, Settings
from tests.fixtures.changing_company import CHANGES, READINGS, Side, Step, sides, write_company
from tests.fixtures.lake_builder import WORKSPACE
from tests.fixtures.lake_reader import read_current
from tests.fixtures.mart_comparison import differing_marts

SEQUENCES = 10
# Each load waits for the disk several times, which hundreds of them need not.
MEMORY = Path("/dev/shm")
_NUMBERS = st.integers(0, 99)


@dataclass(frozen=True)
class Round:
    """Some days, in which each source system takes its steps; then the marts are built."""

    days: int
    window_days: int
    rate: str
    steps: tuple[tuple[Step, ...], ...]


@st.composite
def _steps(draw: st.DrawFn) -> tuple[Step, ...]:
    """Once or twice three changes and a reading; then some more, and a daily reading."""

    def one_of(names: Sequence[str]) -> Step:
        return Step(draw(st.sampled_from(names)), draw(_NUMBERS), draw(_NUMBERS))

    parts = [*[*[CHANGES] * 3, READINGS] * draw(st.integers(1, 2)), CHANGES, CHANGES]
    return tuple(one_of(names) for names in [*parts, ("daily_of_one", "daily")])


def _rounds(sequences: int) -> st.SearchStrategy[list[Round]]:
    """Two rounds. The agreement stays as it is in about half of them."""
    return st.lists(
        st.builds(
            Round,
            st.integers(0, 4),
            st.sampled_from((90, 90, 5)),
            st.sampled_from(("0.9", "0.9", "0.95")),
            st.tuples(*[_steps()] * sequences),
        ),
        min_size=2,
        max_size=2,
    )


class Dbt:
    """dbt in this process, which parses the project once."""

    def __init__(self) -> None:
        self._manifest: Any = None

    def build(self, settings: Settings, as_of: datetime, version: str, full_refresh: bool) -> None:
        """Build all models as a run does; raises AssertionError with the models that failed."""
        link = WORKSPACE.path / "home"
        link.unlink(missing_ok=True)
        link.symlink_to(settings.home, target_is_directory=True)
        project = str(PROJECT_ROOT / "dbt_project")
        folders = [
            *("--project-dir", project, "--profiles-dir", project),
            *("--target-path", str(WORKSPACE.path / "target")),
            *("--log-path", str(settings.home / "logs")),
        ]
        make_folder(settings.warehouse_file.parent)
        build = dbt.build_environment(as_of, "test", version)
        here = {**dbt.environment(Settings(link, link / "company")), **build}
        with mock.patch.dict(os.environ, here):
            if self._manifest is None:
                parsed = dbtRunner().invoke(["--quiet", "parse", *folders])
                assert parsed.success, parsed.exception
                self._manifest = parsed.result
            # A run compiles into the manifest that it is given.
            runner = dbtRunner(manifest=self._manifest.deepcopy())
            done = runner.invoke(["--quiet", *dbt.run_args(full_refresh), *folders])
        DuckDBConnectionManager.close_all_connections()
        failed = [result.message for result in done.result or [] if result.status == "error"]
        del runner
        gc.collect()  # the warehouse is closed when nobody knows of it any more
        assert done.success, (failed, done.exception)


@pytest.fixture(scope="module")
def transform() -> Dbt:
    return Dbt()


class Home:
    """An installation that reads the sources and builds its marts."""

    def __init__(self, home: Path, company: Path, transform: Dbt) -> None:
        self.settings = Settings(home.resolve(), company)
        self._transform = transform
        self._built: frozenset[int] = frozenset()

    def take(self, side: Side, step: Step) -> None:
        if step.name in CHANGES:
            getattr(side, step.name)(step.one, step.other)
        elif step.name == "compact":
            self.compact()
        else:
            company = load_company(self.settings.company, {})
            getattr(side, step.name)(self.settings, company, step.one, step.other)

    def compact(self) -> None:
        """As if what was built last had been published, and nothing else were kept."""
        kept = [SimpleNamespace(loads=self._built)] if self._built else []
        with mock.patch.object(releases, "list_releases", return_value=kept):
            compact(self.settings)

    def prepare(self) -> str:
        """Load the agreement, and export what dbt and readers need to know of loads."""
        agreement = load_company(self.settings.company, {}).agreement
        lake = Lake(self.settings)
        lake.ensure()
        lake.clean_orphans()
        lake.write_agreement(agreement.tables, agreement.version, "run")
        lake.export_loads()
        used = lake.loads_used().values()
        self._built = frozenset(number for loads in used for number in loads)
        return agreement.version

    def build(self, as_of: datetime, full_refresh: bool = False) -> None:
        version = self.prepare()
        self._transform.build(self.settings, as_of, version, full_refresh)

    def current(self, entity: str, sources: Sequence[str]) -> list[tuple[Any, ...]]:
        """What the lake says now of these sources, whichever load and line it came by."""
        rows = read_current(Lake(self.settings), entity).drop_columns(["_load_id", "_line"])
        theirs = [row for row in rows.to_pylist() if row["source_system"] in sources]
        return sorted((tuple(row.values()) for row in theirs), key=repr)


def _holds(transform: Dbt, folder: Path, rounds: Sequence[Round], is_thorough: bool) -> None:
    company = folder / "company"
    write_company(company)
    everybody = list(sides(company, len(rounds[0].steps)))
    home = Home(make_folder(folder / "home"), company, transform)
    for side in everybody:
        home.take(side, Step("daily", 0, 0))
    day = everybody[0].today
    home.build(datetime.combine(day, time(22)))
    for each in rounds:
        day += timedelta(days=each.days)
        write_company(company, each.window_days, each.rate)
        for side, steps in zip(everybody, each.steps, strict=True):
            side.today = day
            for step in steps:
                home.take(side, step)
        home.build(datetime.combine(day, time(22)))
    step_by_step = folder / "step_by_step.duckdb"
    home.settings.warehouse_file.rename(step_by_step)
    home.build(datetime.combine(day, time(22)), full_refresh=True)
    assert differing_marts(step_by_step, home.settings.warehouse_file) == {}

    # What sources say in the end, read again here and for the first time elsewhere. Where there is
    # little time half of them will do, and the rows that marts are made of.
    fresh = Home(make_folder(folder / "fresh"), company, transform)
    shutil.copytree(home.settings.home / "secrets", fresh.settings.home / "secrets")
    loaded = load_company(company, {})
    read = everybody if is_thorough else everybody[::2]
    for side in read:
        side.everything(home.settings, loaded)
    for side in reversed(read):
        side.everything_backwards(fresh.settings, loaded)
    home.compact()
    home.prepare()
    fresh.prepare()
    names = [side.name for side in read]
    for entity in ENTITIES:
        assert home.current(entity, names) == fresh.current(entity, names), entity
    if is_thorough:
        for each in (home, fresh):
            each.build(datetime.combine(day, time(22)))
        assert differing_marts(home.settings.warehouse_file, fresh.settings.warehouse_file) == {}


def _check(transform: Dbt, rounds: list[Round], is_thorough: bool = False) -> None:
    for number, each in enumerate(rounds, start=1):
        agreement = f"window of {each.window_days} days, USD at {each.rate}"
        note(f"Round {number}, {each.days} days later, {agreement}:")
        for side, steps in enumerate(each.steps):
            note(f"  crm{side}: {', '.join(map(repr, steps))}")
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        _holds(transform, Path(folder), rounds, is_thorough)


def _law(examples: int) -> settings:
    # Shrinking takes many builds. What failed is told step by step, and is the same each time.
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


@_law(examples=1)
@given(started=st.booleans(), rounds=_rounds(SEQUENCES))
def test_ten_sequences_end_in_the_marts_of_a_full_refresh(
    transform: Dbt, started: bool, rounds: list[Round]
) -> None:
    assume(started)  # the first example that is tried has the simplest steps alone
    _check(transform, rounds)


@pytest.mark.long
@pytest.mark.timeout(7200)
@_law(examples=20)
@given(started=st.booleans(), rounds=_rounds(SEQUENCES))
def test_hundreds_of_sequences_do(transform: Dbt, started: bool, rounds: list[Round]) -> None:
    assume(started)
    _check(transform, rounds, is_thorough=True)
