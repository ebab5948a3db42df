"""Every KPI of the agreement as shipped, for one month of a small company, worked out by hand.

Belongs here: the value of each KPI, and of some in slices. Does not belong here: periods,
targets, comparisons and missing inputs (`test_kpis`).

May 2025, as of 30 June. Offices are open Monday to Friday, 9 to 17 (UTC); all money is EUR.

| lead     | segment | handed over  | accepted | first call          | then                      |
|----------|---------|--------------|----------|---------------------|---------------------------|
| l1       | Small   | 5 May 9:00   | 5 May    | 9:30: 30 minutes    | qualified 6 May, deal d1  |
| l2       | Large   | 6 May 9:00   | 6 May    | 10:30: 90 minutes   | qualified 7 May, deal d2  |
| l3       | Small   | 7 May 10:00  | 8 May    | 16:00: 360 minutes  |                           |
| l4       | Small   | 8 May 9:00   | no       | 9:10: 10 minutes    | disqualified 9 May        |
| l5       | Large   | 9 May 10:00  |          | never               |                           |
| l6 - l10 | Small   | never        |          |                     |                           |

| deal | segment | type      | created | closed          | amount | list | expected to close |
|------|---------|-----------|---------|-----------------|--------|------|-------------------|
| d1   | Small   | new       | 10 May  | 20 May, won     | 1,000  | 1,250 | 31 May           |
| d2   | Large   | new       | 10 May  | 30 May, lost    | 3,000  |       | 31 May           |
| d3   | Large   | expansion | 1 May   | 21 May, won     | 500    | 500   | 31 May           |
| d4   | Large   | unknown   | 10 April | 22 May, won    | 2,500  | 3,000 | 15 May           |
| d5   | Large   | new       | 15 April |                | 4,000  |       | 31 May           |
| d6   | Small   | new       | 15 May  |                 | 800    |       | 1 July           |
| d7   | Large   | renewal   | 20 April | 25 May, lost   | 600    |       | 15 June          |

Ads cost 400. Marketing cost 3,000, sales 2,500, a line of no team 100, engineering 9,000. The
rep's quota for May is 5,000. The gross margin is 80 %, a contract pays 12 months, a customer
stays 36.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from orchestration.settings import NO_TELEMETRY, PROJECT_ROOT
from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

AS_OF = "2025-06-30 12:00:00"
COMPANY = {
    "gross_margin_share": "0.8",
    "contract_months": "12",
    "customer_lifetime_months": "36",
}
AGREEMENT: dict[str, list[dict[str, Any]]] = {
    "promises": [
        {
            "promise_id": "quick_response",
            "promise_name": "Quick response",
            "promised_by": "sales",
            "measure": "response_minutes",
            "threshold": "60",
            "required_share": "0.9",
            "period_grain": "month",
            "valid_from": "2025-01-01",
        }
    ],
    "targets": [
        {
            "kpi_id": "won_value",
            "period_grain": "month",
            "period_start": "2025-05-01",
            "segment": segment,
            "channel_id": "",
            "region": "",
            "target_value": target,
        }
        for segment, target in [("", "9600"), ("Small", "1600")]
    ],
}
LEADS = [
    {
        "source_id": "l1",
        "email": "l1@one.example",
        "created_at": "2025-05-05 08:00",
        "mql_at": "2025-05-05 09:00",
        "sal_at": "2025-05-05 12:00",
        "sql_at": "2025-05-06 10:00",
        "segment": "Small",
        "lead_source": "Google Ads",
    },
    {
        "source_id": "l2",
        "email": "l2@two.example",
        "created_at": "2025-05-05 08:00",
        "mql_at": "2025-05-06 09:00",
        "sal_at": "2025-05-06 11:00",
        "sql_at": "2025-05-07 10:00",
        "segment": "Large",
        "lead_source": "Outbound",
    },
    {
        "source_id": "l3",
        "email": "l3@three.example",
        "created_at": "2025-05-06 08:00",
        "mql_at": "2025-05-07 10:00",
        "sal_at": "2025-05-08 10:00",
        "segment": "Small",
    },
    {
        "source_id": "l4",
        "email": "l4@four.example",
        "created_at": "2025-05-07 08:00",
        "mql_at": "2025-05-08 09:00",
        "disqualified_at": "2025-05-09 10:00",
        "segment": "Small",
    },
    {
        "source_id": "l5",
        "email": "l5@five.example",
        "created_at": "2025-05-08 08:00",
        "mql_at": "2025-05-09 10:00",
        "segment": "Large",
    },
    *(
        {"source_id": f"l{number}", "created_at": "2025-05-12 08:00", "segment": "Small"}
        for number in range(6, 11)
    ),
    # Before sales recorded anything; and twenty minutes before as-of.
    {"source_id": "l11", "mql_at": "2025-04-10 10:00"},
    {"source_id": "l12", "mql_at": "2025-06-30 11:40"},
]
CALLS = [
    {"source_id": lead, "lead_id": lead, "activity_type": "call", "occurred_at": occurred_at}
    for lead, occurred_at in [
        ("l1", "2025-05-05 09:30"),
        ("l2", "2025-05-06 10:30"),
        ("l3", "2025-05-07 16:00"),
        ("l4", "2025-05-08 09:10"),
    ]
]
DEALS = [
    {
        "source_id": source_id,
        "segment": segment,
        "opportunity_type": opportunity_type,
        "created_at": created,
        "closed_at": closed,
        "is_won": is_won,
        "is_closed": closed is not None,
        "amount": amount,
        "list_amount": list_amount,
        "currency": "EUR",
        "expected_close_date": expected,
        **more,
    }
    for source_id, segment, opportunity_type, created, closed, is_won, amount, list_amount,
    expected, more in [
        ("d1", "Small", "new", "2025-05-10", "2025-05-20", True, 1000, 1250, "2025-05-31",
         {"lead_id": "l1", "created_by_id": "r1"}),
        ("d2", "Large", "new", "2025-05-10", "2025-05-30", False, 3000, None, "2025-05-31",
         {"lead_id": "l2"}),
        ("d3", "Large", "expansion", "2025-05-01", "2025-05-21", True, 500, 500, "2025-05-31",
         {"lead_source": "Webinar"}),
        ("d4", "Large", None, "2025-04-10", "2025-05-22", True, 2500, 3000, "2025-05-15",
         {"primary_contact_id": "c4"}),
        ("d5", "Large", "new", "2025-04-15", None, False, 4000, None, "2025-05-31", {}),
        ("d6", "Small", "new", "2025-05-15", None, False, 800, None, "2025-07-01",
         {"primary_contact_id": "c6", "created_by_id": "r2"}),
        ("d7", "Large", "renewal", "2025-04-20", "2025-05-25", False, 600, None, "2025-06-15", {}),
    ]
]  # fmt: skip
PAID = {"touch_type": "web_session", "utm_source": "google", "utm_medium": "cpc"}
NEWSLETTER = {"touch_type": "email_click", "utm_source": "newsletter", "utm_medium": "email"}
TOUCHES = [
    {"occurred_at": "2025-05-04 10:00", "lead_id": "l1", **PAID},
    {"occurred_at": "2025-05-08 10:00", "lead_id": "l1", **NEWSLETTER},
    {"occurred_at": "2025-05-15 10:00", "lead_id": "l2", **NEWSLETTER},
    {"occurred_at": "2025-04-01 10:00", "contact_id": "c4", **PAID},
    {"occurred_at": "2025-05-14 10:00", "contact_id": "c6", **NEWSLETTER},
]
MAY: dict[str, float] = {
    # Sums.
    "leads": 10,
    "mqls": 5,  # l1 - l5
    "sals": 3,  # l1, l2, l3
    "sqls": 2,  # l1, l2
    "opportunities_created": 4,  # d1, d2, d3, d6
    "wins": 3,  # d1, d3, d4
    "wins_new": 2,  # d1, and d4 of unknown type
    "pipeline_created": 5300,  # 1,000 + 3,000 + 500 + 800
    "won_value": 4000,  # 1,000 + 500 + 2,500
    "spend": 400,  # 300 + 100
    "sourced_pipeline_by_lead_source": 1500,  # d1 Google Ads, d3 Webinar; d2 is outbound
    "sourced_pipeline_by_first_touch": 1800,  # d1 paid search, d6 email; d2 had none by then
    "sourced_pipeline_by_creator": 800,  # d6 by r2 of marketing
    "influenced_pipeline": 4800,  # d1, d6, and d2 between creation and closing
    # Ratios.
    "acceptance_rate": 3 / 5,  # l1, l2, l3 of l1 - l5
    "lead_to_mql": 5 / 10,
    "mql_to_sal": 3 / 5,
    "sal_to_sql": 2 / 3,
    "sql_to_win": 3 / 2,
    "lead_to_win": 3 / 10,
    "win_rate": 3 / 5,  # d1, d3, d4 of these, d2 and d7
    "win_rate_new": 2 / 3,  # d1, d4 of these and d2
    "win_rate_expansion": 1.0,  # d3
    "win_rate_renewal": 0.0,  # d7
    "win_rate_value": 4000 / 7600,  # 4,000 won, 3,000 + 600 lost
    "response_in_promise_rate": 2 / 5,  # 30 and 10 minutes of 60; l5's time is over too
    "follow_up_rate": 4 / 5,
    "average_won_value": 4000 / 3,
    "average_won_value_new": 1750,  # (1,000 + 2,500) / 2
    "cost_per_lead": 40,  # 400 / 10
    "cost_per_mql": 80,  # 400 / 5
    "cost_per_sql": 200,  # 400 / 2
    "cac": 3000,  # (400 + 3,000 + 2,500 + 100) / 2; engineering wins no customers
    "cac_blended": 2000,  # 6,000 / 3
    "roas": 7.5,  # linear: half of d1 and all of d4: (500 + 2,500) / 400
    "price_realization": 4000 / 4750,  # d1, d3, d4
    "average_discount": 750 / 4750,
    "quota_attainment": 0.8,  # 4,000 / 5,000
    # Stocks.
    "pipeline_open": 4800,  # on 31 May: d5, d6
    "opportunities_open": 2,
    "forecast": 6500,  # on 1 May: d4, d5; d7 was expected for June
    # Percentiles.
    "response_minutes_median": 60,  # of 10, 30, 90, 360: between 30 and 90
    "cycle_days_median": 20,  # of 10, 20, 42
    # Derived.
    "pipeline_coverage": 0.5,  # 4,800 / 9,600
    "pipeline_velocity": 160,  # 4 x 0.6 x 1,333.33 / 20
    "cac_payback_months": 36000 / 1400,  # 3,000 x 12 / (1,750 x 0.8)
    "ltv_to_cac": 1.4,  # 1,750 x 0.8 x 36 / (12 x 3,000)
    "forecast_attainment": 4000 / 6500,
}


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    home = tmp_path_factory.mktemp("kpi_values")
    lake = LakeBuilder(home, company=COMPANY, agreement=AGREEMENT)
    reps = [{"source_id": "r1", "team": "Sales"}, {"source_id": "r2", "team": "Marketing"}]
    contacts = [{"source_id": name, "email": f"{name}@{name}.example"} for name in ("c4", "c6")]
    quotas = [
        {
            "rep_id": "r1",
            "period_start": "2025-05-01",
            "period_grain": "month",
            "amount": 5000,
            "currency": "EUR",
        }
    ]
    costs = [
        {
            "source_id": f"{team} costs",
            "team": team,
            "category": "salaries",
            "period_start": "2025-05-01",
            "period_grain": "month",
            "amount": amount,
            "currency": "EUR",
        }
        for team, amount in [
            ("marketing", 3000),
            ("sales", 2500),
            (None, 100),
            ("Engineering", 9000),
        ]
    ]
    ads = [
        {"report_date": day, "campaign_id": "ad1", "cost": cost, "currency": "EUR"}
        for day, cost in [("2025-05-05", 300), ("2025-05-31", 100)]
    ]
    campaigns = [{"source_id": "ad1", "name": "ad1", "channel": "Paid search"}]
    for table, entity, rows in [
        ("reps", "rep", reps),
        ("quotas", "rep_quota", quotas),
        ("contacts", "contact", contacts),
        ("leads", "lead", LEADS),
        ("calls", "activity", CALLS),
        ("deals", "opportunity", DEALS),
        ("touches", "touch", TOUCHES),
        ("costs", "cost", costs),
        ("campaigns", "campaign", campaigns),
        ("ads", "ad_report", ads),
    ]:
        lake.load("crm", table, {entity: rows})
    lake.finish()
    return run_dbt(home, as_of=AS_OF, command="run", select=["+kpi_scorecard", "+dim_kpi"])


def _may(marts: Warehouse, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
    return marts.rows(
        f"select {columns} from marts.kpi_scorecard where period_grain = 'month'"
        f" and period_start = '2025-05-01' and {where} order by all"
    )


IN_TOTAL = "segment || channel_id || region = '(all)(all)(all)'"


def test_the_month_has_every_kpi(marts: Warehouse) -> None:
    assert {kpi_id for (kpi_id,) in _may(marts, "kpi_id", IN_TOTAL)} == set(MAY)


@pytest.mark.parametrize("kpi_id", MAY)
def test_value_of_the_month(marts: Warehouse, kpi_id: str) -> None:
    rows = _may(marts, "value, null_reason", f"kpi_id = '{kpi_id}' and {IN_TOTAL}")
    assert rows == [(pytest.approx(MAY[kpi_id], abs=1e-9), None)]


@pytest.mark.parametrize(
    ("kpi_id", "small", "large"),
    [
        ("leads", 8, 2),
        ("acceptance_rate", 2 / 3, 1 / 2),  # l1, l3 of l1, l3, l4; l2 of l2, l5
        ("win_rate", 1.0, 2 / 4),  # d1; d3, d4 of these, d2 and d7
        ("pipeline_open", 800, 4000),
        ("response_minutes_median", 30, 90),  # of 10, 30, 360; of 90
        ("cycle_days_median", 10, 31),  # of 10; of 20, 42
        ("pipeline_velocity", 200, 1500 * 2 * 0.5 / 31),  # 2 x 1 x 1,000 / 10; d2, d3
        ("pipeline_coverage", 0.5, None),  # 800 / 1,600; no target for Large
        ("cac", None, None),
    ],
)
def test_value_by_segment(
    marts: Warehouse, kpi_id: str, small: float | None, large: float | None
) -> None:
    rows = dict(_may(marts, "segment, value", f"kpi_id = '{kpi_id}' and segment <> '(all)'"))
    assert (rows["Small"], rows["Large"]) == (
        small and pytest.approx(small, abs=1e-9),
        large and pytest.approx(large, abs=1e-9),
    )


def test_what_a_slice_cannot_tell_has_a_reason(marts: Warehouse) -> None:
    def reasons(kpi_id: str, where: str) -> set[str]:
        return {
            reason for (reason,) in _may(marts, "null_reason", f"kpi_id = '{kpi_id}' and {where}")
        }

    sliced = "not (segment || channel_id || region = '(all)(all)(all)')"
    assert reasons("cac", sliced) == {"input_not_split:acquisition_cost"}
    assert reasons("ltv_to_cac", "segment = 'Small'") == {"input_not_split:acquisition_cost"}
    assert reasons("quota_attainment", "channel_id <> '(all)'") == {"input_not_split:quota"}
    assert reasons("pipeline_coverage", "segment = 'Large'") == {"target_missing:won_value"}


def test_a_month_without_a_sample_or_a_factor_has_a_reason(marts: Warehouse) -> None:
    def june(kpi_id: str) -> tuple[Any, ...]:
        (row,) = marts.rows(
            "select value, null_reason from marts.kpi_scorecard where period_grain = 'month'"
            f" and period_start = '2025-06-01' and kpi_id = '{kpi_id}' and {IN_TOTAL}"
        )
        return row

    assert june("cycle_days_median") == (None, "sample_empty")
    assert june("pipeline_velocity") == (None, "denominator_zero")  # nothing was closed
    assert june("pipeline_coverage") == (None, "target_missing:won_value")
    assert june("cac") == (None, "not_reported_yet")  # costs are known up to 31 May
    assert june("cac_payback_months") == (None, "denominator_zero")  # nothing was won
    assert june("quota_attainment") == (None, "denominator_zero")
    # d5 is still open on 31 May, and was expected to close by then; nothing else is for June.
    assert june("forecast") == (0.0, None)
    assert june("pipeline_open") == (4800.0, None)  # as of 30 June, d5 and d6


def test_who_may_still_be_called_or_may_have_been_is_not_forgotten(marts: Warehouse) -> None:
    rows = marts.rows(
        "select period_start, denominator, value, null_reason from marts.kpi_scorecard"
        " where kpi_id = 'follow_up_rate' and period_grain = 'month'"
        f" and period_start >= '2025-04-01' and {IN_TOTAL} order by period_start"
    )
    assert [(str(start), int(due), value, reason) for start, due, value, reason in rows] == [
        ("2025-04-01", 0, None, "denominator_zero"),
        ("2025-05-01", 5, 0.8, None),
        ("2025-06-01", 0, None, "denominator_zero"),
    ]


def test_credit_of_a_paid_channel_is_that_of_its_touches(marts: Warehouse) -> None:
    rows = _may(marts, "channel_id, value", "kpi_id = 'roas' and channel_id = 'paid_search'")
    assert rows == [("paid_search", 7.5)]


def test_a_quota_counts_for_its_whole_period_and_by_days(marts: Warehouse) -> None:
    rows = marts.rows(
        "select period_grain, denominator from marts.kpi_scorecard"
        " where kpi_id = 'quota_attainment' and denominator > 0"
        f" and period_start in ('2025-05-01', '2025-04-01') and {IN_TOTAL}"
        " order by period_grain"
    )
    # 5,000 / 31 on the first day of May.
    assert [(grain, round(float(quota), 2)) for grain, quota in rows] == [
        ("day", 161.29),
        ("month", 5000.0),
        ("quarter", 5000.0),
    ]


def test_every_number_can_be_drilled_to_its_rows(marts: Warehouse) -> None:
    period_end = "date '2025-05-31'"
    counted = {
        "every": f"between date '2025-05-01' and {period_end}",
        "last": f"= {period_end}",
        "first": "= date '2025-05-01'",
    }
    drilled = 0
    for kpi in marts.dicts(
        "select * from marts.dim_kpi where kind not in ('derived', 'percentile')"
    ):
        for part in ("numerator", "denominator"):
            if kpi[part] is None:
                continue
            condition = kpi[f"{part}_filter"].replace("period_end", period_end)
            rows = marts.rows(
                f"select sum({kpi[f'{part}_value_column']}) from marts.{kpi[f'{part}_fact']}"
                f" where {condition} and {kpi[f'{part}_date_column']} {counted[kpi['counted_day']]}"
            )
            ((number,),) = _may(marts, part, f"kpi_id = '{kpi['kpi_id']}' and {IN_TOTAL}")
            assert float(rows[0][0] or 0) == pytest.approx(float(number)), (kpi["kpi_id"], part)
            drilled += 1
    assert drilled > len(MAY)


# MetricFlow in a process of its own: it reads dbt's project and manifest from there. Its engine
# and not its command `mf`, which asks the package index for a newer version of itself.
_QUERY = """
import json, sys
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

