"""Runs whose process was killed: telling them from those at work, and ending them.

Belongs here: the mark of a run's process, and what Dagster is told when that process is gone.
Does not belong here: the installation's lock (`lib.lock`), which the operating system frees.

Dagster takes a run for being at work until it hears of its end. One that was killed never tells
it, and keeps its places in the pools: the next run would wait for these for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from orchestration.lib.lock import is_abandoned, is_taken_again, locked
from orchestration.settings import Settings


@contextmanager
def marked_alive(settings: Settings, run_id: str) -> Iterator[None]:
    """Mark a run as one whose process is alive; a mark outlives only a process that was killed.

    Who starts a run marks it before Dagster knows of it, and the run itself once it is at work.
    """
    mark = _marks(settings) / run_id
    with locked(mark, f"run {run_id}"):
        try:
            yield
        finally:
            if not is_taken_again(mark):
                mark.unlink()


def end_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Tell Dagster of the runs whose process was killed that they have failed."""
    for mark in sorted(_marks(settings).glob("*")):
        if not is_abandoned(mark):
            continue
        end_run(instance, mark.name, "The process of this run was killed.")
        mark.unlink(missing_ok=True)


def end_run(instance: dg.DagsterInstance, run_id: str, why: str) -> None:
    """Tell Dagster that a run has failed, unless it is unknown or has ended."""
    instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    run = instance.get_run_by_id(run_id)
    if run is not None and not run.is_finished:
        instance.report_run_failed(run, why)


def _marks(settings: Settings) -> Path:
    return settings.dagster_home / "alive"
