"""Components and scorecard of a small company, worked out by hand.

Belongs here: what `kpi_components` and `kpi_scorecard` must say. Does not belong here: how
journeys come about (`test_funnel`).

The fiscal year begins in April. As of 15 July 2025:

| day         | what                                                                     |
|-------------|--------------------------------------------------------------------------|
| 2024-05-06  | 1 lead, Small                                                            |
| 2025-05-05  | 4 leads: 3 Small, 1 without a segment; 10 EUR spent                      |
| 2025-05-13  | 2 leads, Large; 6 EUR spent for Large                                    |
| 2025-05-07  | a deal of 100 EUR from a Small lead, won on 2025-05-20                   |
| 2025-05-14  | a deal of 300 EUR from a Large lead, lost on 2025-06-03                  |
| 2025-06-05  | a deal of 50 USD (45 EUR) from nobody, still open                        |
| 2025-06-20  | a deal of 500 EUR from nobody, won on a day that nobody knows             |
| 2025-07-01  | two deals from nobody, won on 2025-07-08: of 100 EUR, and of no amount   |
"""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

AS_OF = "2025-07-15 12:00:00"
LEADS = [
    {"source_id": "l1", "created_at": "2024-05-06", "segment": "Small"},
    {"source_id": "l2", "created_at": "2025-05-05", "segment": "Small"},
    {"source_id": "l3", "created_at": "2025-05-05", "segment": "Small"},
    {"source_id": "l4", "created_at": "2025-05-05", "segment": "Small"},
    {"source_id": "l5", "created_at": "2025-05-05"},
    {"source_id": "l6", "created_at": "2025-05-13", "segment": "Large", "region": "North"},
    {"source_id": "l7", "created_at": "2025-05-13", "segment": "Large", "region": "North"},
]
DEALS = [
    {
        "source_id": "d1",
        "lead_id": "l2",
        "created_at": "2025-05-07",
        "closed_at": "2025-05-20",
        "is_won": True,
        "amount": 100,
        "currency": "EUR",
    },
    {
        "source_id": "d2",
        "lead_id": "l6",
        "created_at": "2025-05-14",
        "closed_at": "2025-06-03",
        "is_won": False,
        "is_closed": True,
        "amount": 300,
        "currency": "EUR",
    },
    {"source_id": "d3", "created_at": "2025-06-05", "amount": 50, "currency": "USD"},
    *(
        {
            "source_id": source_id,
            "created_at": "2025-07-01",
            "closed_at": "2025-07-08",
            "is_won": True,
            "amount": amount,
            "currency": "EUR",
        }
        for source_id, amount in [("d4", 100), ("d5", None)]
    ),
    {
        "source_id": "d6",
        "created_at": "2025-06-20",
        "is_won": True,
        "amount": 500,
        "currency": "EUR",
    },
]
ADS = [
    {"report_date": "2025-05-05", "campaign_id": "c1", "cost": 10, "currency": "EUR"},
    {
        "report_date": "2025-05-13",
        "campaign_id": "c2",
        "cost": 6,
        "currency": "EUR",
        "segment": "Large",
    },
]
# What the agreement as shipped derives from inputs that this company lacks.
LACKING = {
    "acceptance_rate": "input_missing:leads_accepted",
    "response_minutes_median": "input_missing:response_minutes",
    "response_in_promise_rate": "input_missing:responses_in_promise",
    "follow_up_rate": "input_missing:leads_followed_up",
    "influenced_pipeline": "input_missing:influenced_pipeline",
    "sourced_pipeline_by_creator": "input_missing:sourced_pipeline_by_creator",
    "win_rate_renewal": "input_missing:wins_renewal",
    "cac": "input_missing:acquisition_cost",
    "cac_payback_months": "input_missing:acquisition_cost",
    "ltv_to_cac": "input_missing:acquisition_cost",
    "roas": "input_missing:paid_won_value",
    "price_realization": "input_missing:sold_value_won",
    "average_discount": "input_missing:discount_value_won",
    "quota_attainment": "input_missing:quota",
    "forecast": "input_missing:forecast",
    "forecast_attainment": "input_missing:forecast",
    "margin": "input_missing:gross_margin_share",
}
KPIS = [
    ("leads", "sum", "leads", "", "count", "up", "marketing"),
    ("mqls", "sum", "mqls", "", "count", "up", "marketing"),
    ("wins", "sum", "wins", "", "count", "up", "sales"),
    ("pipeline_created", "sum", "pipeline_created", "", "currency", "up", "both"),
    ("won_value", "sum", "won_value", "", "currency", "up", "sales"),
    ("spend", "sum", "spend", "", "currency", "down", "marketing"),
    ("win_rate", "ratio", "wins", "closed", "share", "up", "sales"),
    ("cost_per_lead", "ratio", "spend", "leads", "currency", "down", "marketing"),
    ("lead_to_mql", "ratio", "mqls", "leads", "share", "up", "marketing"),
    # A KPI of the company's own, from components that are there.
    ("deal_size", "ratio", "won_value", "wins", "currency", "up", "sales"),
    # And derived ones: of a ratio, of a derived KPI, of that one, and of a missing setting.
    ("deal_in_thousands", "derived", "deal_size", "1000", "currency", "up", "sales"),
    ("spend_share", "derived", "spend", "1000 * deal_in_thousands", "share", "down", "marketing"),
    ("half_spend_share", "derived", "0.5 * spend_share", "", "share", "down", "marketing"),
    ("margin", "derived", "won_value * gross_margin_share", "", "currency", "up", "sales"),
]


