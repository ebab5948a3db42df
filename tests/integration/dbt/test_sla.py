"""Promises of both teams, judged by hand: working hours, open cases, silence and KPIs.

Everybody works Monday to Friday, 9 to 17 o'clock, in UTC. 3 March 2025 is a Monday.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

AS_OF = "2025-04-02 00:00:00"


def promise(promise_id: str, measure: str, threshold: float, by: str, share: str = "") -> dict:
    return {
        "promise_id": promise_id,
        "promise_name": promise_id,
        "promised_by": by,
        "measure": measure,
        "threshold": threshold,
        "required_share": share,
        "period_grain": "month",
        "valid_from": "2025-03-01",
    }


NORTH, HUGE = {"region": "North"}, {"segment": "Huge"}
LEADS = [
    # 30 minutes to the call, 2 hours to the decision.
    {"source_id": "L1", "mql_at": "2025-03-03 10:00", "sal_at": "2025-03-03 12:00"},
    # Over a weekend: 30 minutes on Friday, 45 on Monday; decided after 30 + 120 minutes.
    {
        "source_id": "L2",
        "mql_at": "2025-03-07 16:30",
        "disqualified_at": "2025-03-10 11:00",
        "rejected_reason": "Not reachable",
    },
    # Nobody ever called: 16 working days of 480 minutes until 1 April, 17 o'clock.
    {"source_id": "L3", "mql_at": "2025-03-11 09:00"},
    # A quarter of an hour before the last day's end: there is still time.
    {"source_id": "L4", "mql_at": "2025-04-01 16:45"},
    # Called after 20 minutes, turned down after 60, without a reason.
    {"source_id": "L5", "mql_at": "2025-03-05 10:00", "disqualified_at": "2025-03-05 11:00"},
]
# February has promises of its own about how soon a lead is decided on.
LEADS += [
    {"source_id": "F1", "mql_at": "2025-02-03 10:00", "sal_at": "2025-02-03 12:00"},
    {"source_id": "F2", "mql_at": "2025-02-03 10:00", "sal_at": "2025-02-04 11:00"} | NORTH,
    {"source_id": "F3", "mql_at": "2025-02-03 10:00", "sal_at": "2025-02-03 12:00"} | NORTH | HUGE,
    {"source_id": "F4", "mql_at": "2025-02-03 10:00", "sal_at": "2025-02-03 10:30"} | HUGE,
]
FEBRUARY = {"valid_from": "2025-02-01", "valid_to": "2025-02-28"}
CALLS = [
    ("L1", "2025-03-03 10:30"),
    ("L2", "2025-03-10 09:45"),
    ("L5", "2025-03-05 10:20"),
]
WORK = [("D1", "2025-03-03 12:00"), ("D1", "2025-03-12 12:00"), ("D2", "2025-03-14 12:00")]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    lake = LakeBuilder(
        tmp_path_factory.mktemp("sla"),
        agreement={
            "promises": [
                promise("respond", "response_minutes", 60, "sales", "0.5"),
                promise("decide", "decision_hours", 8, "sales"),
                promise("try", "attempts", 2, "sales"),
                promise("explain", "rejection_reason", 1, "sales"),
                promise("work_on", "stuck_days", 5, "sales"),
                promise("deliver", "leads", 10, "marketing"),
                {**promise("deliver_large", "leads", 1, "marketing"), "segment": "Large"},
                promise("work_on_huge", "stuck_days", 30, "sales") | HUGE,
                promise("soon", "decision_hours", 8, "sales") | FEBRUARY,
                promise("soon_north", "decision_hours", 16, "sales") | FEBRUARY | NORTH,
                promise("soon_both", "decision_hours", 1, "sales") | FEBRUARY | NORTH | HUGE,
            ]
        },
    )
    lake.load(
        "crm",
        "leads",
        {"lead": [{"created_at": lead["mql_at"][:10], **lead} for lead in LEADS]},
    )
    lake.load(
        "crm",
        "deals",
        {
            "opportunity": [
                # Nine days of silence from the 3rd to the 12th: the sixth of them is the 9th.
                {
                    "source_id": "D1",
                    "created_at": "2025-03-01",
                    "closed_at": "2025-03-13",
                    "is_closed": True,
                    "is_won": False,
                    "amount": 500,
                    "currency": "EUR",
                },
                {
                    "source_id": "D2",
                    "created_at": "2025-03-10",
                    "closed_at": "2025-03-18",
                    "is_won": True,
                    "amount": 100,
                    "currency": "EUR",
                },
                # Nobody worked on it for three weeks, and for its segment 30 days were promised.
                {
                    "source_id": "D3",
                    "created_at": "2025-03-03",
                    "closed_at": "2025-03-25",
                    "is_won": True,
                    "amount": 100,
                    "currency": "EUR",
                    **HUGE,
                },
            ]
        },
    )
    calls = [
        {"activity_type": "call", "direction": "outbound", "lead_id": lead, "occurred_at": time}
        for lead, time in CALLS
    ]
    work = [
        {"activity_type": "meeting", "opportunity_id": deal, "occurred_at": time}
        for deal, time in WORK
    ]
    # Marketing wrote in the midst of D1's silence: that is no work of sales.
    newsletter = {
        "activity_type": "email",
        "opportunity_id": "D1",
        "occurred_at": "2025-03-08 12:00",
        "rep_id": "mia",
    }
    lake.load("crm", "activities", {"activity": [*calls, *work, newsletter]})
    lake.load("crm", "reps", {"rep": [{"source_id": "mia", "name": "Mia", "team": "Marketing"}]})
    lake.finish()
    return run_dbt(lake.home, AS_OF, "run", select=["+sla_ledger", "+sla_breaches"])


def line(marts: Warehouse, promise_id: str, month: str = "2025-03-01") -> dict[str, Any]:
    (found,) = marts.dicts(
        "select * from marts.sla_ledger"
        f" where promise_id = '{promise_id}' and period_start = '{month}'"
    )
    return found


@pytest.mark.parametrize(
    ("promise_id", "due", "kept", "status", "shortfall"),
    [
        # L1 after 30 and L5 after 20 minutes; L2 after 75, L3 never: half, as promised.
        ("respond", 4, 2, "kept", 0),
        # L1, L2 and L5 within 8 hours, L3 not: 3 of 4 where all were promised.
        ("decide", 4, 3, "broken", 0.25),
        # Both were given up after one call; without a reason it counts as not reached.
        ("try", 2, 0, "broken", 1),
        ("explain", 2, 1, "broken", 0.5),
        ("work_on", 2, 1, "broken", 0.5),
        # Four leads where ten were promised.
        ("deliver", 0, 0, "broken", 6),
        # No lead was ever Large: 0 of 1, and not unknown.
        ("deliver_large", 0, 0, "broken", 1),
    ],
)
def test_a_month_of_promises(
    marts: Warehouse, promise_id: str, due: int, kept: int, status: str, shortfall: float
) -> None:
    found = line(marts, promise_id)
    assert (found["due_count"], found["kept_count"]) == (due, kept)
    assert found["status"] == status
    assert found["shortfall"] == pytest.approx(shortfall)


@pytest.mark.parametrize(
    ("promise_id", "month", "due", "kept"),
    [
        # F1 and F4. F2 and F3 are of the North, which has promises of its own.
        ("soon", "2025-02-01", 2, 2),
        # F2 after nine hours, where 16 were promised to the North, and 8 to all.
        ("soon_north", "2025-02-01", 1, 1),
        # F3 after two hours, where one was promised to the North's Huge.
        ("soon_both", "2025-02-01", 1, 0),
        # D1 and D2 are left to the promise to all.
        ("work_on", "2025-03-01", 2, 1),
        ("work_on_huge", "2025-03-01", 1, 1),
    ],
)
def test_the_most_specific_promise_judges_a_record(
    marts: Warehouse, promise_id: str, month: str, due: int, kept: int
) -> None:
    found = line(marts, promise_id, month)
    assert (found["due_count"], found["kept_count"]) == (due, kept)


def test_a_period_that_has_not_ended_is_not_judged(marts: Warehouse) -> None:
    april = line(marts, "respond", "2025-04-01")
    assert (april["status"], april["open_count"], april["due_count"]) == ("running", 1, 0)


def test_each_breach_has_its_record_and_its_minutes(marts: Warehouse) -> None:
    breaches = marts.rows(
        "select promise_id, coalesce(source_lead_id, source_opportunity_id, kpi_id), minutes_late,"
        " cast(due_at as varchar), measured"
        " from marts.sla_breaches order by 1, 2"
    )
    assert breaches == [
        # 16 days of 480 minutes have passed; 8 hours end with the first day.
        ("decide", "L3", 7680 - 480, "2025-03-11 17:00:00", None),
        ("deliver", "leads", None, None, 4),
        ("deliver_large", "leads", None, None, 0),
        ("explain", "L5", None, "2025-03-05 11:00:00", 0),
        ("respond", "L2", 15, "2025-03-10 09:30:00", 75),
        ("respond", "L3", 7680 - 60, "2025-03-11 10:00:00", None),
        ("soon_both", "F3", 60, "2025-02-03 11:00:00", 2),
        ("try", "L2", None, "2025-03-10 11:00:00", 1),
        ("try", "L5", None, "2025-03-05 11:00:00", 1),
        # Four days more than five.
        ("work_on", "D1", 4 * 1440, "2025-03-09 00:00:00", 9),
    ]
    ledger = marts.rows(
        "select promise_id, broken_count from marts.sla_ledger where broken_count > 0 order by 1"
    )
    assert ledger == [
        ("decide", 1), ("explain", 1), ("respond", 2), ("soon_both", 1), ("try", 2), ("work_on", 1)
    ]  # fmt: skip
