"""The law: marts are a function of what was loaded, the agreement and as-of, and of nothing else.

Belongs here: one lake built in two ways, all marts compared. Does not belong here: what any mart
should hold.

Amounts are large and their shares odd, so that a sum of doubles would show its order.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt
from tests.fixtures.mart_comparison import differing_marts

AS_OF = "2025-12-31 23:59:59"
FIRST_DAY = datetime(2025, 1, 6, 9)
SEGMENTS = ("Large", "Middle", "Small")
CHANNELS = ("cpc", "email", "social", "referral", "organic", "affiliate")

Rows = dict[str, list[dict[str, Any]]]


def _time(hours: int) -> str:
    return (FIRST_DAY + timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M")


def _company() -> Rows:
    """Ninety deals of thirty accounts with what came before them, the same in every call."""
    any_of = random.Random(7)
    rows: Rows = {
        "rep": [{"source_id": f"R{n}", "name": f"Rep {n}", "team": "Sales"} for n in range(4)],
        "account": [
            {"source_id": f"A{n}", "name": f"Company {n}", "segment": SEGMENTS[n % 3],
             "region": ("EMEA", "APAC")[n % 2], "created_at": _time(n)}
            for n in range(30)
        ],
        "contact": [
            {"source_id": f"C{n}", "email": f"c{n}@company{n % 30}.example", "created_at": _time(n),
             "account_id": f"A{n % 30}"}
            for n in range(60)
        ],
        "lead": [], "opportunity": [], "touch": [], "activity": [], "ad_report": [],
    }  # fmt: skip
    for n in range(90):
        start = 80 * n
        days = any_of.randrange(3, 40)
        is_won = n % 3 != 0
        rows["lead"].append(
            {"source_id": f"L{n}", "email": f"c{n % 60}@company{n % 30}.example",
             "created_at": _time(start), "mql_at": _time(start + 5), "sal_at": _time(start + 9),
             "owner_id": f"R{n % 4}", "converted_opportunity_id": f"O{n}",
             "segment": SEGMENTS[n % 3]}
        )  # fmt: skip
        rows["opportunity"].append(
            {"source_id": f"O{n}", "account_id": f"A{n % 30}",
             "created_at": _time(start + 20), "closed_at": _time(start + 20 + 24 * days),
             "is_closed": True, "is_won": is_won, "owner_id": f"R{n % 4}",
             "lost_reason": None if is_won else ("Price", "Timing")[n % 2],
             "amount": f"{any_of.randrange(10**8, 10**9)}.{n:02}", "currency": "EUR",
             "segment": SEGMENTS[n % 3]}
        )  # fmt: skip
        for _ in range(any_of.randrange(1, 8)):
            rows["touch"].append(
                {"email": f"c{n % 60}@company{n % 30}.example", "touch_type": "form_fill",
                 "occurred_at": _time(start - any_of.randrange(1, 300)),
                 "utm_medium": any_of.choice(CHANNELS), "utm_source": "site"}
            )  # fmt: skip
        for _ in range(any_of.randrange(6)):
            rows["activity"].append(
                {"activity_type": any_of.choice(("call", "email", "meeting")),
                 "rep_id": f"R{n % 4}", "opportunity_id": f"O{n}",
                 "occurred_at": _time(start + any_of.randrange(9, 200))}
            )  # fmt: skip
        rows["ad_report"].append(
            {"report_date": _time(start)[:10], "campaign_id": f"K{n % 4}", "ad_id": f"{n % 8}",
             "clicks": n, "impressions": 90 * n, "cost": f"{1000 + 7 * n}.{n:02}",
             "currency": "EUR"}
        )  # fmt: skip
    return rows


def _build(home: Path, seed: int | None) -> Warehouse:
    """The company's rows in their own order, or in that of the seed."""
    lake = LakeBuilder(home)
    for entity, rows in _company().items():
        if seed is not None:
            random.Random(seed).shuffle(rows)
        lake.load("crm", f"{entity}s", {entity: rows})
    lake.finish()
    return run_dbt(lake.home, AS_OF, "run")


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return _build(tmp_path_factory.mktemp("in_order"), None)


def test_the_order_of_rows_does_not_show(in_order: Warehouse, tmp_path: Path) -> None:
    shuffled = _build(tmp_path, seed=3)
    assert differing_marts(in_order.path, shuffled.path) == {}


def test_a_difference_would_show(in_order: Warehouse, tmp_path: Path) -> None:
    """One cent, one row more, and the tenth digit, which is none."""
    other = tmp_path / "other.duckdb"
    other.write_bytes(in_order.path.read_bytes())
    with duckdb.connect(str(other)) as connection:
        connection.execute(
            "update marts.kpi_scorecard set value = value + 1e-8 where kpi_id = 'win_rate'"
        )
        connection.execute(
            "update marts.attribution_by_channel set conversions = conversions + 1e-11"
        )
        connection.execute("insert into marts.dim_rep select * from marts.dim_rep limit 1")
        connection.execute(
            "update marts.fct_opportunities set amount = amount + 0.01"
            " where source_opportunity_id = 'O1'"
        )
    assert set(differing_marts(in_order.path, other)) == {
        "dim_rep",
        "fct_opportunities",
        "kpi_scorecard",
    }
