"""Which rows are current after any sequence of loads: by hand, and against a plain model.

The rows are read by the macros that staging uses, rendered without dbt (`lake_reader`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.lib.compaction import compact
from orchestration.lib.entities import ENTITIES
from orchestration.lib.lake.lake import Counts, Lake
from orchestration.lib.release import releases
from orchestration.settings import Settings
from tests.fixtures.lake_reader import read_current

FIRST = date(2024, 1, 1)
# Each load waits for the disk several times, which hundreds of them need not.
MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Row:
    """A record of a key, or a line of a report: `day` is its last change, or the day reported."""

    key: str
    value: int
    day: int | None = None
    file: str = "a.csv"


@dataclass(frozen=True)
class Loaded:
    """A load of a table; `window` are days, its end not part of it, `files` what it read."""

    rows: tuple[Row, ...] = ()
    mode: str = "upsert"
    window: tuple[int, int] | None = None
    files: frozenset[str] = frozenset()
    accepted: bool = True


def on(day: int) -> datetime:
    return datetime.combine(FIRST + timedelta(days=day), datetime.min.time())


class Table:
    """A lake of one table, of leads or of a report."""

    def __init__(self, folder: Path, entity: Literal["lead", "ad_report"]) -> None:
        self.lake = Lake(Settings(folder / "home", folder / "company"))
        self.lake.ensure()
        self._entity = entity

    def load(self, load: Loaded) -> int:
        window = load.window and (on(load.window[0]), on(load.window[1]))
        load_id = self.lake.begin_load("crm", "records", load.mode, window, "run")
        records = [self._record(line, row) for line, row in enumerate(load.rows, start=2)]
        rows = pa.Table.from_pylist(records, schema=ENTITIES[self._entity].arrow_schema)
        self.lake.commit_load(
            load_id,
            {self._entity: rows},
            {},
            "accepted" if load.accepted else "rejected",
            Counts(rows.num_rows),
            files=dict.fromkeys(sorted(load.files), "content"),
        )
        return load_id

    def _record(self, line: int, row: Row) -> dict[str, Any]:
        place = {"source_system": "crm", "_table": "records", "_file": row.file, "_line": line}
        record = {**place, "source_id": row.key}
        if self._entity == "lead":
            day = None if row.day is None else on(row.day)
            return {**record, "status": str(row.value), "updated_at": day}
        assert row.day is not None
        return {**record, "report_date": on(row.day).date(), "cost": Decimal(row.value)}

    def compact(self, counted: Iterable[int]) -> None:
        """Compact as if the kept releases had been built from these loads."""
        kept = SimpleNamespace(loads=frozenset(counted))
        with mock.patch.object(releases, "list_releases", return_value=[kept]):
            compact(self.lake._settings)

    def current(self) -> list[tuple[str, int]]:
        self.lake.export_loads()
        value = "status" if self._entity == "lead" else "cost"
        rows = read_current(self.lake, self._entity)
        found = zip(rows["source_id"].to_pylist(), rows[value].to_pylist(), strict=True)
        return sorted((key, int(value)) for key, value in found)


@pytest.fixture
def leads(tmp_path: Path) -> Table:
    return Table(tmp_path, "lead")


@pytest.fixture
def report(tmp_path: Path) -> Table:
    return Table(tmp_path, "ad_report")


def files(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_snapshot_absence_deletes(leads: Table) -> None:
    leads.load(Loaded((Row("1", 1), Row("2", 1)), "snapshot"))
    leads.load(Loaded((Row("2", 2),), "snapshot"))
    leads.load(Loaded((Row("3", 3),), "snapshot", accepted=False))
    assert leads.current() == [("2", 2)]
    leads.load(Loaded((), "snapshot"))
    assert leads.current() == []


def test_upsert_replaces_a_record_and_absence_means_nothing(leads: Table) -> None:
    # The file of changes is written anew each day, under one name.
    changes = files("changes.csv")
    leads.load(Loaded((Row("1", 1), Row("2", 1)), files=changes))
    leads.load(Loaded((Row("2", 2), Row("3", 2)), files=changes))
    leads.load(Loaded((), files=changes))
    assert leads.current() == [("1", 1), ("2", 2), ("3", 2)]


def test_upsert_takes_the_last_change_wherever_it_came(leads: Table) -> None:
    leads.load(Loaded((Row("1", 5, day=5), Row("2", 5))))
    leads.load(Loaded((Row("1", 3, day=3), Row("2", 1, day=1))))
    assert leads.current() == [("1", 5), ("2", 1)]  # a version without a time is the oldest


def test_of_one_load_the_later_file_wins_whatever_the_line(leads: Table) -> None:
    rows = (Row("x", 0, file="1.csv"), Row("k", 2, file="2.csv"), Row("k", 1, file="1.csv"))
    leads.load(Loaded(rows, files=files("1.csv", "2.csv")))
    assert leads.current() == [("k", 2), ("x", 0)]


def test_append_adds_rows_and_a_file_read_again_replaces_its_own(leads: Table) -> None:
    monday = (Row("1", 1, file="mon.csv"), Row("2", 1, file="mon.csv"))
    leads.load(Loaded(monday, "append", files=files("mon.csv")))
    leads.load(Loaded((Row("3", 1, file="tue.csv"),), "append", files=files("tue.csv")))
    assert leads.current() == [("1", 1), ("2", 1), ("3", 1)]
    mended = (Row("1", 9, file="mon.csv"),)
    rejected = leads.load(Loaded(mended, "append", files=files("mon.csv"), accepted=False))
    assert leads.current() == [("1", 1), ("2", 1), ("3", 1)]
    leads.lake.accept(rejected, "Ops", "checked")
    assert leads.current() == [("1", 9), ("3", 1)]
    leads.load(Loaded((), "append", files=files("tue.csv")))  # only its header is left
    assert leads.current() == [("1", 9)]


def test_a_table_that_changes_its_mode_does_not_count_a_file_twice(leads: Table) -> None:
    leads.load(Loaded((Row("of append", 1),), "append", files=files("a.csv")))
    leads.load(Loaded((Row("of upsert", 2),), "upsert", files=files("a.csv")))
    assert leads.current() == [("of upsert", 2)]
    leads.load(Loaded((Row("of append", 3),), "append", files=files("a.csv")))
    assert leads.current() == [("of append", 3)]
    leads.load(Loaded((Row("whole", 4),), "snapshot", files=files("a.csv")))
    assert leads.current() == [("whole", 4)]
    leads.load(Loaded((Row("added", 5, file="b.csv"),), "append", files=files("b.csv")))
    assert leads.current() == [("added", 5), ("whole", 4)]


def test_a_day_of_a_report_is_that_of_the_newest_window_over_it(report: Table) -> None:
    def days(*numbers: int, value: int) -> tuple[Row, ...]:
        return tuple(Row(f"{number}/{value}", value, number) for number in numbers)

    report.load(Loaded(days(1, 2, 3, value=1), window=(0, 4)))
    report.load(Loaded(days(3, value=2), window=(2, 4)))
    assert report.current() == [("1/1", 1), ("3/2", 2)]  # day 2 vanished upstream
    report.load(Loaded((), window=(3, 9)))
    assert report.current() == [("1/1", 1)]  # an empty answer empties its days
    report.load(Loaded(days(1, 2, value=3), window=(1, 3), accepted=False))
    assert report.current() == [("1/1", 1)]


def test_report_files_of_upsert_replace_days_and_of_append_stand_beside_each_other(
    report: Table, tmp_path: Path
) -> None:
    de = tuple(Row(f"de{day}", 1, day, "de.csv") for day in (1, 2, 4))
    us = tuple(Row(f"us{day}", 2, day, "us.csv") for day in (2, 3))
    both = Loaded(de + us, files=files("de.csv", "us.csv"))
    report.load(both)  # one trailing report after the other: the later file has days 2 and 3
    assert report.current() == [("de1", 1), ("de4", 1), ("us2", 2), ("us3", 2)]
    one_by_one = Table(tmp_path / "split", "ad_report")
    for rows in (de, us):
        one_by_one.load(Loaded(rows, files=files(rows[0].file)))
    assert one_by_one.current() == report.current()

    accounts = Table(tmp_path / "accounts", "ad_report")
    accounts.load(replace(both, mode="append"))
    assert accounts.current() == sorted((row.key, row.value) for row in de + us)
    accounts.load(Loaded(us[:1], "append", files=files("us.csv")))
    assert accounts.current() == [("de1", 1), ("de2", 1), ("de4", 1), ("us2", 2)]


# The model: what docs/company-folder.md says of each mode, in plain Python.


def newest_version(rows: Iterable[tuple[int, int, Row]]) -> list[Row]:
    """Of (load, line, row) per key the last change, then the last load, file and line."""

    def age(entry: tuple[int, int, Row]) -> tuple[Any, ...]:
        load, line, row = entry
        return (row.day is not None, row.day or 0, load, row.file, line)

    best: dict[str, tuple[int, int, Row]] = {}
    for entry in rows:
        key = entry[2].key
        best[key] = max(best.get(key, entry), entry, key=age)
    return [row for _, _, row in best.values()]


def expected(loads: Sequence[Loaded], entity: str) -> list[tuple[str, int]]:
    accepted = [(number, load) for number, load in enumerate(loads) if load.accepted]
    if not accepted:
        return []
    mode = accepted[-1][1].mode
    if mode == "snapshot":
        return sorted((row.key, row.value) for row in accepted[-1][1].rows)
    by_file = mode == "append" and not accepted[-1][1].window
    last_read = {name: number for number, load in accepted for name in load.files}
    entries = [
        (number, line, row)
        for number, load in accepted
        for line, row in enumerate(load.rows)
        if not by_file or last_read[row.file] == number
    ]
    if entity == "lead":
        kept = newest_version(entries)
    elif by_file:
        kept = [row for _, _, row in entries]
    else:
        owner: dict[int, tuple[int, str]] = {}
        for number, load in accepted:
            spans: dict[str, range] = {"": range(*load.window)} if load.window else {}
            for name in sorted(load.files):
                days = [row.day for row in load.rows if row.file == name and row.day is not None]
                spans[name] = range(min(days), max(days) + 1) if days else range(0)
            for name, span in spans.items():
                owner.update(dict.fromkeys(span, (number, name)))
        kept = [
            row
            for number, _, row in entries
            if row.day is not None and owner.get(row.day) in ((number, row.file), (number, ""))
        ]
    return sorted((row.key, row.value) for row in kept)


DAYS = st.integers(0, 6)
NAMES = ("a.csv", "b.csv", "c.csv")


def keyed(rows: list[Row]) -> list[Row]:
    """One row for each key and file: gate 1 sets the others aside."""
    return list({(row.key, row.file): row for row in rows}.values())


@st.composite
def windowed_loads(draw: st.DrawFn, entity: str) -> Loaded:
    start = draw(DAYS)
    end = draw(st.integers(start + 1, 8))
    day = st.integers(start, end - 1)
    if entity == "lead":
        day |= st.none() | DAYS  # what was asked for by another column than `updated_at`
    rows = draw(st.lists(st.builds(Row, st.sampled_from("pqr"), st.integers(0, 9), day)))
    rows = keyed(rows) if entity == "lead" else rows
    return Loaded(tuple(rows), "upsert", (start, end), accepted=draw(st.booleans()))


@st.composite
def file_loads(draw: st.DrawFn, entity: str, mode: str) -> Loaded:
    names = draw(st.sets(st.sampled_from(NAMES), min_size=1))
    day = DAYS if entity == "ad_report" else DAYS | st.none()
    row = st.builds(
        Row, st.sampled_from("pqr"), st.integers(0, 9), day, st.sampled_from(sorted(names))
    )
    rows = draw(st.lists(row, max_size=6))
    rows = keyed(rows) if entity == "lead" else rows
    rows.sort(key=lambda row: row.file)
    return Loaded(tuple(rows), mode, None, frozenset(names), draw(st.booleans()))


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, list[Loaded]]:
    """Loads of one table: windows in any order and again, files changed and read again."""
    entity = draw(st.sampled_from(("lead", "ad_report")))
    kind = draw(st.sampled_from(("window", "append", "upsert", "snapshot")))
    load = windowed_loads(entity) if kind == "window" else file_loads(entity, kind)
    return entity, draw(st.lists(load, min_size=1, max_size=6))


@settings(max_examples=30, deadline=None)
@given(histories(), st.data())
def test_current_rows_are_those_of_the_model(
    history: tuple[str, list[Loaded]], data: st.DataObject
) -> None:
    entity, loads = history
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        table = Table(Path(folder), entity)  # type: ignore[arg-type]
        ids: list[int] = []
        for load in loads:
            ids.append(table.load(load))
            if data.draw(st.booleans(), "compacts"):
                built = ids[: data.draw(st.integers(0, len(ids)), "loads of the releases")]
                accepted = {each.load_id for each in table.lake.manifest.loads("accepted")}
                table.compact(accepted & set(built))
        assert ids == sorted(ids)
        assert table.current() == expected(loads, entity)
        # Somebody accepts a load that had been rejected, whenever that is.
        rejected = [number for number, load in enumerate(loads) if not load.accepted]
        if rejected:
            number = data.draw(st.sampled_from(rejected))
            table.lake.accept(ids[number], "Ops", "checked")
            loads = [
                replace(load, accepted=load.accepted or place == number)
                for place, load in enumerate(loads)
            ]
            assert table.current() == expected(loads, entity)
            table.compact(each.load_id for each in table.lake.manifest.loads("accepted"))
            assert table.current() == expected(loads, entity)
