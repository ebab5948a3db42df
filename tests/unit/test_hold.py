"""A hold on publishing in Dagster: the UI shows whose it is, at once and in each run it stops."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.dagster_home import prepare_dagster_home
from orchestration.defs.partitions import daily_partitions
from orchestration.defs.publish.assets import build_publish_asset
from orchestration.defs.publish.hold import NOT_HELD, RELEASE
from orchestration.defs.resources import TandemResource
from orchestration.launch import show_hold
from orchestration.lib.company.folder import load_company
from orchestration.lib.lake.lake import Lake
from orchestration.lib.release import releases
from orchestration.settings import Settings
from tests.end_to_end.small_company import SmallCompany
from tests.unit.lib.test_releases import WHY, build, publish


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation in which somebody has rolled back."""
    settings = Settings(tmp_path / "home", SmallCompany(tmp_path / "company").write().folder)
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    for number in (1, 2):
        publish(settings, build(settings, f"b{number}"))
    Lake(settings).ensure()
    releases.rollback(settings, "r000001", *WHY)
    return settings


def test_the_ui_shows_a_hold_as_soon_as_it_is_set_and_lifted(held: Settings) -> None:
    for hold in (releases.read_hold(held), None):
        show_hold(held, hold)
        with dg.DagsterInstance.from_config(str(prepare_dagster_home(held))) as instance:
            key = dg.AssetCheckKey(RELEASE, NOT_HELD)
            found = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
        assert found.event is not None and found.event.dagster_event is not None
        shown = found.event.dagster_event.asset_check_evaluation_data
        assert shown.passed == (hold is None)
        if hold is not None:
            assert f"{WHY[0]} rolled back to r000001 ({WHY[1]})." in shown.description
            assert "`tandem resume`" in shown.description
            assert shown.metadata["by"].value == WHY[0]


def test_a_run_that_is_held_fails_in_its_last_step_and_says_whose_hold_it_is(
    held: Settings,
) -> None:
    company = load_company(held.company)
    policy = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=2))
    asset = build_publish_asset([], daily_partitions(company), policy)
    result = dg.materialize(
        [asset],
        partition_key="2025-06-01",
        resources={"tandem": TandemResource(home=str(held.home), company_folder=str(held.company))},
        raise_on_error=False,
    )
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed and check.severity == dg.AssetCheckSeverity.WARN
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    failure = failed.step_failure_data.user_failure_data
    assert failure is not None and failure.description is not None
    for said in (failure.description, check.description):
        assert said is not None and f"{WHY[0]} rolled back to r000001 ({WHY[1]})." in said
