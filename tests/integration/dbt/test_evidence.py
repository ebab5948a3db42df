"""What the tables say to the accusations of the two teams, each number worked out by hand.

Belongs here: sales_effort, price_evidence, customer_voice, market_coverage, plan_and_pipeline and
kpi_drivers on a company of two segments. Does not belong here: promises (`test_sla`).

The deals of March 2025 close in the first half of it. Sales records what it does from 3 March on.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

AS_OF = "2025-03-31 23:59:59"
MARTS = (
    "sales_effort",
    "price_evidence",
    "customer_voice",
    "market_coverage",
    "plan_and_pipeline",
    "kpi_drivers",
)


def _deal(
    name: str, segment: str, account: str | None, closed: str, amount: int, lost: str | None = ""
) -> dict[str, Any]:
    """A deal won, or lost for the reason that is given; None is a loss without one."""
    return {
        "source_id": name,
        "created_at": "2025-01-10" if closed > "2025" else closed,
        "closed_at": closed,
        "is_closed": True,
        "is_won": lost == "",
        "lost_reason": lost or None,
        "amount": amount,
        "currency": "EUR",
        "segment": segment,
        "account_id": account,
    }


ACCOUNTS = [
    {"source_id": name, "name": f"Company {name}", "segment": segment, "created_at": "2025-01-01"}
    for segment, names in {
        "Large": ["L1", "L2"],
        "Small": [f"S{number}" for number in range(1, 11)],
    }.items()
    for name in names
]
DEALS = [
    _deal("F1", "Large", "L1", "2025-02-10", 1000),
    _deal("F2", "Large", "L2", "2025-02-12", 400, "Zu teuer"),
    _deal("F3", "Small", "S5", "2025-02-14", 100),
    _deal("F4", "Small", "S6", "2025-02-20", 100, "Timing"),
    _deal("F5", "Small", "S7", "2025-02-21", 100, "Wettbewerber"),
    _deal("F6", "Small", "S8", "2025-02-22", 100, None),
    _deal("M1", "Large", "L2", "2025-03-05", 500, "Price too high"),
    _deal("M2", "Large", "L2", "2025-03-06", 300, "Preis"),
    _deal("M3", "Large", "L2", "2025-03-07", 200, "Competitor"),
    _deal("M4", "Large", "L1", "2025-03-10", 900),
    _deal("M5", "Small", "S1", "2025-03-11", 200),
    _deal("M6", "Small", "S2", "2025-03-12", 200),
    _deal("M7", "Small", "S3", "2025-03-13", 100, "Competitor"),
    _deal("M8", "Small", "S4", "2025-03-14", 100, "Too expensive"),
    {
        "source_id": "O1",
        "created_at": "2025-03-01",
        "amount": 50,
        "currency": "EUR",
        "segment": "Small",
        "account_id": "S10",
    },
]
# Losses of last year: (month, segment, all, of these on price).
LOSSES = [
    ("2024-10-15", "Large", 30, 12),
    ("2024-10-15", "Small", 10, 2),
    ("2024-11-15", "Large", 30, 24),
    ("2024-11-15", "Small", 30, 6),
]
OLD_DEALS = [
    _deal(f"{day}{segment}{n}", segment, None, day, 10, "Price" if n < on_price else "Timing")
    for day, segment, number, on_price in LOSSES
    for n in range(number)
]
# Won from nobody's account; the last on the day before the twelve months up to February 2025.
WON_FROM_NOBODY = [
    _deal("N1", "Large", None, "2024-12-10", 300),
    _deal("N2", "Small", None, "2024-12-11", 40),
    _deal("N3", "Large", None, "2024-02-29", 7),
]
LINES = [
    {
        "opportunity_id": "M4",
        "product_id": "P1",
        "quantity": 2,
        "list_price": 600,
        "sold_price": 450,
    },
    {
        "opportunity_id": "M5",
        "product_id": "P2",
        "quantity": 1,
        "list_price": 200,
        "sold_price": 200,
    },
    {
        "opportunity_id": "M1",
        "product_id": "P1",
        "quantity": 1,
        "list_price": 600,
        "sold_price": 540,
    },
]
LEADS = [
    {
        "source_id": "K1",
        "created_at": "2025-03-03 09:00",
        "email": "one@gmail.com",
        "mql_at": "2025-03-04 10:00",
        "sal_at": "2025-03-05 10:00",
    },
    {
        "source_id": "K2",
        "created_at": "2025-03-03 09:00",
        "email": "two@gmail.com",
        "mql_at": "2025-03-10 10:00",
        "disqualified_at": "2025-03-11 10:00",
        "rejected_reason": "Kein Bedarf",
    },
]
ACTIVITIES = [
    # What marketing's own rep does is no effort of sales, and tells nothing of what sales did.
    {
        "activity_type": "email",
        "opportunity_id": "F2",
        "rep_id": "R3",
        "occurred_at": "2025-02-05 10:00",
    },
    {
        "activity_type": "call",
        "opportunity_id": "M1",
        "rep_id": "R3",
        "occurred_at": "2025-03-04 10:00",
    },
    {
        "activity_type": "call",
        "email": "two@gmail.com",
        "rep_id": "R3",
        "occurred_at": "2025-03-10 11:00",
    },
    *(
        {"activity_type": "call", "opportunity_id": "M4", "rep_id": "R1", "occurred_at": time}
        for time in ("2025-03-03 10:00", "2025-03-04 10:00", "2025-03-05 10:00")
    ),
    *(
        {
            "activity_type": "email",
            "direction": "inbound",
            "account_id": "L1",
            "rep_id": "R1",
            "occurred_at": time,
        }
        for time in ("2025-03-06 10:00", "2025-03-06 11:00")
    ),
    {
        "activity_type": "meeting",
        "account_id": "L1",
        "rep_id": "R1",
        "occurred_at": "2025-03-07 10:00",
    },
    *(
        {"activity_type": "call", "opportunity_id": "M5", "rep_id": "R2", "occurred_at": time}
        for time in ("2025-03-04 10:00", "2025-03-05 10:00")
    ),
    {
        "activity_type": "email",
        "direction": "outbound",
        "opportunity_id": "M6",
        "rep_id": "R2",
        "occurred_at": "2025-03-03 10:00",
    },
    {
        "activity_type": "task",
        "opportunity_id": "M7",
        "rep_id": "R2",
        "occurred_at": "2025-03-04 10:00",
    },
    {"activity_type": "call", "lead_id": "K1", "rep_id": "R2", "occurred_at": "2025-03-04 10:30"},
]
FEEDBACK = [
    {"recorded_at": f"2025-03-{day} 12:00", "feedback_type": kind, "topic": topic, **about}
    for day, kind, topic, about in [
        ("03", "competitor", " Acme", {"opportunity_id": "M1"}),
        ("04", "competitor", "acme", {"opportunity_id": "M3"}),
        ("05", "competitor", "Rival, ask jane@example.com", {"opportunity_id": "M7"}),
        ("06", "price", "Too high", {"opportunity_id": "M1", "campaign_id": "C1"}),
        ("05", "feature", "Export", {"lead_id": "K1"}),
    ]
]
PLAN = [
    {
        "campaign_id": "C1",
        "starts_on": "2025-03-03",
        "ends_on": "2025-03-16",
        "planned_budget": 140,
        "actual_budget": 70,
        "currency": "EUR",
        "accounts": "a;b;c",
        "reps": "x;y",
    },
    {
        "campaign_id": "C1",
        "starts_on": "2025-03-10",
        "ends_on": "2025-04-13",
        "planned_budget": 350,
        "currency": "EUR",
    },
]


# Of March 2025.
TARGETS = [
    ("won_value", "", 1500),
    ("won_value", "Large", 1200),
    ("wins", "", 6),
    ("leads", "", 10),
    ("leads", "Small", 4),
    ("win_rate", "", 0.5),
    ("win_rate", "Large", 0.4),
]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    lake = LakeBuilder(
        tmp_path_factory.mktemp("evidence"),
        agreement={
            "target_market": [
                {
                    "segment": segment,
                    "region": "",
                    "valid_from": "2025-01-01",
                    "companies": companies,
                }
                for segment, companies in (("Large", 10), ("Small", 100))
            ],
            "targets": [
                {
                    "kpi_id": kpi_id,
                    "period_grain": "month",
                    "period_start": "2025-03-01",
                    "segment": segment,
                    "target_value": target,
                }
                for kpi_id, segment, target in TARGETS
            ],
        },
    )
    lake.load(
        "crm",
        "all",
        {
            "account": ACCOUNTS,
            "opportunity": DEALS + OLD_DEALS + WON_FROM_NOBODY,
            "opportunity_line": [{"currency": "EUR", **line} for line in LINES],
            "product": [{"source_id": "P1", "name": "One"}, {"source_id": "P2", "name": "Two"}],
            "lead": [{"segment": "Small", "campaign_id": "C1", **lead} for lead in LEADS],
            "campaign": [{"source_id": "C1", "name": "Spring"}],
            "rep": [
                {"source_id": "R1", "name": "A", "team": "Sales"},
                {"source_id": "R2", "name": "B"},
                {"source_id": "R3", "name": "C", "team": "Marketing"},
            ],
            "touch": [
                {
                    "touch_type": "web_session",
                    "email": "one@gmail.com",
                    "campaign_id": "C1",
                    "occurred_at": "2025-03-03 08:00",
                }
            ],
        },
    )
    lake.load("crm", "activities", {"activity": ACTIVITIES})
    lake.load("crm", "feedback", {"sales_feedback": FEEDBACK})
    lake.load("plan", "plan", {"marketing_plan": PLAN})
    lake.finish()
    return run_dbt(lake.home, AS_OF, "run", select=[f"+{name}" for name in MARTS])


def _one(marts: Warehouse, table: str, **where: str) -> dict[str, Any]:
    condition = " and ".join(f"{name} = '{value}'" for name, value in where.items())
    (found,) = marts.dicts(f"select * from marts.{table} where {condition}")
    return found


def _month(marts: Warehouse, table: str, month: str, segment: str, **where: str) -> dict[str, Any]:
    return _one(
        marts, table, period_grain="month", period_start=f"{month}-01", segment=segment, **where
    )


def _has(found: dict[str, Any], **expected: Any) -> None:
    told = {
        name: float(value) if isinstance(expected[name], float) and value is not None else value
        for name, value in found.items()
        if name in expected
    }
    assert told == {
        name: pytest.approx(value, abs=1e-6) if isinstance(value, float) else value
        for name, value in expected.items()
    }


def test_prices_in_a_segment_and_in_the_others(marts: Warehouse) -> None:
    found = _month(marts, "price_evidence", "2025-03", "Large", product_id="(all)")
    _has(found, closed_deals=4, won_deals=1, lost_deals=3, lost_with_reason=3)
    # M1 and M2; of the small deals M8 alone, of two.
    _has(found, lost_on_price=2, price_loss_share=2 / 3, other_segments_price_loss_share=1 / 2)
    _has(found, lost_value_on_price=800, lost_to_competitor=1, competitor_loss_share=1 / 3)
    _has(found, top_lost_reason="price", top_competitor="acme", competitor_feedback=2)
    # 2 * 450 of 2 * 600 on M4; 540 of 600 on the lost M1.
    _has(found, price_realization=0.75, average_discount=0.25, average_discount_lost=0.1)
    # Two of three are too few to say that Large differs, whatever the shares are.
    _has(found, is_small_sample=True, is_above_others=False, price_feedback=1)


def test_the_interval_of_two_of_three(marts: Warehouse) -> None:
    """Wilson: with z = 1.959964, z^2 = 3.841459, k = 2 and n = 3 the middle is
    (k + z^2 / 2) / (n + z^2) = 3.920729 / 6.841459 = 0.573084, and half the width is
    z * sqrt(k * (n - k) / n + z^2 / 4) / (n + z^2) = 1.959964 * sqrt(0.666667 + 0.960365)
    / 6.841459 = 1.959964 * 1.275551 / 6.841459 = 0.365424."""
    found = _month(marts, "price_evidence", "2025-03", "Large", product_id="(all)")
    _has(found, price_loss_share_low=0.207660, price_loss_share_high=0.938508)


def test_all_segments_and_single_products(marts: Warehouse) -> None:
    total = _month(marts, "price_evidence", "2025-03", "(all)", product_id="(all)")
    # 900 + 200 of 1,200 + 200.
    _has(total, closed_deals=8, lost_on_price=3, lost_with_reason=5, price_realization=1100 / 1400)
    _has(total, other_segments_price_loss_share=None, is_above_others=False)
    by_product = marts.rows(
        "select closed_deals, lost_on_price from marts.price_evidence"
        " where period_grain = 'month' and period_start = '2025-03-01' and segment = '(all)'"
        " and product_id not in ('(all)', '(none)') order by closed_deals desc"
    )
    # M1 and M4 are about the first product, M5 about the second.
    assert by_product == [(2, 1), (1, 0)]
    # A loss without a reason is a loss, but no evidence.
    february = _month(marts, "price_evidence", "2025-02", "Small", product_id="(all)")
    _has(february, lost_deals=3, lost_with_reason=2, price_loss_share=0.0)


def test_only_a_sure_difference_is_one(marts: Warehouse) -> None:
    """October: 12 of 30 against 2 of 10. The share 0.4 has the interval 0.246 to 0.577, the
    others' 0.2 has 0.057 to 0.510: the difference is at least
    0.2 - sqrt((0.4 - 0.246)^2 + (0.510 - 0.2)^2) = 0.2 - 0.346 < 0, although 0.246 > 0.2.
    November: 24 of 30 against 6 of 30: at least 0.6 - sqrt((0.8 - 0.627)^2 + (0.373 - 0.2)^2)
    = 0.6 - 0.245 > 0."""
    above = marts.rows(
        "select period_start, segment from marts.price_evidence"
        " where is_above_others and period_grain = 'month' and product_id = '(all)'"
    )
    assert [(str(start), segment) for start, segment in above] == [("2024-11-01", "Large")]


def test_what_sales_does(marts: Warehouse) -> None:
    found = _month(marts, "sales_effort", "2025-03", "(all)")
    # Two mails came in, and a task reaches nobody.
    _has(found, activities=11, outbound_activities=8, calls=6, emails=3, meetings=1)
    _has(found, active_reps=2, activities_per_rep=5.5, accounts_touched=4)
    # K1 was called after half an hour, K2 never.
    _has(found, leads_handed=2, leads_observed=2, leads_followed_up=1, follow_up_rate=0.5)
    _has(found, attempts_per_lead=0.5, responses=1, response_business_minutes_median=30.0)
    # M1 to M8 and O1; M4 to M7 were worked on.
    _has(found, open_deals=9, open_deals_touched_share=4 / 9, is_small_sample=True)
    # Of four accounts the busiest: L1 has 6 of 10 activities on accounts.
    _has(found, top_accounts_share=0.6)
    large = _month(marts, "sales_effort", "2025-03", "Large")
    # 900 of 1,300 are won with 6 of 11 activities.
    _has(large, activity_share=6 / 11, won_value_share=9 / 13, open_deals_touched_share=1 / 4)


def test_before_the_first_activity_nothing_is_known(marts: Warehouse) -> None:
    """February has open deals, but no records of sales' work: no zeros."""
    found = _month(marts, "sales_effort", "2025-02", "(all)")
    _has(found, open_deals=14, activities=None, active_reps=None, open_deals_touched_share=None)
    _has(found, leads_handed=0, follow_up_rate=None, top_accounts_share=None)
    _has(
        _month(marts, "market_coverage", "2025-02", "(all)", region="(all)"),
        known_accounts=12,
        marketing_accounts=None,
        sales_accounts=None,
        both_accounts=None,
        sales_share=None,
        effort_hhi=None,
    )