configuration = CLIConfiguration()
configuration.setup(configure_file_logging=False)
answers = [sorted(metric.name for metric in configuration.mf.list_metrics())]
for group_by in (["metric_time__month"], ["metric_time__month", "component__segment"]):
    request = MetricFlowQueryRequest.create(metric_names=answers[0], group_by_names=group_by)
    table = configuration.mf.query(request).result_df
    answers.append([dict(zip(table.column_names, row)) for row in table.rows])
print("\\n" + json.dumps(answers, default=str))
"""


# KPIs of both teams that sums of components cannot say.
WITHOUT_METRIC = {
    "pipeline_coverage": "a stock, which days do not add up to, over a target",
    "pipeline_velocity": "needs a median",
    "cac_payback_months": "needs settings of company.csv",
    "ltv_to_cac": "needs settings of company.csv",
}


def test_metricflow_says_the_same(marts: Warehouse) -> None:
    project = str(PROJECT_ROOT / "dbt_project")
    home = marts.path.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", _QUERY],
        env={
            **os.environ,
            **NO_TELEMETRY,
            "TANDEM_HOME": str(home),
            "TANDEM_AS_OF": AS_OF,
            "DBT_PROJECT_DIR": project,
            "DBT_PROFILES_DIR": project,
            "DBT_LOG_PATH": str(home / "logs"),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    metrics, in_total, by_segment = json.loads(done.stdout.splitlines()[-1])
    scores = {
        (kpi_id, str(start), segment): value
        for kpi_id, start, segment, value in marts.rows(
            "select kpi_id, period_start, segment, value from marts.kpi_scorecard"
            " where period_grain = 'month' and channel_id = '(all)' and region = '(all)'"
            " and value is not null"
        )
    }
    compared = set()
    for row in [*in_total, *by_segment]:
        start = row["metric_time__month"][:10]
        segment = row.get("component__segment", "(all)")
        for metric in metrics:
            score = scores.get((metric, start, segment))
            if score is not None:
                assert float(row[metric] or 0) == pytest.approx(score), (metric, start, segment)
                compared.add((metric, segment))
    path = PROJECT_ROOT / "orchestration" / "defaults" / "agreement" / "kpis.csv"
    with path.open(encoding="utf-8") as file:
        of_both = {row["kpi_id"] for row in csv.DictReader(file) if row["owner_team"] == "both"}
    assert of_both - set(metrics) == set(WITHOUT_METRIC)
    shared = {metric for metric in metrics if metric in MAY}
    assert {metric for metric, _ in compared} == shared
    sliced = {metric for metric, segment in compared if segment != "(all)"}
    assert sliced == shared - {"cac", "cac_blended"}
