"""Whose records an erasure takes: all that identity knows to be the person's, and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.lib.company.agreement import read_agreement
from orchestration.lib.erasure.identity import Person, SharedAddressError, find_person
from orchestration.lib.erasure.known import Record
from orchestration.settings import Settings
from tests.fixtures.lake_builder import LakeBuilder, Warehouse, email_hash, run_dbt

MODELS = (
    "+int_person_identifiers",
    "+int_shared_addresses",
    "+int_visitor_persons",
    "+int_company_accounts",
)
BEGIN = datetime(1, 1, 1)
OFFICE = "office@huber.example"
MARA = "mara@vogel.example"
PAUL = "paul@acme.example"
FORM = datetime(2025, 3, 5, 9)

CONTACTS: list[dict[str, Any]] = [
    {"source_id": "C1", "name": "Anna Huber", "email": OFFICE},
    {"source_id": "C2", "name": "Peter Gruber", "email": OFFICE},
    {
        "source_id": "C10",
        "name": "Mara Vogel",
        "email": "mara@vogel.example",
        "phone": "202 555 0199",
    },
    {
        "source_id": "C20",
        "name": "Paul Koch",
        "email": "paul@acme.example",
        "phone": "202 555 0100",
    },
    {"source_id": "C21", "name": "Mara Klein", "email": "klein@acme.example"},
]
LEADS: list[dict[str, Any]] = [
    {"source_id": "L3", "name": "A. Huber", "email": OFFICE},
    {"source_id": "L12", "name": "Mara Vogel", "email": MARA, "is_deleted": True},
    {"source_id": "L13", "name": "M. Vogel", "email": "mara@mail.example",
     "converted_contact_id": "C10", "phone": "202 555 0100", "company": "Vogel Design"},
]  # fmt: skip


@dataclass(frozen=True)
class Site:
    settings: Settings
    warehouse: Warehouse
    company: Any

    def find(self, subject: str | Record, address: str | None = None) -> Person:
        return find_person(self.settings, self.company, self.warehouse.path, subject, address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    home = tmp_path_factory.mktemp("erasure").resolve()
    lake = LakeBuilder(home)
    old = {"source_id": "C10", "name": "Mara Stein", "email": "mara@old.example"}
    lake.load("crm", "contacts", {"contact": [old]}, mode="upsert")
    lake.load("crm", "contacts", {"contact": CONTACTS}, mode="upsert")
    lake.load("crm", "leads", {"lead": LEADS})
    rejected = {"source_id": "L14", "name": "Mara Vogel", "email": "mara@mail.example"}
    lake.load("crm", "leads", {"lead": [rejected]}, accepted=False)
    links = [
        {"anonymous_id": "v1", "email": MARA, "observed_at": "2025-03-05 09:00"},
        {"anonymous_id": "v1", "email": PAUL, "observed_at": "2025-04-05 09:00"},
    ]
    lake.load("web", "forms", {"identity_link": links})
    lake.finish()
    settings = Settings(home, home / "company")
    agreement = read_agreement(settings.company).build()
    warehouse = run_dbt(home, "2025-12-31 23:59:59", "run", MODELS)
    return Site(settings, warehouse, SimpleNamespace(agreement=agreement))


def test_all_versions_of_all_records_that_are_the_persons(site: Site) -> None:
    """Older addresses, deleted and rejected records, and what the CRM converted."""
    mara = site.find(email_hash(MARA), MARA)
    assert mara.addresses == set(map(email_hash, (MARA, "mara@old.example", "mara@mail.example")))
    own = {record for record in mara.records if record.source == "crm"}
    assert own == {
        Record("contact", "crm", "C10"),
        *(Record("lead", "crm", each) for each in ("L12", "L13", "L14")),
    }
    # The web has no leads or contacts of its own: what it calls L13 is the CRM's.
    assert Record("lead", "web", "L13") in mara.records
    assert site.find(Record("lead", "crm", "L13")).records == mara.records
    assert site.find(email_hash("mara@old.example")).records == mara.records


def test_a_shared_browser_is_the_persons_until_another_is_seen(site: Site) -> None:
    (visitor,) = site.find(email_hash(MARA)).visitors
    assert (visitor.anonymous_id, visitor.after, visitor.until) == ("v1", BEGIN, FORM)


def test_words_that_others_have_too_are_not_the_persons(site: Site) -> None:
    known = site.find(email_hash(MARA), MARA).known
    assert {MARA, "mara@old.example", "Mara Vogel", "202 555 0199"} <= set(known.texts)
    assert "202 555 0100" not in known.texts  # Paul's too
    assert set(known.own_domains) == {"vogel.example", "old.example", "mail.example"}
    assert site.find(email_hash(PAUL)).known.domains == ("acme.example",)


def test_a_shared_mailbox_names_nobody_but_its_records_do(site: Site) -> None:
    with pytest.raises(SharedAddressError, match="crm/contact/C1, crm/contact/C2") as refused:
        site.find(email_hash(OFFICE), OFFICE)
    assert OFFICE not in str(refused.value)
    anna = site.find(Record("contact", "crm", "C1"))
    assert {record for record in anna.records if record.source == "crm"} == {
        Record("contact", "crm", "C1"),
        Record("lead", "crm", "L3"),
    }
    assert anna.addresses == frozenset()


def test_an_address_that_no_record_has(site: Site) -> None:
    """It may still be in quarantine, or come later."""
    stranger = site.find(email_hash("nobody@nowhere.example"), "nobody@nowhere.example")
    assert stranger.addresses == {email_hash("nobody@nowhere.example")}
    assert stranger.records == frozenset()
    assert stranger.known.texts == ("nobody@nowhere.example",)
