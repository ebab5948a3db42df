"""Who is one person and one company in the cases that are easy to get wrong; worked by hand."""

from __future__ import annotations

import random
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.lake_builder import LakeBuilder, Warehouse, email_hash, run_dbt

AS_OF = "2025-12-31 23:59:59"
Row = dict[str, Any]


def contact(source_id: str, email: str | None = None, **columns: Any) -> Row:
    return {**account(source_id, **columns), "email": email}


def account(source_id: str, **columns: Any) -> Row:
    return {"source_id": source_id, "created_at": "2025-01-01 10:00", **columns}


lead = contact


def named(first_name: str, last_name: str) -> Row:
    return {"first_name": first_name, "last_name": last_name}


CONTACTS: list[Row] = [
    # A shared office mailbox: two people, one of them written in two ways, and a record without
    # a name, which is nobody's but the mailbox's.
    contact("office-anna", "office@shared.example", **named("Anna", "Huber")),
    contact("office-peter", "office@shared.example", name="Peter Gruber"),
    contact("office-a", "office@shared.example", name="HUBER, Dr. A."),
    contact("office-nobody", "office@shared.example"),
    # A name between two people makes them not one.
    contact("between-anna", "info@between.example", name="Anna Huber"),
    contact("between-anna-g", "info@between.example", name="Anna Gruber"),
    contact("between-peter", "info@between.example", name="Peter Gruber"),
    contact("between-huber", "info@between.example", name="Gruber"),
    # One address of one human: initials, umlauts, marriage, titles, no name at all.
    contact("one-a", "m.mueller@one.example", name="Maximilian Müller"),
    contact("one-b", "m.mueller@one.example", name="Max Muller"),
    contact("one-c", "m.mueller@one.example", name="Dr. Max Mueller-Schmidt"),
    contact("one-d", "m.mueller@one.example"),
    contact("one-e", "m.mueller@one.example", name="[not provided]"),
    # An address that is nobody's office, but two people use it all the same.
    contact("pair-one", "ab@pair.example", name="Carla Weber"),
    contact("pair-two", "ab@pair.example", name="Tim Vogel"),
    # Nor are the first letters of a name; a short form is, and initials beside an equal word.
    contact("alike-martin", "krause.vogel@alike.example", name="Martin Krause"),
    contact("alike-marion", "krause.vogel@alike.example", name="Marion Vogel"),
    contact("short-max", "m@short.example", name="Max Reed"),
    contact("short-maximilian", "m@short.example", name="Maximilian Cole"),
    contact("short-tom", "t@short.example", name="Tom Reed"),
    contact("short-thomas", "t@short.example", name="Thomas Cole"),
    contact("initial-full", "li@initial.example", name="Anna Li"),
    contact("initial-a", "li@initial.example", name="A. Li"),
    contact("initial-p", "li@initial.example", name="Peter Ng"),
    contact("bare-full", "ab@bare.example", name="Anna Berg"),
    contact("bare-a", "ab@bare.example", name="A. B."),
    # A function's address: an equal last name is no proof there.
    contact("welcome-one", "welcome@desk.example", name="Martin Vogel"),
    contact("welcome-two", "welcome@desk.example", name="Marion Vogel"),
    # Titles and particles are no common name.
    contact("dr-one", "praxis@dr.example", name="Dr. von Stein"),
    contact("dr-two", "praxis@dr.example", name="Dr. von Adler"),
    # The CRM knows better: it merged two names of one address.
    contact("merged-a", "desk@merged.example", name="Nora Price"),
    contact("merged-b", "desk@merged.example", name="Lena Ward", merged_into_id="merged-a"),
    # Two people with one name.
    contact("same-a", "j.smith@first.example", name="Jane Smith"),
    contact("same-b", "jane.smith@second.example", name="Jane Smith"),
    contact("rosa", "rosa@third.example", name="Rosa Cole"),
    contact("omar", "omar@third.example", name="Omar Reed"),
    # Three addresses: by a conversion, by a merge.
    contact("three-b", "two@three.example", name="Eva Hill"),
    contact("three-c", "three@three.example", name="Eva Hill", merged_into_id="three-b"),
    # A chain of merges.
    contact("chain-a", "a@chain.example", merged_into_id="chain-b"),
    contact("chain-b", merged_into_id="chain-c"),
    contact("chain-c", "c@chain.example"),
]  # fmt: skip
LEADS: list[Row] = [
    lead("three-a", "one@three.example", name="Eva Hill", converted_contact_id="three-b"),
    # Nameless leads of a mailbox that were converted to two people do not make them one.
    lead("nameless-a", "hello@nameless.example", converted_contact_id="rosa"),
    lead("nameless-b", "hello@nameless.example", converted_contact_id="omar"),
    lead("free", "somebody@gmail.com", company="Beta Logistik", country="DE"),
    lead("free-too", "other@gmail.com", company="Unknown"),
    lead("typo", "x@gmail.com", company="Btea Logistik GmbH", country="Germany"),
    lead("elsewhere", "y@gmail.com", company="Beta Logistik", country="US"),
    lead("known-domain", "joe@alpha.example"),
    lead("web", "z@gmail.com", company_domain="https://www.Alpha.example/contact"),
    lead("new-domain", "ann@stranger.example", company="Stranger"),
    lead("new-domain-too", "bob@stranger.example"),
    lead("learned", "new@nodomain.example"),
    lead("broken", "w@gmail.com", company_domain="n/a"),
    lead("guest", "joe@tirol-booking.example", company="Hotel Krone", country="AT"),
    lead("guest-too", "ann@tirol-booking.example"),
    lead("machinist", "max@gs-maschinen.example"),
    lead("transporter", "eva@gs-maschinen.example", company="Huber Transporte KG"),
    # At the domain of a parent and its child the name decides; else the domain is the parent's.
    lead("ice-service", "a@atlasfrio.example", company="Atlas Frio Serviços, Lda."),
    lead("ice-service-too", "b@atlasfrio.example", company="ATLAS FRIO SERVICOS"),
    lead("ice-north", "c@atlasfrio.example", company="Atlas Frio Serviços Norte"),
    lead("ice-slip", "d@atlasfrio.example", company="Atlas Frio Servicso"),
    lead("ice-holding", "e@atlasfrio.example", company="Atlas Frio Holding"),
    lead("ice-either", "f@atlasfrio.example", company="Atlas Frio"),
    lead("ice-other", "g@atlasfrio.example", company="Glacier"),
    lead("ice-nobody", "h@atlasfrio.example"),
    lead("ice-web", "i@gmail.com", company="Atlas Frio Serviços",
         company_domain="atlasfrio.example"),
    *(lead(f"steppe-{n}", f"s{n}@steppe.example", company="Tundra North") for n in range(2)),
    lead("steppe-nobody", "s@steppe.example"),
    lead("renamed", "v@violet.example"),
    lead("book", "a@porto.example", company="PORTO LIVROS, Lda"),
    lead("book-nobody", "b@porto.example"),
    lead("wine", "a@rioverde.example", company="Verde Rio"),
    *(lead(f"isp-{n}", f"p{n}@isp.example", company=f"{word} Ltd")
      for n, word in enumerate(("Red", "Blue", "Green", "White", "Black"))),
]  # fmt: skip
ACCOUNTS: list[Row] = [
    # One domain, spelled in three ways.
    account("A1", name="Alpha AG", domain="https://www.alpha.example/", country="AT"),
    account("A2", name="Alpha", domain="ALPHA.example", country="DE"),
    account("A3", name="alpha sales", domain="http://alpha.example:80/de?x=1"),
    # The same domain, but kept apart as children.
    account("P1", name="Holding", domain="holding.example"),
    account("P2", name="Holding North", domain="holding.example", parent_id="P1"),
    account("P3", name="Holding South", domain="holding.example", parent_id="P1"),
    # Subsidiaries with their own domains, of one name and country.
    account("S1", name="Gamma GmbH", domain="gamma.example", country="DE"),
    account("S2", name="Gamma GmbH", domain="gamma.test", country="DE"),
    account("S3", name="Gamma", country="DE"),  # of which? nobody can say
    # Free mail is no company's domain, and neither is what no domain is.
    account("F1", name="First", domain="gmail.com"),
    account("F2", name="Second", domain="gmail.com"),
    account("F3", name="Third", domain="n/a"),
    account("F4", name="Fourth", domain="n/a"),
    # By name: same country, unknown country, contradicting country, a slip, a legal form.
    account("B1", name="Beta Logistik GmbH & Co. KG", domain="beta.example", country="Germany"),
    account("B2", name="BETA  Logistik", country="DE"),
    account("B3", name="Beta Logistik Inc.", country="US"),
    account("B4", name="Beta Logistik"),
    account("D1", name="Delta Systems S.A.", domain="delta.example"),
    account("D2", name="Delta Systems", country="FR"),
    account("E1", name="Echo Maschinenbau", domain="echo.example", country="AT"),
    account("E2", name="Ehco Maschinenbau GmbH", country="Österreich"),
    account("E3", name="Echo Maschinenba", country="AT"),
    account("E4", name="Echo Maschinenbau", domain="echo2.example", country="IT"),
    # A portal: five companies have its address.
    *(account(f"X{n}", name=f"{word} Bakery", domain="portal.example")
      for n, word in enumerate(("North", "South", "East", "West", "Middle"))),
    # A portal at which two to four companies stand, whose names have a first word in common.
    account("H1", name="Hotel Adler", domain="tirol-booking.example", country="AT"),
    account("H2", name="Hotel Post", domain="tirol-booking.example", country="AT"),
    account("H3", name="Hotel Krone", domain="tirol-booking.example", country="AT"),
    account("H4", name="HOTEL POST GmbH", domain="tirol-booking.example", country="Austria"),
    # Many of them, and the portal itself is a customer.
    *(account(f"R{n}", name=f"Restaurant {word}", domain="tables.example")
      for n, word in enumerate(("Sun", "Moon", "Star", "Sky", "Sea", "Lake"))),
    account("R6", name="Tables Ltd", domain="tables.example"),
    *(account(f"W{n}", name=f"Bakery {word}", domain="bakery.example")
      for n, word in enumerate(("Sun", "Moon", "Star", "Sky", "Sea"))),
    # A company's own domain: longer names, a slip.
    account("G1", name="Gruber Söhne", domain="gs-maschinen.example"),
    account("G2", name="Gruber Soehne Vertrieb GmbH", domain="gs-maschinen.example"),
    account("G3", name="Gruber Soenhe", domain="gs-maschinen.example"),
    # Of which one record is somebody else's.
    account("G4", name="Huber Transporte", domain="gs-maschinen.example"),
    # Branches of what it spells and an account has as its name, in any order of words; a brand.
    account("K1", name="Kilo Sales", domain="kilo-group.kilo.example"),
    account("K2", name="Kilo Logistics", domain="kilo-group.kilo.example"),
    account("K3", name="Sparkle", domain="kilo-group.kilo.example"),
    account("K4", name="Kilo Ltd", domain="kilo-group.kilo.example"),
    account("Y1", name="Rio Verde S.A.", domain="rioverde.example"),
    account("Y2", name="Grupo Rio Verde", domain="rioverde.example"),
    # Names that only begin with what the domain spells, whether three or six.
    *(account(f"O{n}", name=f"Porto {word}", domain="porto.example", country="PT")
      for n, word in enumerate(("Café", "Livros", "Flores"))),
    *(account(f"U{n}", name=f"Braga {word}", domain="braga.example", country="PT")
      for n, word in enumerate(("Café", "Livros", "Flores", "Pneus", "Ótica", "Talho"))),
    # A child at its parent's domain, and most leads name the child.
    account("I1", name="Atlas Frio Holding", domain="atlasfrio.example"),
    account("I2", name="Atlas Frio Serviços", domain="atlasfrio.example", parent_id="I1"),
    # Children of one parent that is not at their domain.
    account("T0", name="Tundra Group"),
    account("T1", name="Tundra North", domain="steppe.example", parent_id="T0"),
    account("T2", name="Southern Cold", domain="steppe.example", parent_id="T0"),
    # Names that a merge says are one.
    account("V1", name="Violet Red", domain="violet.example", merged_into_id="V2", is_deleted=True),
    account("V2", name="Lilac", domain="violet.example"),
    account("V3", name="Orchid", domain="violet.example"),
    # Placeholders are no names.
    account("N1", name="Unknown"),
    account("N2", name="unknown"),
    # By merges.
    account("M1", name="Merge One"),
    account("M2", name="Merge Two", merged_into_id="M1", is_deleted=True),
    # Known to its contacts' addresses only.
    account("L1", name="Learned"),
]  # fmt: skip
# Segments: as the agreement calls them, as its labels mean them, unknown, and by conditions.
SEGMENT_ACCOUNTS: list[Row] = [
    account("Q1", segment=" small BUSINESS"),
    account("Q2", segment="Mittelstand DE", employee_count=5),
    account("Q3", segment="Public sector", employee_count=5),
    account("Q4", employee_count=49),
    account("Q5", employee_count=50, industry="Health care"),
    account("Q6", employee_count=50, industry="Retail"),
    account("Q7", industry="Health"),
]  # fmt: skip
SEGMENTS: list[Row] = [
    {"segment": "Small business", "position": 1, "max_employees": 49},
    {"segment": "Hospitals", "position": 2, "min_employees": 50, "industry": "health.*"},
    {"segment": "Mid-market", "position": 3, "labels": "mittelstand.*|mid"},
]  # fmt: skip
SEGMENT_PEOPLE: list[Row] = [
    lead("seg-own", segment="mid", converted_account_id="Q4"),
    lead("seg-account", converted_account_id="Q5"),
]
LEARNED = [contact("learned-c", "c@nodomain.example", account_id="L1")]


