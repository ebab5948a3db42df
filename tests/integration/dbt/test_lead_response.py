"""What sales makes of the leads it is handed: working time, responses, promises, decisions.

Belongs here: what `fct_lead_response` must say, each case worked out by hand. Does not belong
here: when a lead becomes an mql (`test_funnel`).

The company is in Berlin: UTC+1, and UTC+2 from Sunday 30 March to Sunday 26 October 2025. It
works from 09:00 to 17:00, Monday to Friday. Region East does so in New York (UTC-4 in March),
region Round works around the clock in Berlin, region South has a holiday of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

AS_OF = "2025-12-31 23:59:59"
_WEEK = range(1, 6)
AGREEMENT: dict[str, list[dict[str, Any]]] = {
    "working_hours": [
        *({"region": "*", "weekday": d, "opens_at": "09:00", "closes_at": "17:00"} for d in _WEEK),
        *(
            {
                "region": "East",
                "weekday": d,
                "opens_at": "09:00",
                "closes_at": "17:00",
                "timezone": "America/New_York",
            }
            for d in _WEEK
        ),
        *(
            {"region": "Round", "weekday": d, "opens_at": "00:00", "closes_at": "24:00"}
            for d in range(1, 8)
        ),
    ],
    "holidays": [
        {"region": "*", "holiday_date": "2025-05-01", "holiday_name": "Labour Day"},
        {"region": "South", "holiday_date": "2025-05-02", "holiday_name": "Bridge day"},
    ],
    "promises": [
        {
            "promise_id": promise_id,
            "promise_name": "Quick response",
            "promised_by": "sales",
            "measure": "response_minutes",
            "threshold": threshold,
            "period_grain": "week",
            "calendar": calendar,
            "segment": segment,
            "region": region,
            "valid_from": valid_from,
            "valid_to": valid_to,
        }
        for promise_id, threshold, calendar, segment, region, valid_from, valid_to in [
            ("all", 60, "", "", "", "2025-03-01", ""),
            ("all", 30, "", "", "", "2025-06-01", ""),
            ("round", 120, "elapsed", "", "Round", "2025-03-01", ""),
            ("gold", 20, "business", "Gold", "", "2025-03-01", "2025-08-31"),
            ("gold_east", 15, "business", "Gold", "East", "2025-03-01", ""),
        ]
    ],
}


def _lead(source_id: str, mql_at: str | None, **columns: Any) -> dict[str, Any]:
    return {"source_id": source_id, "created_at": "2025-02-01 09:00", "mql_at": mql_at, **columns}


def _call(lead: str | None, occurred_at: str, **columns: Any) -> dict[str, Any]:
    return {"activity_type": "call", "lead_id": lead, "occurred_at": occurred_at, **columns}


LEADS = [
    # The clock.
    _lead("weekend", "2025-03-07 15:30"),
    _lead("spring", "2025-03-28 15:30"),
    _lead("autumn", "2025-10-24 14:30"),
    _lead("round-spring", "2025-03-29 23:00", region="Round"),
    _lead("round-autumn", "2025-10-25 22:00", region="Round"),
    _lead("holiday", "2025-04-30 14:00"),
    _lead("own-holiday", "2025-04-30 14:00", region="South"),
    _lead("evening", "2025-03-11 18:00"),
    _lead("east", "2025-03-11 12:30", region="East"),
    _lead("midnight", "2025-03-11 15:00"),
    _lead("week", "2025-03-10 08:00"),
    # What is a response.
    _lead("silent", "2025-12-30 10:00"),
    _lead("not-due", "2025-12-31 15:45"),
    _lead("not-due-rejected", "2025-12-31 15:45", disqualified_at="2025-12-31 15:50"),
    _lead("no-promise", "2025-02-28 10:00"),
    _lead("by-mail", "2025-04-07 08:00", email="buyer@example.com"),
    _lead("again", "2025-04-07 08:00", recycled_at="2025-04-10 08:00"),
    _lead("first-of-two", "2025-04-07 08:00", email="two@example.com", company="One"),
    _lead("newsletter", "2025-04-07 08:00"),
    _lead("date-only", "2025-06-02"),
    _lead("date-only-late", "2025-06-02"),
    # Decisions.
    _lead("accepted", "2025-04-07 08:00", sal_at="2025-04-08 08:00"),
    _lead("skipped-sal", "2025-04-07 08:00", sql_at="2025-04-09 08:00"),
    _lead(
        "rejected", "2025-04-07 08:00", disqualified_at="2025-04-08 08:00", rejected_reason="Spam"
    ),
    _lead("accepted-then-lost", "2025-04-07 08:00", converted_opportunity_id="deal"),
    _lead("backwards", "2025-04-07 08:00", sal_at="2025-04-01 08:00"),
    # Promises.
    _lead("gold", "2025-04-07 08:00", segment="Gold"),
    _lead("gold-east", "2025-04-07 14:00", segment="Gold", region="East"),
    _lead("gold-later", "2025-09-01 08:00", segment="Gold"),
    _lead("due-at-closing", "2025-03-07 15:00"),
    # Never handed.
    _lead("no-mql", None),
    _lead("undated", None, status="MQL"),
    _lead("straight", None, sql_at="2025-04-07 08:00"),
]
DEALS = [
    {
        "source_id": "deal",
        "created_at": "2025-04-09 08:00",
        "is_won": False,
        "is_closed": True,
        "closed_at": "2025-04-20 08:00",
    }
]
CHANGES = [
    # Back after the recycling: a second handover of the same lead.
    {
        "source_id": "again-2",
        "object_type": "lead",
        "object_id": "again",
        "to_stage": "MQL",
        "changed_at": "2025-05-05 08:00",
    }
]
ACTIVITIES = [
    # Since then the company records what sales does.
    _call(None, "2025-02-01 09:00"),
    _call("weekend", "2025-03-10 08:10"),
    _call("spring", "2025-03-31 07:10"),
    _call("autumn", "2025-10-27 08:10"),
    _call("round-spring", "2025-03-30 22:00"),
    _call("round-autumn", "2025-10-26 23:00"),
    _call("holiday", "2025-05-02 07:30"),
    _call("own-holiday", "2025-05-05 07:30"),
    _call("evening", "2025-03-11 19:00"),
    _call("east", "2025-03-11 13:20"),
    _call("midnight", "2025-03-12 08:15"),
    _call("week", "2025-03-14 16:00"),
    # None of these is a response.
    _call("silent", "2025-12-30 09:00"),
    _call("silent", "2025-12-30 11:00", direction="inbound"),
    _call("silent", "2025-12-30 11:00", is_deleted=True),
    _call("silent", "2026-01-02 11:00"),
    {"activity_type": "task", "lead_id": "silent", "occurred_at": "2025-12-30 11:00"},
    {
        "activity_type": "email",
        "email": "buyer@example.com",
        "direction": "outbound",
        "occurred_at": "2025-04-07 08:20",
    },
    # Marketing writes after ten minutes; somebody of a team that nobody knows calls after 30,
    # sales after 50.
    _call("newsletter", "2025-04-07 08:10", activity_type="email", rep_id="mia"),
    _call("newsletter", "2025-04-07 08:30", rep_id="nobody"),
    _call("newsletter", "2025-04-07 08:50", rep_id="sam"),
    _call("again", "2025-04-07 09:00"),
    _call("again", "2025-05-05 08:05"),
    _call("date-only", "2025-06-02 07:30"),
    _call("date-only-late", "2025-06-04"),
    _call("accepted", "2025-04-07 08:30"),
    _call("accepted", "2025-04-07 09:30"),
    _call("accepted", "2025-04-09 08:00"),
    _call("rejected", "2025-04-09 08:00"),
    {"activity_type": "meeting", "opportunity_id": "deal", "occurred_at": "2025-04-10 08:00"},
    _call("gold", "2025-04-07 08:30"),
    _call("gold-east", "2025-04-07 14:15"),
    _call("gold-later", "2025-09-01 08:30"),
    _call("due-at-closing", "2025-03-08 10:00"),
]
REPS = [
    {"source_id": "mia", "name": "Mia", "team": "Demand Generation"},
    {"source_id": "sam", "name": "Sam", "team": "Vertrieb Nord"},
    {"source_id": "nobody", "name": "Nobody", "team": "Back office"},
]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    lake = LakeBuilder(
        tmp_path_factory.mktemp("response"), {"timezone": "Europe/Berlin"}, AGREEMENT
    )
    lake.load("crm", "leads", {"lead": LEADS})
    lake.load("crm", "deals", {"opportunity": DEALS})
    lake.load("crm", "history", {"stage_change": CHANGES})
    lake.load("crm", "activities", {"activity": ACTIVITIES})
    lake.load("crm", "reps", {"rep": REPS})
    lake.finish()
    return run_dbt(lake.home, AS_OF, select=("+fct_lead_response",))


def _response(marts: Warehouse, lead: str) -> dict[str, Any]:
    """The lead's handover; of several the first."""
    return marts.dicts(
        f"select * from marts.fct_lead_response where source_lead_id = '{lead}' order by handed_at"
    )[0]