def test_how_much_of_the_market_is_known(marts: Warehouse) -> None:
    large = _month(marts, "market_coverage", "2025-03", "Large", region="(all)")
    _has(large, companies_in_market=10, known_accounts=2, known_share=0.2, sales_share=0.1)
    _has(large, marketing_accounts=0, customer_accounts=1, won_value_share=2200 / 2740)
    total = _month(marts, "market_coverage", "2025-03", "(all)", region="(all)")
    _has(total, companies_in_market=110, known_accounts=12, known_share=12 / 110)
    # S1, S2, S5 and L1 bought; L1, S1, S2 and S3 were worked on, with 6, 2, 1 and 1 activities.
    _has(total, customer_share=4 / 110, sales_accounts=4)
    _has(total, effort_top_10_percent_share=0.6, effort_hhi=(36 + 4 + 1 + 1) / 100)
    # 1,900 of L1, 200, 200 and 100; and 300 and 40 of nobody's account.
    _has(total, won_value_12_months=2740, revenue_top_10_percent_share=1900 / 2400)
    _has(total, revenue_hhi=(19**2 + 2**2 + 2**2 + 1) / 24**2)


def test_the_markets_won_value_is_that_of_the_scorecard(marts: Warehouse) -> None:
    """Twelve months up to February 2025 begin on 1 March 2024: without N3, of the day before."""
    rows = marts.rows(
        """
        select strftime(market.period_start, '%m'), market.segment,
               cast(market.won_value_12_months as int), (
            select sum(value) from marts.kpi_scorecard as months
            where kpi_id = 'won_value' and period_grain = 'month'
                and channel_id = '(all)' and region = '(all)' and segment = market.segment
                and months.period_start <= market.period_start
                and months.period_start > market.period_start - interval 12 month
        )
        from marts.market_coverage as market
        where period_grain = 'month' and period_start >= '2025-01-01' and region = '(all)'
        order by 1, 2
        """
    )
    assert rows == [
        ("01", "(all)", 347, 347),
        ("01", "Large", 307, 307),
        ("01", "Small", 40, 40),
        ("02", "(all)", 1440, 1440),
        ("02", "Large", 1300, 1300),
        ("02", "Small", 140, 140),
        ("03", "(all)", 2740, 2740),
        ("03", "Large", 2200, 2200),
        ("03", "Small", 540, 540),
    ]