def build(home: Path, command: str = "build", shuffle: int | None = None) -> Warehouse:
    lake = LakeBuilder(home, agreement={"segments": SEGMENTS})
    order = random.Random(shuffle)
    tables = {
        "contact": [*CONTACTS, *LEARNED],
        "lead": [*LEADS, *SEGMENT_PEOPLE],
        "account": [*ACCOUNTS, *SEGMENT_ACCOUNTS],
    }
    touches = [
        {"source_id": "t1", "email": "office@shared.example", "touch_type": "form_fill",
         "occurred_at": "2025-02-01 10:00"},
        {"source_id": "t2", "email": "m.mueller@one.example", "touch_type": "form_fill",
         "occurred_at": "2025-02-01 10:00"},
        {"source_id": "t3", "email": "a@chain.example", "touch_type": "form_fill",
         "occurred_at": "2024-02-01 10:00"},
    ]  # fmt: skip
    for entity in order.sample(list(tables), 3) if shuffle else tables:
        rows = tables[entity]
        mixed = order.sample(rows, len(rows)) if shuffle else rows
        lake.load("crm", f"{entity}s", {entity: mixed})
    lake.load("web", "events", {"touch": touches}, mode="append")
    lake.finish()
    select = ("+dim_person", "+dim_account", "+bridge_account_record", "+int_account_candidates")
    return run_dbt(home, AS_OF, command, select)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return build(tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def persons(warehouse: Warehouse) -> dict[str, str]:
    """Person by record id, or by address."""
    rows = warehouse.rows("select source_id, person_id from intermediate.int_person_records")
    return dict(rows)


@pytest.fixture(scope="module")
def accounts(warehouse: Warehouse) -> dict[str, str]:
    return dict(warehouse.rows("select source_id, account_id from marts.bridge_account_record"))


def groups(found: dict[str, str], *prefixes: str) -> set[frozenset[str]]:
    """Ids that begin with a prefix, by the person or account they are."""
    by_key: dict[str, set[str]] = {}
    for record, key in found.items():
        if record.startswith(prefixes):
            by_key.setdefault(key, set()).add(record)
    return {frozenset(ids) for ids in by_key.values()}


def sets(*ids: str) -> set[frozenset[str]]:
    """Groups, each written as ids with blanks between."""
    return {frozenset(group.split()) for group in ids}


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("office-", sets("office-anna office-a", "office-peter", "office-nobody")),
        # Gruber may be Anna or Peter.
        ("between-", sets("between-anna", "between-anna-g", "between-peter", "between-huber")),
        ("one-", sets("one-a one-b one-c one-d one-e")),
        ("pair-", sets("pair-one", "pair-two")),
        ("alike-", sets("alike-martin", "alike-marion")),
        ("short-", sets("short-max short-maximilian", "short-tom", "short-thomas")),
        ("initial-", sets("initial-full initial-a", "initial-p")),
        # "A. B." and "Anna Berg" have no word in common, but only she is what they stand for.
        ("bare-", sets("bare-full bare-a")),
        ("welcome-", sets("welcome-one", "welcome-two")),
        ("dr-", sets("dr-one", "dr-two")),
        ("merged-", sets("merged-a merged-b")),
        ("same-", sets("same-a", "same-b")),
        ("three-", sets("three-a three-b three-c")),
        ("chain-", sets("chain-a chain-b chain-c")),
    ],
)
def test_who_is_one_person(
    persons: dict[str, str], prefix: str, expected: set[frozenset[str]]
) -> None:
    assert groups(persons, prefix) == expected


