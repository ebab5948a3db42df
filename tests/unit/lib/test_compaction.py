"""Compaction: fewer files, the same current rows, and nothing lost whenever it is killed.

That rows are the same after any loads is said in `test_current_rows`, of marts in `test_law`.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pyarrow as pa
import pytest

from orchestration.lib.compaction import compact, finish_interrupted
from orchestration.lib.entities import ENTITIES
from orchestration.lib.lake.files import TOMBSTONE, LakeError
from orchestration.lib.lake.lake import Counts, Lake
from orchestration.lib.lake.manifest import Window
from orchestration.lib.lock import Busy
from orchestration.lib.release import releases
from orchestration.settings import Settings
from tests.fixtures.faults import cut_in_half
from tests.fixtures.lake_reader import read_current


class Table:
    """A lake of one table, `crm.records`."""

    def __init__(self, settings: Settings, entity: str = "lead") -> None:
        self.settings = settings
        self.entity = entity
        self.lake = Lake(settings)
        self.lake.ensure()

    def load(
        self,
        *rows: dict[str, Any],
        mode: str = "upsert",
        state: str = "accepted",
        window: Window | None = None,
        files: tuple[str, ...] = (),
    ) -> int:
        place = {"source_system": "crm", "_table": "records", "_file": "db"}
        filled = [{**place, "_line": line, **row} for line, row in enumerate(rows)]
        table = pa.Table.from_pylist(filled, schema=ENTITIES[self.entity].arrow_schema)
        load_id = self.lake.begin_load("crm", "records", mode, window, "run")
        counts = Counts(table.num_rows)
        named = dict.fromkeys(files, "content")
        self.lake.commit_load(load_id, {self.entity: table}, {}, state, counts, files=named)  # type: ignore[arg-type]
        return load_id

    @contextmanager
    def released(self, *loads: int) -> Iterator[None]:
        """As if each kept release had been built from these loads; by default from all."""
        accepted = [load.load_id for load in self.lake.manifest.loads("accepted")]
        kept = SimpleNamespace(loads=frozenset(loads or accepted))
        with mock.patch.object(releases, "list_releases", return_value=[kept]):
            yield

    @property
    def files(self) -> list[str]:
        folder = self.settings.lake / "crm" / "records"
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.parquet"))

    def current(self) -> pa.Table:
        self.lake.export_loads()
        return read_current(self.lake, self.entity)


@pytest.fixture
def leads(settings: Settings) -> Table:
    return Table(settings)


def at(day: int) -> datetime:
    return datetime(2025, 1, day)


def test_files_become_one_and_versions_that_no_release_counts_go(leads: Table) -> None:
    first = leads.load(
        {"source_id": "1", "status": "old", "updated_at": at(1)},
        {"source_id": "2", "status": "late", "updated_at": at(9)},
    )
    second = leads.load({"source_id": "1", "status": "newer", "updated_at": at(2)})
    leads.load({"source_id": "1", "status": "newest", "updated_at": at(3)})
    leads.load({"source_id": "2", "status": "older", "updated_at": at(4)})
    before = leads.current()
    # The release before last reads the second version still.
    with leads.released(first, second):
        done = compact(leads.settings)
    assert (done.before.files, done.after.files, done.rows) == (4, 1, 1)
    assert leads.files == ["entity=lead/load=000000004/compacted.parquet"]
    assert leads.current().equals(before)
    with leads.released():
        assert compact(leads.settings).rows == 0  # one file is left as it is
    leads.load({"source_id": "3"})
    before = leads.current()
    with leads.released():
        assert compact(leads.settings).rows == 1  # "newer"; "older" is of a newer load than "late"
    assert leads.current().equals(before)
    assert done.summary.startswith("4 files became 1, ")


def test_a_damaged_file_takes_all_loads_along_whose_rows_it_had(leads: Table) -> None:
    ids = [leads.load({"source_id": "1"}), leads.load({"source_id": "2"})]
    rejected = leads.load({"source_id": "3"}, state="rejected")
    compact(leads.settings)
    newer = leads.load({"source_id": "4"})
    path = leads.settings.lake / "crm" / "records" / leads.files[0]
    assert path.name == "compacted.parquet"
    cut_in_half(path)
    with pytest.raises(LakeError, match=f"tandem reload {ids[1]} --why"):
        leads.lake.require_whole()
    assert leads.lake.give_up(ids[1], "Ops", "a bad disk") == ids
    leads.lake.require_whole()
    assert leads.current()["source_id"].to_pylist() == ["4"]
    left = {load.load_id for load in leads.lake.manifest.loads("accepted", "rejected")}
    assert left == {rejected, newer}


def test_without_a_release_nothing_goes(leads: Table) -> None:
    leads.load({"source_id": "1"}, mode="snapshot")
    leads.load({"source_id": "1"}, mode="snapshot")
    assert compact(leads.settings).rows == 0
    assert len(leads.files) == 2


def test_older_snapshots_go_and_rejected_loads_stay(leads: Table) -> None:
    old = leads.load({"source_id": "1"}, mode="snapshot")
    leads.load({"source_id": "2"}, mode="snapshot", state="rejected")
    leads.load({"source_id": "3"}, mode="snapshot")
    with leads.released(old):
        compact(leads.settings)
    assert len(leads.files) == 3  # a kept release is built from the first
    with leads.released():
        done = compact(leads.settings)
    assert leads.files == [
        "entity=lead/load=000000002/data.parquet",
        "entity=lead/load=000000003/data.parquet",
    ]
    assert "1 rejected load(s)" in done.summary
    assert leads.current()["source_id"].to_pylist() == ["3"]


def test_tombstones_stay_and_are_found_by_their_load(leads: Table) -> None:
    leads.load({"source_id": "x", "_file": TOMBSTONE})
    leads.load({"source_id": "x"}, {"source_id": "y"})
    with leads.released():
        compact(leads.settings)
    assert leads.lake.last_tombstones("crm", "records", "lead")["_load_id"].to_pylist() == [1]


def test_rows_of_one_load_are_found_in_a_compacted_file(leads: Table) -> None:
    monday = leads.load({"source_id": "1", "_file": "a"}, mode="append", files=("a",))
    leads.load({"source_id": "1", "_file": "b"}, mode="append", files=("b",))
    with leads.released():
        compact(leads.settings)
    load = leads.lake.manifest.get(monday)
    found = leads.lake.last_versions([load], "lead", pa.array(["1"]), ["a"])
    assert found["_load_id"].to_pylist() == [monday]


def test_a_day_that_newer_windows_cover_goes(settings: Settings) -> None:
    report = Table(settings, "ad_report")

    def day(number: int, cost: str) -> dict[str, Any]:
        costs = {"report_date": date(2025, 1, number), "cost": Decimal(cost)}
        return {"source_id": f"{number}/{cost}", **costs}

    report.load(day(1, "1"), day(2, "1"), day(3, "1"), window=(at(1), at(4)))
    report.load(day(3, "2"), window=(at(2), at(4)))  # the second vanished upstream
    before = report.current()
    assert before["source_id"].to_pylist() == ["1/1", "3/2"]
    with report.released():
        assert compact(settings).rows == 2
    assert report.current().equals(before)
    report.load(day(2, "5"), window=(at(2), at(3)))  # a backfill of that day
    assert sorted(report.current()["source_id"].to_pylist()) == ["1/1", "2/5", "3/2"]


class Killed(BaseException):
    """The process is gone at this step."""


@contextmanager
def killed_at(step: int) -> Iterator[None]:
    """Raise before the file system is changed for the n-th time by a rename or removal."""
    done = 0

    def counting(name: str) -> Any:
        original = getattr(Path, name)

        def called(path: Path, *arguments: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            # Nothing happens any more once the process is gone.
            if done >= step:
                raise Killed
            return original(path, *arguments, **named)

        return mock.patch.object(Path, name, called)

    with counting("rename"), counting("unlink"), counting("rmdir"):
        yield


def test_killed_at_any_step_it_is_as_before_or_done(tmp_path: Path) -> None:
    kills = 0
    for step in range(1, 50):
        table = Table(Settings(tmp_path / str(step), tmp_path / "company"))
        table.load({"source_id": "1", "status": "a"}, {"source_id": "2", "status": "a"})
        table.load({"source_id": "1", "status": "b"})
        table.load({"source_id": "3", "status": "c"})
        before = table.current()
        with table.released():
            try:
                with killed_at(step):
                    compact(table.settings)
                break
            except Killed:
                kills += 1
            finish_interrupted(table.settings)
            table.lake.clean_orphans()
            assert table.current().equals(before), step
            assert not list(table.settings.lake.rglob(".tmp-*"))
            compact(table.settings)
        assert table.current().equals(before), step
        assert table.files == ["entity=lead/load=000000003/compacted.parquet"]
        assert not (table.settings.lake / "compaction.json").exists()
    assert kills > 5


@pytest.mark.parametrize("name", ["lock", "preview.lock"])
def test_it_is_busy_while_a_run_or_a_preview_is_at_work(leads: Table, name: str) -> None:
    leads.load({"source_id": "1"})
    leads.load({"source_id": "2"})
    with (leads.settings.home / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # by another opening of the file, as of another process
        with pytest.raises(Busy):
            compact(leads.settings)
    assert len(leads.files) == 2
    assert compact(leads.settings).after.files == 1