def _shipped() -> list[dict[str, Any]]:
    """The KPIs of the agreement as shipped, without those that are defined above."""
    own = {kpi[0] for kpi in KPIS}
    path = PROJECT_ROOT / "orchestration" / "defaults" / "agreement" / "kpis.csv"
    with path.open(encoding="utf-8") as file:
        return [{**row, "position": ""} for row in csv.DictReader(file) if row["kpi_id"] not in own]


AGREEMENT: dict[str, list[dict[str, Any]]] = {
    "kpis": [
        {
            "kpi_id": kpi_id,
            "kpi_name": kpi_id,
            "kind": kind,
            "numerator": numerator,
            "denominator": denominator,
            "unit": unit,
            "direction": direction,
            "owner_team": owner,
            "formula": kpi_id,
        }
        for kpi_id, kind, numerator, denominator, unit, direction, owner in KPIS
    ]
    + _shipped(),
    "targets": [
        {
            "kpi_id": kpi_id,
            "period_grain": "month",
            "period_start": start,
            "segment": segment,
            "channel_id": "",
            "region": "",
            "target_value": target,
        }
        for kpi_id, start, segment, target in [
            ("leads", "2025-05-01", "", 12),
            ("leads", "2025-05-01", "Small", 2),
            ("leads", "2025-06-01", "Small", 5),
            ("leads", "2025-09-01", "", 5),
            ("spend", "2025-05-01", "", 8),
        ]
    ],
    "fx_rates": [{"rate_date": "2025-01-01", "currency": "USD", "rate": "0.9"}],
}
TARGETS = [
    {"kpi_id": "wins", "period_grain": "month", "period_start": "2025-05-01", "target_value": 2},
    # The agreement has this one too, and its word counts.
    {"kpi_id": "leads", "period_grain": "month", "period_start": "2025-05-01", "target_value": 99},
]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    home = tmp_path_factory.mktemp("kpis")
    lake = LakeBuilder(home, company={"fiscal_year_start_month": 4}, agreement=AGREEMENT)
    lake.load("crm", "leads", {"lead": LEADS})
    lake.load("crm", "deals", {"opportunity": DEALS})
    lake.load("plan", "targets", {"target": TARGETS})
    campaigns = [
        {"source_id": campaign_id, "name": campaign_id, "channel": "Paid search"}
        for campaign_id in ("c1", "c2")
    ]
    lake.load("ads", "campaigns", {"campaign": campaigns})
    lake.load("ads", "days", {"ad_report": ADS})
    lake.finish()
    return run_dbt(home, as_of=AS_OF, command="run", select=["+kpi_scorecard", "+dim_kpi"])