def test_an_address_is_its_only_users_or_a_person_of_its_own(persons: dict[str, str]) -> None:
    office, own = email_hash("office@shared.example"), email_hash("m.mueller@one.example")
    assert persons[office] == persons["office-nobody"]
    assert persons[own] == persons["one-a"]
    assert persons[email_hash("desk@merged.example")] == persons["merged-a"]
    for address in ("one@three.example", "two@three.example", "three@three.example"):
        assert persons[email_hash(address)] == persons["three-a"]


def test_nameless_records_follow_what_they_were_converted_to(persons: dict[str, str]) -> None:
    assert persons["nameless-a"] == persons["rosa"]
    assert persons["nameless-b"] == persons["omar"] != persons["rosa"]


def test_touches_follow_their_person(warehouse: Warehouse, persons: dict[str, str]) -> None:
    found = dict(warehouse.rows("select source_id, person_id from intermediate.int_touches"))
    assert found == {
        "t1": persons["office-nobody"],
        "t2": persons["one-a"],
        "t3": persons["chain-c"],  # made before the records were merged
    }


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("A", sets("A1 A2 A3")),
        ("P", sets("P1", "P2", "P3")),
        ("S", sets("S1", "S2", "S3")),
        ("F", sets("F1", "F2", "F3", "F4")),
        # B4 has no country, and the name is in use in two.
        ("B", sets("B1 B2", "B3", "B4")),
        ("D", sets("D1 D2")),
        ("E", sets("E1 E2 E3", "E4")),
        ("X", sets("X0", "X1", "X2", "X3", "X4")),
        ("H", sets("H1", "H2 H4", "H3")),
        ("R", sets("R0", "R1", "R2", "R3", "R4", "R5", "R6")),
        ("W", sets("W0", "W1", "W2", "W3", "W4")),
        ("G", sets("G1 G2 G3", "G4")),
        ("K", sets("K1 K2 K4", "K3")),
        ("Y", sets("Y1 Y2")),
        ("O", sets("O0", "O1", "O2")),
        ("U", sets("U0", "U1", "U2", "U3", "U4", "U5")),
        ("I", sets("I1", "I2")),
        ("T", sets("T0", "T1", "T2")),
        ("V", sets("V1 V2", "V3")),
        ("N", sets("N1", "N2")),
        ("M", sets("M1 M2")),
    ],
)
def test_which_records_are_one_account(
    accounts: dict[str, str], prefix: str, expected: set[frozenset[str]]
) -> None:
    assert groups(accounts, prefix) == expected


