"""Whether the warehouse is held, so that one more run would only fail."""

from __future__ import annotations

import dagster as dg

from orchestration.dead_runs import end_dead_runs
from orchestration.defs.automation.jobs import name_of
from orchestration.lib.lock import holder
from orchestration.settings import Settings

_AT_WORK = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def why_busy(instance: dg.DagsterInstance, settings: Settings) -> str | None:
    """Which run or command holds the warehouse or is about to; None if nobody does.

    Runs of `tandem run` are on the same instance. Those whose process was killed are ended.
    """
    end_dead_runs(instance, settings)
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=_AT_WORK)):
        name = name_of(run)
        if name is not None:
            status = run.status.value.lower().replace("_", " ")
            return f"run {run.run_id} of {name} is {status}"
    found = holder(settings)
    return None if found is None else f"{found} is at work"
