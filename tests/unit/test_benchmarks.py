"""The benchmark's company grows as a real one does, and its results say what was missed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from benchmarks.generate import CHANGING, Company, generate, grow
from benchmarks.results import Result, page, table, write
from orchestration.lib import ingest, reading
from orchestration.lib.company.folder import load_company
from orchestration.lib.ingest import Ingested, ingest_table
from orchestration.settings import Settings

DAYS = 60
COMPANY = Company.of(0.05, DAYS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company; nothing changes it."""
    generate(company := tmp_path_factory.mktemp("benchmark") / "company", COMPANY)
    return company


def _rows(folder: Path, database: str, table_name: str) -> list[tuple]:
    with duckdb.connect(folder / "data" / f"{database}.duckdb", read_only=True) as connection:
        return connection.execute(f"from {table_name} order by all").fetchall()


def _events(folder: Path, until: str) -> list[tuple]:
    files = f"read_parquet('{folder}/data/events/*/*.parquet', hive_partitioning = true)"
    with duckdb.connect() as connection:
        query = f"from {files} where day < date '{until}' order by event_id"
        return connection.execute(query).fetchall()


def test_a_company_that_grew_is_the_one_of_the_later_day(folder: Path, tmp_path: Path) -> None:
    grown, at_once = tmp_path / "grown", tmp_path / "at_once"
    generate(grown, COMPANY)
    later = grow(grown, 1)
    assert later == replace(COMPANY, end=COMPANY.end + timedelta(days=1)) == Company.read(grown)
    generate(at_once, later)
    for database, tables in CHANGING.items():
        for name in tables:
            assert _rows(grown, database, name) == _rows(at_once, database, name), name
    until = later.end + timedelta(days=1)
    assert _events(grown, str(until)) == _events(at_once, str(until))
    # What came on earlier days lies there as it was.
    assert _events(grown, str(later.end)) == _events(folder, str(until))
    assert len(_events(grown, str(until))) > len(_events(folder, str(until)))
    assert _rows(grown, "crm", "leads") != _rows(folder, "crm", "leads")


def _ingest(settings: Settings, source_name: str, table_name: str) -> Ingested:
    company = load_company(settings.company, {})
    source = next(each for each in company.sources if each.source == source_name)
    as_of = datetime.combine(COMPANY.end + timedelta(days=1), datetime.min.time())
    return ingest_table(settings, company, source, table_name, as_of, "test")


def test_every_table_passes_gate_1(folder: Path, tmp_path: Path) -> None:
    settings = Settings(tmp_path, folder)
    for source in load_company(folder, {}).sources:
        for name in source.tables:
            found = _ingest(settings, source.source, name)
            assert found.load.state == "accepted" and found.total("rows") > 0, name
            assert not found.total("rows_quarantined"), name


def test_many_files_are_read_in_parts_and_an_interrupted_run_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _ingest(Settings(tmp_path / "whole", folder), "web", "events")
    assert len(whole.loads) == 1
    sizes = [path.stat().st_size for path in (folder / "data" / "events").glob("*/*.parquet")]
    monkeypatch.setattr(reading, "PART_BYTES", sum(sizes) // 3)
    settings = Settings(tmp_path / "parts", folder)
    read, parts = ingest.read_part, []

    def stop_at_the_second(*arguments: object) -> object:
        parts.append(arguments[-1])
        if len(parts) == 2:
            raise OSError("the disk went away")
        return read(*arguments)

    monkeypatch.setattr(ingest, "read_part", stop_at_the_second)
    with pytest.raises(OSError, match="the disk went away"):
        _ingest(settings, "web", "events")
    rest = _ingest(settings, "web", "events")
    assert not rest.is_unchanged and len(rest.loads) > 1
    assert parts[0].files.keys().isdisjoint(name for load in rest.loads for name in load.files)
    again = _ingest(settings, "web", "events")
    assert again.is_unchanged
    with duckdb.connect() as connection:
        counts = [
            connection.execute(
                "select count(*), count(distinct source_id) from"
                f" '{home.lake}/web/events/entity=touch/**/*.parquet'"
            ).fetchall()[0]
            for home in (settings, Settings(tmp_path / "whole", folder))
        ]
    (rows, ids), as_one_load = counts
    assert as_one_load == (rows, ids) and rows == ids


def test_results_say_what_was_met_and_by_how_much_it_was_missed(tmp_path: Path) -> None:
    results = [
        Result("full run", "s", 130.04, 100.0),
        Result("peak memory", "GiB", 2.5, 8),
        Result("floor", "s", 80.0),
        Result("attribution", "s", None, 3.0, "the package could not be installed here"),
    ]
    lines = table(results).splitlines()
    assert lines[2].split(" | ")[2:] == [
        "     130", "   100", "missed by 30.04                         |",
    ]  # fmt: skip
    assert [line.split("|")[-2].strip() for line in lines[3:]] == [
        "met", "", "the package could not be installed here",
    ]  # fmt: skip
    file = tmp_path / "results.json"
    write(file, 1, results[:1])
    write(file, 1, [Result("full run", "s", 90.0, 100.0), results[2]])
    written = json.loads(file.read_text())
    assert written["scale"] == 1 and "cores" in written["machine"]
    assert written["budgets"] == [
        {"name": "full run", "unit": "s", "measured": 90.0, "budget": 100.0, "met": True},
        {"name": "floor", "unit": "s", "measured": 80.0, "budget": None, "met": None},
    ]
    text = page("Before\n<!-- measured -->\nold\n<!-- end -->\nAfter\n", file)
    assert text.startswith("Before\n<!-- measured -->\nMachine: ") and "old" not in text
    assert text.endswith("<!-- end -->\nAfter\n")
    assert "| full run | s    |    90.00 |    100 | met |" in text
    write(file, 10, results[1:2])
    assert [each["name"] for each in json.loads(file.read_text())["budgets"]] == ["peak memory"]