def test_what_customers_say(marts: Warehouse) -> None:
    voices = marts.rows(
        "select voice_type, topic, mentions, opportunities, opportunity_value, mention_share"
        " from marts.customer_voice where segment = '(all)' and period_grain = 'month'"
        " and period_start = '2025-03-01' order by 1, 2, 3 desc"
    )
    # What only one record ever said is not shown; two of one campaign and product are one row.
    single = "(single mention)"
    assert voices == [
        ("competitor", single, 1, 1, 100, pytest.approx(1 / 3)),
        ("competitor", "acme", 2, 2, 700, pytest.approx(2 / 3)),
        ("feature", single, 1, 0, None, 1),
        ("lost_reason", single, 2, 2, 300 + 100, pytest.approx(2 / 5)),
        ("lost_reason", single, 1, 1, 500, pytest.approx(1 / 5)),
        ("lost_reason", "competitor", 2, 2, 300, pytest.approx(2 / 5)),
        ("price", single, 1, 1, 500, 1),
        ("rejected_reason", single, 1, 0, None, 1),
    ]


def test_the_plan_beside_what_sales_saw(marts: Warehouse) -> None:
    """140 and 350 over 14 and 35 days: 10 a day each; of the first 5 a day were spent."""
    weeks = marts.rows(
        "select cast(week_start as varchar), planned_budget, actual_budget, planned_accounts,"
        " planned_reps, touched_persons, leads, mqls, accepted, rejected, follow_ups, active_reps,"
        " feedback, top_feedback_type, top_feedback_topic"
        " from marts.plan_and_pipeline order by week_start"
    )
    nothing = (0, 0, 0, 0, 0, 0, 0, 0, None, None)
    assert weeks == [
        ("2025-03-03", 70, 35, 3, 2, 1, 2, 1, 1, 0, 1, 1, 2, "feature", "export"),
        ("2025-03-10", 140, 35, 3, 2, 0, 0, 1, 0, 1, 0, 0, 0, None, None),
        ("2025-03-17", 70, None, None, None, *nothing),
        ("2025-03-24", 70, None, None, None, *nothing),
        ("2025-03-31", 70, None, None, None, *nothing),
        # To come: of what has not happened nothing is said.
        ("2025-04-07", 70, None, None, None, *[None] * 10),
    ]


