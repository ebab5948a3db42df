"""Prices, costs, quotas and feedback of a small company, and stage rules, worked out by hand.

Belongs here: what `fct_price_realization`, `fct_costs`, `fct_quotas` and `fct_sales_feedback`
must say, what the agreement's stage rules add to the funnel, and companies that have but a part
of all entities. Does not belong here: responses (`test_lead_response`).

The reporting currency is EUR; a USD is 0.90 EUR from January and 0.80 EUR from February 2025.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

AS_OF = "2025-12-31 23:59:59"
FACTS = (
    "+fct_lead_response",
    "+fct_price_realization",
    "+fct_costs",
    "+fct_quotas",
    "+fct_sales_feedback",
    "+customer_voice",
    "+fct_funnel_events",
)
AGREEMENT: dict[str, list[dict[str, Any]]] = {
    "fx_rates": [
        {"rate_date": "2025-01-01", "currency": "USD", "rate": "0.9"},
        {"rate_date": "2025-02-01", "currency": "USD", "rate": "0.8"},
    ],
    "stage_rules": [
        {
            "rule_id": rule_id,
            "stage_id": stage_id,
            "source": source,
            "object_type": object_type,
            "field": field,
            "operator": operator,
            "value": value,
            "timestamp_field": timestamp_field,
        }
        for rule_id, stage_id, source, object_type, field, operator, value, timestamp_field in [
            ("score", "mql", "*", "lead", "score", "at_least", "60", "updated_at"),
            (
                "meeting",
                "sql",
                "crm",
                "activity",
                "activity_type",
                "equals",
                "Meeting",
                "occurred_at",
            ),
            (
                "other",
                "sql",
                "another",
                "activity",
                "activity_type",
                "equals",
                "call",
                "occurred_at",
            ),
            (
                "junk",
                "disqualified",
                "*",
                "lead",
                "rejected_reason",
                "matches",
                "junk.*",
                "updated_at",
            ),
            ("owned", "sal", "*", "lead", "owner_id", "is_given", "", "status_changed_at"),
            ("budget", "sql", "*", "opportunity", "amount", "at_most", "-5", "created_at"),
        ]
    ],
}
LEADS: list[dict[str, Any]] = [
    {
        "source_id": "below",
        "created_at": "2025-01-01 08:00",
        "score": "59.5",
        "updated_at": "2025-01-02 08:00",
    },
    {
        "source_id": "hot",
        "created_at": "2025-01-01 08:00",
        "score": 60,
        "updated_at": "2025-01-02 08:00",
    },
    {"source_id": "met", "created_at": "2025-01-01 08:00", "email": "met@example.com"},
    {"source_id": "met-later", "created_at": "2025-03-01 08:00", "email": "met@example.com"},
    {"source_id": "called", "created_at": "2025-01-01 08:00"},
    {
        "source_id": "junk",
        "created_at": "2025-01-01 08:00",
        "rejected_reason": "Junk mail",
        "updated_at": "2025-01-03",
    },
    {"source_id": "owned", "created_at": "2025-01-01 08:00", "owner_id": "r1"},
]
# What staging leaves of a free text. Dates, spans of years and short numbers stay.
MASKED = {
    "call +43 (660) 123-45-67 back": "call (number) back",
    "on 2025-03-01 ring 0660/1234567!": "on 2025-03-01 ring (number)!",
    "555-123-4567": "(number)",
    "until 01.03.2026, season 2024/2025": "until 01.03.2026, season 2024/2025",
    "250.000 EUR or 1,250,000": "250.000 EUR or 1,250,000",
    "jane@example.com asked": "(address) asked",
    "jane @ example.com": "(address)",
    "left 5 (number) open": "left 5 (number) open",
}
ACTIVITIES: list[dict[str, Any]] = [
    *(
        {"activity_type": "task", "outcome": text, "occurred_at": "2025-11-10 08:00"}
        for text in MASKED
    ),
    {"activity_type": "meeting", "email": "met@example.com", "occurred_at": "2025-01-10 08:00"},
    {"activity_type": "call", "lead_id": "called", "occurred_at": "2025-01-10 08:00"},
]
DEALS: list[dict[str, Any]] = [
    {
        "source_id": "lines",
        "created_at": "2025-01-15 08:00",
        "amount": 1000,
        "list_amount": 9999,
        "currency": "USD",
        "lead_id": "hot",
        "is_won": True,
        "closed_at": "2025-02-15 08:00",
        "segment": "Small",
    },
    {
        "source_id": "whole",
        "created_at": "2025-02-15 08:00",
        "amount": 80,
        "list_amount": 100,
        "currency": "USD",
    },
    {"source_id": "bare", "created_at": "2025-02-15 08:00", "amount": 80, "currency": "EUR"},
    {"source_id": "gone", "created_at": "2025-02-15 08:00", "is_deleted": True},
]
LINES: list[dict[str, Any]] = [
    {
        "source_id": "n1",
        "opportunity_id": "lines",
        "product_id": "x",
        "quantity": "2.5",
        "list_price": 100,
        "sold_price": 80,
    },
    # One unit, at the list price of the product.
    {
        "source_id": "n2",
        "opportunity_id": "lines",
        "product_id": "x",
        "sold_price": 50,
        "currency": "USD",
    },
    # The product's list price is in another currency.
    {
        "source_id": "n3",
        "opportunity_id": "lines",
        "product_id": "x",
        "quantity": 1,
        "sold_price": 50,
        "currency": "EUR",
    },
    # Nobody knows what a CHF is worth.
    {
        "source_id": "n4",
        "opportunity_id": "lines",
        "quantity": 1,
        "list_price": 0,
        "sold_price": 5,
        "currency": "CHF",
    },
    {"source_id": "n5", "opportunity_id": "gone", "quantity": 1, "list_price": 1, "sold_price": 1},
]
PRODUCTS: list[dict[str, Any]] = [{"source_id": "x", "list_price": 60, "currency": "USD"}]
COSTS: list[dict[str, Any]] = [
    {
        "source_id": "c1",
        "period_start": "2025-01-01",
        "period_grain": "quarter",
        "team": "Sales EMEA",
        "amount": 100,
        "currency": "USD",
    },
    {
        "source_id": "c2",
        "period_start": "2025-02-10",
        "period_grain": "day",
        "team": "Marketing",
        "amount": "-7.5",
        "currency": "EUR",
    },
    {
        "source_id": "c3",
        "period_start": "2024-01-01",
        "period_grain": "year",
        "team": "Finance",
        "amount": "999999999999.999999",
        "currency": "EUR",
    },
]
QUOTAS: list[dict[str, Any]] = [
    {
        "source_id": "q1",
        "rep_id": "r1",
        "period_start": "2025-02-01",
        "period_grain": "month",
        "amount": 28,
        "currency": "USD",
    },
    {
        "source_id": "q2",
        "rep_id": "r2",
        "period_start": "2025-01-15",
        "period_grain": "month",
        "amount": 31,
        "currency": "EUR",
    },
]
FEEDBACK: list[dict[str, Any]] = [
    {
        "source_id": "f1",
        "recorded_at": "2025-02-20 08:00",
        "rep_id": "r1",
        "opportunity_id": "lines",
        "product_id": "x",
        "feedback_type": "price",
        "topic": "Mr Doe finds it too dear",
        "comment": "Jane says no",
    },
    {
        "source_id": "f2",
        "recorded_at": "2025-02-20 08:00",
        "lead_id": "called",
        "feedback_type": "need",
        "topic": "Reporting",
    },
    {
        "source_id": "f3",
        "recorded_at": "2025-02-20",
        "feedback_type": "competitor",
        "topic": " reporting",
        "campaign_id": "spring",
    },
]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    lake = LakeBuilder(tmp_path_factory.mktemp("sales_facts"), agreement=AGREEMENT)
    lake.load("crm", "leads", {"lead": LEADS})
    lake.load(
        "crm", "deals", {"opportunity": DEALS, "opportunity_line": LINES, "product": PRODUCTS}
    )
    lake.load("crm", "activities", {"activity": ACTIVITIES})
    lake.load("crm", "reps", {"rep": [{"source_id": "r1", "region": "North"}], "rep_quota": QUOTAS})
    lake.load("erp", "costs", {"cost": COSTS})
    lake.load("crm", "feedback", {"sales_feedback": FEEDBACK})
    lake.finish()
    return run_dbt(lake.home, AS_OF, select=FACTS)


def test_free_text_holds_no_address_and_no_phone_number(marts: Warehouse) -> None:
    found = marts.rows(
        "select outcome from staging.stg_generic__activities where activity_type = 'task'"
    )
    assert sorted(text for (text,) in found) == sorted(MASKED.values())


def test_lines_of_a_deal(marts: Warehouse) -> None:
    found = marts.rows(
        "select is_whole_deal, currency, list_amount, sold_amount, discount_amount,"
        " list_amount_reporting, sold_amount_reporting, price_realization"
        " from marts.fct_price_realization order by is_whole_deal, currency desc, sold_amount desc"
    )
    money = [tuple(value and Decimal(str(value)) for value in row[2:]) for row in found]
    assert [row[:2] for row in found] == [
        (False, "USD"),
        (False, "USD"),
        (False, "EUR"),
        (False, "CHF"),
        (True, "USD"),
    ]
    # The deal was created in January: 0.90. 2.5 x 100 = 250 against 2.5 x 80 = 200.
    assert money[0] == (250, 200, 50, 225, 180, Decimal("0.8"))
    # 60 x 0.9 = 54, 50 x 0.9 = 45; 50 / 60.
    assert money[1][:5] == (60, 50, 10, 54, 45)
    assert float(money[1][5]) == pytest.approx(50 / 60, abs=1e-9)
    assert money[2] == (None, 50, None, None, 50, None)
    # A list price of nothing has no realization.
    assert money[3] == (0, 5, -5, None, None, None)
    # A deal of February without lines: 100 x 0.8 = 80, 80 x 0.8 = 64.
    assert money[4] == (100, 80, 20, 80, 64, Decimal("0.8"))


def test_a_line_has_its_deals_words(marts: Warehouse) -> None:
    assert marts.rows(
        "select distinct is_won, is_closed, closed_date, created_date, segment"
        " from marts.fct_price_realization where not is_whole_deal"
    ) == [(True, True, date(2025, 2, 15), date(2025, 1, 15), "Small")]


def test_costs_are_spread_over_their_days(marts: Warehouse) -> None:
    found = marts.rows(
        "select team, count(*), min(cost_date), max(cost_date), sum(amount), sum(amount_reporting)"
        " from marts.fct_costs group by team order by team"
    )
    assert found[0] == (
        "finance",
        366,
        date(2024, 1, 1),
        date(2024, 12, 31),
        *(Decimal("999999999999.999999"),) * 2,
    )
    day = date(2025, 2, 10)
    assert found[1] == ("marketing", 1, day, day, Decimal("-7.5"), Decimal("-7.5"))
    # 90 days, of which 31 have the rate of January: 100 x (31 x 0.9 + 59 x 0.8) / 90 = 83.44.
    assert found[2][:5] == ("sales", 90, date(2025, 1, 1), date(2025, 3, 31), Decimal(100))
    assert round(found[2][5], 2) == Decimal("83.44")
    assert marts.rows(
        "select max(amount) - min(amount) <= 0.000001 from marts.fct_costs where team = 'sales'"
    ) == [(True,)]


def test_quotas_are_spread_over_their_days(marts: Warehouse) -> None:
    found = marts.rows(
        "select region, count(*), min(quota_date), max(quota_date), min(amount), max(amount),"
        " sum(amount_reporting) from marts.fct_quotas group by region order by region nulls last"
    )
    assert found == [
        ("North", 28, date(2025, 2, 1), date(2025, 2, 28), Decimal(1), Decimal(1), Decimal("22.4")),
        (None, 31, date(2025, 1, 15), date(2025, 2, 14), Decimal(1), Decimal(1), Decimal(31)),
    ]


def test_feedback_is_about_a_journey(marts: Warehouse) -> None:
    found = marts.rows(
        "select feedback.feedback_type, funnel.source_lead_id, feedback.segment,"
        " feedback.opportunity_id is not null, feedback.product_id is not null,"
        " feedback.campaign_id is not null, feedback.person_id = funnel.person_id"
        " from marts.fct_sales_feedback as feedback"
        " left join marts.fct_funnel as funnel on feedback.journey_id = funnel.journey_id"
        " order by 1"
    )
    assert found == [
        ("competitor", None, None, False, False, True, None),
        ("need", "called", None, False, False, False, True),
        ("price", "hot", "Small", True, True, False, True),
    ]
    assert "comment" not in marts.dicts("select * from marts.fct_sales_feedback")[0]


def test_words_heard_once_are_not_shown(marts: Warehouse) -> None:
    found = marts.rows(
        "select voice_type, topic, mentions from marts.customer_voice"
        " where period_grain = 'month' and segment = '(all)'"
        " and voice_type in ('competitor', 'need', 'price') order by 1"
    )
    # Two records say the same, of whatever type; what only one says may tell of one person.
    assert found == [
        ("competitor", "reporting", 1),
        ("need", "reporting", 1),
        ("price", "(single mention)", 1),
    ]


@pytest.mark.parametrize(
    ("lead", "stage", "entered_at", "is_time_known"),
    [
        ("hot", "mql", datetime(2025, 1, 2, 8), True),
        # The meeting names only an address: the lead that the person had by then.
        ("met", "sql", datetime(2025, 1, 10, 8), True),
        ("junk", "disqualified", datetime(2025, 1, 3), True),
    ],
)
def test_a_stage_rule_is_evidence(
    marts: Warehouse, lead: str, stage: str, entered_at: datetime, is_time_known: bool
) -> None:
    assert marts.rows(
        "select entered_at, is_time_known from marts.fct_funnel_events"
        f" where source_lead_id = '{lead}' and stage_id = '{stage}' and not is_inferred"
    ) == [(entered_at, is_time_known)]


def test_a_rule_holds_only_where_it_says(marts: Warehouse) -> None:
    """A score of 59.5, a call of a source that another rule names, a lead created later, and a
    record without the time that would date its entry."""
    assert marts.rows(
        "select source_id, stage_id from intermediate.int_lead_stage_entries"
        " where source_id in ('below', 'called', 'met-later', 'owned') order by 1"
    ) == [("below", "lead"), ("called", "lead"), ("met-later", "lead"), ("owned", "lead")]


COMPANIES: dict[str, dict[str, list[dict[str, Any]]]] = {
    "leads and deals": {
        "lead": [
            {"source_id": "l", "created_at": "2025-01-01 08:00", "mql_at": "2025-01-02 08:00"}
        ],
        "opportunity": [
            {
                "source_id": "d",
                "created_at": "2025-01-03 08:00",
                "lead_id": "l",
                "amount": 5,
                "currency": "EUR",
            },
            {
                "source_id": "e",
                "created_at": "2025-01-04 08:00",
                "account_id": "a",
                "amount": 7,
                "currency": "EUR",
            },
            {
                "source_id": "f",
                "created_at": "2025-01-04 08:00",
                "account_id": "a",
                "amount": 9,
                "currency": "EUR",
            },
        ],
        "opportunity_contact": [
            {"opportunity_id": "e", "contact_id": contact} for contact in ("c1", "c2", "c3")
        ],
    },
    "only opportunities": {
        "opportunity": [
            {"source_id": "d", "created_at": "2025-01-03", "amount": 5, "currency": "EUR"}
        ]
    },
    "touches and conversions": {
        "touch": [
            {"touch_type": "web_session", "anonymous_id": "v", "occurred_at": "2025-01-01 08:00"}
        ],
        "conversion": [
            {
                "source_id": "c",
                "anonymous_id": "v",
                "occurred_at": "2025-01-02 08:00",
                "amount": 5,
                "currency": "EUR",
            }
        ],
    },
}


@pytest.mark.parametrize("name", COMPANIES)
def test_a_company_may_have_but_a_part(name: str, tmp_path: Path) -> None:
    """No fact fails, none is made up, and no sum fans out."""
    lake = LakeBuilder(tmp_path)
    lake.load("crm", "all", COMPANIES[name])
    lake.finish()
    marts = run_dbt(lake.home, AS_OF, command="run", select=FACTS)
    for fact in ("fct_price_realization", "fct_costs", "fct_quotas", "fct_sales_feedback"):
        assert marts.rows(f"select count(*) from marts.{fact}") == [(0,)], fact
    # Without any activity nobody can say that a lead was not followed up.
    handed = marts.rows(
        "select is_followed_up, attempts, within_promise from marts.fct_lead_response"
    )
    assert handed == ([(None, None, None)] if name == "leads and deals" else [])
    assert (
        marts.rows("select sum(amount_reporting) from marts.fct_funnel")
        == marts.rows("select sum(amount_reporting) from marts.fct_opportunities")
        == [(Decimal(21 if name == "leads and deals" else 5),)]
    )
