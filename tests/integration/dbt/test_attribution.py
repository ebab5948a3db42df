"""Attribution in the warehouse: whose touches count, and what comes of them. Worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

CHANNELS = [
    {"channel_id": name, "channel_name": name, "is_paid": "false", "position": position}
    for position, name in enumerate(
        ["ads", "mail", "event", "direct", "other", "unattributed"], start=1
    )
]
RULES = [
    {"rule_order": 20, "channel_id": "event", "touch_type": "event_attendance"},
    {"rule_order": 30, "channel_id": "mail", "utm_source": "mail"},
    {"rule_order": 35, "channel_id": "event", "utm_source": "event"},
    {"rule_order": 40, "channel_id": "ads", "utm_source": "ads|google_ads"},
]
ATTRIBUTION = [{"key": "window_days", "value": 30}, {"key": "half_life_days", "value": 7}]

LEADS: list[dict[str, Any]] = [
    {"source_id": "L-main", "email": "main@a.example", "created_at": "2025-03-04 12:00",
     "converted_opportunity_id": "main"},
    {"source_id": "L-lead", "email": "lead@b.example", "created_at": "2025-03-01 12:00",
     "converted_opportunity_id": "by-lead"},
    {"source_id": "L-lost", "email": "lost@c.example", "created_at": "2025-03-01 12:00",
     "status": "Disqualified", "disqualified_at": "2025-03-20 12:00"},
    {"source_id": "L-guest", "email": "guest@d.example", "created_at": "2025-04-20 12:00"},
]  # fmt: skip
CONTACTS = [
    {"source_id": "C-1", "email": "main@a.example", "account_id": "A"},
    {"source_id": "C-2", "email": "second@a.example", "account_id": "A"},
    {"source_id": "C-3", "email": "colleague@e.example", "account_id": "E"},
    {"source_id": "C-4", "email": "silent@e.example", "account_id": "E"},
    {"source_id": "C-5", "email": "day@f.example"},
]
DEALS: list[dict[str, Any]] = [
    {"source_id": "main", "created_at": "2025-03-10 12:00", "closed_at": "2025-04-02 12:00",
     "is_closed": True, "is_won": True, "amount": 1000, "currency": "EUR", "account_id": "A",
     "primary_contact_id": "C-1"},
    {"source_id": "by-lead", "created_at": "2025-03-10 12:00", "currency": "EUR", "amount": 200},
    {"source_id": "by-account", "created_at": "2025-03-10 12:00", "account_id": "E",
     "primary_contact_id": "C-4"},
    {"source_id": "unknown", "created_at": "2025-03-10 12:00", "currency": "EUR", "amount": 50},
    {"source_id": "by-day", "created_at": "2025-05-10", "primary_contact_id": "C-5",
     "currency": "EUR", "amount": 10},
    {"source_id": "undated", "closed_at": "2025-05-20 12:00", "is_closed": True, "is_won": True,
     "primary_contact_id": "C-5", "currency": "EUR", "amount": 20},
    {"source_id": "lost", "created_at": "2025-05-12 12:00", "closed_at": "2025-06-01 12:00",
     "is_closed": True, "is_won": False, "primary_contact_id": "C-5"},
]  # fmt: skip


def touch(name: str, at: str, email: str, source: str, **columns: Any) -> dict[str, Any]:
    return {
        "source_id": name,
        "occurred_at": at,
        "email": email,
        "utm_source": source,
        "touch_type": "web_session",
        **columns,
    }


def visit(name: str, at: str, visitor: str, **columns: Any) -> dict[str, Any]:
    return {
        "source_id": name,
        "occurred_at": at,
        "anonymous_id": visitor,
        "touch_type": "web_session",
        **columns,
    }


def form(name: str, at: str, visitor: str, **columns: Any) -> dict[str, Any]:
    return visit(name, at, visitor, **{"touch_type": "form_fill", **columns})


TOUCHES = [
    # Of "main": 40 days before is outside of the window; both contacts count; then the lead is
    # made, then the deal; two more before it is won, of which one is after its creation by hours.
    touch("too-old", "2025-01-29 12:00", "main@a.example", "ads"),
    touch("m1", "2025-03-03 12:00", "second@a.example", "ads"),
    touch("m2", "2025-03-04 11:00", "main@a.example", "mail"),
    touch("m3", "2025-03-10 12:00", "main@a.example", "ads"),
    touch("m4", "2025-03-26 12:00", "second@a.example", "event"),
    touch("too-late", "2025-04-02 12:01", "main@a.example", "mail"),
    form("mute", "2025-03-08 12:00", "v-mute", email="main@a.example"),
    touch("l1", "2025-03-09 12:00", "lead@b.example", "ads"),
    touch("x0", "2025-03-18 12:00", "lost@c.example", "event"),
    touch("x1", "2025-03-19 12:00", "lost@c.example", "ads"),
    touch("e1", "2025-03-09 12:00", "colleague@e.example", "mail"),
    # A deal that has only a day: the whole day counts.
    touch("d1", "2025-05-10 23:00", "day@f.example", "mail"),
    touch("d2", "2025-05-11 00:00", "day@f.example", "ads"),
    # Forms without evidence, in a session.
    visit("s1", "2025-04-10 10:00", "v1", utm_source="ads"),
    visit("s2", "2025-04-10 10:20", "v1", utm_source="mail"),
    form("f-recent", "2025-04-10 10:30", "v1"),
    form("f-same-day", "2025-04-10 23:00", "v1"),
    form("f-before", "2025-04-10 09:00", "v1"),
    form("f-next-day", "2025-04-11 09:00", "v1"),
    form("f-own", "2025-04-10 10:30", "v1", utm_source="ads"),
    visit("s3", "2025-04-10 23:50", "v2", utm_source="ads"),
    form("f-midnight", "2025-04-11 00:10", "v2"),
    form("f-later", "2025-04-11 00:21", "v2"),
    form("f-alone", "2025-04-10 10:30", "v3"),
    visit("s4", "2025-04-10 10:00", "v4"),
    form("f-direct", "2025-04-10 10:01", "v4"),
    # A guest of a webinar, by the tool that ran it; the CRM's list of members tells of it too.
    {"source_id": "seen", "occurred_at": "2025-04-15 16:00", "email": "guest@d.example",
     "touch_type": "event_attendance", "campaign_id": "W"},
]  # fmt: skip
MEMBERS = [
    {"source_id": "again", "campaign_id": "W", "lead_id": "L-guest",
     "responded_at": "2025-04-15"},
    {"source_id": "other-day", "campaign_id": "W", "lead_id": "L-guest",
     "responded_at": "2025-04-16"},
    {"source_id": "other-guest", "campaign_id": "W", "lead_id": "L-main",
     "responded_at": "2025-01-15"},
]  # fmt: skip
SPEND = [
    {"report_date": "2025-03-05", "platform": "google_ads", "campaign_name": "Spring",
     "currency": "EUR", "cost": 100},
    {"report_date": "2025-08-05", "platform": "google_ads", "campaign_name": "Spring",
     "currency": "EUR", "cost": 70},
]  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    lake = LakeBuilder(
        tmp_path_factory.mktemp("attribution"),
        agreement={"channels": CHANNELS, "channel_rules": RULES, "attribution": ATTRIBUTION},
    )
    lake.load("crm", "leads", {"lead": LEADS})
    lake.load("crm", "contacts", {"contact": CONTACTS})
    accounts = [{"source_id": name, "name": name} for name in ("A", "E")]
    lake.load("crm", "accounts", {"account": accounts})
    lake.load("crm", "deals", {"opportunity": DEALS})
    roles = [{"opportunity_id": "main", "contact_id": contact} for contact in ("C-1", "C-2")]
    lake.load("crm", "roles", {"opportunity_contact": roles})
    lake.load("crm", "campaigns", {"campaign": [{"source_id": "W", "name": "Webinar"}]})
    lake.load("crm", "members", {"campaign_member": MEMBERS})
    lake.load("web", "touches", {"touch": TOUCHES}, mode="append")
    sale = {"source_id": "S1", "occurred_at": "2025-07-02 12:00", "email": "shop@g.example",
            "amount": 30, "currency": "EUR"}  # fmt: skip
    lake.load("shop", "sales", {"conversion": [sale]})
    visits = [touch("g1", "2025-07-01 12:00", "shop@g.example", "mail")]
    lake.load("shop", "touches", {"touch": visits})
    lake.load("ads", "report", {"ad_report": SPEND})
    lake.finish()
    marts = ("+fct_attribution", "+attribution_by_channel", "+fct_touchpoints", "+dim_date")
    return run_dbt(lake.home, "2025-12-31 23:59:59", select=marts)


def weights(warehouse: Warehouse, deal: str, basis: str, model: str) -> dict[str | None, float]:
    """Weights of a deal's touches by the source's id of the touch, in order of time."""
    rows = warehouse.rows(
        f"""
        select touches.source_id, weights.{model}_weight
        from marts.fct_attribution_weights as weights
        join intermediate.int_opportunities as deals using (opportunity_id)
        left join intermediate.int_touches as touches using (touch_id)
        where deals.source_id = '{deal}' and basis = '{basis}'
        order by weights.touch_position
        """
    )
    return dict(rows)


def touches_of(warehouse: Warehouse, deal: str, basis: str) -> list[str | None]:
    return list(weights(warehouse, deal, basis, "linear"))


def test_whose_touches_count(warehouse: Warehouse) -> None:
    assert touches_of(warehouse, "main", "pipeline") == ["m1", "m2", "m3"]
    assert touches_of(warehouse, "main", "revenue") == ["m1", "m2", "m3", "m4"]
    assert touches_of(warehouse, "by-lead", "pipeline") == ["l1"]
    assert touches_of(warehouse, "by-account", "pipeline") == ["e1"]  # its contact has none
    assert touches_of(warehouse, "unknown", "pipeline") == [None]
    assert touches_of(warehouse, "by-day", "pipeline") == ["d1"]
    assert touches_of(warehouse, "undated", "pipeline") == []
    assert touches_of(warehouse, "undated", "revenue") == ["d1", "d2"]
    assert touches_of(warehouse, "lost", "revenue") == []
    assert touches_of(warehouse, "S1", "pipeline") == touches_of(warehouse, "S1", "revenue")
    assert touches_of(warehouse, "S1", "revenue") == ["g1"]


def test_weights_by_hand(warehouse: Warehouse) -> None:
    def of(basis: str, model: str) -> list[float]:
        return list(weights(warehouse, "main", basis, model).values())

    assert of("pipeline", "first") == [1, 0, 0]
    assert of("pipeline", "u_shaped") == pytest.approx([0.4, 0.2, 0.4])
    # m1 is the first, m2 made the lead an hour later, m3 the deal at the same time.
    assert of("pipeline", "w_shaped") == pytest.approx([1 / 3] * 3)
    assert of("pipeline", "full_path") == pytest.approx([1 / 3] * 3)
    assert of("revenue", "w_shaped") == pytest.approx([0.3, 0.3, 0.3, 0.1])
    assert of("revenue", "full_path") == pytest.approx([0.25] * 4)
    # 30, 29 + 1/24, 23 and 7 days before it was won.
    decayed = [2 ** (-days / 7) for days in (30, 29 + 1 / 24, 23, 7)]
    expected = [part / sum(decayed) for part in decayed]
    assert of("revenue", "time_decay") == pytest.approx(expected)
    # Both touches before the lead are unknown to a deal without one; its creation is unknown.
    assert weights(warehouse, "undated", "revenue", "full_path") == pytest.approx(
        {"d1": 0.5, "d2": 0.5}
    )


def test_markov_and_shapley_by_month(warehouse: Warehouse) -> None:
    # March, pipeline: ads > mail > ads (1000), ads (200), mail (no amount), and event > ads of the
    # lead that was disqualified; "unknown" has no path.
    # Shapley: ads 1/2 + 1, mail 1/2 + 1; in money ads 500 + 200, mail 500.
    # Markov: ads is left 4 times: to mail 1, conversion 2, null 1; mail 2: ads 1, conversion 1.
    # From mail: x = 1/2 ads + 1/2; from ads: y = x / 4 + 1/2; so y = 5/7, x = 6/7.
    # From event as from ads. P = 3/4 · 5/7 + 1/4 · 6/7 = 3/4. Without ads 1/4 · 1/2 = 1/8 is
    # left, without mail 3/4 · 1/2 = 3/8, without event 2/4 · 5/7 + 1/4 · 6/7 = 4/7: removal effects
    # of 5/6, 1/2 and 5/21, although the event itself was on no path that converted.
    rows = warehouse.dicts(
        """
        select channel_id, model, credit_exact, removal_effect, conversions
        from marts.attribution_by_channel
        where basis = 'pipeline' and basis_month = date '2025-03-01'
            and model in ('markov', 'shapley')
        """
    )
    of = {(row["model"], row["channel_id"]): row for row in rows}
    assert of["shapley", "ads"]["credit_exact"] == pytest.approx(700)
    assert of["shapley", "mail"]["credit_exact"] == pytest.approx(500)
    assert of["markov", "ads"]["removal_effect"] == pytest.approx(5 / 6)
    assert of["markov", "mail"]["removal_effect"] == pytest.approx(1 / 2)
    assert of["markov", "event"]["removal_effect"] == pytest.approx(5 / 21)
    assert of["markov", "unattributed"]["credit_exact"] == pytest.approx(50)
    exact = [row["credit_exact"] for (model, _), row in of.items() if model == "markov"]
    assert sum(exact) == pytest.approx(1250)
    # Single deals: ads has 5/8 of the removal effects and two touches, mail 3/8 and one.
    assert weights(warehouse, "main", "pipeline", "markov") == pytest.approx(
        {"m1": 5 / 13, "m2": 3 / 13, "m3": 5 / 13}
    )
    assert weights(warehouse, "main", "pipeline", "shapley") == pytest.approx(
        {"m1": 1 / 3, "m2": 1 / 3, "m3": 1 / 3}
    )
    assert of["shapley", "mail"]["conversions"] == pytest.approx(1 / 3 + 1)


def test_nothing_is_lost(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select basis, model, sum(weight), sum(credit) from marts.fct_attribution
        group by basis, model
        """
    )
    assert len(rows) == 20
    for basis, model, weight, credit in rows:
        # main, by-lead, unknown, by-day and S1; by-account and lost have no amount. Won: main,
        # undated and S1.
        total, count = (1290, 7) if basis == "pipeline" else (1050, 3)
        assert (weight, credit) == pytest.approx((count, total), abs=1e-9), (basis, model)


