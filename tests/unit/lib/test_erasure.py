"""Erasing a person: what a tombstone keeps, what is dropped later, what survives a crash."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pyarrow as pa
import pytest

from orchestration import cli_erase
from orchestration.lib import ledger
from orchestration.lib.company.folder import load_company
from orchestration.lib.entities import ENTITIES
from orchestration.lib.erasure import erase as erasing
from orchestration.lib.erasure import lake_files
from orchestration.lib.erasure.known import Erased, Erasure, Record, Visitor, read, read_erasures
from orchestration.lib.erasure.rows import (
    Known,
    Result,
    owner_of_text,
    scrubbed,
    with_tombstones,
    without_erased,
)
from orchestration.lib.ingest import Ingested, ingest_table
from orchestration.lib.lake import quarantine
from orchestration.lib.lake.files import TOMBSTONE
from orchestration.lib.mapping.private import hash_value, load_hash_key
from orchestration.settings import Settings
from tests.end_to_end.small_company import SmallCompany, leads
from tests.fixtures.words import Person, find_words

KEY = b"key"
ADDRESS = "ann.lee@lee.example"
HASH = hash_value(KEY, ADDRESS)
OTHER_HASH = hash_value(KEY, "bob@acme.example")
NOON = datetime(2025, 3, 1, 12)
ALWAYS = (datetime(1, 1, 1), datetime(9999, 12, 31))


def erased(*visitors: Visitor) -> Erased:
    """Ann, who is lead L1 and contact C1 of the CRM."""
    records = [Record("lead", "crm", "L1"), Record("contact", "crm", "C1")]
    return Erased([Erasure.of_person("e000001", KEY, [HASH], records, visitors)], KEY)


def rows(entity: str, *given: dict[str, Any]) -> pa.Table:
    """Rows of an entity as the lake has them."""
    common = {"source_system": "crm", "_table": "t", "_load_id": 1, "_file": "f.csv"}
    filled = [{**common, "_line": line, **row} for line, row in enumerate(given, start=2)]
    return pa.Table.from_pylist(filled, schema=ENTITIES[entity].arrow_schema)


ANN = {
    "source_id": "L1",
    "created_at": NOON,
    "email": ADDRESS,
    "email_hash": HASH,
    "email_domain": "lee.example",
    "phone": "+1 202 555 0101",
    "first_name": "Ann",
    "last_name": "Lee",
    "company": "Lee Consulting",
    "job_title": "Founder",
    "segment": "SMB",
    "region": "EMEA",
    "status": "Qualified",
    "converted_contact_id": "C1",
    "anonymous_id": "v1",
    "landing_page": "https://x.example/a?utm_source=ads&gclid=G1&mail=ann.lee%40lee.example#top",
    "_extra": '{"Note":"likes tea"}',
}
BOB = {"source_id": "L2", "email": "bob@acme.example", "email_hash": OTHER_HASH, "last_name": "Lee"}


def by_line(result: Result) -> list[dict[str, Any]]:
    return result.rows.to_pylist()


def test_a_tombstone_keeps_what_is_counted_and_nothing_else() -> None:
    people = erased()
    result = with_tombstones(rows("lead", ANN, BOB), "lead", "crm", people, Known())
    ann, bob = by_line(result)
    assert result.erased == 1
    kept = {name: value for name, value in ann.items() if value is not None}
    erasure = people.erasures[0]
    click = erasure.pseudonym("click", "G1")
    assert kept == {
        "source_id": erasure.new_record_id("lead", "L1"),
        "created_at": NOON,
        "email_hash": erasure.new_address(HASH),
        "email_domain": erasure.new_domain("lee.example"),
        "segment": "SMB",
        "region": "EMEA",
        "status": "Qualified",
        "converted_contact_id": erasure.new_record_id("contact", "C1"),
        "anonymous_id": erasure.new_visitor("v1"),
        "landing_page": f"https://x.example/a?utm_source=ads&gclid={click}",
        "source_system": "crm",
        "_table": "t",
        "_load_id": 1,
        "_file": TOMBSTONE,
        "_line": 1,
    }
    assert bob == by_line(Result(rows("lead", ANN, BOB)))[1]


def test_a_domain_and_a_company_that_others_have_too_stay() -> None:
    known = Known(domains=("lee.example",), companies=("Lee Consulting",))
    result = with_tombstones(rows("lead", ANN), "lead", "crm", erased(), known)
    assert (by_line(result)[0]["email_domain"], by_line(result)[0]["company"]) == (
        "lee.example",
        "Lee Consulting",
    )


def test_pseudonyms_are_another_persons_with_another_salt() -> None:
    first, second = erased().erasures[0], erased().erasures[0]
    assert first.new_record_id("lead", "L1") != second.new_record_id("lead", "L1")
    assert first.new_record_id("lead", "L1") == first.new_record_id("lead", "L1")


def test_what_names_the_person_names_the_tombstone() -> None:
    people = erased()
    new = people.erasures[0].new_record_id("contact", "C1")
    deal = with_tombstones(
        rows("opportunity", {"source_id": "D1", "primary_contact_id": "C1", "lead_id": "L2"}),
        "opportunity", "crm", people, Known(),
    )  # fmt: skip
    assert deal.erased == 0
    assert (by_line(deal)[0]["primary_contact_id"], by_line(deal)[0]["lead_id"]) == (new, "L2")
    given = {"source_id": "D1/C1", "opportunity_id": "D1", "contact_id": "C1"}
    link = with_tombstones(
        rows("opportunity_contact", given),
        "opportunity_contact", "crm", people, Known(),
    )  # fmt: skip
    assert (by_line(link)[0]["source_id"], by_line(link)[0]["contact_id"]) == (f"D1/{new}", new)


def test_a_change_is_the_persons_if_it_is_of_a_lead() -> None:
    changes = [
        {"object_type": kind, "object_id": "L1", "to_stage": "New", "changed_at": NOON}
        for kind in ("lead", "opportunity")
    ]
    result = with_tombstones(
        rows("stage_change", *changes), "stage_change", "crm", erased(), Known()
    )
    lead, deal = by_line(result)
    assert (result.erased, lead["_file"], deal["_file"]) == (1, TOMBSTONE, "f.csv")
    assert (lead["object_id"][:7], deal["object_id"]) == ("erased:", "L1")


def test_the_same_id_in_another_system_is_somebody_else() -> None:
    other = rows("lead", {**BOB, "source_id": "L1"})
    assert with_tombstones(other, "lead", "hubspot", erased(), Known()).rows.equals(other)


def test_a_shared_browser_is_the_persons_while_it_was_theirs() -> None:
    people = erased(Visitor("v1", datetime(2025, 1, 1), NOON))
    touches = [
        {"anonymous_id": "v1", "occurred_at": NOON.replace(hour=11)},
        {"anonymous_id": "v1", "occurred_at": NOON.replace(hour=13)},
        {"anonymous_id": "v1", "occurred_at": NOON.replace(hour=11), "email_hash": OTHER_HASH},
        {"anonymous_id": "v2", "occurred_at": NOON.replace(hour=11)},
        {"anonymous_id": "v1", "occurred_at": NOON.replace(hour=13), "email_hash": HASH},
    ]
    result = with_tombstones(rows("touch", *touches), "touch", "web", people, Known())
    assert [row["_file"] == TOMBSTONE for row in by_line(result)] == [
        True,
        False,
        False,
        False,
        True,
    ]
    assert len({row["anonymous_id"] for row in by_line(result)}) == 3


def test_texts_of_others_lose_the_persons_words_and_no_more() -> None:
    comments = [
        "Ask ANN.LEE@lee.example, or Ann Lee at +1 202 555 0101.",
        "Ann Leeds and bob@acme.example agree.",
    ]
    given = [
        {"source_id": f"F{n}", "recorded_at": NOON, "opportunity_id": "D1", "comment": comment}
        for n, comment in enumerate(comments)
    ]
    known = Known(texts=(ADDRESS, "Ann Lee", "+1 202 555 0101"))
    result = with_tombstones(
        rows("sales_feedback", *given), "sales_feedback", "crm", erased(), known
    )
    assert [row["comment"] for row in by_line(result)] == [
        f"Ask {TOMBSTONE}, or {TOMBSTONE} at {TOMBSTONE}.",
        comments[1],
    ]


def test_later_rows_are_dropped_and_counted_and_deals_still_name_the_tombstone() -> None:
    people = erased(Visitor("v1", *ALWAYS))
    new_lead = {**ANN, "source_id": "L9"}
    result = without_erased(rows("lead", new_lead, BOB), "lead", "crm", people)
    assert (result.erased, [row["source_id"] for row in by_line(result)]) == (1, ["L2"])
    assert Record("lead", "crm", "L9") in result.records[0]
    touches = rows("touch", {"anonymous_id": "v1", "occurred_at": NOON}, {"anonymous_id": "v2"})
    assert without_erased(touches, "touch", "web", people).erased == 1
    deals = without_erased(rows("opportunity", {"lead_id": "L1"}), "opportunity", "crm", people)
    assert by_line(deals)[0]["lead_id"] == people.erasures[0].new_record_id("lead", "L1")


@pytest.mark.parametrize(
    "text",
    [
        "an.o'brien+x@lee.example",
        "'an.o'brien+x@lee.example'.",
        "https://x.example/?mail=an.o'brien%2Bx%40lee.example&a=b",
        "<An.O'Brien+X@LEE.example>, hello",
    ],
)
def test_an_address_is_found_however_it_is_written(text: str) -> None:
    address = hash_value(KEY, "an.o'brien+x@lee.example")
    people = Erased([Erasure.of_person("e000001", KEY, [address], [], [])], KEY)
    assert owner_of_text(text, people) == 0
    assert "brien" not in scrubbed(text, people, ()).lower()
    assert owner_of_text(text.lower().replace("lee", "other"), people) == -1


# With a lake ----------------------------------------------------------------------------------

PERSON = "person3@example.com"


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    SmallCompany(tmp_path / "company").write()
    settings = Settings(tmp_path / "home", tmp_path / "company")
    ingest(settings, "leads")
    ingest(settings, "deals")
    return settings


def ingest(settings: Settings, table: str) -> Ingested:
    company = load_company(settings.company, {})
    crm = next(source for source in company.sources if source.source == "crm")
    return ingest_table(settings, company, crm, table, datetime(2025, 6, 30), "test")


def planned(settings: Settings) -> erasing.Plan:
    key = load_hash_key(settings, os.environ)
    lead = Record("lead", "crm", "L3")
    erasure = Erasure.of_person("e000001", key, [hash_value(key, PERSON)], [lead], [])
    return erasing.Plan(erasure, Known(texts=(PERSON, "Jürgen Groß")), {}, 0, 0)


def erase(settings: Settings, why: str = "asked for") -> erasing.Done:
    company = load_company(settings.company, {})
    return erasing.erase(settings, company, planned(settings), "me", why)


def lake(settings: Settings, table: str, load_id: int, columns: str) -> list[tuple[Any, ...]]:
    path = settings.lake / f"crm/{table}/*/load={load_id:09d}/*.parquet"
    with duckdb.connect() as connection:
        query = f"select {columns} from read_parquet('{path}', union_by_name = true) order by all"
        return connection.execute(query).fetchall()


def change(settings: Settings, of: Callable[[list[list[str]]], list[list[str]]]) -> None:
    SmallCompany(settings.company).save("leads", of(leads()))


def files_that_name(settings: Settings, word: str) -> list[str]:
    files = [path for path in settings.home.rglob("*") if path.is_file()]
    return [file for file, _ in find_words(files, Person(frozenset([word]), frozenset()))]


def test_numbers_stay_and_the_deal_follows_the_lead(site: Settings) -> None:
    done = erase(site)
    assert done.rows == {"lead": 1}
    ((lead,),) = lake(site, "leads", 1, "case when _file = '(erased)' then source_id end as id")[:1]
    assert len(lake(site, "leads", 1, "source_id")) == 200
    assert [row for row in lake(site, "deals", 2, "lead_id") if row == (lead,)]
    assert ("L3",) not in lake(site, "deals", 2, "lead_id")
    assert not files_that_name(site, PERSON)


def test_a_snapshot_carries_the_tombstone_whatever_the_source_has(site: Settings) -> None:
    erase(site)
    before = lake(site, "leads", 1, "source_id")
    change(site, lambda rows: [*rows, ["L900", "2025-02-01", "new@example.com", ""]])
    still = ingest(site, "leads").load
    assert (still.rows_erased, still.state) == (1, "accepted")
    change(site, lambda rows: [row for row in rows if row[2] != PERSON])
    gone = ingest(site, "leads").load
    assert gone.rows_erased == 0
    assert lake(site, "leads", gone.load_id, "source_id") == before
    assert not files_that_name(site, PERSON)


def test_a_new_record_of_the_person_is_remembered(site: Settings) -> None:
    erase(site)
    change(site, lambda rows: [*rows, ["L901", "2025-02-01", PERSON, ""]])
    assert ingest(site, "leads").load.rows_erased == 2
    assert read(site).of_record("lead", "crm", "L901") == 0
    assert read(site).of_record("lead", "crm", "L4") == -1


def test_a_crash_is_finished_by_whatever_runs_next(site: Settings) -> None:
    class Crash(BaseException):
        """The end of the process."""

    with (
        mock.patch.object(lake_files, "write_parquet", side_effect=Crash),
        pytest.raises(Crash),
    ):
        erase(site)
    assert not read_erasures(site)[0].is_finished
    assert len(files_that_name(site, PERSON)) == 2  # the lake, and what is left to do
    assert ingest(site, "leads").is_unchanged
    assert read_erasures(site)[0].is_finished
    assert not files_that_name(site, PERSON)
    assert erasing.finish_interrupted(site) is None


def test_doing_it_again_changes_nothing(site: Settings) -> None:
    erase(site)
    assert erasing.erased_at(site, PERSON) is not None
    assert erasing.erased_at(site, "person4@example.com") is None
    before = {path: path.read_bytes() for path in site.lake.rglob("*.parquet")}
    company = load_company(site.company, {})
    lake_files.rewrite_lake(site, company, read(site), Known())
    assert {path: path.read_bytes() for path in site.lake.rglob("*.parquet")} == before


def test_the_reason_must_not_name_the_person(site: Settings) -> None:
    with pytest.raises(erasing.ErasureError, match="names the person") as refused:
        erase(site, why=f"{PERSON.upper()} wrote")
    assert PERSON not in str(refused.value).lower()
    with pytest.raises(ledger.LedgerError):
        erase(site, why=" ")
    assert read_erasures(site) == []


def test_quarantine_and_ledger_lose_the_person_too(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path / "company").write()
    rows = leads()
    rows[4][1] = "no day"  # the person's row
    rows[5][1] = "no day"
    company.save("leads", rows)
    settings = Settings(tmp_path / "home", tmp_path / "company")
    ingest(settings, "leads")
    ledger.record(settings, "accept", {"load_id": 1}, "me", f"Jürgen Groß, {PERSON}, is a friend")
    done = erase(settings)
    assert (done.rows, done.quarantined) == ({}, 1)
    tombstone, other = sorted(quarantine.list_rows(settings), key=lambda row: row.file)
    assert (tombstone.file, tombstone.raw, tombstone.line) == (TOMBSTONE, "{}", None)
    assert json.loads(other.raw)["email"] == "person4@example.com"
    assert ledger.overrides(settings)[0].why == f"{TOMBSTONE}, {TOMBSTONE}, is a friend"
    with pytest.raises(quarantine.ReleaseRefusedError, match="erased person"):
        quarantine.release(settings, tombstone.quarantine_id, "me", "why", mock.Mock())
    assert not files_that_name(settings, PERSON)


def test_before_the_first_load_there_is_nobody(settings: Settings) -> None:
    company = SmallCompany(settings.company).write()
    with pytest.raises(erasing.ErasureError, match="no loads"):
        erasing.plan(settings, load_company(company.folder, {}), PERSON)


def test_the_address_is_not_shown_to_whoever_waits_for_the_lock() -> None:
    with mock.patch.object(sys, "argv", ["tandem", "erase", f"--email={ADDRESS}"]):
        cli_erase._forget_arguments(ADDRESS, None)
        assert sys.argv == ["tandem", "erase", "--email=(hidden)"]
