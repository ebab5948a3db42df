"""Promises and evidence where periods, lines and slices do not meet, worked out by hand.

Belongs here: silences longer than a period, lines that begin within one, segments and months
without any work, fiscal quarters, plans without a campaign. Does not belong here: the plain
cases (`test_sla`, `test_evidence`).

The company is in Berlin, its fiscal year begins in February: quarters begin on 1 February, 1 May
and so on. It is 31 August 2025.
"""

from __future__ import annotations

import pytest

from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

AS_OF = "2025-08-31 20:00:00"
MARTS = (
    "sla_ledger",
    "sla_breaches",
    "sales_effort",
    "price_evidence",
    "market_coverage",
    "plan_and_pipeline",
    "kpi_drivers",
    "funnel_conversion",
)


def promise(promise_id: str, measure: str, threshold: int, valid_from: str) -> dict:
    return {
        "promise_id": promise_id,
        "promise_name": promise_id,
        "promised_by": "sales" if measure == "stuck_days" else "marketing",
        "measure": measure,
        "threshold": threshold,
        "period_grain": "month",
        "valid_from": valid_from,
    }


def deal(
    name: str, segment: str, created: str | None, closed: str | None = None, **more: object
) -> dict:
    return {
        "source_id": name,
        "segment": segment,
        "created_at": created,
        "closed_at": closed,
        "is_closed": closed is not None,
        "is_won": closed is not None,
        "amount": 100,
        "currency": "EUR",
        "opportunity_type": "new",
        **more,
    }


DEALS = [
    # Nobody has worked on it since the day on which it was made.
    deal("D1", "Small", "2025-03-02"),
    deal("D2", "Large", "2025-03-01", "2025-03-10"),
    deal("D3", "Large", "2025-04-01", "2025-04-10"),
    deal("D4", "Old", None, "2025-06-05", opportunity_type="renewal"),
]
# (segment, lost deals, of these on price)
LOSSES = [("Seven", 30, 7), ("Eight", 30, 8), ("Rest", 300, 0)]
LOST = [
    deal(
        f"{segment}{number}",
        segment,
        "2025-01-10",
        "2025-01-10",
        is_won=False,
        lost_reason="Price" if number < on_price else "Timing",
    )
    for segment, lost, on_price in LOSSES
    for number in range(lost)
]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    lake = LakeBuilder(
        tmp_path_factory.mktemp("sla_edges"),
        company={"timezone": "Europe/Berlin", "fiscal_year_start_month": "2"},
        agreement={
            "promises": [
                promise("work_on", "stuck_days", 14, "2025-03-01"),
                promise("late", "stuck_days", 14, "2025-03-20"),
                promise("changed", "stuck_days", 14, "2025-03-01"),
                promise("changed", "stuck_days", 40, "2025-04-10"),
                promise("deliver", "leads", 2, "2025-01-01"),
                promise("deliver", "leads", 5, "2025-03-20"),
                promise("begun", "leads", 1, "2025-03-20"),
            ],
            "target_market": [
                {
                    "segment": "Small",
                    "region": "DACH",
                    "valid_from": "2025-01-01",
                    "companies": 10,
                }
            ],
        },
    )
    lake.load(
        "crm",
        "all",
        {
            "opportunity": DEALS + LOST,
            "lead": [
                {"source_id": "L1", "created_at": "2025-03-10", "mql_at": "2025-03-12"},
                {"source_id": "L2", "created_at": "2025-03-10"},
                {"source_id": "L3", "created_at": "2025-03-10"},
            ],
            "account": [
                {
                    "source_id": name,
                    "name": f"Company {name}",
                    "segment": segment,
                    "region": region,
                    "created_at": "2025-01-01",
                }
                for name, segment, region in (
                    ("A1", "Small", "DACH"),
                    ("A2", "Small", "UK"),
                    ("A3", "Large", "DACH"),
                )
            ],
            "campaign": [{"source_id": "C1", "name": "Spring"}],
        },
    )
    lake.load(
        "crm",
        "activities",
        {
            "activity": [
                {"activity_type": "call", "account_id": "A1", "occurred_at": "2025-01-15 10:00"},
                {
                    "activity_type": "call",
                    "opportunity_id": "D1",
                    "occurred_at": "2025-03-02 10:00",
                },
            ]
        },
    )
    lake.load(
        "books",
        "costs",
        {
            "cost": [
                {
                    "period_start": f"2025-{month}-01",
                    "period_grain": "month",
                    "team": "marketing",
                    "amount": amount,
                    "currency": "EUR",
                }
                for month, amount in (("03", 500), ("04", 10100))
            ]
        },
    )
    lake.load(
        "plan",
        "plan",
        {
            "marketing_plan": [
                {
                    "segment": "Small",
                    "starts_on": "2025-03-03",
                    "ends_on": "2025-03-16",
                    "planned_budget": 140,
                    "currency": "EUR",
                    "accounts": "a;b",
                },
                {
                    "campaign_id": "C1",
                    "starts_on": "2025-03-03",
                    "ends_on": "2025-03-09",
                    "planned_budget": 70,
                    "currency": "ISK",
                },
            ]
        },
    )
    lake.finish()
    return run_dbt(lake.home, AS_OF, "run", select=[f"+{name}" for name in MARTS])


