"""Promises and responsibilities of a small company, worked out by hand.

Two KPIs: `leads` of marketing, `wins` of both teams, for which roles.csv names sales. Promises:
`fast` with three lines (the second ends early, the third is open), `enough` on a KPI.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from orchestration.lib.company.agreement_words import STAGE_IDS
from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

KPIS = [
    {
        "kpi_id": kpi_id,
        "kpi_name": kpi_id,
        "kind": "sum",
        "numerator": kpi_id,
        "unit": "count",
        "direction": "up",
        "owner_team": owner,
        "formula": kpi_id,
    }
    for kpi_id, owner in [("leads", "marketing"), ("wins", "both")]
]


def _promise(promise_id: str, valid_from: str, threshold: int, **more: Any) -> dict[str, Any]:
    return {
        "promise_id": promise_id,
        "promise_name": promise_id,
        "promised_by": "sales",
        "measure": "response_minutes",
        "threshold": threshold,
        "period_grain": "month",
        "valid_from": valid_from,
        **more,
    }


AGREEMENT = {
    "kpis": KPIS,
    "promises": [
        _promise("fast", "2025-07-01", 120, calendar="elapsed", valid_to="2025-07-31"),
        _promise("fast", "2025-01-01", 240, required_share="0.9"),
        _promise("fast", "2025-09-01", 60),
        _promise("tries", "2025-01-01", 3, measure="attempts", segment="Large"),
        _promise("enough", "2025-01-01", 50, measure="leads", promised_by="marketing"),
    ],
    "roles": [
        {"subject_type": kind, "subject_id": subject, "role": role, "team": team, "function": what}
        for kind, subject, role, team, what in [
            ("kpi", "wins", "accountable", "sales", "head of sales"),
            ("kpi", "wins", "responsible", "sales", "inside sales"),
            ("kpi", "wins", "responsible", "sales", "account executives"),
            ("stage", "sal", "accountable", "marketing", ""),
            ("stage", "lead", "consulted", "sales", ""),
            ("promise", "fast", "informed", "sales", "inside sales"),
        ]
    ],
}


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    lake = LakeBuilder(tmp_path_factory.mktemp("agreement"), agreement=AGREEMENT)
    lake.finish()
    select = ["+dim_promise", "+dim_responsibility", "+dim_stage"]
    return run_dbt(lake.home, as_of="2025-12-31 23:59:59", command="build", select=select)


def test_a_line_applies_until_the_next_one(marts: Warehouse) -> None:
    rows = marts.rows(
        "select valid_from, valid_to, threshold, required_share, calendar, unit, promised_to"
        " from marts.dim_promise where promise_id = 'fast' order by valid_from"
    )
    assert rows == [
        # Its end is not given: the day before the next line. Working hours are the default.
        (
            date(2025, 1, 1),
            date(2025, 6, 30),
            Decimal(240),
            0.9,
            "business",
            "minutes",
            "marketing",
        ),
        # Its own end comes before the next line: nothing is promised in August.
        (date(2025, 7, 1), date(2025, 7, 31), Decimal(120), 1.0, "elapsed", "minutes", "marketing"),
        (date(2025, 9, 1), None, Decimal(60), 1.0, "business", "minutes", "marketing"),
    ]


def test_a_promise_is_on_records_or_on_a_kpi(marts: Warehouse) -> None:
    rows = marts.rows(
        "select promise_id, promised_by, measure_kind, required_share, unit, calendar, segment"
        " from marts.dim_promise where promise_id <> 'fast' order by promise_id"
    )
    assert rows == [
        ("enough", "marketing", "kpi", None, "count", None, None),
        ("tries", "sales", "record", 1.0, "attempts", None, "Large"),
    ]


def test_everything_has_one_accountable(marts: Warehouse) -> None:
    rows = marts.rows(
        "select subject_type, subject_id, team, is_default from marts.dim_responsibility"
        " where role = 'accountable' order by subject_type, subject_id"
    )
    assert [row for row in rows if row[0] != "stage"] == [
        ("kpi", "leads", "marketing", True),
        ("kpi", "wins", "sales", False),
        ("promise", "enough", "marketing", True),
        ("promise", "fast", "sales", True),
        ("promise", "tries", "sales", True),
    ]
    stages = {subject: (team, default) for kind, subject, team, default in rows if kind == "stage"}
    assert set(stages) == set(STAGE_IDS)
    # The line in roles.csv goes before the stage's own team, which is sales.
    assert (stages["sal"], stages["won"]) == (("marketing", False), ("sales", True))


def test_the_other_team_is_informed_unless_a_line_names_it(marts: Warehouse) -> None:
    rows = marts.rows(
        "select subject_id, role, team, function, is_default from marts.dim_responsibility"
        " where role <> 'accountable' and subject_id in ('wins', 'sal', 'lead', 'fast')"
        " order by subject_id, role, team, function"
    )
    assert rows == [
        ("fast", "informed", "marketing", None, True),
        ("fast", "informed", "sales", "inside sales", False),
        ("lead", "consulted", "sales", None, False),
        ("sal", "informed", "sales", None, True),
        ("wins", "informed", "marketing", None, True),
        ("wins", "responsible", "sales", "account executives", False),
        ("wins", "responsible", "sales", "inside sales", False),
    ]


def test_stages_say_how_they_are_entered(marts: Warehouse) -> None:
    rows = marts.rows(
        "select entry_rule, stuck_after_days from marts.dim_stage where stage_id = 'won'"
    )
    assert rows == [("the opportunity is closed and won, or the purchase was made", None)]
