"""Real leads and deals: the published marts hold the numbers of an independent computation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import PROJECT_ROOT, Settings
from tests.end_to_end.pipeline import query, run

COMPANY = PROJECT_ROOT / "tests" / "fixtures" / "companies" / "olist"


@pytest.fixture(scope="module")
def olist(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Settings:
    settings = Settings(tmp_path_factory.mktemp("olist"), COMPANY)
    outcome = run(settings, OLIST_DATA=str(real_data / "olist"))
    assert outcome.success, (outcome.errors, outcome.blocked)
    return settings


@pytest.fixture(scope="module")
def reference(real_data: Path) -> dict[str, Any]:
    return json.loads((real_data / "olist" / "reference.json").read_text(encoding="utf-8"))


def test_counts_and_conversion(olist: Settings, reference: dict[str, Any]) -> None:
    (row,) = query(
        olist,
        "select count(*), count(mql_at), count(won_at), count(won_at) / count(mql_at)"
        " from marts.fct_funnel",
    )
    assert row[:3] == (reference["leads"], reference["leads"], reference["won"])
    assert row[3] == pytest.approx(reference["conversion"])


def test_by_origin_with_null_apart_from_unknown(olist: Settings, reference: dict[str, Any]) -> None:
    rows = query(
        olist,
        "select coalesce(lead_source, '<null>'), count(mql_at), count(won_at)"
        " from marts.fct_funnel group by lead_source",
    )
    assert {origin: [leads, won] for origin, leads, won in rows} == reference["by_origin"]


@pytest.mark.parametrize(
    ("key", "month", "counted"),
    [
        ("leads_by_month", "mql_at", "mql_at"),
        ("won_by_month", "won_at", "won_at"),
        ("won_by_lead_cohort_month", "mql_at", "won_at"),
    ],
)
def test_by_month(
    olist: Settings, reference: dict[str, Any], key: str, month: str, counted: str
) -> None:
    rows = query(
        olist,
        f"select strftime({month}, '%Y-%m') as month, count({counted}) from marts.fct_funnel"
        f" where {month} is not null group by month",
    )
    assert dict(rows) == reference[key]


def test_months_of_the_scorecard(olist: Settings, reference: dict[str, Any]) -> None:
    for kpi, key in (("mqls", "leads_by_month"), ("wins", "won_by_month")):
        rows = query(
            olist,
            "select strftime(period_start, '%Y-%m'), value from marts.kpi_scorecard"
            f" where kpi_id = '{kpi}' and period_grain = 'month' and segment = '(all)'"
            " and channel_id = '(all)' and region = '(all)' and value > 0",
        )
        expected = {month: count for month, count in reference[key].items() if count}
        assert dict(rows) == expected


def test_time_travel_is_counted_flagged_and_in_no_duration(
    olist: Settings, reference: dict[str, Any]
) -> None:
    travel = query(
        olist,
        "select source_lead_id, won_at is not null, days_lead_to_won from marts.fct_funnel"
        " where has_time_travel",
    )
    assert travel == [(reference["time_travel"]["lead_id"], True, None)]
    durations = reference["days_lead_to_won_excluding_time_travel"]
    ((n, mean, median),) = query(
        olist,
        "select count(days_lead_to_won), avg(days_lead_to_won), median(days_lead_to_won)"
        " from marts.fct_funnel",
    )
    assert n == durations["n"]
    assert mean == pytest.approx(durations["mean"], abs=5e-5)
    assert median == pytest.approx(durations["median"], abs=5e-5)


def test_an_amount_that_is_not_given_is_null(olist: Settings) -> None:
    assert query(olist, "select count(*), count(amount) from marts.fct_opportunities") == [(842, 0)]


def test_the_release_has_all_its_parts(olist: Settings) -> None:
    assert not olist.published.readlink().is_absolute()
    tables = {path.stem for path in (olist.published / "parquet").glob("*.parquet")}
    manifest = json.loads((olist.published / "manifest.json").read_text(encoding="utf-8"))
    assert tables == set(manifest["tables"])
    assert {
        name for (name,) in query(olist, "select table_name from information_schema.tables")
    } == tables
    assert (olist.published / "data_docs" / "index.html").is_file()
    undescribed = query(
        olist,
        "select table_name, column_name from duckdb_columns() where comment is null"
        " and schema_name = 'marts'",
    )
    assert undescribed == []


def test_no_deal_is_without_its_lead(olist: Settings, reference: dict[str, Any]) -> None:
    ((orphans,),) = query(
        olist,
        "select count(*) from marts.fct_funnel"
        " where source_opportunity_id is not null and source_lead_id is null",
    )
    assert orphans == reference["won_without_lead"]


def test_the_sources_own_numbers_agree(olist: Settings, reference: dict[str, Any]) -> None:
    totals = query(
        olist,
        "select measure, sum(our_value), sum(source_value) from marts.reconciliation"
        " where cause = '(all)' and measure in ('leads', 'wins') group by measure order by measure",
    )
    leads, won = reference["leads"], reference["won"]
    assert totals == [("leads", leads, leads), ("wins", won, won)]
    assert query(olist, "select distinct cause from marts.reconciliation order by cause") == [
        ("(agrees)",),
        ("(all)",),
    ]