def test_the_bridge_says_why(warehouse: Warehouse) -> None:
    found = {
        source_id: (match_type, confidence)
        for source_id, match_type, confidence in warehouse.rows(
            "select source_id, match_type, match_confidence from marts.bridge_account_record"
        )
    }
    assert found["A1"] == found["A2"] == ("domain", 0.95)
    assert found["B1"] == ("sole", 1.0) and found["B2"] == ("name", 0.8)
    assert found["M1"] == found["M2"] == ("crm_merge", 1.0)
    assert found["P2"] == ("sole", 1.0)
    confidence = dict(warehouse.rows("select source_id, match_confidence from marts.dim_account"))
    assert confidence["B1"] == 0.8 and confidence["S1"] == 1.0


def test_weak_matches_are_listed(warehouse: Warehouse, accounts: dict[str, str]) -> None:
    name = {accounts[record]: record for record in sorted(accounts, reverse=True)}
    found = {
        frozenset((name[a], name[b])): confidence
        for a, b, confidence in warehouse.rows(
            "select account_id_a, account_id_b, confidence from intermediate.int_account_candidates"
        )
    }
    # Gamma without a domain is one of two; Beta is one of Germany's and America's.
    by_name = [("S3", "S1"), ("S3", "S2"), ("B3", "B1"), ("B4", "B1"), ("B3", "B4")]
    # Whoever else is at a company's domain; and who shares the word that the domain spells.
    by_domain = [("G1", "G4"), ("K1", "K3"), ("V1", "V3"), *((f"R{n}", "R6") for n in range(6))]
    alike = [combinations([f"{letter}{n}" for n in range(count)], 2)
             for letter, count in (("O", 3), ("U", 6), ("W", 5))]  # fmt: skip
    assert found == {frozenset(pair): 0.5 for pair in chain(by_name, by_domain, *alike)}


