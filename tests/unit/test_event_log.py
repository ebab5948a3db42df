"""Many events of Dagster at once: all are stored, and the UI finds them as ever."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration import event_log
from orchestration.dagster_home import opened
from orchestration.event_log import Batching
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


@pytest.fixture(autouse=True)
def _in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", EVENT_BATCH_SIZE)


def run_range(instance: dg.DagsterInstance) -> Counter[Any]:
    """Run both assets over all days; how many events of each type are stored."""
    definitions = dg.Definitions(assets=[two_assets], jobs=[dg.define_asset_job("all_days", "*")])
    job = definitions.resolve_job_def("all_days")
    result = job.execute_in_process(instance=instance, tags=RANGE)
    assert result.success
    events = [event for event in instance.all_logs(result.run_id) if event.is_dagster_event]
    return Counter(event.dagster_event_type for event in events)


def test_a_range_is_stored_whole_in_few_transactions(
    stored: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    store = Batching.store_event_batch
    monkeypatch.setattr(
        Batching,
        "store_event_batch",
        lambda log, events: batches.append(len(events)) or store(log, events),
    )
    with opened(stored) as instance:
        kinds = run_range(instance)
        assert kinds[dg.DagsterEventType.ASSET_MATERIALIZATION] == 40
        for name in ("a", "b"):
            key = dg.AssetKey(name)
            assert len(instance.get_materialized_partitions(key)) == 20
            event = instance.get_latest_materialization_event(key)
            assert event is not None and event.asset_materialization is not None
            assert event.asset_materialization.metadata["dagster/row_count"].value == 5
    assert batches == [40, 20, 20]  # planned, then each asset's own


def test_a_batch_that_fails_leaves_nothing_of_it(
    stored: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster stores the events of such a batch again, one by one."""
    with opened(stored) as instance:
        log = instance.event_log_storage
        store, calls = log.store_event, 0

        def store_event(event: dg.EventLogEntry) -> None:
            nonlocal calls
            calls += 1
            if calls == 10:
                raise RuntimeError("the disk is full")
            store(event)

        monkeypatch.setattr(log, "store_event", store_event)
        kinds = run_range(instance)
    assert calls > 10
    assert kinds[dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED] == 40
    assert kinds[dg.DagsterEventType.ASSET_MATERIALIZATION] == 40


def test_each_file_has_one_engine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    made: list[str] = []
    make = event_log.create_engine

    def counted(address: str, **how: Any) -> Any:
        made.append(address)
        return make(address, **how)

    monkeypatch.setattr(event_log, "create_engine", counted)
    with opened(settings) as instance:
        assert run_range(instance)[dg.DagsterEventType.ASSET_MATERIALIZATION] == 40
        [run] = instance.get_run_ids()
    assert len(made) == len(set(made))
    assert {Path(address).stem for address in made} == {"index", run}