def _cell(
    marts: Warehouse,
    kpi_id: str,
    start: str,
    grain: str = "month",
    segment: str = "(all)",
    channel_id: str = "(all)",
    region: str = "(all)",
) -> dict[str, Any]:
    rows = marts.dicts(
        f"select * from marts.kpi_scorecard where kpi_id = '{kpi_id}'"
        f" and period_grain = '{grain}' and period_start = '{start}' and segment = '{segment}'"
        f" and channel_id = '{channel_id}' and region = '{region}'"
    )
    assert len(rows) == 1, rows
    return rows[0]


@pytest.mark.parametrize(
    ("kpi_id", "start", "grain", "value"),
    [
        ("leads", "2025-05-01", "month", 6.0),
        ("leads", "2025-06-01", "month", 0.0),
        ("leads", "2024-05-06", "day", 1.0),
        ("leads", "2025-05-05", "week", 4.0),
        ("leads", "2025-05-12", "week", 2.0),
        ("leads", "2025-04-01", "quarter", 6.0),
        ("leads", "2024-04-01", "year", 1.0),
        ("leads", "2025-04-01", "year", 6.0),
        ("wins", "2025-05-01", "month", 1.0),
        ("pipeline_created", "2025-05-01", "month", 400.0),
        ("pipeline_created", "2025-06-01", "month", 545.0),
        # Won on an unknown day: in no period, by number or by value.
        ("wins", "2025-06-01", "month", 0.0),
        ("won_value", "2025-06-01", "month", 0.0),
        ("wins", "2025-04-01", "year", 3.0),
        ("won_value", "2025-04-01", "year", 200.0),
        ("won_value", "2025-05-01", "month", 100.0),
        ("spend", "2025-05-01", "month", 16.0),
        ("win_rate", "2025-05-01", "month", 1.0),
        ("win_rate", "2025-06-01", "month", 0.0),
        ("win_rate", "2025-04-01", "quarter", 0.5),
        ("cost_per_lead", "2025-05-01", "month", 16 / 6),
        ("cost_per_lead", "2025-05-12", "week", 3.0),
        ("deal_size", "2025-05-01", "month", 100.0),
        ("deal_in_thousands", "2025-05-01", "month", 0.1),
        ("spend_share", "2025-05-01", "month", 0.16),  # 16 of 100
        ("half_spend_share", "2025-05-01", "month", 0.08),
        # An average is one of known amounts: 100 of one deal, and not 50 of two.
        ("wins", "2025-07-01", "month", 2.0),
        ("average_won_value", "2025-07-01", "month", 100.0),
        ("average_won_value_new", "2025-07-01", "month", 100.0),
        ("cycle_days_median", "2025-05-01", "month", 13.0),
        ("pipeline_open", "2025-05-31", "day", 300.0),
        ("pipeline_open", "2025-05-01", "month", 300.0),
        ("pipeline_open", "2025-07-01", "month", 45.0),  # as of 15 July
    ],
)
def test_value_in_total(
    marts: Warehouse, kpi_id: str, start: str, grain: str, value: float
) -> None:
    assert _cell(marts, kpi_id, start, grain)["value"] == pytest.approx(value, abs=1e-9)