def test_a_silence_breaks_the_promise_in_every_period(marts: Warehouse) -> None:
    """Silent from 2 March on: the fifteenth day is 17 March. Days of silence by the end of March
    29, of April 59, of May 90, of June 120, of July 151 and of August 182. A day in Berlin begins
    at 23 o'clock UTC, from 30 March on at 22."""
    breaches = marts.rows(
        "select cast(started_date as varchar), cast(started_at as varchar),"
        " cast(due_at as varchar), measured, minutes_late from marts.sla_breaches"
        " where promise_id = 'work_on' order by period_start"
    )
    due = "2025-03-16 23:00:00"
    assert breaches == [
        ("2025-03-17", due, due, 29, 15 * 1440),
        ("2025-04-01", "2025-03-31 22:00:00", due, 59, 45 * 1440),
        ("2025-05-01", "2025-04-30 22:00:00", due, 90, 76 * 1440),
        ("2025-06-01", "2025-05-31 22:00:00", due, 120, 106 * 1440),
        ("2025-07-01", "2025-06-30 22:00:00", due, 151, 137 * 1440),
        ("2025-08-01", "2025-07-31 22:00:00", due, 182, 168 * 1440),
    ]
    # D2 was closed in March and D3 in April, each after nine days.
    assert _ledger(marts, "work_on") == [
        ("2025-03-01", 14, 2, 1, "broken"),
        ("2025-04-01", 14, 2, 1, "broken"),
        *((f"2025-0{month}-01", 14, 1, 1, "broken") for month in (5, 6, 7, 8)),
    ]


def _ledger(marts: Warehouse, promise_id: str) -> list[tuple]:
    return marts.rows(
        "select cast(period_start as varchar), threshold, due_count, broken_count, status"
        f" from marts.sla_ledger where promise_id = '{promise_id}' and period_start <= '2025-08-01'"
        " order by period_start, valid_from"
    )


def test_a_line_that_begins_within_a_period_judges_its_own_days(marts: Warehouse) -> None:
    started = marts.rows(
        "select cast(valid_from as varchar), cast(started_date as varchar), measured"
        " from marts.sla_breaches where promise_id in ('late', 'changed')"
        " and started_date < '2025-05-01' order by promise_id, started_date, valid_from"
    )
    assert started == [
        ("2025-03-01", "2025-03-17", 29),
        # Up to the line's last day, 9 April; by the next line the fortieth day is 11 April.
        ("2025-03-01", "2025-04-01", 38),
        ("2025-04-10", "2025-04-12", 59),
        ("2025-03-20", "2025-03-20", 29),
        ("2025-03-20", "2025-04-01", 59),
    ]
    # When the line began D2 was closed.
    assert _ledger(marts, "late")[0] == ("2025-03-01", 14, 1, 1, "broken")
    # D3 was open on days of both lines.
    assert _ledger(marts, "changed")[:3] == [
        ("2025-03-01", 14, 2, 1, "broken"),
        ("2025-04-01", 14, 2, 1, "broken"),
        ("2025-04-01", 40, 2, 1, "broken"),
    ]


def test_a_kpi_is_judged_by_the_line_of_the_first_day(marts: Warehouse) -> None:
    """Three leads in March, two promised until the 19th and five from the 20th."""
    judged = [row for row in _ledger(marts, "deliver") if row[0] in ("2025-03-01", "2025-04-01")]
    assert judged == [("2025-03-01", 2, 0, 0, "kept"), ("2025-04-01", 5, 0, 0, "broken")]
    assert _ledger(marts, "begun")[0][0] == "2025-04-01"


def test_no_effort_is_a_row_too(marts: Warehouse) -> None:
    rows = marts.rows(
        "select cast(period_start as varchar), segment, activities, open_deals, won_value_share"
        " from marts.sales_effort where period_grain = 'month'"
        " and period_start in ('2025-02-01', '2025-03-01', '2025-06-01')"
        " order by period_start, segment"
    )
    assert rows == [
        # In February nobody did anything.
        ("2025-02-01", "(all)", 0, 0, None),
        ("2025-03-01", "(all)", 1, 2, 1),
        ("2025-03-01", "(none)", 0, 0, None),
        ("2025-03-01", "Large", 0, 1, 1),
        ("2025-03-01", "Small", 1, 1, None),
        # A deal whose first day nobody knows was won.
        ("2025-06-01", "(all)", 0, 1, 1),
        ("2025-06-01", "Old", 0, 0, 1),
        ("2025-06-01", "Small", 0, 1, None),
    ]