@pytest.mark.parametrize(
    ("lead", "business", "elapsed"),
    [
        # Fri 16:30 to 17:00 and Mon 09:00 to 09:10; 64:40 hours in all.
        ("weekend", 30 + 10, 64 * 60 + 40),
        # The same with an hour less, and an hour more, on the Sunday between.
        ("spring", 30 + 10, 63 * 60 + 40),
        ("autumn", 30 + 10, 65 * 60 + 40),
        # From midnight to midnight of the two Sundays: 23 and 25 hours.
        ("round-spring", 23 * 60, 23 * 60),
        ("round-autumn", 25 * 60, 25 * 60),
        # Wed 16:00 to 17:00, Thursday off, Fri 09:00 to 09:30.
        ("holiday", 60 + 30, 41 * 60 + 30),
        # In the south Friday is off too: Mon 09:00 to 09:30.
        ("own-holiday", 60 + 30, (4 * 24 + 17) * 60 + 30),
        ("evening", 0, 60),
        # 08:30 to 09:20 in New York.
        ("east", 20, 50),
        # Tue 16:00 to 17:00, Wed 09:00 to 09:15.
        ("midnight", 60 + 15, 17 * 60 + 15),
        # Mon 09:00 to Fri 17:00.
        ("week", 5 * 8 * 60, 4 * 24 * 60 + 8 * 60),
    ],
)
def test_working_time(marts: Warehouse, lead: str, business: int, elapsed: int) -> None:
    found = _response(marts, lead)
    assert (found["response_business_minutes"], found["response_minutes"]) == (business, elapsed)