def test_slices_add_up_to_the_total(marts: Warehouse) -> None:
    by_segment = marts.rows(
        "select segment, value from marts.kpi_scorecard where kpi_id = 'leads'"
        " and period_grain = 'month' and period_start = '2025-05-01' and segment <> '(all)'"
        " order by segment"
    )
    assert by_segment == [("(none)", 1.0), ("Large", 2.0), ("Small", 3.0)]
    assert _cell(marts, "leads", "2025-05-01", region="(none)")["value"] == 4.0
    for slice_column in ("segment", "channel_id", "region"):
        differing = marts.rows(f"""
            select kpi_id, period_grain, period_start
            from marts.kpi_scorecard
            where kind in ('sum', 'stock') and null_reason is null
            group by all
            having abs(
                sum(value) filter ({slice_column} <> '(all)')
                - max(value) filter (segment || channel_id || region = '(all)(all)(all)')
            ) > 1e-9
        """)
        assert differing == []


def test_a_slice_that_falls_to_zero_stays_in_sight(marts: Warehouse) -> None:
    # Large: 2 leads on 13 May 2025, none before or after.
    for grain, start, value, previous in [
        ("week", "2025-05-12", 2, 0), ("week", "2025-05-19", 0, 2), ("week", "2025-07-14", 0, 0),
        ("month", "2025-06-01", 0, 2), ("month", "2025-07-01", 0, 0),
        ("quarter", "2025-07-01", 0, 2),
    ]:  # fmt: skip
        cell = _cell(marts, "leads", start, grain, segment="Large")
        assert (cell["value"], cell["previous_value"]) == (value, previous), (grain, start)
    # One was a deal of 300, lost on 3 June: open at the end of May, and not of June.
    assert _cell(marts, "pipeline_open", "2025-05-01", segment="Large")["value"] == 300
    assert _cell(marts, "pipeline_open", "2025-06-01", segment="Large")["value"] == 0
    # Small won in May; a median of none is empty and not 0, and so is a share of nothing.
    for kpi_id, reason in [("cycle_days_median", "sample_empty"), ("win_rate", "denominator_zero")]:
        assert _cell(marts, kpi_id, "2025-05-01", segment="Small")["null_reason"] is None
        cell = _cell(marts, kpi_id, "2025-06-01", segment="Small")
        assert (cell["value"], cell["null_reason"]) == (None, reason)
    # Neither before it counts anything, nor by day.
    periods = marts.rows(
        "select period_grain, min(period_start), count(*) from marts.kpi_scorecard"
        " where kpi_id = 'leads' and segment = 'Large' and period_grain in ('day', 'month')"
        " group by period_grain order by period_grain"
    )
    assert periods == [("day", date(2025, 5, 13), 1), ("month", date(2025, 5, 1), 3)]


def test_spend_has_the_channel_of_its_campaign(marts: Warehouse) -> None:
    assert _cell(marts, "spend", "2025-05-01", channel_id="paid_search")["value"] == 16.0
    cell = _cell(marts, "cost_per_lead", "2025-05-01", channel_id="unattributed")
    assert (cell["numerator"], cell["denominator"]) == (Decimal(0), Decimal(6))
    assert _cell(marts, "cost_per_lead", "2025-05-01", segment="Large")["value"] == 3.0


def test_a_zero_denominator_has_no_value(marts: Warehouse) -> None:
    cell = _cell(marts, "cost_per_lead", "2025-04-01")
    assert (cell["value"], cell["null_reason"]) == (None, "denominator_zero")
    assert (cell["numerator"], cell["denominator"]) == (Decimal(0), Decimal(0))


def test_spend_is_unknown_after_the_last_report(marts: Warehouse) -> None:
    # The last day that any ad report has is Tuesday, 13 May.
    for kpi_id in ("spend", "cost_per_lead"):
        for start, grain in [
            ("2025-05-14", "day"), ("2025-05-19", "week"), ("2025-06-01", "month"),
            ("2025-07-01", "quarter"),
        ]:  # fmt: skip
            cell = _cell(marts, kpi_id, start, grain)
            assert (cell["value"], cell["numerator"]) == (None, None)
            assert cell["null_reason"] == "not_reported_yet"
    assert _cell(marts, "spend", "2025-05-12", "day")["value"] == 0.0
    assert _cell(marts, "spend", "2025-05-12", "week")["value"] == 6.0
    assert _cell(marts, "spend", "2025-04-01", "year")["value"] == 16.0
    assert _cell(marts, "leads", "2025-06-01")["value"] == 0.0