def test_a_share_of_few_losses_is_no_verdict(marts: Warehouse) -> None:
    """Seven of 30 begin at 0.118, eight of 30 at 0.142; the others' 8 of 330 and 7 of 330 end at
    0.047 and 0.043. Both are above, but seven are too few."""
    verdicts = marts.rows(
        "select segment, lost_on_price,"
        " price_loss_share_low > other_segments_price_loss_share_high, is_above_others"
        " from marts.price_evidence where period_grain = 'month'"
        " and product_id = '(all)' and segment in ('Seven', 'Eight') order by lost_on_price"
    )
    assert verdicts == [("Seven", 7, True, False), ("Eight", 8, True, True)]


def test_only_accounts_of_the_agreed_market_are_part_of_it(marts: Warehouse) -> None:
    """Ten small companies in DACH are wanted; of three known accounts one is such a company."""
    shares = marts.rows(
        "select segment, region, companies_in_market, known_accounts, known_share"
        " from marts.market_coverage where period_grain = 'month' and period_start = '2025-03-01'"
        " and segment in ('(all)', 'Small') order by segment, region"
    )
    assert shares == [
        ("(all)", "(all)", 10, 3, 0.1),
        ("(all)", "(none)", None, 0, None),  # a deal won from nobody, without a region
        ("(all)", "DACH", 10, 2, 0.1),
        ("(all)", "UK", None, 1, None),
        ("Small", "(all)", 10, 2, 0.1),
        ("Small", "DACH", 10, 1, 0.1),
        ("Small", "UK", None, 1, None),
    ]


def test_what_cannot_be_split_explains_nothing(marts: Warehouse) -> None:
    """A win in March cost 500, one in April 10,100; costs have no segment, channel or region."""
    costs = marts.rows(
        "select value from marts.kpi_scorecard where kpi_id = 'cac' and period_grain = 'month'"
        " and segment = '(all)' and channel_id = '(all)' and region = '(all)'"
        " and period_start in ('2025-03-01', '2025-04-01') order by period_start"
    )
    assert costs == [(500,), (10100,)]
    assert not marts.rows("select * from marts.kpi_drivers where kpi_id = 'cac'")
    # August ends with as-of's day and is compared; the quarter from August on, which runs, is not.
    last = marts.rows(
        "select cast(max(case when period_grain = 'month' then period_start end) as varchar),"
        " cast(max(case when period_grain = 'quarter' then period_start end) as varchar)"
        " from marts.kpi_drivers where kpi_id = 'wins'"
    )
    assert last == [("2025-08-01", "2025-05-01")]


def test_quarters_of_the_fiscal_year_and_intervals(marts: Warehouse) -> None:
    """One of three: with z^2 = 3.841459 the middle is (1 + 1.920729) / 6.841459 = 0.426916, and
    half the width 1.959964 * sqrt(2 / 3 + 0.960365) / 6.841459 = 0.365424."""
    cohorts = marts.rows(
        "select cast(cohort_start as varchar), entered, converted, conversion_rate_low,"
        " conversion_rate_high, is_small_sample from marts.funnel_conversion"
        " where cohort_grain = 'quarter' and step = 'lead_to_mql' and basis = 'cohort'"
        " and evidence = 'observed' and segment = '(all)' and channel_id = '(all)'"
    )
    low, high = pytest.approx(0.061492, abs=1e-6), pytest.approx(0.792340, abs=1e-6)
    assert cohorts == [("2025-02-01", 3, 1, low, high, True)]
    assert marts.rows(
        "select distinct conversion_rate_low from marts.funnel_conversion where basis = 'period'"
    ) == [(None,)]


def test_a_plan_without_a_campaign_and_one_without_a_rate(marts: Warehouse) -> None:
    """140 over 14 days: 70 in each of two weeks."""
    weeks = marts.rows(
        "select cast(week_start as varchar), campaign_id is null, segment, planned_budget,"
        " planned_accounts, leads, currency_without_rate from marts.plan_and_pipeline"
        " where week_start <= '2025-03-10' order by 1, 2"
    )
    assert weeks == [
        ("2025-03-03", False, None, None, None, 0, "ISK"),
        ("2025-03-03", True, "Small", 70, 2, None, None),
        ("2025-03-10", True, "Small", 70, 2, None, None),
    ]