def test_what_is_no_response(marts: Warehouse) -> None:
    silent = _response(marts, "silent")
    assert (silent["is_followed_up"], silent["attempts"]) == (False, 0)
    assert (silent["first_response_at"], silent["response_minutes"]) == (None, None)
    assert silent["decision"] == "open"


def test_nobody_is_forgotten_while_the_promised_time_runs(marts: Warehouse) -> None:
    waiting = _response(marts, "not-due")
    assert (waiting["is_followed_up"], waiting["attempts"]) == (None, 0)
    # Turned down before that: nothing could be a response any more. And without a promise.
    assert _response(marts, "not-due-rejected")["is_followed_up"] is False
    assert _response(marts, "no-promise")["is_followed_up"] is False


def test_an_email_to_the_person_is_a_response(marts: Warehouse) -> None:
    assert _response(marts, "by-mail")["response_minutes"] == 20


def test_what_marketing_writes_is_no_response(marts: Warehouse) -> None:
    found = _response(marts, "newsletter")
    assert (found["response_minutes"], found["attempts"]) == (30, 2)


def test_each_handover_has_its_own_response(marts: Warehouse) -> None:
    found = marts.rows(
        "select handed_at, response_minutes, decision from marts.fct_lead_response"
        " where source_lead_id = 'again' order by handed_at"
    )
    assert found == [
        (datetime(2025, 4, 7, 8), 60, "rejected"),
        (datetime(2025, 5, 5, 8), 5, "open"),
    ]