def test_why_the_win_rate_moved(marts: Warehouse) -> None:
    """From 2 of 6 in February to 3 of 8 in March. Large: 1 of 2, then 1 of 4; its share of the
    closed deals grew from 1/3 to 1/2. Small: 1 of 4, then 2 of 4; from 2/3 to 1/2."""
    effects = marts.rows(
        "select member, base_value, value, base_weight, weight, rate_effect, mix_effect"
        " from marts.kpi_drivers where kpi_id = 'win_rate' and period_grain = 'month'"
        " and period_start = '2025-03-01' and comparison = 'previous' and dimension = 'segment'"
        " order by member"
    )
    # The mean of both rates is 0.375 for each segment, of both totals (2/6 + 3/8) / 2 = 0.354167.
    mix = 1 / 6 * (0.375 - 0.3541666667)
    assert effects == [
        # 5/12 is the mean share of Large: 5/12 * (0.25 - 0.5).
        ("Large", 0.5, 0.25, *map(pytest.approx, (1 / 3, 1 / 2, -5 / 48, mix))),
        # And 7/12 that of Small: 7/12 * (0.5 - 0.25).
        ("Small", 0.25, 0.5, *map(pytest.approx, (2 / 3, 1 / 2, 7 / 48, -mix))),
    ]
    # -5/48 + 7/48 + 0 = 1/24 = 3/8 - 2/6.
    total = sum(rate + effect for *_, rate, effect in effects)
    assert total == pytest.approx(3 / 8 - 2 / 6)


