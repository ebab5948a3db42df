"""Gate 2: a sound build passes, and every expectation of every suite can fail."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.gate_2 import check_marts
from expectations.registry import SUITES, expected_assets, owner_of
from expectations.results import ExpectationResult
from expectations.runner import Session
from orchestration.settings import PROJECT_ROOT
from tests.unit.expectations import corruptions
from tests.unit.expectations.corruptions.words import put

HERE = Path(__file__).parent
# The core company first; what a further suite reads stands in a file of its own.
SQL = "\n".join(
    path.read_text() for path in [HERE / "marts.sql", *sorted((HERE / "marts").glob("*.sql"))]
)
CORRUPTIONS: dict[tuple[str, str], str] = {}
for module in iter_modules(corruptions.__path__, f"{corruptions.__name__}."):
    CORRUPTIONS |= getattr(import_module(module.name), "CORRUPTIONS", {})
OWNERS = {suite.asset: suite.owner for suite in SUITES}
EXPECTATIONS = {
    (suite.asset, expectation.name): expectation
    for suite in SUITES
    for expectation in suite.expectations()
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
