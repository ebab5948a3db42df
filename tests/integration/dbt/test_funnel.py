"""Journeys, stages and deals of a small company, each case worked out by hand.

Belongs here: what `models/intermediate/funnel` and the funnel's facts must say. Does not
belong here: who is whom (`test_identity`) and KPIs (`test_kpis`).

One company holds all cases, so that dbt runs once; a case is told apart by its record ids.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

AS_OF = "2025-12-31 23:59:59"
MODELS = ("+fct_funnel_events", "+fct_opportunities")
Rows = list[dict[str, Any]]


def _lead(source_id: str, created_at: str | None, **columns: Any) -> dict[str, Any]:
    return {"source_id": source_id, "created_at": created_at, **columns}


def _deal(source_id: str, created_at: str | None, **columns: Any) -> dict[str, Any]:
    return {"source_id": source_id, "created_at": created_at, **columns}


def _won(
    source_id: str, created_at: str | None, closed_at: str | None, **columns: Any
) -> dict[str, Any]:
    return _deal(source_id, created_at, is_won=True, is_closed=True, closed_at=closed_at, **columns)


def _change(object_type: str, object_id: str, to_stage: str, changed_at: str) -> dict[str, Any]:
    return {
        "source_id": f"{object_id}-{to_stage}-{changed_at}",
        "object_type": object_type,
        "object_id": object_id,
        "to_stage": to_stage,
        "changed_at": changed_at,
    }


def _contact(source_id: str, email: str, merged_into_id: str | None = None) -> dict[str, Any]:
    return {"source_id": source_id, "email": email, "merged_into_id": merged_into_id}


def _link(deal: str, contact: str, is_primary: bool) -> dict[str, Any]:
    return {
        "source_id": f"{deal}-{contact}",
        "opportunity_id": deal,
        "contact_id": contact,
        "is_primary": is_primary,
    }


def _shipped(table: str) -> list[dict[str, Any]]:
    path = PROJECT_ROOT / "orchestration" / "defaults" / "agreement" / f"{table}.csv"
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _line(deal: str, number: int, product: str | None) -> dict[str, Any]:
    return {
        "source_id": f"{deal}-{number}",
        "opportunity_id": deal,
        "product_id": product,
        "quantity": 1,
    }


def _touch(source_id: str, email: str, occurred_at: str, channel: str | None) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "touch_type": "web_session" if channel else "form_fill",
        "email": email,
        "occurred_at": occurred_at,
        "channel": channel,
    }


LEADS = [
    # Every stage, every time.
    _lead(
        "full",
        "2025-01-01 00:00",
        mql_at="2025-01-02 12:00",
        sal_at="2025-01-03 12:00",
        sql_at="2025-01-05 00:00",
        converted_opportunity_id="full-deal",
        lead_source="Webinar",
        segment="Small",
        region="North",
        owner_id="rep-1",
    ),
    _lead("skips", "2025-02-01 00:00", lead_source="unknown"),
    # Labels: of the source before those of all sources, trimmed, in any case.
    _lead("history", "2025-03-01 09:00"),
    _lead("status", "2025-03-01 09:00", status="mql", status_changed_at="2025-03-04 09:00"),
    _lead("status-undated", "2025-03-01 09:00", status="MQL"),
    _lead(
        "status-known",
        "2025-03-01 09:00",
        mql_at="2025-03-02 09:00",
        status="MQL",
        status_changed_at="2025-03-09 09:00",
    ),
    _lead("bare", None),
    _lead("status-rejected", "2025-03-01 09:00", status="Junk"),
    # Recycled, and back again.
    _lead("again", "2025-04-01 09:00", mql_at="2025-04-02 09:00", recycled_at="2025-04-05 09:00"),
    _lead("rejected", "2025-04-01 09:00", disqualified_at="2025-04-03 09:00"),
    _lead("rejected-back", "2025-04-01 09:00", disqualified_at="2025-04-03 09:00"),
    # Found through the person.
    _lead("open", "2025-05-01 09:00", email="open@example.com"),
    _lead("closed", "2025-05-01", email="closed@example.com", disqualified_at="2025-05-10"),
    _lead("wanted", "2025-05-01 09:00", converted_opportunity_id="wanted-late"),
    _lead("by-contact", "2025-05-01 09:00", converted_contact_id="c-by-contact"),
    # Duplicates.
    _lead("twin-1", "2025-06-01 09:00", email="twin@example.com"),
    _lead("twin-2", "2025-06-03 09:00", email="twin@example.com", mql_at="2025-06-04 09:00"),
    _lead("copy-1", "2025-06-01 09:00", email="copy@example.com"),
    _lead(
        "copy-2",
        "2025-06-03 09:00",
        email="copy@example.com",
        converted_opportunity_id="copy-deal",
    ),
    _lead("copy-3", "2025-08-01 09:00", email="copy@example.com"),
    _lead("merged-1", "2025-06-01 09:00"),
    _lead("merged-2", "2025-06-02 09:00", merged_into_id="merged-1"),
    _lead("merged-3", "2025-06-02 09:00", merged_into_id="merged-2", is_deleted=True),
    _lead("survivor", "2025-06-01 09:00"),
    _lead(
        "absorbed",
        "2025-06-02 09:00",
        merged_into_id="survivor",
        converted_opportunity_id="absorbed-deal",
    ),
    # Two records of one person: the kept one is younger, was never marked as MQL, and lives on.
    _lead("kept", "2025-06-08 09:00", sal_at="2025-06-10 09:00", sql_at="2025-06-12 09:00"),
    _lead(
        "twice-1",
        "2025-06-03 09:00",
        mql_at="2025-06-05 09:00",
        sal_at="2025-06-11 09:00",
        merged_into_id="twice-2",
    ),
    _lead(
        "twice-2",
        "2025-06-04 09:00",
        mql_at="2025-06-06 09:00",
        disqualified_at="2025-06-13 09:00",
        is_deleted=True,
        merged_into_id="kept",
    ),
    _lead("new-contact", "2025-06-01 09:00", converted_contact_id="c-old"),
    _lead("ghost", "2025-07-01 09:00", email="ghost@example.com", merged_into_id="gone"),
    # Times that run backwards, or only seem to.
    _lead("backwards", "2025-07-10", mql_at="2025-07-10"),
    _lead("same-day", "2025-07-10 18:00", mql_at="2025-07-10"),
    _lead("undated-deal", "2025-07-01 00:00"),
    _lead("gone", "2025-07-01 00:00", is_deleted=True),
    _lead("touched", "2025-09-01 09:00", email="touched@example.com"),
    _lead("silent", "2025-09-01 09:00", email="silent@example.com", lead_source="Webinar"),
    _lead("half-silent", "2025-09-01 09:00", email="half-silent@example.com"),
    _lead("late-evening", "2025-09-30 22:30"),
]
DEALS = [
    _won(
        "full-deal",
        "2025-01-08 00:00",
        "2025-01-18 12:00",
        amount="1000.00",
        list_amount="1250",
        currency="EUR",
        account_id="acme",
        owner_id="rep-2",
        created_by_id="rep-2",
        stage="Closed Won",
        opportunity_type="new",
        region="South",
    ),
    _won("skips-deal", "2025-02-05 00:00", "2025-02-10 00:00", lead_id="skips"),
    _deal("lost-undated", None, is_closed=True, is_won=False, closed_at="2025-03-05 10:00"),
    _deal("no-dates", None),
    _deal("by-label", "2025-03-01 09:00", stage=" closed WON "),
    _won("undone", "2025-03-01 09:00", None),
    _won("undone-by-loss", "2025-03-01 09:00", None),
    _won("won-again", "2025-03-01 09:00", None),
    _deal("reopened", "2025-03-01 09:00", stage="Negotiation", is_won=False, is_closed=False),
    _deal("open-first", "2025-05-20 09:00", primary_contact_id="c-open"),
    _deal("open-second", "2025-05-25 09:00", primary_contact_id="c-open"),
    _deal("closed-later", "2025-05-20 09:00", primary_contact_id="c-closed"),
    _deal("closed-same-day", "2025-05-10 17:00", primary_contact_id="c-closed"),
    _deal("wanted-late", "2025-05-09 09:00"),
    _deal("wanted-early", "2025-05-08 09:00", lead_id="wanted"),
    _deal("contact-deal", "2025-05-08 09:00"),
    _deal("merged-deal", "2025-06-10 09:00", lead_id="merged-3"),
    _deal("absorbed-deal", "2025-06-10 09:00"),
    _deal("new-contact-deal", "2025-06-10 09:00"),
    _deal("ghost-deal", "2025-07-10 09:00", lead_id="ghost"),
    _deal("product-own", "2025-03-01 09:00", product_id="P1"),
    _deal("product-lines", "2025-03-01 09:00"),
    _deal("product-mixed", "2025-03-01 09:00"),
    _deal("product-half", "2025-03-01 09:00"),
    _won("copy-deal", "2025-06-10 09:00", "2025-07-01 09:00"),
    _won("backwards-deal", None, "2025-07-09 20:00", lead_id="backwards"),
    _won("undated-won", None, "2025-07-03 12:00", lead_id="undated-deal", amount="10"),
    _won("won-someday", "2025-07-01 09:00", None, amount="10", currency="EUR"),
    _deal("gone-deal", "2025-07-01 00:00", is_deleted=True, amount="77", currency="EUR"),
    _deal("dollars-1", "2025-05-31", amount="100", currency="USD"),
    _deal("dollars-2", "2025-06-01", amount="100", currency="USD"),
    _won("dollars-3", None, "2025-06-02 10:00", amount="33.335", currency="USD"),
    _deal("no-rate", "2025-05-31", amount="100", currency="CHF"),
    # Of two contacts, only the second has touches; one has old touches; both have touches.
    _deal("second-contact", "2025-10-20 09:00"),
    _deal("long-ago", "2025-10-20 09:00", primary_contact_id="c-past"),
    _deal("ninety-days", "2025-10-20 09:00", primary_contact_id="c-edge"),
    _deal("both-contacts", "2025-10-20 09:00"),
    _won("after-creation", "2025-10-20 09:00", "2025-10-25 09:00", primary_contact_id="c-after"),
    _deal("cold", "2025-10-20 09:00", lead_source="Cold mailing"),
    _deal("outreach", "2025-10-20 09:00", lead_source="Outbound"),
    _deal("touched-deal", "2025-09-10 09:00", lead_id="touched", currency="EUR", amount="5"),
]
CHANGES = [
    _change("lead", "history", " mql ", "2025-03-02 09:00"),
    _change("lead", "history", "Working", "2025-03-03 09:00"),
    _change("lead", "history", "MQL", "2025-03-06 09:00"),
    _change("lead", "history", "no such label", "2025-03-07 09:00"),
    _change("lead", "again", "MQL", "2025-04-09 09:00"),
    _change("lead", "again", "Accepted", "2025-04-10 09:00"),
    _change("lead", "rejected-back", "MQL", "2025-04-08 09:00"),
    _change("lead", "merged-3", "MQL", "2025-06-05 09:00"),
    _change("opportunity", "by-label", "Closed Won", "2025-03-09 09:00"),
    _change("opportunity", "undone", "Closed Won", "2025-03-05 09:00"),
    _change("opportunity", "undone", "Negotiation", "2025-03-12 09:00"),
    _change("opportunity", "undone-by-loss", "Closed Won", "2025-03-05 09:00"),
    _change("opportunity", "undone-by-loss", "Closed Lost", "2025-03-12 09:00"),
    _change("opportunity", "won-again", "Closed Won", "2025-03-05 09:00"),
    _change("opportunity", "won-again", "Negotiation", "2025-03-12 09:00"),
    _change("opportunity", "won-again", "Closed Won", "2025-03-14 09:00"),
    _change("opportunity", "won-again", "no such label", "2025-03-15 09:00"),
    _change("opportunity", "reopened", "Closed Lost", "2025-03-05 09:00"),
    _change("opportunity", "reopened", "Negotiation", "2025-03-07 09:00"),
]
CONTACTS = [
    _contact("c-open", "open@example.com"),
    _contact("c-closed", "closed@example.com"),
    _contact("c-by-contact", "by-contact@example.com"),
    _contact("c-old", "c-old@example.com", merged_into_id="c-new"),
    _contact("c-new", "c-new@example.com"),
    _contact("c-other", "other@example.com"),
    _contact("c-ann", "ann@example.com"),
    _contact("c-bob", "bob@example.com"),
    _contact("c-past", "past@example.com"),
    _contact("c-edge", "edge@example.com"),
    _contact("c-after", "after@example.com"),
    _contact("c-carl", "carl@example.com"),
]
LINKS = [
    _link("contact-deal", "c-other", is_primary=False),
    _link("contact-deal", "c-by-contact", is_primary=True),
    # One contact under two ids, none of them primary.
    _link("new-contact-deal", "c-old", is_primary=False),
    _link("new-contact-deal", "c-new", is_primary=False),
    _link("second-contact", "c-ann", is_primary=True),
    _link("second-contact", "c-bob", is_primary=False),
    _link("both-contacts", "c-carl", is_primary=True),
    _link("both-contacts", "c-bob", is_primary=False),
]
TOUCHES = [
    _touch("t1", "touched@example.com", "2025-08-20 09:00", "Email"),
    _touch("t2", "touched@example.com", "2025-09-10 09:00", "Events"),
    _touch("t3", "touched@example.com", "2025-09-10 09:01", "Referral"),
    # Nothing tells where these came from.
    _touch("t5", "silent@example.com", "2025-08-20 09:00", None),
    _touch("t6", "half-silent@example.com", "2025-08-20 09:00", None),
    _touch("t7", "half-silent@example.com", "2025-08-21 09:00", "Email"),
    _touch("t8", "half-silent@example.com", "2025-08-22 09:00", None),
    _touch("bob", "bob@example.com", "2025-10-10 09:00", "Paid search"),
    _touch("carl", "carl@example.com", "2025-10-12 09:00", "Email"),
    _touch("past", "past@example.com", "2022-05-01 09:00", "Email"),
    # 90 days of 24 hours before 20 October, 09:00.
    _touch("edge", "edge@example.com", "2025-07-22 09:00", "Events"),
    _touch("after", "after@example.com", "2025-10-24 09:00", "Email"),
    _touch("t4", "buyer@example.com", "2025-10-01 10:00", "Paid search"),
]
LINES = [
    _line("product-own", 1, "P2"),
    _line("product-lines", 1, "P2"),
    _line("product-lines", 2, "P2"),
    _line("product-mixed", 1, "P1"),
    _line("product-mixed", 2, "P2"),
    _line("product-half", 1, "P1"),
    _line("product-half", 2, None),
]
CONVERSIONS = [
    {
        "source_id": "order-1",
        "occurred_at": "2025-10-01 10:00",
        "email": "buyer@example.com",
        "amount": "20",
        "currency": "EUR",
        "conversion_type": "purchase",
    },
    {
        "source_id": "order-2",
        "occurred_at": "2025-11-01 10:00",
        "email": "buyer@example.com",
        "amount": "30",
        "currency": "EUR",
    },
]
AGREEMENT: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "stage_labels": [
        {"source": source, "object_type": object_type, "label": label, "stage_id": stage}
        for source, object_type, label, stage in [
            ("*", "lead", "MQL", "mql"),
            ("*", "lead", "Working", "sal"),
            ("crm", "lead", "working", "sql"),
            ("*", "lead", "Accepted", "sal"),
            ("*", "lead", "Junk", "disqualified"),
            ("*", "opportunity", "Closed Won", "won"),
            ("*", "opportunity", "Closed Lost", "lost"),
            ("*", "opportunity", "Negotiation", "opportunity"),
        ]
    ],
    # A channel of sales with an id of its own. Lines without a team count as shipped.
    "channels": [
        *({**line, "team": ""} for line in _shipped("channels")),
        {
            "channel_id": "cold_outreach",
            "channel_name": "Cold",
            "is_paid": "false",
            "position": 99,
            "team": "sales",
        },
    ],
    "channel_rules": [
        {"rule_order": 1, "channel_id": "cold_outreach", "lead_source": "cold mail.*"},
        *_shipped("channel_rules"),
    ],
    "fx_rates": [
        {"rate_date": "2025-01-01", "currency": "USD", "rate": "0.9"},
        {"rate_date": "2025-06-01", "currency": "USD", "rate": "0.8"},
    ],
}


def _build(home: Path, seed: int | None = None) -> Warehouse:
    """The company, its rows in the order above or shuffled."""
    home.mkdir()
    entities: dict[str, Rows] = {
        "lead": LEADS,
        "opportunity": DEALS,
        "stage_change": CHANGES,
        "contact": CONTACTS,
        "opportunity_contact": LINKS,
        "opportunity_line": LINES,
        "touch": TOUCHES,
        "conversion": CONVERSIONS,
        "rep": [
            {"source_id": "rep-1", "name": "R1", "team": "Marketing"},
            {"source_id": "rep-2", "name": "R2", "team": "Sales EMEA"},
        ],
        "account": [{"source_id": "acme", "name": "Acme", "segment": "Large", "region": "East"}],
    }
    if seed is not None:
        shuffler = random.Random(seed)
        entities = {
            name: shuffler.sample(rows, len(rows)) for name, rows in reversed(entities.items())
        }
    lake = LakeBuilder(home, company={"timezone": "Europe/Berlin"}, agreement=AGREEMENT)
    for name, rows in entities.items():
        lake.load("crm", name, {name: rows})
    # A second system whose deal names the first one's lead.
    lake.load("shop", "deals", {"opportunity": [_deal("elsewhere", "2025-10-02", lead_id="full")]})
    lake.finish()
    return run_dbt(home, as_of=AS_OF, command="run", select=MODELS)


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return _build(tmp_path_factory.mktemp("funnel") / "home")


def _journey(marts: Warehouse, lead: str | None = None, deal: str | None = None) -> dict[str, Any]:
    """The one journey of a lead or a deal."""
    where = f"source_lead_id = '{lead}'" if lead else f"source_opportunity_id = '{deal}'"
    rows = marts.dicts(f"select * from marts.fct_funnel where {where}")
    assert len(rows) == 1, rows
    return rows[0]


def _events(marts: Warehouse, journey: Mapping[str, Any]) -> dict[str, tuple[Any, bool, bool]]:
    return {
        stage: (entered_at, is_inferred, is_time_known)
        for stage, entered_at, is_inferred, is_time_known in marts.rows(
            "select stage_id, entered_at, is_inferred, is_time_known"
            f" from marts.fct_funnel_events where journey_id = '{journey['journey_id']}'"
        )
    }


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_durations_of_a_full_path(marts: Warehouse) -> None:
    journey = _journey(marts, deal="full-deal")
    assert journey["source_lead_id"] == "full"
    days = [value for name, value in journey.items() if name.startswith("days_")]
    # 1 Jan 00:00, 2 Jan 12:00, 3 Jan 12:00, 5 Jan 00:00, 8 Jan 00:00, 18 Jan 12:00.
    assert days == [1.5, 1.0, 1.5, 3.0, 10.5, 17.5]
    assert journey["outcome"] == "won"
    assert not any(inferred for _, inferred, _ in _events(marts, journey).values())


def test_deal_goes_before_account_before_lead(marts: Warehouse) -> None:
    journey = _journey(marts, deal="full-deal")
    assert (journey["segment"], journey["region"]) == ("Large", "South")
    assert journey["lead_source"] == "Webinar"
    owners = "select source_id from intermediate.int_rep_records where rep_id = '{}'"
    assert marts.rows(owners.format(journey["owner_id"])) == [("rep-2",)]
    assert _journey(marts, lead="skips")["lead_source"] == "unknown"
    assert _journey(marts, lead="history")["lead_source"] is None


def test_skipped_stages_are_inferred(marts: Warehouse) -> None:
    journey = _journey(marts, lead="skips")
    created = _at("2025-02-05 00:00")
    assert _events(marts, journey) == {
        "lead": (_at("2025-02-01 00:00"), False, True),
        "mql": (created, True, False),
        "sal": (created, True, False),
        "sql": (created, True, False),
        "opportunity": (created, False, True),
        "won": (_at("2025-02-10 00:00"), False, True),
    }
    assert journey["mql_at"] is None
    assert journey["reached_mql"] is True
    assert journey["days_lead_to_mql"] is None
    assert journey["days_opportunity_to_won"] == 5.0
    assert journey["days_lead_to_won"] == 9.0


def test_lost_implies_an_opportunity(marts: Warehouse) -> None:
    journey = _journey(marts, deal="lost-undated")
    lost = _at("2025-03-05 10:00")
    assert _events(marts, journey) == {
        **dict.fromkeys(("lead", "mql", "sal", "sql", "opportunity"), (lost, True, False)),
        "lost": (lost, False, True),
    }
    assert journey["outcome"] == "lost"
    assert journey["reached_won"] is False


def test_a_deal_without_any_date_counts_in_totals(marts: Warehouse) -> None:
    journey = _journey(marts, deal="no-dates")
    assert journey["reached_opportunity"] is True
    assert _events(marts, journey)["opportunity"] == (None, False, False)
    assert journey["started_at"] is None


def test_labels_of_the_source_go_first(marts: Warehouse) -> None:
    journey = _journey(marts, lead="history")
    assert journey["mql_at"] == _at("2025-03-02 09:00")  # the first of two
    assert journey["sql_at"] == _at("2025-03-03 09:00")  # crm says sql, all others sal
    assert journey["sal_at"] is None


def test_current_status_is_evidence(marts: Warehouse) -> None:
    assert _journey(marts, lead="status")["mql_at"] == _at("2025-03-04 09:00")
    assert _journey(marts, lead="status-known")["mql_at"] == _at("2025-03-02 09:00")
    undated = _journey(marts, lead="status-undated")
    assert undated["mql_at"] == _at("2025-03-01 09:00")
    assert undated["days_lead_to_mql"] is None
    assert _events(marts, undated)["mql"] == (_at("2025-03-01 09:00"), False, False)


def test_a_lead_without_dates_counts(marts: Warehouse) -> None:
    journey = _journey(marts, lead="bare")
    assert _events(marts, journey) == {"lead": (None, False, False)}


def test_recycling_opens_a_new_journey(marts: Warehouse) -> None:
    journeys = marts.dicts(
        "select * from marts.fct_funnel where source_lead_id = 'again' order by started_at"
    )
    assert [journey["outcome"] for journey in journeys] == ["recycled", "open"]
    assert journeys[0]["recycled_at"] == _at("2025-04-05 09:00")
    assert journeys[1]["lead_at"] is None
    assert journeys[1]["reached_lead"] is True
    assert journeys[1]["mql_at"] == _at("2025-04-09 09:00")
    assert journeys[1]["days_mql_to_sal"] == 1.0


def test_disqualified_unless_it_moves_on(marts: Warehouse) -> None:
    assert _journey(marts, lead="rejected")["outcome"] == "disqualified"
    assert _journey(marts, lead="rejected-back")["outcome"] == "open"


def test_a_deal_takes_the_open_lead_of_its_contact(marts: Warehouse) -> None:
    assert _journey(marts, deal="open-first")["source_lead_id"] == "open"
    second = _journey(marts, deal="open-second")
    assert second["source_lead_id"] is None
    assert second["started_at"] == _at("2025-05-25 09:00")
    # The lead ended on a day without a time: a deal of that day still finds it open.
    assert _journey(marts, deal="closed-same-day")["source_lead_id"] == "closed"
    assert _journey(marts, deal="closed-later")["source_lead_id"] is None


def test_the_earliest_of_two_deals_has_the_lead(marts: Warehouse) -> None:
    assert _journey(marts, lead="wanted")["source_opportunity_id"] == "wanted-early"
    assert _journey(marts, deal="wanted-late")["source_lead_id"] is None


def test_a_lead_is_found_by_the_contact_it_became(marts: Warehouse) -> None:
    assert _journey(marts, deal="contact-deal")["source_lead_id"] == "by-contact"


def test_duplicate_leads_are_one_journey(marts: Warehouse) -> None:
    twin = _journey(marts, lead="twin-1")
    assert twin["lead_at"] == _at("2025-06-01 09:00")
    assert twin["mql_at"] == _at("2025-06-04 09:00")
    merged = marts.rows(
        "select source_lead_id from marts.fct_funnel where source_lead_id like 'merged-%'"
    )
    assert merged == [("merged-1",)]


def test_a_duplicate_joins_the_deal_it_overlaps(marts: Warehouse) -> None:
    journey = _journey(marts, deal="copy-deal")
    assert journey["source_lead_id"] == "copy-2"
    assert journey["lead_at"] == _at("2025-06-01 09:00")
    # The next lead of the same person begins after the deal was won.
    assert _journey(marts, lead="copy-3")["outcome"] == "open"
    leads = "select count(*) from marts.fct_funnel where source_lead_id like 'copy-%'"
    assert marts.rows(leads) == [(2,)]


def test_what_names_a_merged_lead_means_its_survivor(marts: Warehouse) -> None:
    journey = _journey(marts, deal="merged-deal")  # names merged-3, that is merged-2, merged-1
    assert journey["source_lead_id"] == "merged-1"
    assert journey["mql_at"] == _at("2025-06-05 09:00")  # the history of merged-3
    assert _journey(marts, deal="absorbed-deal")["source_lead_id"] == "survivor"
    assert _journey(marts, deal="new-contact-deal")["source_lead_id"] == "new-contact"


def test_the_stages_of_merged_leads_are_their_survivors(marts: Warehouse) -> None:
    journey = _journey(marts, lead="kept")
    assert _events(marts, journey) == {
        "lead": (_at("2025-06-03 09:00"), False, True),  # twice-1: the earliest of three
        "mql": (_at("2025-06-05 09:00"), False, True),  # twice-1; the kept one has none
        "sal": (_at("2025-06-10 09:00"), False, True),  # its own, a day before that of twice-1
        "sql": (_at("2025-06-12 09:00"), False, True),
    }
    assert (journey["outcome"], journey["has_time_travel"]) == ("open", False)
    assert journey["days_lead_to_mql"] == 2.0


def test_a_lead_goes_with_its_deleted_survivor(marts: Warehouse) -> None:
    leads = "select count(*) from marts.fct_funnel where source_lead_id in ('ghost', 'gone')"
    assert marts.rows(leads) == [(0,)]
    assert _journey(marts, deal="ghost-deal")["person_id"] is None


def test_the_product_of_a_deal(marts: Warehouse) -> None:
    products = marts.rows(
        """
        select deals.source_opportunity_id, products.source_id
        from marts.fct_opportunities as deals
        left join intermediate.int_product_records as products using (product_id)
        where deals.source_opportunity_id like 'product-%' order by 1
        """
    )
    assert products == [
        ("product-half", None),  # one line names none
        ("product-lines", "P2"),
        ("product-mixed", None),
        ("product-own", "P1"),  # its own word goes before its lines
    ]


def test_time_travel_is_flagged_and_has_no_durations(marts: Warehouse) -> None:
    journey = _journey(marts, lead="backwards")
    assert journey["has_time_travel"] is True
    assert journey["reached_won"] is True
    assert journey["days_lead_to_won"] is None
    assert journey["days_lead_to_mql"] is None
    flagged = "select source_lead_id from marts.fct_funnel where has_time_travel"
    assert marts.rows(flagged) == [("backwards",)]
    # Only the day of mql is known: it is the lead's own day, and not before it.
    assert _journey(marts, lead="same-day")["days_lead_to_mql"] == 0.0


def test_an_undated_deal_has_no_creation(marts: Warehouse) -> None:
    journey = _journey(marts, lead="undated-deal")
    assert journey["opportunity_at"] is None
    assert journey["reached_opportunity"] is True
    assert journey["days_lead_to_won"] == 2.5
    created = "select created_at from marts.fct_opportunities where source_opportunity_id = '{}'"
    assert marts.rows(created.format("undated-won")) == [(None,)]


def test_a_closing_without_a_time_has_none(marts: Warehouse) -> None:
    journey = _journey(marts, deal="won-someday")
    created = _at("2025-07-01 09:00")
    assert _events(marts, journey)["opportunity"] == (created, False, True)
    assert _events(marts, journey)["won"] == (None, False, False)
    assert (journey["outcome"], journey["reached_won"]) == ("won", True)
    assert journey["won_at"] is journey["won_date"] is journey["ended_date"] is None
    lead = _journey(marts, lead="status-rejected")
    assert (lead["outcome"], lead["disqualified_at"]) == ("disqualified", None)


def test_closing_by_label_and_reopening(marts: Warehouse) -> None:
    deals = {
        row["source_opportunity_id"]: row
        for row in marts.dicts("select * from marts.fct_opportunities")
    }
    by_label = deals["by-label"]
    assert (by_label["is_won"], by_label["is_closed"]) == (True, True)
    assert by_label["closed_at"] == _at("2025-03-09 09:00")
    reopened = deals["reopened"]
    assert (reopened["is_closed"], reopened["stage_id"]) == (False, "opportunity")
    assert "lost" not in _events(marts, reopened)


def test_an_undone_win_dates_no_other(marts: Warehouse) -> None:
    won = dict(
        marts.rows(
            "select source_opportunity_id, closed_at from marts.fct_opportunities where is_won"
            " and source_opportunity_id in ('undone', 'undone-by-loss', 'won-again')"
        )
    )
    assert won == {
        "undone": None,
        "undone-by-loss": None,
        "won-again": _at("2025-03-14 09:00"),  # what a label nobody knows says undoes nothing
    }
    assert _journey(marts, deal="undone")["won_at"] is None


def test_money_has_the_rate_of_its_creation(marts: Warehouse) -> None:
    amounts = dict(
        marts.rows("select source_opportunity_id, amount_reporting from marts.fct_opportunities")
    )
    assert amounts["dollars-1"] == Decimal("90.00")
    assert amounts["dollars-2"] == Decimal("80.00")
    # 33.335 is stored as 33.34; 33.34 * 0.8 = 26.672.
    assert amounts["dollars-3"] == Decimal("26.67")
    assert amounts["no-rate"] is None


def test_sums_never_fan_out(marts: Warehouse) -> None:
    query = (
        "select count({}), sum(amount), sum(amount_reporting), count(distinct journey_id) from {}"
    )
    funnel = marts.rows(
        query.format("opportunity_id", "marts.fct_funnel where opportunity_id is not null")
    )
    deals = marts.rows(query.format("opportunity_id", "marts.fct_opportunities"))
    assert funnel == deals
    expected = sum(not row.get("is_deleted") for row in DEALS) + len(CONVERSIONS) + 1
    assert deals[0][0] == expected


def test_deleted_records_are_left_out(marts: Warehouse) -> None:
    query = (
        "select count(*) from marts.fct_funnel"
        " where source_lead_id = 'gone' or source_opportunity_id = 'gone-deal'"
    )
    assert marts.rows(query) == [(0,)]


def test_touches_up_to_the_creation_of_the_deal(marts: Warehouse) -> None:
    journey = _journey(marts, lead="touched")
    assert journey["first_touch_channel_id"] == "email"
    assert journey["last_touch_channel_id"] == "events"  # at that very moment
    assert journey["touch_count"] == 2
    # Without touches: what the records say, else nothing.
    assert _journey(marts, lead="full")["first_touch_channel_id"] == "events"
    assert _journey(marts, lead="history")["first_touch_channel_id"] == "unattributed"


def test_a_touch_without_evidence_hides_nothing(marts: Warehouse) -> None:
    silent = _journey(marts, lead="silent")
    assert silent["first_touch_channel_id"] == silent["last_touch_channel_id"] == "events"
    assert (silent["first_touch_id"], silent["touch_count"]) == (None, 1)
    half = _journey(marts, lead="half-silent")
    assert half["first_touch_channel_id"] == half["last_touch_channel_id"] == "email"
    assert half["first_touch_id"] == half["last_touch_id"] is not None
    assert half["touch_count"] == 3


def test_who_sourced_a_deal(marts: Warehouse) -> None:
    sourced = {
        row[0]: row[1:]
        for row in marts.rows(
            "select source_opportunity_id, sourced_by_lead_source, sourced_by_first_touch,"
            " sourced_by_creator, is_influenced from marts.fct_opportunities"
        )
    }
    assert sourced["full-deal"] == ("marketing", "unknown", "sales", False)
    assert sourced["touched-deal"] == ("unknown", "marketing", "unknown", True)


@pytest.mark.parametrize(
    ("deal", "sourced", "influenced", "channel"),
    [
        ("second-contact", "marketing", True, "paid_search"),  # only the second contact's
        ("both-contacts", "marketing", True, "email"),  # the primary contact's, if it has any
        ("long-ago", "unknown", False, "email"),  # more than 90 days before
        ("ninety-days", "marketing", True, "events"),
        ("after-creation", "unknown", True, "unattributed"),
    ],
)
def test_touches_of_all_contacts_within_the_window_count(
    marts: Warehouse, deal: str, sourced: str, influenced: bool, channel: str
) -> None:
    rows = marts.rows(
        "select sourced_by_first_touch, is_influenced, channel_id from marts.fct_opportunities"
        f" where source_opportunity_id = '{deal}'"
    )
    assert rows == [(sourced, influenced, channel)]


def test_the_team_of_a_channel_is_the_agreements(marts: Warehouse) -> None:
    rows = marts.rows(
        "select source_opportunity_id, channel_id, sourced_by_lead_source"
        " from marts.fct_opportunities where source_opportunity_id in ('cold', 'outreach')"
        " order by 1"
    )
    assert rows == [("cold", "cold_outreach", "sales"), ("outreach", "outbound", "sales")]


def test_a_conversion_is_a_won_deal(marts: Warehouse) -> None:
    rows = marts.dicts("select * from marts.fct_funnel where is_conversion order by won_at")
    assert [row["amount"] for row in rows] == [Decimal("20.00"), Decimal("30.00")]
    first = rows[0]
    assert first["opportunity_at"] == first["won_at"] == _at("2025-10-01 10:00")
    assert first["source_opportunity_id"] is None
    assert first["first_touch_channel_id"] == "paid_search"
    assert _events(marts, first)["lead"] == (_at("2025-10-01 10:00"), True, False)


def test_the_day_is_that_of_the_agreement(marts: Warehouse) -> None:
    # 22:30 UTC on 30 September is 00:30 on 1 October in Berlin.
    assert _journey(marts, lead="late-evening")["lead_date"] == date(2025, 10, 1)
    assert _journey(marts, lead="backwards")["lead_date"] == date(2025, 7, 10)


def test_a_deal_may_name_the_lead_of_another_system(marts: Warehouse) -> None:
    # The lead has its journey with its own deal, which is earlier.
    assert _journey(marts, deal="elsewhere")["source_lead_id"] is None
    named = marts.rows(
        "select link from intermediate.int_lead_passes_linked where source_id = 'full'"
    )
    assert named == [("named",)]
    person = "select person_id from marts.fct_funnel where source_opportunity_id = '{}'"
    assert marts.rows(person.format("elsewhere")) == marts.rows(person.format("full-deal"))


def test_reached_stages_never_grow(marts: Warehouse) -> None:
    stages = ("lead", "mql", "sal", "sql", "opportunity", "won")
    counts = marts.rows(
        "select "
        + ", ".join(f"count_if(reached_{stage})" for stage in stages)
        + " from marts.fct_funnel"
    )[0]
    assert list(counts) == sorted(counts, reverse=True)


def test_order_of_input_does_not_matter(marts: Warehouse, tmp_path: Path) -> None:
    shuffled = _build(tmp_path / "home", seed=3)
    for table in ("fct_funnel", "fct_funnel_events", "fct_opportunities"):
        query = f"select * from marts.{table} order by all"
        assert shuffled.rows(query) == marts.rows(query)