def test_a_day_without_a_time_has_no_minutes(marts: Warehouse) -> None:
    """The call of the handover's day counts, and keeps the promise; two days later is too late:
    the clock runs from Tuesday to Wednesday 00:00, which is 8 hours of work and more than 30
    minutes."""
    found = _response(marts, "date-only")
    assert found["is_followed_up"] and found["response_minutes"] is None
    assert found["within_promise"] is True
    late = _response(marts, "date-only-late")
    assert late["response_business_minutes"] is None
    assert late["within_promise"] is False


def test_decisions(marts: Warehouse) -> None:
    accepted = _response(marts, "accepted")
    assert accepted["decision"] == "accepted"
    assert accepted["accepted_at"] == datetime(2025, 4, 8, 8)
    # Two calls before the acceptance, one after.
    assert (accepted["attempts"], accepted["response_minutes"]) == (2, 30)
    skipped = _response(marts, "skipped-sal")
    assert (skipped["decision"], skipped["accepted_at"]) == ("accepted", datetime(2025, 4, 9, 8))
    rejected = _response(marts, "rejected")
    assert (rejected["decision"], rejected["rejected_reason"]) == ("rejected", "Spam")
    assert rejected["rejected_at"] == datetime(2025, 4, 8, 8)
    # Called a day after it was rejected.
    assert (rejected["is_followed_up"], rejected["attempts"]) == (False, 0)
    deal = _response(marts, "accepted-then-lost")
    assert (deal["decision"], deal["accepted_at"]) == ("accepted", datetime(2025, 4, 9, 8))
    # The meeting of the deal: three days after the handover.
    assert deal["response_minutes"] == 3 * 24 * 60
    backwards = _response(marts, "backwards")
    assert (backwards["decision"], backwards["has_time_travel"]) == ("accepted", True)


@pytest.mark.parametrize(
    ("lead", "promise", "due_at", "within"),
    [
        # 40 minutes of 60, used up on Mon at 09:30.
        ("weekend", "all", datetime(2025, 3, 10, 8, 30), True),
        # 75 minutes.
        ("midnight", "all", datetime(2025, 3, 11, 16, 0), False),
        # Used up when work ends; on Saturday no more of it has passed.
        ("due-at-closing", "all", datetime(2025, 3, 7, 16, 0), True),
        # 40 minutes, but only 30 from June on: Fri 16:30 to 17:00.
        ("autumn", "all", datetime(2025, 10, 24, 15, 0), False),
        # Elapsed time: two hours.
        ("round-spring", "round", datetime(2025, 3, 30, 1, 0), False),
        ("gold", "gold", datetime(2025, 4, 7, 8, 20), False),
        ("gold-east", "gold_east", datetime(2025, 4, 7, 14, 15), True),
        # The promise to the segment ended in August.
        ("gold-later", "all", datetime(2025, 9, 1, 8, 30), True),
        ("silent", "all", datetime(2025, 12, 30, 10, 30), False),
        # 15 minutes are left on Wednesday, and 15 more on Thursday.
        ("not-due", "all", datetime(2026, 1, 1, 8, 15), None),
        ("no-promise", None, None, None),
    ],
)
def test_promises(
    marts: Warehouse, lead: str, promise: str | None, due_at: datetime | None, within: bool | None
) -> None:
    found = _response(marts, lead)
    assert (found["promise_id"], found["due_at"], found["within_promise"]) == (
        promise,
        due_at,
        within,
    )


def test_only_a_dated_mql_is_a_handover(marts: Warehouse) -> None:
    handed = marts.rows("select source_lead_id from marts.fct_lead_response")
    assert {lead for (lead,) in handed} == {
        lead["source_id"] for lead in LEADS if lead["mql_at"] is not None
    }
    assert len(handed) == len({lead for (lead,) in handed}) + 1  # one was handed twice


def test_minutes_are_never_negative(marts: Warehouse) -> None:
    assert marts.rows(
        "select count(*) from marts.fct_lead_response"
        " where response_minutes < 0 or response_business_minutes < 0"
        " or response_business_minutes > response_minutes"
    ) == [(0,)]
