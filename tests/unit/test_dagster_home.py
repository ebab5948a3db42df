"""Dagster's own state: what it is told, where runs are kept, and which of them go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster._core.scheduler.instigation import InstigatorType, TickStatus

from orchestration import dagster_home
from orchestration.dagster_home import opened, prepare_dagster_home, remove_old_runs
from orchestration.lib.errors import TandemError
from orchestration.settings import POSTGRES_URL, Settings
from tests.fixtures.postgres import Server


@dg.asset
def kept() -> None:
    print("this is in the log of the step")


@dg.asset
def replaced() -> None:
    pass


@dg.asset
def broken() -> None:
    raise RuntimeError("broken")


DEFINITIONS = dg.Definitions(
    assets=[kept, replaced, broken],
    jobs=[
        dg.define_asset_job("both", ["kept", "replaced"]),
        dg.define_asset_job("one", ["replaced"]),
        dg.define_asset_job("fail", ["broken"]),
    ],
)


def run(instance: dg.DagsterInstance, job: str) -> str:
    found = DEFINITIONS.resolve_job_def(job)
    return found.execute_in_process(instance=instance, raise_on_error=False).run_id


def after(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_dagster_reads_the_settings(stored: Settings) -> None:
    with opened(replace(stored, keep_days=30)) as instance:
        assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
        concurrency = instance.get_concurrency_config()
        assert concurrency.run_queue_config is not None
        assert concurrency.run_queue_config.max_concurrent_runs == 1
        assert concurrency.pool_config.default_pool_limit == 1
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds == 12 * 3600
        assert not instance.run_retries_enabled
        assert not instance.telemetry_enabled
        for kind in (InstigatorType.SCHEDULE, InstigatorType.SENSOR):
            kept_for = instance.get_tick_retention_settings(kind)
            assert kept_for[TickStatus.SUCCESS] == kept_for[TickStatus.FAILURE] == 30
            assert 0 < kept_for[TickStatus.SKIPPED] <= 30


def test_an_old_home_is_brought_up_to_date_and_a_current_one_left_alone(
    settings: Settings,
) -> None:
    file = prepare_dagster_home(settings) / "dagster.yaml"
    wanted = file.read_text(encoding="utf-8")
    file.write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    prepare_dagster_home(settings)
    assert file.read_text(encoding="utf-8") == wanted
    before = file.stat().st_ino
    prepare_dagster_home(settings)
    assert file.stat().st_ino == before
    prepare_dagster_home(replace(settings, keep_days=7))
    assert "purge_after_days: 7" in file.read_text(encoding="utf-8")


def test_runs_in_a_database_are_not_forgotten_unnoticed(
    settings: Settings, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(POSTGRES_URL, postgres.new_database())
    file = prepare_dagster_home(replace(settings, is_history_in_postgres=True)) / "dagster.yaml"
    text = file.read_text(encoding="utf-8")
    assert str(postgres.port) not in text
    with pytest.raises(TandemError, match=f"{POSTGRES_URL} is not set"):
        prepare_dagster_home(settings)
    assert file.read_text(encoding="utf-8") == text
    file.unlink()
    assert POSTGRES_URL not in (prepare_dagster_home(settings) / "dagster.yaml").read_text("utf-8")


def test_a_database_that_cannot_be_reached_is_named_without_its_password(
    settings: Settings, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(POSTGRES_URL, postgres.url("wr0ng-secret", "postgres"))
    with pytest.raises(TandemError) as caught:
        prepare_dagster_home(replace(settings, is_history_in_postgres=True))
    said = str(caught.value)
    assert "password authentication failed" in said and "127.0.0.1" in said
    assert "wr0ng" not in said and caught.value.__suppress_context__
    assert not (settings.dagster_home / "dagster.yaml").exists()


def test_old_runs_go_with_all_that_is_kept_of_them(stored: Settings) -> None:
    with opened(stored) as instance:
        first, second, third, failed = (
            run(instance, job) for job in ("both", "both", "one", "fail")
        )
        at_work = dg.DagsterRun(job_name="one", status=dg.DagsterRunStatus.STARTED)
        instance.add_run(at_work)
        folders = [stored.dagster_home / "storage" / run_id for run_id in (first, failed)]
        assert all(folder.is_dir() for folder in folders)

        assert remove_old_runs(instance, stored, after(89)) == 0
        # The second run's materialization of `kept` is the newest one that there is.
        assert remove_old_runs(instance, stored, after(91)) == 2
        assert set(instance.get_run_ids()) == {second, third, at_work.run_id}
        assert not any(folder.exists() for folder in folders)
        files = {path.name.partition(".")[0] for path in _run_files(stored)}
        assert not files & {first, failed}
        for run_id in (first, failed):
            assert instance.all_logs(run_id) == []
        for name, run_id in (("kept", second), ("replaced", third)):
            event = instance.get_latest_materialization_event(dg.AssetKey(name))
            assert event is not None and event.run_id == run_id
            assert instance.all_logs(run_id)
        assert remove_old_runs(instance, stored, after(9999)) == 0


def test_what_has_piled_up_goes_in_portions(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    monkeypatch.setattr(dagster_home, "_AT_ONCE", 2)
    with opened(settings) as instance:
        for _ in range(3):
            ended = dg.DagsterRun(job_name="one", status=dg.DagsterRunStatus.FAILURE)
            instance.add_run(ended)
        assert [remove_old_runs(instance, settings, after(91)) for _ in range(3)] == [2, 1, 0]


def _run_files(settings: Settings) -> list[Path]:
    return list((settings.dagster_home / "history" / "runs").glob("*.db*"))
