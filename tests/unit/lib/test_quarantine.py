"""Quarantine: bad rows are kept, listed, released once and logged."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from orchestration.lib import ledger
from orchestration.lib.compaction import compact
from orchestration.lib.entities import ENTITIES
from orchestration.lib.lake import quarantine
from orchestration.lib.lake.lake import Counts, Lake
from orchestration.lib.lake.quarantine import QuarantinedRow, ReleaseRefusedError
from orchestration.settings import Settings
from tests.fixtures.lake_reader import read_current

WHY = ("Ops", "the amount is right")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", tmp_path / "company")


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """A lake with one load of stage changes: one good row, two bad ones, one malformed."""
    lake = Lake(settings)
    lake.ensure()
    load_id = lake.begin_load("crm", "history", "upsert", None, "run")
    bad = bad_rows(
        (3, "not_in_the_future, has_amount", {"id": "2", "to": "sal"}),
        (4, "not_in_the_future", {"id": "1", "to": "sql"}),
    )
    malformed = bad_rows((5, "readable", {"": "a,b"}))
    lake.commit_load(
        load_id,
        {"stage_change": change({"id": "1", "to": "mql"})},
        {"stage_change": bad.append_column("source_id", [["2", "1"]]), "": malformed},
        "accepted",
        Counts(3, malformed=1),
    )
    lake.export_loads()
    return lake


def bad_rows(*rows: tuple[int, str, dict[str, str]]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "file": "a.csv",
                "line": line,
                "rule": rule,
                "message": f"breaks {rule}",
                "raw": json.dumps(raw),
            }
            for line, rule, raw in rows
        ],
        schema=quarantine.BAD_ROWS,
    )


def change(raw: dict[str, Any], **more: Any) -> pa.Table:
    record = {
        "source_id": raw["id"],
        "object_type": "lead",
        "object_id": "7",
        "to_stage": raw["to"],
        "changed_at": datetime(2024, 1, 1),
        "source_system": "crm",
        "_table": "history",
        "_file": "a.csv",
        "_line": 2,
        **more,
    }
    return pa.Table.from_pylist([record], schema=ENTITIES["stage_change"].arrow_schema)


def remap(row: QuarantinedRow) -> pa.Table:
    return change(json.loads(row.raw), _line=row.line)


def current(lake: Lake) -> list[str]:
    return sorted(read_current(lake, "stage_change")["source_id"].to_pylist())


def test_bad_rows_are_kept_private_with_rule_and_raw_record(lake: Lake, settings: Settings) -> None:
    file = settings.quarantine / "crm" / "history" / "load=000000001.parquet"
    assert file.stat().st_mode & 0o777 == 0o600
    first, second, third = quarantine.list_rows(settings)
    assert [row.quarantine_id for row in (first, second, third)] == ["1-1", "1-2", "1-3"]
    assert (first.source, first.table_name, first.entity) == ("crm", "history", "stage_change")
    assert (first.file, first.line, first.is_released) == ("a.csv", 3, False)
    assert json.loads(first.raw) == {"id": "2", "to": "sal"}
    assert first.row_hash == quarantine.row_hashes([first.raw])[0]
    assert [row.source_id for row in (first, second, third)] == ["2", "1", None]
    assert third.entity == ""
    assert lake.manifest.get(1).rows_quarantined == 3


def test_rows_are_listed_newest_load_first_by_source_table_and_load(
    lake: Lake, settings: Settings
) -> None:
    load_id = lake.begin_load("web", "visits", "append", None, "run")
    bad = bad_rows((2, "r", {"id": "1"}))
    lake.commit_load(load_id, {}, {"touch": bad}, "rejected", Counts(1))
    assert [row.load_id for row in quarantine.list_rows(settings)] == [2, 1, 1, 1]
    assert [row.load_id for row in quarantine.list_rows(settings, limit=2)] == [2, 1]
    assert len(quarantine.list_rows(settings, source="crm", table="history")) == 3
    assert len(quarantine.list_rows(settings, load_id=2)) == 1
    assert quarantine.list_rows(settings, source="none") == []


def test_a_released_row_joins_its_load_and_passes_its_rules_later(
    lake: Lake, settings: Settings
) -> None:
    for _ in range(2):
        row = quarantine.release(settings, "1-1", *WHY, remap)
        assert row.is_released
    assert current(lake) == ["1", "2"]
    assert quarantine.exemptions(settings, "crm", "history") == {
        ("not_in_the_future", row.row_hash),
        ("has_amount", row.row_hash),
    }
    assert quarantine.exemptions(settings, "crm", "other") == set()
    assert [row.is_released for row in quarantine.list_rows(settings)] == [True, False, False]
    (logged,) = ledger.overrides(settings, "release")
    assert (logged.by, logged.why, logged.target["quarantine_id"]) == (*WHY, "1-1")
    assert "sal" not in json.dumps(logged.target)
    lake.clean_orphans()
    assert current(lake) == ["1", "2"]


def test_a_compacted_load_is_still_the_one_that_its_rows_are_released_into(
    lake: Lake, settings: Settings
) -> None:
    load_id = lake.begin_load("crm", "history", "upsert", None, "run")
    rows = change({"id": "3", "to": "mql"})
    lake.commit_load(load_id, {"stage_change": rows}, {}, "accepted", Counts(1))
    lake.export_loads()
    assert compact(settings).after.files == 1
    with pytest.raises(ReleaseRefusedError, match="already has"):
        quarantine.release(settings, "1-2", *WHY, remap)
    for _ in range(2):
        quarantine.release(settings, "1-1", *WHY, remap)
        compact(settings)
        assert current(lake) == ["1", "2", "3"]


def test_a_crash_after_logging_is_mended_by_releasing_again(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(quarantine, "write_entity", crash)
        with pytest.raises(KeyboardInterrupt):
            quarantine.release(settings, "1-1", *WHY, remap)
    assert current(lake) == ["1"]
    quarantine.release(settings, "1-1", *WHY, remap)
    assert current(lake) == ["1", "2"]
    assert len(ledger.overrides(settings)) == 1


def test_what_cannot_be_mapped_is_refused_and_not_logged(lake: Lake, settings: Settings) -> None:
    def unreadable(row: QuarantinedRow) -> pa.Table:
        error = pa.array(["changed_at: '31/31/2020' does not match %d/%m/%Y"])
        return remap(row).append_column("_parse_error", error)

    def incomplete(row: QuarantinedRow) -> pa.Table:
        return change(json.loads(row.raw), changed_at=None)

    def broken(row: QuarantinedRow) -> pa.Table:
        raise ValueError("no column to")

    for mapping, said in (
        (unreadable, "31/31/2020"),
        (incomplete, "has no changed_at, and stage_change needs it"),
        (broken, "cannot be mapped: no column to"),
        (lambda row: remap(row).slice(0, 0), "maps to 0 rows"),
    ):
        with pytest.raises(ReleaseRefusedError, match=said):
            quarantine.release(settings, "1-1", *WHY, mapping)
    with pytest.raises(ReleaseRefusedError, match="already has a stage_change"):
        quarantine.release(settings, "1-2", *WHY, remap)
    with pytest.raises(ReleaseRefusedError, match="cannot be read at all"):
        quarantine.release(settings, "1-3", *WHY, remap)
    for unknown in ("1-9", "9-1", "nonsense", "../1-1"):
        with pytest.raises(ReleaseRefusedError, match="no row"):
            quarantine.release(settings, unknown, *WHY, remap)
    with pytest.raises(ledger.LedgerError, match="who decides and why"):
        quarantine.release(settings, "1-1", "", "", remap)
    assert ledger.overrides(settings) == []
    assert current(lake) == ["1"]