@pytest.mark.parametrize(
    ("kpi_id", "expected"),
    [
        # 1,300 of 1,500. Large won 900 and has a target of 1,200; Small is held to the other 300.
        ("won_value", [("Large", 900, 1200, -300, 0), ("Small", 400, 300, 100, 0)]),
        # 3 of 6, and no target by segment. In the last twelve months Large won 3 and Small 4, so
        # that Large is held to 3/7 of the target and Small to 4/7.
        ("wins", [("Large", 1, 18 / 7, -11 / 7, 0), ("Small", 2, 24 / 7, -10 / 7, 0)]),
        # 2 of 10. Small has a target of 4, and no other segment ever had a lead to share the 6.
        ("leads", [("(rest)", 0, 6, -6, 0), ("Small", 2, 4, -2, 0)]),
        # 3/8 where 1/2 was the target. Half of the deals were Large: 1/4 against its own 0.4 is
        # -0.15 / 2, and its target lies (0.4 - 0.5) / 2 below the total's. Small: as its target.
        ("win_rate", [("Large", 0.25, 0.4, -0.075, -0.05), ("Small", 0.5, 0.5, 0, 0)]),
    ],
)
def test_who_missed_a_target(
    marts: Warehouse, kpi_id: str, expected: list[tuple[str, float, float, float, float]]
) -> None:
    effects = marts.rows(
        "select member, value, base_value, rate_effect, mix_effect, total_effect"
        " from marts.kpi_drivers where comparison = 'target' and dimension = 'segment'"
        f" and kpi_id = '{kpi_id}' and period_grain = 'month' order by member"
    )
    assert [row[:5] for row in effects] == [
        (member, *(pytest.approx(number) for number in numbers)) for member, *numbers in expected
    ]
    score = _one(
        marts, "kpi_scorecard", kpi_id=kpi_id, period_grain="month", period_start="2025-03-01",
        segment="(all)", channel_id="(all)", region="(all)",
    )  # fmt: skip
    assert sum(row[5] for row in effects) == pytest.approx(score["value"] - score["target"])


