"""The lake of the identity tests, in any order of rows and loads."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

AS_OF = "2025-12-31 23:59:59"

Row = dict[str, Any]

LEADS: list[Row] = [
    {"source_id": "L1", "created_at": "2025-01-10 09:00", "email": "a@example.com",
     "converted_contact_id": "C1", "converted_at": "2025-01-20", "segment": "Mid-market",
     "region": "EMEA"},
    {"source_id": "L2", "created_at": "2025-01-12 09:00", "email": " A@Example.com",
     "segment": "Enterprise"},
    {"source_id": "L3", "created_at": "2025-01-13"},
    {"source_id": "L4", "created_at": "2025-01-14", "email": "deleted@example.com",
     "is_deleted": True},
    {"source_id": "L5", "email": "five@example.com", "merged_into_id": "L6", "is_deleted": True},
    {"source_id": "L6", "merged_into_id": "L7", "is_deleted": True},
    {"source_id": "L7", "created_at": "2025-01-15", "email": "seven@example.com"},
    {"source_id": "X1", "created_at": "2025-01-16"},
]  # fmt: skip
CONTACTS: list[Row] = [
    {"source_id": "C1", "created_at": "2025-01-20", "email": "b@example.com",
     "account_id": "A2"},
    {"source_id": "C2", "created_at": "2025-01-21", "account_id": "A9"},
    {"source_id": "C3", "created_at": "2025-01-22", "account_id": "A3"},
]  # fmt: skip
ACCOUNTS: list[Row] = [
    {"source_id": "A1", "created_at": "2025-01-01", "name": "Survivor", "region": "APAC"},
    {"source_id": "A2", "name": "Merged", "merged_into_id": "A1", "is_deleted": True},
    {"source_id": "A3", "name": "Deleted but named by a contact", "is_deleted": True},
    {"source_id": "A4", "name": "Deleted", "is_deleted": True},
]
OTHER_LEADS: list[Row] = [{"source_id": "X1", "created_at": "2025-01-16"}]
OTHER_CONTACTS: list[Row] = [{"source_id": "H1", "email": "b@example.com"}]
LINKS: list[Row] = [
    # One computer, two people: a@example.com, and later L3, a record of another system.
    {"anonymous_id": "shared", "email": "a@example.com", "observed_at": "2025-02-01 12:00"},
    {"anonymous_id": "shared", "lead_id": "L3", "observed_at": "2025-02-10 12:00"},
    # At the very moment of t9, which names somebody else.
    {"anonymous_id": "borrowed", "email": "a@example.com", "observed_at": "2025-03-01 12:00"},
    # X1 is a lead of two other systems: nobody can say which.
    {"anonymous_id": "ambiguous", "lead_id": "X1", "observed_at": "2025-02-10 12:00"},
]
TOUCHES: list[Row] = [
    {"source_id": "t1", "anonymous_id": "shared", "occurred_at": "2025-01-20 10:00"},
    {"source_id": "t2", "anonymous_id": "shared", "occurred_at": "2025-02-01 12:00"},
    {"source_id": "t3", "anonymous_id": "shared", "occurred_at": "2025-02-05 10:00"},
    {"source_id": "t4", "anonymous_id": "shared", "occurred_at": "2025-02-20 10:00"},
    {"source_id": "t5", "anonymous_id": "ambiguous", "occurred_at": "2025-02-20 10:00"},
    {"source_id": "t6", "anonymous_id": "shopper", "occurred_at": "2025-02-20 10:00"},
    # A form fill names the visitor and an address: it links the two, for earlier touches too.
    {"source_id": "t7", "anonymous_id": "form", "occurred_at": "2025-03-01 10:00"},
    {"source_id": "t8", "anonymous_id": "form", "email": "form@example.com",
     "touch_type": "form_fill", "occurred_at": "2025-03-02 10:00"},
    # What a touch names itself goes before its visitor id.
    {"source_id": "t9", "anonymous_id": "borrowed", "contact_id": "C2",
     "occurred_at": "2025-03-01 12:00"},
    {"source_id": "t10", "occurred_at": "2025-01-20 10:00"},
]  # fmt: skip
CONVERSIONS: list[Row] = [
    {"source_id": "K1", "email": "a@example.com", "occurred_at": "2025-03-01 10:00"},
    {"source_id": "K2", "anonymous_id": "shopper", "occurred_at": "2025-03-01 10:00"},
    {"source_id": "K3", "occurred_at": "2025-03-01 10:00"},
]


def random_leads(count: int = 400) -> list[Row]:
    """Leads that share addresses and were merged at random, and one long chain of merges."""
    source = random.Random(7)
    leads: list[Row] = []
    for number in range(count):
        lead: Row = {"source_id": f"R{number}", "created_at": "2025-01-01"}
        if source.random() < 0.4:
            lead["email"] = f"r{source.randrange(count)}@example.com"
        if source.random() < 0.4:
            lead["merged_into_id"] = f"R{source.randrange(count)}"
        leads.append(lead)
    chain = [f"Z{number}" for number in source.sample(range(1000), 200)]
    for name, survivor in zip(chain, [*chain[1:], None], strict=True):
        leads.append({"source_id": name, "merged_into_id": survivor})
    return leads


def build(home: Path, shuffle: int | None = None) -> Warehouse:
    """Build the lake in the order given above, or shuffled and split over other loads."""
    lake = LakeBuilder(home)
    touches = [{"touch_type": "web_session", **touch} for touch in TOUCHES]
    loads: list[tuple[str, str, Mapping[str, Sequence[Row]], str]] = [
        ("crm", "leads", {"lead": LEADS}, "snapshot"),
        ("crm", "contacts", {"contact": CONTACTS}, "snapshot"),
        ("crm", "accounts", {"account": ACCOUNTS}, "snapshot"),
        ("hub", "leads", {"lead": OTHER_LEADS}, "snapshot"),
        ("hub", "contacts", {"contact": OTHER_CONTACTS}, "snapshot"),
        ("random", "leads", {"lead": random_leads()}, "snapshot"),
        ("web", "events", {"touch": touches}, "append"),
        ("web", "links", {"identity_link": LINKS}, "append"),
        ("shop", "orders", {"conversion": CONVERSIONS}, "append"),
    ]
    if shuffle is not None:
        order = random.Random(shuffle)
        order.shuffle(loads)
        for source, table, entities, mode in loads:
            for entity, rows in entities.items():
                mixed = order.sample(list(rows), len(rows))
                if mode == "append":
                    for row in mixed:
                        lake.load(source, table, {entity: [row]}, mode)
                else:
                    lake.load(source, table, {entity: mixed}, mode)
    else:
        for source, table, entities, mode in loads:
            lake.load(source, table, entities, mode)
    lake.finish()
    marts = ("+dim_person", "+dim_account", "+fct_touchpoints", "+bridge_person_record")
    return run_dbt(home, AS_OF, select=marts)
