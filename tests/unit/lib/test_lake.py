"""The lake: loads whole or not at all, which of them count, duplicates, the lock."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.results import ExpectationResult
from orchestration.lib import ledger
from orchestration.lib.durable import repoint, scratch, whole_file
from orchestration.lib.entities import ENTITIES
from orchestration.lib.lake import lake as lake_module
from orchestration.lib.lake.duplicates import split_duplicates
from orchestration.lib.lake.files import LakeError, empty_file, entity_folder, loads_file
from orchestration.lib.lake.lake import Counts, Lake
from orchestration.lib.lake.manifest import UnknownLoadError
from orchestration.lib.lock import Busy, exclusive
from orchestration.settings import Settings
from tests.fixtures.faults import cut_in_half
from tests.fixtures.lake_reader import read_current

RESULT = ExpectationResult(
    gate="gate_1",
    asset="lake/crm__records",
    expectation="few bad rows",
    severity="critical",
    passed=False,
    failed_rows=1,
    checked_rows=5,
    message="Too many bad rows.",
    examples=["a***"],
    checked_at=datetime(2024, 3, 1),
)
WHY = ("Ops", "checked with the source's owner")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", tmp_path / "company")


@pytest.fixture
def lake(settings: Settings) -> Lake:
    lake = Lake(settings)
    lake.ensure()
    return lake


def rows(entity: str, *records: dict[str, Any], source: str = "crm") -> pa.Table:
    """Rows of an entity in its lake schema; what a record leaves out is null."""
    defaults = {"source_system": source, "_table": "records", "_file": "a.csv"}
    filled = [
        {**defaults, "_line": number, **record} for number, record in enumerate(records, start=2)
    ]
    return pa.Table.from_pylist(filled, schema=ENTITIES[entity].arrow_schema)


def load(
    lake: Lake,
    table: pa.Table,
    entity: str = "lead",
    mode: str = "snapshot",
    state: str = "accepted",
    window: tuple[datetime, datetime] | None = None,
) -> int:
    load_id = lake.begin_load("crm", "records", mode, window, "run")
    lake.commit_load(load_id, {entity: table}, {}, state, Counts(table.num_rows))  # type: ignore[arg-type]
    return load_id


def current_ids(lake: Lake, entity: str = "lead") -> list[str]:
    lake.export_loads()
    return sorted(read_current(lake, entity)["source_id"].to_pylist())


def test_ensure_creates_private_folders_and_an_empty_file_per_entity(
    lake: Lake, settings: Settings
) -> None:
    lake.ensure()
    for folder in (settings.lake, settings.quarantine, settings.ledger):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (settings.lake / "manifest.db").stat().st_mode & 0o777 == 0o600
    for name, entity in ENTITIES.items():
        file = entity_folder(settings, "_schema", "empty", name, 0) / "data.parquet"
        assert pq.read_schema(file) == entity.arrow_schema
        assert read_current(lake, name).num_rows == 0


def test_load_ids_increase_and_are_never_given_twice(lake: Lake) -> None:
    first = lake.begin_load("crm", "records", "append", None, "run")
    lake.clean_orphans()
    assert lake.begin_load("crm", "records", "append", None, "run") == first + 1


def test_a_load_is_written_private_typed_and_in_time_order(lake: Lake, settings: Settings) -> None:
    table = rows(
        "opportunity",
        {"source_id": "b", "created_at": datetime(2024, 2, 1), "amount": Decimal("1.5")},
        {"source_id": "c"},
        {"source_id": "a", "created_at": datetime(2024, 1, 1), "is_won": True},
    )
    load_id = load(lake, table, "opportunity")
    path = entity_folder(settings, "crm", "records", "opportunity", load_id) / "data.parquet"
    assert path.stat().st_mode & 0o777 == 0o600
    stored = pq.read_table(path)
    assert stored.schema == ENTITIES["opportunity"].arrow_schema
    assert stored["source_id"].to_pylist() == ["c", "a", "b"]
    assert stored["amount"].to_pylist() == [None, None, Decimal("1.500000")]
    assert set(stored["_load_id"].to_pylist()) == {load_id}


def test_the_manifest_keeps_what_is_known_of_a_load(lake: Lake) -> None:
    window = (datetime(2024, 1, 1), datetime(2024, 1, 2))
    load_id = lake.begin_load("crm", "records", "upsert", window, "run-7")
    bad = pa.table({"file": ["a"], "line": [9], "rule": ["r"], "message": ["m"], "raw": ["{}"]})
    done = lake.commit_load(
        load_id,
        {"lead": rows("lead", {"source_id": "1"}, {"source_id": "2"})},
        {"lead": bad},
        "rejected",
        Counts(rows_read=5, rows_duplicate=1, rows_filtered=1, malformed=3),
        results=[RESULT],
        columns_found=["Id", "Name"],
        input_fingerprint="input",
        config_fingerprint="config",
    )
    assert (done.rows_read, done.rows, done.rows_quarantined, done.rows_duplicate) == (5, 2, 1, 1)
    assert (done.rows_filtered, done.malformed, done.state) == (1, 3, "rejected")
    assert (done.window_start, done.window_end) == window
    assert done.results == [RESULT.to_dict()]
    assert done.columns_found == ["Id", "Name"]
    assert (done.run_id, done.input_fingerprint, done.config_fingerprint) == (
        "run-7",
        "input",
        "config",
    )
    assert lake.newest("crm", "records") == done
    assert lake.newest("crm", "other") is None
    with pytest.raises(UnknownLoadError, match="no pending load"):
        lake.commit_load(load_id, {}, {}, "accepted", Counts(0))


def test_rows_that_do_not_fit_are_refused(lake: Lake) -> None:
    load_id = lake.begin_load("crm", "records", "append", None, "run")
    with pytest.raises(LakeError, match="lack the columns"):
        lake.commit_load(
            load_id, {"lead": pa.table({"source_id": ["1"]})}, {}, "accepted", Counts(1)
        )
    with pytest.raises(LakeError, match="cannot be named agreement"):
        lake.begin_load("agreement", "records", "append", None, "run")


def test_history_counts_accepted_loads_only(lake: Lake) -> None:
    one = rows("lead", {"source_id": "1"})
    for state in ("accepted", "rejected", "accepted"):
        load(lake, one, state=state)
    assert lake.history("crm", "records") == [1, 1]
    assert lake.history("crm", "records", count=1) == [1]
    assert lake.history("crm", "other") == []


def test_snapshot_shows_the_newest_accepted_load_only(lake: Lake) -> None:
    load(lake, rows("lead", {"source_id": "1"}, {"source_id": "2"}))
    load(lake, rows("lead", {"source_id": "2"}))
    rejected = load(lake, rows("lead", {"source_id": "3"}), state="rejected")
    assert current_ids(lake) == ["2"]
    lake.accept(rejected, *WHY)
    assert current_ids(lake) == ["3"]


def test_upsert_shows_the_newest_version_of_each_key(lake: Lake) -> None:
    day = [datetime(2024, 1, number) for number in range(1, 5)]
    load(
        lake,
        rows(
            "lead",
            {"source_id": "1", "updated_at": day[3], "status": "late"},
            {"source_id": "2", "status": "undated"},
            {"source_id": "3", "updated_at": day[0], "status": "old"},
        ),
        mode="upsert",
    )
    load(
        lake,
        rows(
            "lead",
            {"source_id": "1", "updated_at": day[1], "status": "stale"},
            {"source_id": "2", "updated_at": day[0], "status": "dated"},
            {"source_id": "3", "updated_at": day[0], "status": "same time, newer load"},
        ),
        mode="upsert",
    )
    lake.export_loads()
    status = read_current(lake, "lead").to_pylist()
    assert {row["source_id"]: row["status"] for row in status} == {
        "1": "late",
        "2": "dated",
        "3": "same time, newer load",
    }


def test_an_older_manifest_gets_the_columns_it_lacks(lake: Lake, settings: Settings) -> None:
    load_id = load(lake, rows("lead", {"source_id": "1"}))
    with closing(sqlite3.connect(settings.lake / "manifest.db")) as connection:
        for name in ("range_start", "files", "mapping_fingerprint"):
            connection.execute(f"alter table loads drop column {name}")
    lake.ensure()
    kept = lake.manifest.get(load_id)
    assert (kept.rows, kept.range, kept.files, kept.mapping_fingerprint) == (1, None, {}, "")


def test_a_day_of_a_report_is_that_of_the_newest_load_that_covers_it(lake: Lake) -> None:
    def report(*days: int) -> pa.Table:
        records = [
            {"source_id": f"d{day}", "report_date": date(2024, 1, day), "cost": Decimal(day)}
            for day in days
        ]
        return rows("ad_report", *records)

    load(lake, report(1, 2, 3), "ad_report", "upsert")  # covers the days it has
    assert current_ids(lake, "ad_report") == ["d1", "d2", "d3"]
    window = (datetime(2024, 1, 2), datetime(2024, 1, 4))
    load(lake, report(3), "ad_report", "upsert", window=window)
    assert current_ids(lake, "ad_report") == ["d1", "d3"]
    load(lake, report(), "ad_report", "upsert", window=window)
    assert current_ids(lake, "ad_report") == ["d1"]


def test_the_exported_manifest_follows_the_contract(lake: Lake, settings: Settings) -> None:
    one = rows("lead", {"source_id": "1"})
    loads = [load(lake, one), load(lake, one), load(lake, one, state="rejected")]
    lake.begin_load("crm", "records", "snapshot", None, "run")
    lake.export_loads()
    exported = pq.read_table(loads_file(settings))
    assert exported.schema.names == [
        "load_id",
        "source",
        "table_name",
        "load_mode",
        "window_start",
        "window_end",
        "rows",
        "rows_quarantined",
        "state",
        "is_newest",
        "is_by_file",
        "amendment",
    ]
    assert exported["load_id"].to_pylist() == loads
    assert exported["state"].to_pylist() == ["accepted", "accepted", "rejected"]
    assert exported["is_newest"].to_pylist() == [False, True, False]
    assert exported.schema.field("window_start").type == pa.timestamp("us")
    assert lake.loads_used() == {"crm/records": loads[:2]}
    assert [each.load_id for each in lake.newest_accepted()] == [loads[1]]


def test_accept_is_logged_once_with_who_and_why(lake: Lake, settings: Settings) -> None:
    load_id = load(lake, rows("lead", {"source_id": "1"}), state="rejected")
    with pytest.raises(ledger.LedgerError, match="who decides and why"):
        lake.accept(load_id, "Ops", " ")
    assert lake.manifest.get(load_id).state == "rejected"
    assert lake.accept(load_id, *WHY).state == "accepted"
    assert lake.accept(load_id, *WHY).state == "accepted"
    (logged,) = ledger.overrides(settings, "accept")
    assert (logged.by, logged.why, logged.target["load_id"]) == (*WHY, load_id)
    with pytest.raises(UnknownLoadError, match="no load 99"):
        lake.accept(99, *WHY)


@pytest.mark.parametrize("step", ["write_entity", "quarantine.write", "manifest"])
def test_a_crash_while_committing_leaves_nothing_after_the_next_clean_up(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    kept = load(lake, rows("lead", {"source_id": "1"}))
    before = {path for path in settings.home.rglob("*") if path.is_file()}

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "write_entity":
            patch.setattr(lake_module, "write_entity", crash)
        elif step == "quarantine.write":
            patch.setattr(lake_module.quarantine, "write", crash)
        else:
            patch.setattr(lake.manifest, "update", crash)
        load_id = lake.begin_load("crm", "records", "snapshot", None, "run")
        bad = pa.table({"file": ["a"], "line": [9], "rule": ["r"], "message": ["m"], "raw": ["{}"]})
        with pytest.raises(KeyboardInterrupt):
            table = rows("lead", {"source_id": "2"})
            lake.commit_load(load_id, {"lead": table}, {"lead": bad}, "accepted", Counts(2))
    (settings.lake / "crm" / ".tmp-data.parquet-1").touch()
    assert current_ids(lake) == ["1"]
    assert lake.clean_orphans() == [load_id]
    assert lake.clean_orphans() == []
    after = {path for path in settings.home.rglob("*") if path.is_file()}
    assert after - before <= {settings.home / "lock"}
    assert before <= after
    assert [load.load_id for load in lake.manifest.loads("accepted")] == [kept]


def test_a_lost_manifest_never_costs_the_lake(lake: Lake, settings: Settings) -> None:
    load_id = load(lake, rows("lead", {"source_id": "1"}))
    (settings.lake / "manifest.db").unlink()
    lake.ensure()
    with pytest.raises(LakeError, match="does not know the load"):
        lake.clean_orphans()
    assert entity_folder(settings, "crm", "records", "lead", load_id).exists()


def test_a_damaged_load_is_named_and_can_be_given_up(lake: Lake, settings: Settings) -> None:
    load(lake, rows("lead", {"source_id": "1"}))
    second = load(lake, rows("lead", {"source_id": "2"}))
    lake.require_whole()
    (path,) = entity_folder(settings, "crm", "records", "lead", second).iterdir()
    cut_in_half(path)
    said = rf"{path} cannot be read .* `tandem reload {second} --why"
    with pytest.raises(LakeError, match=said):
        lake.require_whole()
    with pytest.raises(LakeError, match=said):
        lake.last_versions(lake.manifest.loads("accepted"), "lead", pa.array(["2"]))
    with pytest.raises(ledger.LedgerError, match="who decides and why"):
        lake.give_up(second, "Ops", " ")
    assert lake.give_up(second, *WHY) == [second]
    lake.require_whole()
    assert current_ids(lake) == ["1"]
    (logged,) = ledger.overrides(settings, "reload")
    assert logged.target == {"load_id": second, "source": "crm", "table": "records"}
    with pytest.raises(UnknownLoadError, match=f"no load {second}"):
        lake.give_up(second, *WHY)


def test_a_damaged_file_without_rows_is_written_anew(lake: Lake, settings: Settings) -> None:
    path = empty_file(settings, "lead")
    cut_in_half(path)
    lake.ensure()
    assert pq.read_schema(path) == ENTITIES["lead"].arrow_schema


def test_the_agreement_is_loaded_when_it_changed(lake: Lake, settings: Settings) -> None:
    tables = {
        "stages": pa.table({"stage_id": ["lead"], "position": [1]}),
        "signatures": pa.table({"team": pa.array([], pa.string())}),
    }
    first = lake.write_agreement(tables, "v1", "run")
    assert lake.write_agreement(tables, "v1", "run") == first
    signed = {**tables, "signatures": pa.table({"team": ["sales"]})}
    second = lake.write_agreement(signed, "v1", "run")
    assert second == first + 1
    assert lake.write_agreement(tables, "v1", "run") == second + 1
    file = settings.lake / "agreement" / "stages" / f"load={second:09d}" / "data.parquet"
    assert pq.read_table(file).to_pylist() == [
        {"stage_id": "lead", "position": 1, "_load_id": second}
    ]
    newest = lake.newest("agreement", "agreement")
    assert newest is not None
    assert (newest.input_fingerprint, newest.load_mode) == ("v1", "snapshot")
    lake.clean_orphans()
    assert file.exists()


def split(mode: str, *records: dict[str, Any], entity: str = "lead") -> tuple[list, int, list]:
    result = split_duplicates(rows(entity, *records), entity, mode, is_id_mapped=True)
    return (
        result.kept["_line"].to_pylist(),
        result.exact_duplicates,
        result.conflicting["_line"].to_pylist(),
    )


def test_copies_collapse_and_rows_without_an_id_stay() -> None:
    a, other = {"source_id": "a", "name": "x"}, {"source_id": "b"}
    assert split("snapshot", a, other, a, a, {}, {}) == ([3, 5, 6, 7], 2, [])
    table = rows("lead", a, a)
    assert split_duplicates(table, "lead", "snapshot", is_id_mapped=False).kept is table
    assert split("snapshot") == ([], 0, [])


def test_rows_whose_values_cannot_be_read_are_no_copies() -> None:
    table = rows("lead", {"source_id": "a"}, {"source_id": "a"})
    errors = pa.array(["created_at: 'x' is no date", "created_at: 'y' is no date"])
    split = split_duplicates(
        table.append_column("_parse_error", errors), "lead", "snapshot", is_id_mapped=True
    )
    assert (split.exact_duplicates, split.conflicting.num_rows) == (0, 1)


def test_without_a_time_the_last_row_of_a_key_stays() -> None:
    first, last = {"source_id": "a", "name": "x"}, {"source_id": "a", "name": "y"}
    for mode in ("append", "upsert", "snapshot"):
        assert split(mode, first, last) == ([3], 0, [2])
        assert split(mode, first, last, first) == ([4], 1, [3])
    records = ({"source_id": "r", "name": "x"}, {"source_id": "r", "name": "y"})
    links = [{"source_id": "l", "role": record["name"]} for record in records]
    assert split("upsert", *links, entity="opportunity_contact") == ([3], 0, [2])


def test_with_a_time_the_newest_row_stays_and_upsert_keeps_the_older_ones() -> None:
    old = {"source_id": "a", "updated_at": datetime(2024, 1, 1)}
    new = {"source_id": "a", "updated_at": datetime(2024, 1, 2)}
    rival = {**new, "name": "x"}
    undated = {"source_id": "a"}
    assert split("snapshot", new, old, undated) == ([2], 0, [3, 4])
    assert split("upsert", new, old, undated) == ([2, 3, 4], 0, [])
    assert split("upsert", new, old, rival) == ([3, 4], 0, [2])


def test_the_lock_keeps_other_processes_out_and_names_its_holder(settings: Settings) -> None:
    script = (
        "import sys; from pathlib import Path; from orchestration.settings import Settings;"
        "from orchestration.lib.lock import exclusive;"
        "home = Path(sys.argv[1]);\n"
        "with exclusive(Settings(home, home), 'a long run'): print('held', flush=True);"
        " sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(settings.home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Busy, match=rf"a long run \(pid {holder.pid}"), exclusive(settings, "me"):
        pass
    holder.kill()
    holder.communicate()
    with exclusive(settings, "me"):
        with exclusive(settings, "again"):
            pass
        assert json.loads((settings.home / "lock").read_text())["what"] == "me"
    assert (settings.home / "lock").read_text() == ""


def test_a_torn_line_in_the_ledger_is_ignored_and_repaired(settings: Settings) -> None:
    ledger.record(settings, "accept", {"load_id": 1}, *WHY)
    file = settings.ledger / "overrides.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    whole = file.read_text()
    file.write_text(whole + '{"action": "acc')
    assert len(ledger.overrides(settings)) == 1
    ledger.record(settings, "release", {"quarantine_id": "1-1"}, *WHY)
    assert [line.action for line in ledger.overrides(settings)] == ["accept", "release"]
    assert file.read_text().startswith(whole)
    file.write_text(file.read_text().rstrip("\n"))
    ledger.record(settings, "accept", {"load_id": 2}, *WHY)
    assert len(ledger.overrides(settings)) == 3
    file.write_text("no json\n" + whole)
    with pytest.raises(ledger.LedgerError, match="line 1 is no JSON object"):
        ledger.overrides(settings)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError), whole_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    with whole_file(path) as temporary:
        temporary.write_text("new")
    repoint(tmp_path / "link", "file")
    repoint(tmp_path / "link", "file")
    assert (tmp_path / "link").read_text() == "new"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "link"]


def test_scratch_is_empty_before_and_gone_after(tmp_path: Path) -> None:
    left = tmp_path / "tmp" / "of-a-crash"
    left.mkdir(parents=True)
    with pytest.raises(RuntimeError), scratch(tmp_path / "tmp") as folder:
        assert list(folder.iterdir()) == []
        (folder / "file").touch()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_exported_loads_exist_before_the_first_load(lake: Lake, settings: Settings) -> None:
    assert pq.read_table(loads_file(settings)).num_rows == 0
