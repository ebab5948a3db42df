"""Who is one person, one account, and whose a visitor's touches are. Answers worked by hand."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.fixtures.lake_builder import Warehouse, email_hash
from tests.integration.dbt.identity_lake import random_leads

Record = tuple[str, str, str]


@pytest.fixture(scope="module")
def persons(identity_warehouse: Warehouse) -> dict[Record, str]:
    """Person by source system, object type and source id."""
    rows = identity_warehouse.rows(
        "select source_system, object_type, source_id, person_id"
        " from intermediate.int_person_records"
    )
    return {(system, kind, record): person for system, kind, record, person in rows}


def email(address: str) -> Record:
    return ("(all)", "email", email_hash(address))


def test_address_conversion_and_merges_make_one_person(persons: dict[Record, str]) -> None:
    groups: list[list[Record]] = [
        [
            ("crm", "lead", "L1"),
            ("crm", "lead", "L2"),  # same address, spelled differently
            ("crm", "contact", "C1"),  # L1 was converted to it
            ("hub", "contact", "H1"),  # another system, C1's address
            ("shop", "conversion", "K1"),
            email("a@example.com"),
            email("b@example.com"),
        ],
        [
            ("crm", "lead", "L5"),  # merged into L6, that into L7
            ("crm", "lead", "L6"),
            ("crm", "lead", "L7"),
            email("five@example.com"),
            email("seven@example.com"),
        ],
        [("crm", "lead", "L3")],  # no address, still a person
        [("crm", "lead", "X1")],
        [("hub", "lead", "X1")],  # same id in another system is another person
        [("crm", "contact", "C2")],
        [("crm", "contact", "C3")],
        [("shop", "conversion", "K2")],
        [("shop", "conversion", "K3")],
        [email("form@example.com")],
    ]
    for group in groups:
        assert len({persons[record] for record in group}) == 1, group
    for one, other in combinations(groups, 2):
        assert persons[one[0]] != persons[other[0]], (one, other)


def test_deleted_lead_is_no_person(persons: dict[Record, str]) -> None:
    assert ("crm", "lead", "L4") not in persons
    assert email("deleted@example.com") not in persons


def test_random_merges_agree_with_union_find(persons: dict[Record, str]) -> None:
    leads = random_leads()
    parent: dict[str, str] = {}

    def find(node: str) -> str:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for lead in leads:
        for other in (lead.get("email"), lead.get("merged_into_id")):
            if other:
                parent[find(lead["source_id"])] = find(other)
    expected: dict[str, set[str]] = {}
    found: dict[str, set[str]] = {}
    for lead in leads:
        name = lead["source_id"]
        expected.setdefault(find(name), set()).add(name)
        found.setdefault(persons[("random", "lead", name)], set()).add(name)
    assert sorted(map(sorted, found.values())) == sorted(map(sorted, expected.values()))
    assert max(map(len, found.values())) >= 200  # the chain is one person


def test_visitor_touches_follow_the_next_link(
    identity_warehouse: Warehouse, persons: dict[Record, str]
) -> None:
    rows = identity_warehouse.rows("select source_id, person_id from intermediate.int_touches")
    a, l3 = persons[email("a@example.com")], persons[("crm", "lead", "L3")]
    form = persons[email("form@example.com")]
    assert dict(rows) == {
        "t1": a,  # before the first link
        "t2": a,  # at the link
        "t3": l3,  # the next link is L3's
        "t4": l3,  # none follows: the last one
        "t5": None,
        "t6": persons[("shop", "conversion", "K2")],  # known by the visitor id alone
        "t7": form,  # the form fill re-keys it
        "t8": form,
        "t9": persons[("crm", "contact", "C2")],
        "t10": None,
    }


def test_accounts_follow_merges_and_references(identity_warehouse: Warehouse) -> None:
    accounts = identity_warehouse.rows(
        """
        select account_name, region, record_count, is_reference_only, source_id
        from marts.dim_account order by record_count desc, is_reference_only, source_id
        """
    )
    assert accounts == [
        ("Survivor", "APAC", 2, False, "A1"),
        (None, None, 1, True, None),  # A3, deleted, still named by C3
        (None, None, 1, True, None),  # A9, never seen, named by C2
    ]
    keys = dict(
        identity_warehouse.rows(
            "select source_id, account_id from intermediate.int_account_records"
        )
    )
    assert set(keys) == {"A1", "A2", "A3", "A9"}
    assert keys["A1"] == keys["A2"]


def test_person_attributes(identity_warehouse: Warehouse, persons: dict[Record, str]) -> None:
    a = identity_warehouse.dicts(
        f"""
        select cast(first_seen_at as text) as first_seen_at, is_known,
               dim_person.segment, dim_person.region,
               lead_count, contact_count, address_count, conversion_count, touch_count,
               account_name
        from marts.dim_person left join marts.dim_account using (account_id)
        where person_id = '{persons[("crm", "lead", "L1")]}'
        """
    )
    assert a == [
        {
            "first_seen_at": "2025-01-10 09:00:00",
            "is_known": True,
            "segment": "Enterprise",  # L2's, the newer record
            "region": "EMEA",  # L2 has none: L1's, before the account's
            "lead_count": 2,
            "contact_count": 2,
            "address_count": 2,
            "conversion_count": 1,
            "touch_count": 2,
            "account_name": "Survivor",
        }
    ]
    unknown = identity_warehouse.rows(
        f"""
        select is_known, touch_count from marts.dim_person
        where person_id = '{persons[("shop", "conversion", "K2")]}'
        """
    )
    assert unknown == [(False, 1)]


def test_no_address_leaves_the_marts(identity_warehouse: Warehouse) -> None:
    tables = identity_warehouse.rows(
        "select table_name from duckdb_tables() where schema_name = 'marts'"
    )
    for (table,) in tables:
        text = identity_warehouse.rows(
            f"select count(*) from marts.{table} as t where cast(t as text) like '%@%'"
        )
        assert text == [(0,)], table