def test_account_of_a_person(
    warehouse: Warehouse, persons: dict[str, str], accounts: dict[str, str]
) -> None:
    found = dict(warehouse.rows("select person_id, account_id from marts.dim_person"))
    assert found[persons["known-domain"]] == accounts["A1"]
    assert found[persons["web"]] == accounts["A1"]
    assert found[persons["free"]] == accounts["B1"]
    assert found[persons["typo"]] == accounts["B1"]
    assert found[persons["learned"]] == found[persons["learned-c"]] == accounts["L1"]
    for nobody in ("free-too", "broken", "isp-0"):
        assert found[persons[nobody]] is None, nobody
    assert found[persons["guest"]] == accounts["H3"]
    assert found[persons["guest-too"]] is None
    assert found[persons["machinist"]] == accounts["G1"]
    assert found[persons["transporter"]] == accounts["G4"]
    for child in ("ice-service", "ice-service-too", "ice-north", "ice-slip", "ice-web"):
        assert found[persons[child]] == accounts["I2"], child
    for parent in ("ice-holding", "ice-either", "ice-other", "ice-nobody"):
        assert found[persons[parent]] == accounts["I1"], parent
    assert found[persons["steppe-0"]] == accounts["T1"]
    assert found[persons["steppe-nobody"]] is None
    assert found[persons["renamed"]] == accounts["V2"]
    assert found[persons["book"]] == accounts["O1"]
    assert found[persons["book-nobody"]] is None
    assert found[persons["wine"]] == accounts["Y1"]
    assert found[persons["elsewhere"]] == accounts["B3"]
    assert found[persons["new-domain"]] == found[persons["new-domain-too"]]
    stranger = warehouse.rows(
        "select account_name, domain, is_reference_only, record_count, match_confidence"
        f" from marts.dim_account where account_id = '{found[persons['new-domain']]}'"
    )
    assert stranger == [("stranger.example", "stranger.example", True, 0, 1.0)]


def test_segments_are_those_of_the_agreement(warehouse: Warehouse, persons: dict[str, str]) -> None:
    found = dict(
        warehouse.rows("select source_id, segment from marts.dim_account where source_id like 'Q%'")
    )
    assert found == {
        "Q1": "Small business",
        "Q2": "Mid-market",  # what the record says goes before its size
        "Q3": "Public sector",
        "Q4": "Small business",
        "Q5": "Hospitals",
        "Q6": None,  # a segment without conditions is nobody's by them
        "Q7": None,  # its size is unknown
    }
    people = dict(warehouse.rows("select person_id, segment from marts.dim_person"))
    assert people[persons["seg-own"]] == "Mid-market"
    assert people[persons["seg-account"]] == "Hospitals"


def test_order_of_input_does_not_matter(warehouse: Warehouse, tmp_path: Path) -> None:
    shuffled = build(tmp_path, "run", shuffle=5)
    for table in ("dim_person", "dim_account", "bridge_account_record"):
        query = f"select * from marts.{table} order by all"
        assert shuffled.rows(query) == warehouse.rows(query), table