def test_a_missing_input_is_null_and_never_zero(marts: Warehouse) -> None:
    for kpi_id in ("mqls", "lead_to_mql"):
        cells = marts.rows(
            "select distinct value, null_reason, numerator, previous_value, year_ago_value"
            f" from marts.kpi_scorecard where kpi_id = '{kpi_id}'"
        )
        assert cells == [(None, "input_missing:mqls", None, None, None)]


@pytest.mark.parametrize("kpi_id", LACKING)
def test_what_the_company_lacks_is_named(marts: Warehouse, kpi_id: str) -> None:
    cell = _cell(marts, kpi_id, "2025-05-01")
    assert (cell["value"], cell["null_reason"]) == (None, LACKING[kpi_id])


def test_past_values(marts: Warehouse) -> None:
    may = _cell(marts, "leads", "2025-05-01")
    assert (may["previous_value"], may["year_ago_value"]) == (0.0, 1.0)
    assert _cell(marts, "leads", "2025-06-01")["previous_value"] == 6.0
    assert _cell(marts, "leads", "2025-05-05", "week")["year_ago_value"] == 1.0
    assert _cell(marts, "leads", "2025-05-12", "week")["previous_value"] == 4.0
    assert _cell(marts, "leads", "2025-04-01", "year")["previous_value"] == 1.0
    # A slice that counted nothing before: 0 inside the time that is covered, unknown before.
    assert _cell(marts, "leads", "2025-05-01", segment="Large")["previous_value"] == 0.0
    first = _cell(marts, "leads", "2024-05-01")
    assert (first["previous_value"], first["year_ago_value"]) == (None, None)


def test_targets(marts: Warehouse) -> None:
    leads = _cell(marts, "leads", "2025-05-01")
    assert (leads["target"], leads["attainment"]) == (12.0, 0.5)
    assert _cell(marts, "leads", "2025-05-01", segment="Small")["attainment"] == 1.5
    # Less is better: 8 planned, 16 spent.
    assert _cell(marts, "spend", "2025-05-01")["attainment"] == 0.5
    assert _cell(marts, "wins", "2025-05-01")["attainment"] == 0.5
    # A target for a slice without events is missed, and seen.
    missed = _cell(marts, "leads", "2025-06-01", segment="Small")
    assert (missed["value"], missed["attainment"]) == (0.0, 0.0)
    assert _cell(marts, "leads", "2025-05-01", segment="Large")["target"] is None


def test_periods_run_from_the_first_day_to_as_of(marts: Warehouse) -> None:
    for grain, first, last, count in [
        ("day", date(2024, 5, 6), date(2025, 7, 15), 436),
        ("week", date(2024, 5, 6), date(2025, 7, 14), 63),
        ("month", date(2024, 5, 1), date(2025, 7, 1), 15),
        ("quarter", date(2024, 4, 1), date(2025, 7, 1), 6),
        ("year", date(2024, 4, 1), date(2025, 4, 1), 2),
    ]:
        periods = marts.rows(
            "select min(period_start), max(period_start), count(*) from marts.kpi_scorecard"
            f" where kpi_id = 'leads' and period_grain = '{grain}'"
            " and segment = '(all)' and channel_id = '(all)' and region = '(all)'"
        )
        assert periods == [(first, last, count)], grain


def test_each_component_is_known_to_the_agreement(marts: Warehouse) -> None:
    drilled = marts.rows(
        "select count(*) from marts.dim_kpi where numerator_fact is null and kind <> 'derived'"
    )
    assert drilled == [(0,)]