def test_channels_with_credit_or_spend(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select cast(basis_month as text), channel_id, credit, conversions, cast(spend as int), roas
        from marts.attribution_by_channel where model = 'linear' and basis = 'pipeline' order by all
        """
    )
    assert rows == [
        ("2025-03-01", "ads", pytest.approx(2000 / 3 + 200), pytest.approx(5 / 3), 100,
         pytest.approx(8.66666666667)),
        ("2025-03-01", "event", 0, 0, None, None),  # Markov alone gives it something
        ("2025-03-01", "mail", pytest.approx(1000 / 3), pytest.approx(4 / 3), None, None),
        ("2025-03-01", "unattributed", 50, 1, None, None),
        ("2025-05-01", "ads", None, 0.5, None, None),  # only of a deal without an amount
        ("2025-05-01", "mail", 10, 1.5, None, None),
        ("2025-07-01", "mail", 30, 1, None, None),
        ("2025-08-01", "ads", 0, 0, 70, 0),
    ]  # fmt: skip


def test_a_form_has_the_channel_of_its_session(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "select source_id, channel_id from intermediate.int_touches where touch_type = 'form_fill'"
    )
    assert dict(rows) == {
        "f-recent": "mail",  # the later of two sessions before it
        "f-same-day": "mail",
        "f-before": "ads",  # the first after it
        "f-next-day": "unattributed",
        "f-own": "ads",
        "f-midnight": "ads",  # 20 minutes after, if on the next day
        "f-later": "unattributed",  # 31 minutes
        "f-alone": "unattributed",
        "f-direct": "direct",
        "mute": "unattributed",
    }


def test_one_attendance_counts_once(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select touches.source_id, marts.is_duplicate
        from marts.fct_touchpoints as marts
        join intermediate.int_touches as touches using (touch_id)
        where touches.touch_type = 'event_attendance'
        """
    )
    assert dict(rows) == {"seen": False, "again": True, "other-day": False, "other-guest": False}
    rows = warehouse.rows(
        """
        select touch_count, first_touch.source_id
        from intermediate.int_journey_touches as of
        join intermediate.int_touches as first_touch on of.first_touch_id = first_touch.touch_id
        join intermediate.int_journeys using (journey_id) where source_lead_id = 'L-guest'
        """
    )
    assert rows == [(2, "seen")]  # and that of the other day
