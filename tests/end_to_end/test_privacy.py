"""What names people stays where it must be, and goes when it has to.

One demo company: a run that fails on values which name people, a run that publishes, an erasure,
and a run over sources that still hold the person.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.demo import generate_demo
from orchestration.lib.lake.files import TOMBSTONE, manifest_file
from orchestration.lib.lake.manifest import Manifest
from orchestration.settings import PROJECT_ROOT, Settings
from tests.end_to_end.pipeline import published
from tests.fixtures.words import Person, find_words

# What a release is made from; identity is settled by names in the warehouse.
PRIVATE = ("lake", "quarantine", "warehouse", "demo")
BLOCKED = 3
# An erased person's new ids, and what is made of ids: a choice of examples, the key of a breach.
RENAMED = {"person_id", "journey_id", "source_lead_id", "visitor_id", "breach_id"}
CHOSEN = {"example_source_ids", "evidence"}


@dataclass
class Erased:
    """The installation after all, and what there was on the way."""

    settings: Settings
    everyone: Person
    person: Person
    lead_ids: set[str]
    before: Path  # the release's database before the erasure
    rewritten: Path  # and after it
    said: dict[str, str] = field(default_factory=dict)  # what each command printed
    leaks: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def type(self, name: str, *words: str, code: int = 0, given: str = "") -> None:
        done = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", *words],
            cwd=PROJECT_ROOT,
            env={**os.environ, "TANDEM_HOME": str(self.settings.home), "COLUMNS": "200"},
            input=given,
            capture_output=True,
            text=True,
        )
        self.said[name] = done.stdout + done.stderr
        assert done.returncode == code, self.said[name]

    def look(self, name: str, sought: Person, left_out: tuple[str, ...]) -> None:
        """Note what can be found of these people outside the folders that are left out."""
        home = self.settings.home
        files = [
            path
            for path in home.rglob("*")
            if path.is_file() and path.relative_to(home).parts[0] not in left_out
        ]
        told = home / "tmp" / "said.txt"
        told.parent.mkdir(exist_ok=True)
        told.write_text("\n".join(self.said.values()), encoding="utf-8")
        self.leaks[name] = find_words([*files, told], sought)
        told.unlink()


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> Erased:
    folder = tmp_path_factory.mktemp("privacy")
    settings = Settings(folder / "home", folder / "home" / "demo")
    generate_demo(settings.demo, scale=0.1, seed=7, days=200)
    records = [*_records(settings, "leads"), *_records(settings, "contacts")]
    everyone = _words(settings, records)
    chosen, lead_ids = _chosen(records)
    site = Erased(
        settings,
        everyone,
        _words(settings, chosen),
        lead_ids,
        folder / "before" / "tandem.duckdb",
        folder / "after" / "tandem.duckdb",
    )
    address = next(row["Email"] for row in chosen)

    contacts = settings.demo / "data/crm/contacts.csv"
    good = contacts.read_text(encoding="utf-8")
    _spoil(contacts)
    site.type("blocked run", "run", code=BLOCKED)
    contacts.write_text(good, encoding="utf-8")
    site.type("run", "run")
    site.type("quarantine", "quarantine", "list", "--limit", "500")
    site.type("status", "status")
    site.look("everyone", everyone, PRIVATE)

    _copy(published(settings), site.before)
    site.type("plan", "erase", "--email", "-", "--why", "asked for", code=1, given=address)
    site.type("erase", "erase", "--email", "-", "--yes", "--why", "asked for", given=address)
    site.type("again", "erase", "--email", address.upper(), "--yes", "--why", "asked for")
    site.look("after erasing", site.person, ("demo",))
    _copy(published(settings), site.rewritten)

    # Read differently, so that every table is loaded again.
    for name in ("crm", "web", "marketing"):
        path = settings.demo / "sources" / f"{name}.yaml"
        path.write_text(
            path.read_text(encoding="utf-8").replace("nulls: [Select]\n", "")
            + "\nnulls: [Select, nowhere]\n",
            encoding="utf-8",
        )
    site.type("run after erasing", "run")
    site.look("after a new run", site.person, ("demo",))
    return site


def _records(settings: Settings, name: str) -> list[dict[str, str]]:
    with (settings.demo / "data/crm" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _words(settings: Settings, records: list[dict[str, str]]) -> Person:
    reps = {row["Full Name"] for row in _records(settings, "users")}
    values = {row[name].strip() for row in records for name in ("Email", "Phone")}
    names = {(row["First Name"], row["Last Name"]) for row in records}
    return Person(
        frozenset(filter(None, values)),
        frozenset(name for name in names if all(name) and " ".join(name) not in reps),
    )


def _chosen(records: list[dict[str, str]]) -> tuple[list[dict[str, str]], set[str]]:
    """The records of a customer who was a lead, and whose name nobody else has."""
    by_email: dict[str, list[dict[str, str]]] = {}
    for row in records:
        by_email.setdefault(row["Email"].strip().lower(), []).append(row)
    names = Counter((row["First Name"], row["Last Name"]) for row in records)
    for address, rows in sorted(by_email.items()):
        leads = {row["Lead ID"] for row in rows if row.get("Lead ID")}
        is_alone = sum(names[row["First Name"], row["Last Name"]] for row in rows) == len(rows) ** 2
        is_won = any(row.get("Converted Opportunity ID") for row in rows)
        if address and is_alone and is_won and len(leads) < len(rows):
            return [{**row, "Phone": ""} for row in rows], leads  # the demo's phones are few
    raise AssertionError("the demo has no such customer")


def _spoil(contacts: Path) -> None:
    """Addresses and names where dates and ids belong, more than the agreement allows."""
    with contacts.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows[::3]:
        row["Created Date"] = row["Email"]
        row["Is Deleted"] = f"{row['First Name']} {row['Last Name']} {row['Phone']}"
    with contacts.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _copy(database: Path, target: Path) -> None:
    target.parent.mkdir()
    shutil.copyfile(database.resolve(), target)


def test_the_search_finds_what_is_there(erased: Erased) -> None:
    lake = (erased.settings.home / "lake/crm").rglob("*.parquet")
    found = {word for _, word in find_words(lake, erased.everyone)}
    values = {value.casefold() for value in erased.everyone.values}
    names = {" ".join(name).casefold() for name in erased.everyone.names}
    assert len(found & values) > 0.9 * len(values)
    assert len(found & names) > 0.9 * len(names)


def test_nothing_personal_is_in_marts_logs_messages_metadata_or_docs(erased: Erased) -> None:
    assert erased.leaks["everyone"] == []


def test_the_failing_values_were_told_of(erased: Erased) -> None:
    assert "contacts" in erased.said["blocked run"]
    assert "contacts" in erased.said["quarantine"]


def test_no_file_tells_of_an_erased_person(erased: Erased) -> None:
    assert erased.leaks["after erasing"] == []


def test_a_source_that_still_has_the_person_brings_nothing_back(erased: Erased) -> None:
    assert erased.leaks["after a new run"] == []
    newest = {
        load.table_name: load for load in Manifest(manifest_file(erased.settings)).loads("accepted")
    }
    assert newest["leads"].rows_erased and newest["contacts"].rows_erased
    load = f"load={newest['contacts'].load_id:09d}"
    listed = [str(path) for path in (erased.settings.lake / "crm/contacts").glob(f"*/{load}/*")]
    with duckdb.connect() as connection:
        ((count,),) = connection.execute(
            "select count(*) from read_parquet($files) where _file = $mark and email is null",
            {"files": listed, "mark": TOMBSTONE},
        ).fetchall()
    assert count == newest["contacts"].rows_erased


def test_what_is_said_and_logged_names_nobody(erased: Erased) -> None:
    assert "Erased as e000001" in erased.said["erase"]
    assert "was erased on" in erased.said["again"]
    assert "--yes" in erased.said["plan"]
    ledger = (erased.settings.ledger / "erasures.jsonl").read_text(encoding="utf-8")
    begun, *_, finished = map(json.loads, ledger.splitlines())
    assert (begun["why"], finished["releases"]) == ("asked for", ["r000001"])
    assert finished["rows"]["lead"] >= 1
    assert not erased.lead_ids & set(ledger.replace('"', " ").split())


def test_a_release_that_is_kept_says_when_it_was_rewritten(erased: Erased) -> None:
    first = erased.settings.releases / "r000001"
    manifest = json.loads((first / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["erased_at"]
    assert not first.stat().st_mode & 0o222
    parquet = [str(path) for path in (first / "parquet").glob("fct_funnel.parquet")]
    with duckdb.connect() as connection:
        leads = connection.execute(
            "select distinct source_lead_id from read_parquet($files)", {"files": parquet}
        ).fetchall()
    assert not erased.lead_ids & {lead for (lead,) in leads}


def test_every_count_and_sum_is_what_it_was(erased: Erased) -> None:
    """But for the ids of the person, a release is what it was, row by row."""
    differences = _differences(erased.before, erased.rewritten, RENAMED | CHOSEN)
    assert differences == {"bridge_person_record": {"source_id"}}


def test_the_marts_that_are_built_anew_are_those_of_the_rewritten_release(erased: Erased) -> None:
    assert _differences(erased.rewritten, published(erased.settings), CHOSEN | {"breach_id"}) == {}
    with duckdb.connect(str(published(erased.settings)), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.kpi_restatements").fetchall() == [
            (0,)
        ]


def _differences(before: Path, after: Path, left_out: set[str]) -> dict[str, set[str]]:
    """The columns of each table that hold other values, as often or in other rows."""
    differences: dict[str, set[str]] = {}
    with duckdb.connect() as connection:
        for name, path in (("before", before), ("after", after)):
            connection.execute(f"attach '{path.resolve()}' as {name}_db (read_only)")
        tables: dict[str, list[Any]] = {}
        for table, column, kind in connection.execute(
            "select table_name, column_name, data_type from duckdb_columns()"
            " where database_name = 'before_db' and schema_name = 'marts'"
        ).fetchall():
            if column not in left_out:
                value = f'round("{column}", 6)' if kind == "DOUBLE" else f'"{column}"'
                tables.setdefault(table, []).append((column, value))
        for table in sorted(tables.keys() - {"release_info", "data_quality", "kpi_restatements"}):
            for columns in (tables[table], *([each] for each in tables[table])):
                values = ", ".join(value for _, value in columns)
                sides = [
                    f"select {values} from {side}_db.marts.{table}" for side in ("before", "after")
                ]
                found = connection.execute(
                    f"select count(*) from (({sides[0]} except all {sides[1]})"
                    f" union all ({sides[1]} except all {sides[0]}))"
                ).fetchall()
                if found[0][0] and len(columns) == 1:
                    differences.setdefault(table, set()).add(columns[0][0])
                elif found[0][0]:
                    differences.setdefault(table, set())
    return differences
