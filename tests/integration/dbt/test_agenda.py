"""The agenda of a small company, worked out by hand: found, merged, closed and carried over.

As of Sunday, 29 June 2025; 5 May, 2 June and 23 June are Mondays. Everybody works Monday to
Friday from 9 to 17 o'clock.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

AS_OF = "2025-06-29 23:00:00"
NEWEST = "2025-06-23"


def item_id(*parts: str) -> str:
    return hashlib.md5("|".join(parts).encode()).hexdigest()


PRICE = item_id("finding", "lost_on_price", "segment", "Small")
SLOW = item_id("finding", "slow_response", "region", "North")
TOO_FEW = item_id("breach", "deliver")
NO_REASON = item_id("breach", "explain")
BEHIND = item_id("kpi_move", "win_rate", "(all)")
WAITING = item_id("opportunity", "uncalled_leads", "South")
UNKNOWN = "0" * 32


def losses(segment: str, count: int, on_price: int) -> list[dict[str, Any]]:
    """Deals lost one after the other in the weeks from 5 May, those on price first."""
    return [
        {
            "source_id": f"{segment} {number}",
            "created_at": "2025-01-15",
            "closed_at": str(date(2025, 5, 5) + timedelta(number % 35)),
            "is_closed": True,
            "is_won": False,
            "lost_reason": "Too expensive" if number < on_price else "Competitor",
            "amount": 1000,
            "currency": "EUR",
            "segment": segment,
        }
        for number in range(count)
    ]


def leads(region: str, count: int, answered: int) -> tuple[list[dict], list[dict]]:
    """Leads handed over on Monday mornings in May, accepted, and the calls to the first of them."""
    made, calls = [], []
    for number in range(count):
        handed = datetime(2025, 5, 5, 10) + timedelta(7 * (number % 4))
        made.append(
            {
                "source_id": f"{region} {number}",
                "created_at": str(handed - timedelta(1)),
                "email": f"{region.lower()}{number}@firm{number}-{region.lower()}.test",
                "region": region,
                "mql_at": str(handed),
            }
        )
        late = timedelta(hours=1) if number < answered else timedelta(days=3)
        call = {"activity_type": "call", "direction": "outbound", "lead_id": f"{region} {number}"}
        calls.append({**call, "occurred_at": str(handed + late)})
    return made, calls


def promise(promise_id: str, measure: str, threshold: float, by: str, share: str = "") -> dict:
    return {
        "promise_id": promise_id,
        "promise_name": f"Promise to {promise_id}",
        "promised_by": by,
        "measure": measure,
        "threshold": threshold,
        "required_share": share,
        "period_grain": "month",
        "valid_from": "2025-05-01",
    }


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    lake = LakeBuilder(
        tmp_path_factory.mktemp("agenda"),
        agreement={
            "promises": [
                promise("respond", "response_minutes", 480, "sales", "0.8"),
                promise("deliver", "leads", 500, "marketing"),
                promise("explain", "rejection_reason", 1, "sales"),
            ],
            "actions": [
                {"item_id": PRICE, "decision": "Ask jane.doe@firm.test for a new list",
                 "owner": "sales", "due": "2025-06-15"},
                {"item_id": TOO_FEW, "decision": "Two more webinars", "owner": "marketing",
                 "closed_at": "2025-06-04"},
                {"item_id": UNKNOWN, "decision": "Meet in person", "owner": "both"},
            ],
            "targets": [
                {"kpi_id": "win_rate", "period_grain": grain, "period_start": start,
                 "segment": segment, "target_value": target}
                for grain, start, segment, target in [
                    ("quarter", "2024-10-01", "", 0.5),
                    ("quarter", "2025-01-01", "", 0.5),
                    ("quarter", "2025-04-01", "", 0.5),
                    ("month", "2025-05-01", "", 0.5),
                    ("month", "2025-05-01", "Small", 0.4),
                ]
            ],
        },
    )  # fmt: skip
    north, north_calls = leads("North", 40, 8)
    south, south_calls = leads("South", 80, 78)
    waiting = {
        "source_id": "W1", "created_at": "2025-06-01", "region": "South", "email": "w@w.test",
        "mql_at": "2025-06-02 09:00", "sal_at": "2025-06-03 09:00",
    }  # fmt: skip
    rejected = [
        {"source_id": f"R{n}", "created_at": "2025-05-10", "disqualified_at": "2025-05-14 10:00",
         "mql_at": "2025-05-12 10:00", "email": f"r{n}@r{n}.test",
         "rejected_reason": "Student" if n else None}
        for n in range(4)
    ]  # fmt: skip
    calls = [
        {"activity_type": "call", "direction": "outbound", "lead_id": lead, "occurred_at": time}
        for lead, time in [("W1", "2025-06-02 09:30")]
        + [(f"R{n}", "2025-05-12 11:00") for n in range(4)]
    ]
    lake.load("crm", "leads", {"lead": [*north, *south, waiting, *rejected]})
    lake.load("crm", "activities", {"activity": [*north_calls, *south_calls, *calls]})
    # A loss of the year before, so that there are weeks enough to judge a KPI.
    old = {**losses("Large", 1, 0)[0], "source_id": "old", "created_at": "2024-10-01",
           "closed_at": "2024-10-02"}  # fmt: skip
    deals = [*losses("Small", 25, 20), *losses("Large", 60, 10), old]
    lake.load("crm", "deals", {"opportunity": deals})
    lake.finish()
    return run_dbt(lake.home, AS_OF, "run", select=["+review_agenda"])


def item(marts: Warehouse, item: str, week: str = NEWEST) -> dict[str, Any]:
    (found,) = marts.dicts(
        f"select * from marts.review_agenda where item_id = '{item}' and week_start = '{week}'"
    )
    return found


def weeks(marts: Warehouse, item: str) -> list[tuple[str, str, str]]:
    """Week, kind and status of an item, in order."""
    return marts.rows(
        "select cast(week_start as varchar), item_kind, status from marts.review_agenda"
        f" where item_id = '{item}' order by 1"
    )


def test_price_losses_of_one_segment(marts: Warehouse) -> None:
    found = item(marts, PRICE)
    # 20 of 25 lost on price, 10 of 60 elsewhere.
    assert (found["measured"], found["sample_size"]) == (0.8, 25)
    assert found["expected"] == pytest.approx(10 / 60)
    assert found["interval_low"] < 0.8 < found["interval_high"]
    assert found["title"] == (
        "Deals of segment Small are lost on price more often than others: 80 % of its lost deals,"
        " elsewhere 17 %."
    )
    assert "20 of 25 deals lost for a known reason were lost on price" in found["evidence"]
    # Each lost deal is worth 1,000; for a quarter, half of what 26 weeks surely have too much.
    assert 3000 < found["value_at_stake"] < 25 / 2 * 1000
    assert marts.rows(
        f"select count(*) from marts.{found['source_mart']} where {found['source_filter']}"
    ) == [(25,)]


def test_a_finding_is_new_once_and_known_by_its_own_week(marts: Warehouse) -> None:
    known = weeks(marts, PRICE)
    assert known[0][2] == "new" and {status for _, _, status in known[1:]} == {"open"}
    assert known[0][0] >= "2025-05-05"
    assert item(marts, PRICE)["weeks_open"] == len(known)


def test_the_breach_of_a_promise_is_the_finding_that_explains_it(marts: Warehouse) -> None:
    # May: 8 of 40 and 78 of 80 answered in time, with 4 of 4 others 90 of 124: 0.8 was promised.
    (broken,) = marts.rows(
        "select status, kept_count, due_count from marts.sla_ledger"
        " where promise_id = 'respond' and period_start = '2025-05-01'"
    )
    assert broken == ("broken", 90, 124)
    # Without the North it is kept: one item, about the North.
    assert item(marts, SLOW, "2025-06-02")["measured"] == 0.8
    assert weeks(marts, item_id("breach", "respond")) == []


def test_a_promise_that_is_no_share_is_what_it_is(marts: Warehouse) -> None:
    # May ends in the week of the 26th, whose Sunday is 1 June: 124 leads where 500 were promised.
    # The week in which it is closed is its last; June ends only after as-of.
    assert weeks(marts, TOO_FEW) == [
        ("2025-05-26", "breach", "new"),
        ("2025-06-02", "breach", "closed"),
    ]
    found = item(marts, TOO_FEW, "2025-05-26")
    assert (found["expected"], found["accountable_team"]) == (500, "marketing")
    assert found["decision"] == "Two more webinars"


def test_a_promise_of_all_is_broken_by_one(marts: Warehouse) -> None:
    found = item(marts, NO_REASON, "2025-05-26")
    # Three of four rejections have a reason, and all were promised one.
    assert (found["measured"], found["expected"], found["sample_size"]) == (0.75, 1, 4)
    # June has not ended: the verdict on May stands.
    assert item(marts, NO_REASON)["status"] == "open"


def test_a_missed_target_names_who_missed_it(marts: Warehouse) -> None:
    found = item(marts, BEHIND)
    # None of 85 deals was won. In May it was none of 77: 52 of Large, held to the total's 50 %,
    # and 25 of Small, whose own target is 40 %: 52/77 * 0.5 and 25/77 * (0.4 + 0.1).
    assert (found["measured"], found["expected"], found["sample_size"]) == (0, 0.5, 85)
    assert (
        " In the month from 2025-05-01 it was -50 % from its target; most of it by segment Large"
        " (-34 %: rate -34 %, mix 0 %) and channel "
    ) in found["evidence"]


def test_an_accepted_lead_without_a_call(marts: Warehouse) -> None:
    # Accepted on Tuesday, 3 June: a week later it has waited too long. One call was before.
    assert [week for week, _, _ in weeks(marts, WAITING)] == ["2025-06-09", "2025-06-16", NEWEST]
    found = item(marts, WAITING)
    assert found["title"] == "One accepted lead waits for a first call in region South."
    assert "For example W1." in found["evidence"]
    assert (found["item_kind"], found["accountable_team"]) == ("opportunity", "sales")


def test_actions_are_shown_without_addresses(marts: Warehouse) -> None:
    found = item(marts, PRICE)
    assert found["decision"] == "Ask (address) for a new list"
    assert (found["owner"], found["due"]) == ("sales", date(2025, 6, 15))
    # Due on the 15th: overdue from the week that ends on the 22nd.
    assert found["is_overdue"] and not item(marts, PRICE, "2025-06-09")["is_overdue"]


def test_an_action_without_an_item_stays_until_it_is_done(marts: Warehouse) -> None:
    assert weeks(marts, UNKNOWN) == [(NEWEST, "action", "open")]
    assert item(marts, UNKNOWN)["title"] == "Still to be done: Meet in person"


def test_findings_come_first_and_ranks_are_dense(marts: Warehouse) -> None:
    order = ["finding", "breach", "kpi_move", "opportunity", "data", "action"]
    for week, kinds, ranks in marts.rows(
        "select week_start, list(item_kind order by rank), list(rank order by rank)"
        " from marts.review_agenda where status <> 'closed' group by week_start"
    ):
        assert kinds == sorted(kinds, key=order.index), week
        assert ranks == sorted(set(ranks))


def test_the_gate_holds(marts: Warehouse) -> None:
    from expectations.suites.agenda import review_agenda

    for expectation in review_agenda():
        if "_is_in_dim_" not in expectation.name:
            query = f"select {expectation.faults} from marts.review_agenda"
            assert marts.rows(query) == [(0,)], expectation.name
