"""Gate 2: a sound build passes, and every expectation of every suite can fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.gate_2 import check_marts
from expectations.registry import SUITES, expected_assets, owner_of
from expectations.results import ExpectationResult
from expectations.runner import Session
from orchestration.settings import PROJECT_ROOT

SQL = (Path(__file__).parent / "marts.sql").read_text()
OWNERS = {suite.asset: suite.owner for suite in SUITES}
EXPECTATIONS = {
    (suite.asset, expectation.name): expectation
    for suite in SUITES
    for expectation in suite.expectations()
}


def repeat(table: str) -> str:
    return f"insert into marts.{table} from marts.{table} limit 1"


def put(table: str, column: str, value: str) -> str:
    """Set a column in one row."""
    return (
        f"update marts.{table} set {column} = {value}"
        f" where rowid = (select min(rowid) from marts.{table})"
    )


# What is done to a sound build, by the expectation that must then fail.
CORRUPTIONS: dict[tuple[str, str], str] = {
    ("dim_date", "date_day_is_unique"): repeat("dim_date"),
    ("dim_date", "has_no_gaps"): "delete from marts.dim_date where date_day = '2025-01-09'",
    ("dim_account", "account_id_is_unique"): repeat("dim_account"),
    ("dim_account", "owner_rep_id_is_in_dim_rep"): put("dim_account", "owner_rep_id", "'x'"),
    ("dim_person", "person_id_is_unique"): put("dim_person", "person_id", "null"),
    ("dim_person", "account_id_is_in_dim_account"): put("dim_person", "account_id", "'x'"),
    ("dim_person", "has_no_personal_column"): "alter table marts.dim_person add column email text",
    ("dim_campaign", "campaign_id_is_unique"): repeat("dim_campaign"),
    ("dim_campaign", "channel_id_is_in_dim_channel"): put("dim_campaign", "channel_id", "'x'"),
    ("dim_channel", "channel_id_is_unique"): repeat("dim_channel"),
    ("dim_channel", "has_every_channel_id"): "delete from marts.dim_channel"
    " where channel_id = 'other'",
    ("dim_rep", "rep_id_is_unique"): repeat("dim_rep"),
    ("dim_product", "product_id_is_unique"): repeat("dim_product"),
    ("dim_stage", "stage_id_is_unique"): repeat("dim_stage"),
    ("dim_stage", "position_is_unique"): put("dim_stage", "position", "2"),
    ("dim_stage", "stage_id_is_known"): put("dim_stage", "stage_id", "'prospect'"),
    ("dim_stage", "has_every_stage_id"): "delete from marts.dim_stage where stage_id = 'sal'",
    ("dim_stage", "accountable_team_is_known"): put("dim_stage", "accountable_team", "'it'"),
    ("dim_kpi", "kpi_id_is_unique"): repeat("dim_kpi"),
    ("dim_kpi", "kind_is_known"): put("dim_kpi", "kind", "'mean'"),
    ("dim_kpi", "owner_team_is_known"): put("dim_kpi", "owner_team", "null"),
    ("dim_kpi", "kpi_name_is_given"): put("dim_kpi", "kpi_name", "null"),
    ("dim_kpi", "formula_is_given"): put("dim_kpi", "formula", "null"),
    ("dim_kpi", "formula_source_is_given"): put("dim_kpi", "formula_source", "null"),
    ("dim_kpi", "drills_to_a_fact"): put("dim_kpi", "numerator_fact", "null"),
    ("bridge_person_record", "source_system_object_type_source_id_is_unique"): repeat(
        "bridge_person_record"
    ),
    ("bridge_person_record", "person_id_is_in_dim_person"): put(
        "bridge_person_record", "person_id", "null"
    ),
    ("bridge_person_record", "no_address_is_shown"): put(
        "bridge_person_record", "source_id", "'jane.roe@example.com'"
    ),
    ("fct_touchpoints", "touch_id_is_unique"): repeat("fct_touchpoints"),
    ("fct_touchpoints", "occurred_at_is_given"): put("fct_touchpoints", "occurred_at", "null"),
    ("fct_touchpoints", "occurred_date_is_given"): put("fct_touchpoints", "occurred_date", "null"),
    ("fct_touchpoints", "touch_type_is_given"): put("fct_touchpoints", "touch_type", "null"),
    ("fct_touchpoints", "is_paid_is_given"): put("fct_touchpoints", "is_paid", "null"),
    ("fct_touchpoints", "person_id_is_in_dim_person"): put("fct_touchpoints", "person_id", "'x'"),
    ("fct_touchpoints", "account_id_is_in_dim_account"): put(
        "fct_touchpoints", "account_id", "'x'"
    ),
    ("fct_touchpoints", "channel_id_is_in_dim_channel"): put(
        "fct_touchpoints", "channel_id", "null"
    ),
    ("fct_touchpoints", "campaign_id_is_in_dim_campaign"): put(
        "fct_touchpoints", "campaign_id", "'x'"
    ),
    ("fct_touchpoints", "occurred_date_is_in_dim_date"): put(
        "fct_touchpoints", "occurred_date", "date '2099-01-01'"
    ),
    ("fct_touchpoints", "touches_are_those_of_the_lake"): "delete from marts.fct_touchpoints"
    " where source_system = 'mail'",
    ("fct_funnel_events", "journey_id_stage_id_is_unique"): repeat("fct_funnel_events"),
    ("fct_funnel_events", "journey_id_is_in_fct_funnel"): put(
        "fct_funnel_events", "journey_id", "'x'"
    ),
    ("fct_funnel_events", "person_id_is_in_dim_person"): put(
        "fct_funnel_events", "person_id", "'x'"
    ),
    ("fct_funnel_events", "account_id_is_in_dim_account"): put(
        "fct_funnel_events", "account_id", "'x'"
    ),
    ("fct_funnel_events", "opportunity_id_is_in_fct_opportunities"): put(
        "fct_funnel_events", "opportunity_id", "'x'"
    ),
    ("fct_funnel_events", "channel_id_is_in_dim_channel"): put(
        "fct_funnel_events", "channel_id", "'x'"
    ),
    ("fct_funnel_events", "stage_id_is_known"): put("fct_funnel_events", "stage_id", "'prospect'"),
    ("fct_funnel_events", "is_inferred_is_given"): put("fct_funnel_events", "is_inferred", "null"),
    ("fct_funnel_events", "entered_date_is_in_dim_date"): put(
        "fct_funnel_events", "entered_date", "date '2099-01-01'"
    ),
    (
        "fct_funnel_events",
        "side_exits_are_observed",
    ): "update marts.fct_funnel_events set is_inferred = true where stage_id = 'lost'",
    (
        "fct_funnel_events",
        "funnel_never_widens",
    ): "delete from marts.fct_funnel_events where stage_id = 'mql'",
    (
        "fct_funnel_events",
        "won_journeys_are_won_opportunities",
    ): "delete from marts.fct_funnel_events where stage_id = 'won' and journey_id = 'j4'",
    ("fct_funnel", "journey_id_is_unique"): repeat("fct_funnel"),
    ("fct_funnel", "outcome_is_known"): put("fct_funnel", "outcome", "'gone'"),
    ("fct_funnel", "person_id_is_in_dim_person"): put("fct_funnel", "person_id", "'x'"),
    ("fct_funnel", "account_id_is_in_dim_account"): put("fct_funnel", "account_id", "'x'"),
    ("fct_funnel", "opportunity_id_is_in_fct_opportunities"): put(
        "fct_funnel", "opportunity_id", "'x'"
    ),
    ("fct_funnel", "owner_id_is_in_dim_rep"): put("fct_funnel", "owner_id", "'x'"),
    ("fct_funnel", "first_touch_channel_id_is_in_dim_channel"): put(
        "fct_funnel", "first_touch_channel_id", "'x'"
    ),
    ("fct_funnel", "last_touch_channel_id_is_in_dim_channel"): put(
        "fct_funnel", "last_touch_channel_id", "'x'"
    ),
    **{
        ("fct_funnel", f"{name}_is_not_negative"): put("fct_funnel", name, "-1")
        for name in (
            "days_lead_to_mql",
            "days_mql_to_sal",
            "days_sal_to_sql",
            "days_sql_to_opportunity",
            "days_opportunity_to_won",
            "days_lead_to_won",
            "touch_count",
        )
    },
    ("fct_funnel", "time_travel_has_no_durations"): put("fct_funnel", "has_time_travel", "true"),
    ("fct_funnel", "opportunity_is_in_one_journey"): put("fct_funnel", "opportunity_id", "'d2'"),
    ("fct_funnel", "amounts_are_those_of_the_opportunities"): put("fct_funnel", "amount", "99"),
    ("fct_funnel", "every_lead_has_a_journey"): "delete from marts.fct_funnel"
    " where journey_id = 'j3'",
    ("fct_opportunities", "opportunity_id_is_unique"): repeat("fct_opportunities"),
    ("fct_opportunities", "journey_id_is_in_fct_funnel"): put(
        "fct_opportunities", "journey_id", "null"
    ),
    ("fct_opportunities", "person_id_is_in_dim_person"): put(
        "fct_opportunities", "person_id", "'x'"
    ),
    ("fct_opportunities", "account_id_is_in_dim_account"): put(
        "fct_opportunities", "account_id", "'x'"
    ),
    ("fct_opportunities", "owner_id_is_in_dim_rep"): put("fct_opportunities", "owner_id", "'x'"),
    ("fct_opportunities", "created_by_id_is_in_dim_rep"): put(
        "fct_opportunities", "created_by_id", "'x'"
    ),
    ("fct_opportunities", "channel_id_is_in_dim_channel"): put(
        "fct_opportunities", "channel_id", "'x'"
    ),
    ("fct_opportunities", "stage_id_is_known"): put("fct_opportunities", "stage_id", "'prospect'"),
    ("fct_opportunities", "won_is_closed"): put("fct_opportunities", "is_closed", "false"),
    ("fct_opportunities", "amount_has_a_rate"): put(
        "fct_opportunities", "amount_reporting", "null"
    ),
    ("fct_opportunities", "list_amount_has_a_rate"): put("fct_opportunities", "list_amount", "1"),
    ("fct_opportunities", "opportunities_are_those_of_the_lake"): "delete from"
    " marts.fct_opportunities where opportunity_id = 'd2'",
    ("fct_opportunities", "amounts_are_those_of_the_lake"): put(
        "fct_opportunities", "amount", "99.99"
    ),
    ("fct_opportunities", "won_value_is_that_of_the_lake"): put(
        "fct_opportunities", "is_won", "false"
    ),
    ("fct_ad_spend", "ad_spend_id_is_unique"): repeat("fct_ad_spend"),
    ("fct_ad_spend", "spend_date_is_given"): put("fct_ad_spend", "spend_date", "null"),
    ("fct_ad_spend", "spend_is_given"): put("fct_ad_spend", "spend", "null"),
    **{
        ("fct_ad_spend", f"{name}_is_not_negative"): put("fct_ad_spend", name, "-1")
        for name in ("spend", "impressions", "clicks")
    },
    ("fct_ad_spend", "campaign_id_is_in_dim_campaign"): put("fct_ad_spend", "campaign_id", "'x'"),
    ("fct_ad_spend", "channel_id_is_in_dim_channel"): put("fct_ad_spend", "channel_id", "'x'"),
    ("fct_ad_spend", "spend_date_is_in_dim_date"): put(
        "fct_ad_spend", "spend_date", "date '2099-01-01'"
    ),
    ("fct_ad_spend", "spend_has_a_rate"): put("fct_ad_spend", "spend_reporting", "null"),
    ("fct_ad_spend", "spend_is_that_of_the_lake"): put("fct_ad_spend", "spend", "24.99"),
    ("fct_ad_spend", "clicks_are_those_of_the_lake"): put("fct_ad_spend", "clicks", "5"),
    ("fct_sales_activities", "activity_id_is_unique"): repeat("fct_sales_activities"),
    ("fct_sales_activities", "occurred_at_is_given"): put(
        "fct_sales_activities", "occurred_at", "null"
    ),
    ("fct_sales_activities", "activity_type_is_given"): put(
        "fct_sales_activities", "activity_type", "null"
    ),
    ("fct_sales_activities", "rep_id_is_in_dim_rep"): put("fct_sales_activities", "rep_id", "'x'"),
    ("fct_sales_activities", "person_id_is_in_dim_person"): put(
        "fct_sales_activities", "person_id", "'x'"
    ),
    ("fct_sales_activities", "account_id_is_in_dim_account"): put(
        "fct_sales_activities", "account_id", "'x'"
    ),
    ("fct_sales_activities", "opportunity_id_is_in_fct_opportunities"): put(
        "fct_sales_activities", "opportunity_id", "'x'"
    ),
    ("fct_sales_activities", "occurred_date_is_in_dim_date"): put(
        "fct_sales_activities", "occurred_date", "date '2099-01-01'"
    ),
    ("fct_sales_activities", "activities_are_those_of_the_lake"): "delete from"
    " marts.fct_sales_activities",
    (
        "kpi_components",
        "component_date_component_id_segment_channel_id_region_is_unique",
    ): repeat("kpi_components"),
    ("kpi_components", "component_id_is_known"): put("kpi_components", "component_id", "'visits'"),
    ("kpi_components", "value_is_given"): put("kpi_components", "value", "null"),
    ("kpi_components", "channel_id_is_in_dim_channel"): put("kpi_components", "channel_id", "'x'"),
    ("kpi_components", "components_are_sums_of_the_facts"): put("kpi_components", "value", "5"),
    (
        "kpi_scorecard",
        "period_grain_period_start_kpi_id_segment_channel_id_region_is_unique",
    ): repeat("kpi_scorecard"),
    ("kpi_scorecard", "kpi_id_is_in_dim_kpi"): put("kpi_scorecard", "kpi_id", "'x'"),
    ("kpi_scorecard", "period_grain_is_known"): put("kpi_scorecard", "period_grain", "'hour'"),
    ("kpi_scorecard", "null_has_a_reason"): put("kpi_scorecard", "value", "null"),
    (
        "kpi_scorecard",
        "every_period_has_a_total",
    ): "delete from marts.kpi_scorecard where kpi_id = 'wins' and period_grain = 'month'"
    " and segment = '(all)' and channel_id = '(all)' and region = '(all)'",
    (
        "kpi_scorecard",
        "totals_are_sums_of_the_components",
    ): "update marts.kpi_scorecard set numerator = numerator + 1 where kpi_id = 'spend'",
    **{
        ("kpi_scorecard", f"{name}_slices_add_up"): "delete from marts.kpi_scorecard"
        f" where {name} <> '(all)' and kpi_id = 'leads' and period_start = '2025-01-15'"
        for name in ("segment", "channel_id", "region")
    },
    ("release_info", "is_empty_before_publishing"): "insert into marts.release_info values ('r1')",
    ("data_quality", "is_empty_before_publishing"): "insert into marts.data_quality values ('g')",
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with Session("gate_2", tmp_path_factory.mktemp("spill")) as session:
        yield session


@pytest.fixture
def sound(session: Session) -> Session:
    for schema in ("marts", "staging"):
        session.connection.execute(f"drop schema if exists {schema} cascade")
    session.connection.execute(SQL)
    return session


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "tandem.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(SQL)
    return path


def by_name(results: list[ExpectationResult]) -> dict[tuple[str, str], ExpectationResult]:
    return {(result.asset, result.expectation): result for result in results}


def test_every_expectation_has_a_corruption() -> None:
    assert set(CORRUPTIONS) == set(EXPECTATIONS)


def test_a_sound_build_passes(warehouse: Path) -> None:
    results = check_marts(warehouse, None)
    assert [(r.asset, r.message) for r in results if not r.passed] == []
    assert set(by_name(results)) == set(EXPECTATIONS)
    assert {result.owner for result in results} == {"marketing", "sales", "data"}


@pytest.mark.parametrize("key", CORRUPTIONS, ids="-".join)
def test_an_expectation_can_fail(key: tuple[str, str], sound: Session) -> None:
    asset, name = key
    sound.connection.execute(CORRUPTIONS[key])
    expectation = EXPECTATIONS[key]
    (result,) = sound.check(asset, f"marts.{asset}", [expectation], owner_of(asset))
    assert not result.raised, result.message
    assert not result.passed
    assert (result.expectation, result.severity) == (name, expectation.severity)
    assert result.failed_rows is not None and result.failed_rows > 0
    assert result.checked_rows is not None and result.checked_rows >= 0
    assert result.message.startswith(f"{result.failed_rows:,} of {result.checked_rows:,} ")
    assert len(result.examples) <= 3
    assert "jane" not in str(result)


def test_messages_name_what_a_user_needs(sound: Session) -> None:
    def message(asset: str, name: str) -> str:
        (result,) = sound.check(
            asset, f"marts.{asset}", [EXPECTATIONS[asset, name]], owner_of(asset)
        )
        return result.message

    sound.connection.execute(put("fct_ad_spend", "spend_reporting", "null"))
    assert message("fct_ad_spend", "spend_has_a_rate") == (
        "1 of 1 rows of fct_ad_spend has a spend without a rate to the reporting currency;"
        " add the rates to agreement/fx_rates.csv: USD."
    )
    sound.connection.execute(put("fct_ad_spend", "spend", "24"))
    assert message("fct_ad_spend", "spend_is_that_of_the_lake") == (
        "1 of 1 source and currency pairs in fct_ad_spend has another spend than the raw lake:"
        " ads USD 24.000000 against 25.000000."
    )
    sound.connection.execute(CORRUPTIONS["fct_funnel_events", "funnel_never_widens"])
    assert "sal 3 after mql 0" in message("fct_funnel_events", "funnel_never_widens")


def test_a_missing_mart_is_told(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("drop table marts.dim_product")
    result = by_name(check_marts(warehouse, None))["dim_product", "table_is_there"]
    assert result.blocks
    assert "dim_product is not in the warehouse" in result.message


def test_what_raised_is_told_from_what_failed(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("alter table marts.dim_stage rename accountable_team to team")
        connection.execute(put("dim_stage", "position", "2"))
    results = by_name(check_marts(warehouse, None))
    raised = results["dim_stage", "accountable_team_is_known"]
    assert raised.raised and raised.blocks and raised.failed_rows is None
    assert 'column "accountable_team" not found' in raised.message
    failed = results["dim_stage", "position_is_unique"]
    assert not failed.raised and not failed.passed and failed.failed_rows == 1
    assert [key for key, result in results.items() if result.raised] == [
        ("dim_stage", "accountable_team_is_known")
    ]


def test_losing_many_rows_warns(warehouse: Path, tmp_path: Path) -> None:
    parquet = tmp_path / "r000001" / "parquet"
    parquet.mkdir(parents=True)
    pq.write_table(pa.table({"person_id": ["p"] * 10}), parquet / "dim_person.parquet")
    pq.write_table(pa.table({"touch_id": ["t"] * 5}), parquet / "fct_touchpoints.parquet")
    results = by_name(check_marts(warehouse, tmp_path / "r000001"))
    lost = results["dim_person", "row_count_is_as_usual"]
    assert (lost.passed, lost.severity) == (False, "warning")
    assert lost.message == (
        "dim_person has 4 rows, after 10 in the last release: more than 30 % fewer."
    )
    assert results["fct_touchpoints", "row_count_is_as_usual"].passed


def test_the_warehouse_is_only_read(warehouse: Path) -> None:
    before = warehouse.read_bytes()
    check_marts(warehouse, None)
    assert warehouse.read_bytes() == before
    assert not (warehouse.parent / "spill").exists()


def test_every_mart_has_a_suite() -> None:
    models = (PROJECT_ROOT / "dbt_project" / "models" / "marts").rglob("*.sql")
    assert {model.stem for model in models} == set(expected_assets())
