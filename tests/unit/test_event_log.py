"""Many events of Dagster at once: all are stored, and the UI finds them as ever."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.event_log import BatchingEventLog
from orchestration.launch import prepare_dagster_home
from orchestration.settings import EVENT_BATCH_SIZE, Settings

DAYS = dg.DailyPartitionsDefinition("2025-01-01")
RANGE = {
    "dagster/asset_partition_range_start": "2025-01-01",
    "dagster/asset_partition_range_end": "2025-01-20",
}


@dg.multi_asset(
    specs=[dg.AssetSpec(name, partitions_def=DAYS) for name in ("a", "b")],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def two_assets():  # type: ignore[no-untyped-def]
    for name in ("a", "b"):
        yield dg.MaterializeResult(asset_key=name, metadata={"dagster/row_count": 5})


def test_a_range_is_stored_whole_in_few_transactions(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", EVENT_BATCH_SIZE)
    batches: list[int] = []
    store = BatchingEventLog.store_event_batch
    monkeypatch.setattr(
        BatchingEventLog,
        "store_event_batch",
        lambda log, events: batches.append(len(events)) or store(log, events),
    )
    definitions = dg.Definitions(assets=[two_assets], jobs=[dg.define_asset_job("all_days", "*")])
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(settings))) as instance:
        job = definitions.resolve_job_def("all_days")
        result = job.execute_in_process(instance=instance, tags=RANGE)
        assert result.success
        for name in ("a", "b"):
            key = dg.AssetKey(name)
            assert len(instance.get_materialized_partitions(key)) == 20
            event = instance.get_latest_materialization_event(key)
            assert event is not None and event.asset_materialization is not None
            assert event.asset_materialization.metadata["dagster/row_count"].value == 5
        stored = [event for event in instance.all_logs(result.run_id) if event.is_dagster_event]
        kinds = [event.dagster_event_type for event in stored]
        assert kinds.count(dg.DagsterEventType.ASSET_MATERIALIZATION) == 40
    assert batches == [40, 20, 20]  # planned, then each asset's own


def test_a_batch_that_fails_leaves_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = BatchingEventLog(str(tmp_path))
    stored: list[object] = []

    def store(event: object) -> None:
        if stored:
            raise RuntimeError("the disk is full")
        with log.run_connection("run") as connection:
            connection.exec_driver_sql("insert into event_logs (run_id, event) values ('run', '')")
        stored.append(event)

    class Event:
        run_id = "run"

    monkeypatch.setattr(log, "store_event", store)
    with pytest.raises(RuntimeError):
        log.store_event_batch([Event(), Event()])  # type: ignore[list-item]
    with log.run_connection("run") as connection:
        assert connection.exec_driver_sql("select run_id from event_logs").all() == []