def test_reasons_have_a_category_in_the_facts(marts: Warehouse) -> None:
    found = marts.rows(
        "select source_opportunity_id, lost_reason_category from marts.fct_opportunities"
        " where source_opportunity_id in ('F1', 'F2', 'F5', 'F6', 'M2') order by 1"
    )
    assert found == [
        ("F1", None),
        ("F2", "price"),
        ("F5", "competitor"),
        ("F6", None),
        ("M2", "price"),
    ]
    assert marts.rows(
        "select rejected_reason_category from marts.fct_lead_response"
        " where rejected_reason is not null"
    ) == [("no_need",)]


def test_a_company_that_has_only_deals(tmp_path: Any) -> None:
    """No activities, touches, leads, plans or feedback: what depends on them is empty."""
    lake = LakeBuilder(tmp_path)
    lake.load("crm", "deals", {"opportunity": DEALS})
    lake.finish()
    marts = run_dbt(lake.home, AS_OF, "run", select=[f"+{name}" for name in (*MARTS, "sla_ledger")])
    effort = _month(marts, "sales_effort", "2025-03", "(all)")
    _has(effort, open_deals=9, activities=None, calls=None, active_reps=None, follow_up_rate=None)
    _has(effort, open_deals_touched_share=None, leads_followed_up=None, attempts_per_lead=None)
    price = _month(marts, "price_evidence", "2025-03", "Large", product_id="(all)")
    _has(price, price_loss_share=2 / 3, price_realization=None, top_competitor=None)
    assert marts.rows("select * from marts.plan_and_pipeline") == []
    assert marts.rows(
        "select count(companies_in_market), count(sales_accounts), count(marketing_accounts)"
        " from marts.market_coverage"
    ) == [(0, 0, 0)]
    assert marts.rows("select distinct voice_type from marts.customer_voice") == [("lost_reason",)]
    assert marts.rows("select count(*) from marts.kpi_drivers where kpi_id = 'win_rate'") > [(0,)]
    assert marts.rows(
        "select count(*) from marts.sla_ledger where measure_kind = 'record' and due_count > 0"
    ) == [(0,)]
