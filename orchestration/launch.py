"""Launch a Dagster job in this process and tell what happened, in Tandem's words.

Belongs here: starting a job, and turning its events into steps. Does not belong here: printing
(`console`), what a job does (`defs`), where its history is kept (`dagster_home`).
"""

from __future__ import annotations

import logging
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from orchestration.dagster_home import opened, remove_old_runs
from orchestration.lib.dbt import models_of_line
from orchestration.lib.errors import PLACE
from orchestration.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

    from orchestration.lib.release.releases import Hold

Phase = Literal["extract", "transform", "gate", "publish"]
PHASES: tuple[Phase, ...] = ("extract", "transform", "gate", "publish")


@dataclass(frozen=True)
class Step:
    """Something that started, finished or failed: a table, a model, a gate, a release."""

    phase: Phase
    name: str
    state: Literal["planned", "started", "item", "done", "failed", "skipped", "note"]
    message: str = ""
    seconds: float | None = None
    count: int | None = None  # of a planned phase: its steps, or its models


@dataclass
class Outcome:
    """What a run of a job came to. `blocked` are results of gates that failed, as plain dicts."""

    run_id: str
    job: str
    success: bool = False
    errors: list[str] = field(default_factory=list)
    blocked: list[dict[str, Any]] = field(default_factory=list)
    failed_steps: dict[str, str] = field(default_factory=dict)  # and where, see TandemError.place
    seconds: dict[Phase, float] = field(default_factory=dict)
    total_seconds: float = 0.0


def phase_of(step_key: str) -> Phase:
    """The phase that a step belongs to, by the name its op was given."""
    if step_key.startswith("lake__"):
        return "extract"
    phases: dict[str, Phase] = {"dbt_models": "transform", "gate_2": "gate"}
    return phases.get(step_key, "publish")


def launch(
    settings: Settings,
    job_name: str,
    tags: dict[str, str],
    on_step: Callable[[Step], None],
    partition_key: str | None = None,
) -> Outcome:
    """Run a job of the definitions in this process, so that the UI's history has it.

    `on_step` is called as things happen. Never raises for a failed step: that is in the outcome.
    """
    from orchestration.dead_runs import end_run, marked_alive
    from orchestration.definitions import build

    definitions = build(settings)
    job = definitions.resolve_job_def(job_name)
    with opened(settings) as instance:
        remove_old_runs(instance, settings, datetime.now(UTC))
        run_id = str(uuid.uuid4())
        began = time.monotonic()
        listener = _Listener(Outcome(run_id, job_name), on_step)
        instance.add_event_listener(run_id, listener)
        with marked_alive(settings, run_id):
            try:
                result = job.execute_in_process(
                    instance=instance,
                    run_id=run_id,
                    partition_key=partition_key,
                    tags=tags,
                    raise_on_error=False,
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )
            except BaseException:  # Ctrl-C too: Dagster may know of the run and not of its end
                end_run(instance, run_id, "The run was interrupted.")
                raise
        listener.outcome.success = result.success
        listener.outcome.total_seconds = time.monotonic() - began
        return listener.outcome


def show_hold(settings: Settings, hold: Hold | None) -> None:
    """Let the UI show that publishing is held, or is no longer."""
    from orchestration.defs.publish.hold import check_evaluation

    with opened(settings) as instance:
        instance.report_runless_asset_event(check_evaluation(hold))


def outcome_of(instance: dg.DagsterInstance, run: dg.DagsterRun, job: str) -> Outcome:
    """What a finished run came to, whoever launched it, from the events that are kept of it."""
    import dagster as dg

    listener = _Listener(Outcome(run.run_id, job), lambda step: None)
    telling = {
        dg.DagsterEventType.STEP_FAILURE,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION,
        dg.DagsterEventType.RUN_FAILURE,
    }
    listener.outcome.success = run.status == dg.DagsterRunStatus.SUCCESS
    if not listener.outcome.success:
        for entry in instance.all_logs(run.run_id, of_type=telling):
            listener(entry)
    return listener.outcome


class _Listener:
    """Turns a run's events into steps and an outcome."""

    def __init__(self, outcome: Outcome, on_step: Callable[[Step], None]) -> None:
        self.outcome = outcome
        self._on_step = on_step
        self._started: dict[str, float] = {}
        self._planned: dict[Phase, set[Any]] = {phase: set() for phase in PHASES}

    def __call__(self, entry: dg.EventLogEntry) -> None:
        try:
            self._handle(entry)
        except Exception:  # the run must not fail because its progress cannot be shown
            traceback.print_exc()

    def _handle(self, entry: dg.EventLogEntry) -> None:
        key, event = entry.step_key, entry.dagster_event
        if key is None:
            self._run_event(entry)
        elif event is None:
            self._log_line(phase_of(key), key, entry)
        else:
            self._step_event(phase_of(key), key, event)

    def _log_line(self, phase: Phase, key: str, entry: dg.EventLogEntry) -> None:
        if phase == "transform":  # dbt's own lines are in the UI
            for name in models_of_line(entry.user_message):
                self._on_step(Step(phase, name, "item"))
        # Dagster tells of each step that waits in vain; the failed one has said why.
        elif int(entry.level) >= logging.INFO and not entry.user_message.endswith("Not executing."):
            self._on_step(Step(phase, key, "note", entry.user_message))

    def _step_event(self, phase: Phase, key: str, event: dg.DagsterEvent) -> None:
        kind = event.event_type_value
        if kind == "ASSET_MATERIALIZATION_PLANNED":
            self._planned[phase].add(event.asset_key)
        elif kind == "ASSET_CHECK_EVALUATION_PLANNED" and phase == "gate":
            self._planned[phase].add(event.asset_check_planned_data.asset_check_key)
        elif kind == "STEP_START":
            self._started[key] = time.monotonic()
            self._on_step(Step(phase, key, "started"))
        elif kind in ("STEP_SUCCESS", "STEP_FAILURE"):
            seconds = time.monotonic() - self._started.get(key, time.monotonic())
            self.outcome.seconds[phase] = self.outcome.seconds.get(phase, 0.0) + seconds
            if kind == "STEP_SUCCESS":
                self._on_step(Step(phase, key, "done", seconds=seconds))
            else:
                self._on_step(Step(phase, key, "failed", self._failure(key, event), seconds))
        elif kind == "STEP_SKIPPED":
            self._on_step(Step(phase, key, "skipped"))
        elif kind == "ASSET_CHECK_EVALUATION":
            self._check(event)
            if phase == "gate":
                self._on_step(
                    Step(phase, event.asset_check_evaluation_data.asset_key.path[-1], "item")
                )

    def _run_event(self, entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type_value == "PIPELINE_START":
            for phase, planned in self._planned.items():
                self._on_step(Step(phase, phase, "planned", count=len(planned)))
        if event.event_type_value == "PIPELINE_FAILURE":
            data = event.job_failure_data
            if data.error and not self.outcome.errors and not self.outcome.blocked:
                self.outcome.errors.append(data.error.message.strip())

    def _failure(self, key: str, event: dg.DagsterEvent) -> str:
        """The cause in one message; a failed check is reported by `_check`, not here."""
        data = event.step_failure_data
        error = data.error
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None and error.cls_name == "DagsterAssetCheckFailedError":
            return "blocked by its gate"
        place = ""
        if error is not None and error.cls_name == "DagsterExecutionInterruptedError":
            self.outcome.errors.append("The run was interrupted. Start it again.")
            self.outcome.failed_steps[key] = "interrupted"
            return "interrupted"
        if data.user_failure_data is not None and data.user_failure_data.description:
            message = data.user_failure_data.description
            place = _place(data.user_failure_data.metadata)
        else:
            message = error.message.strip() if error is not None else event.message or "failed"
        self.outcome.errors.append(message)
        self.outcome.failed_steps[key] = place
        return message

    def _check(self, event: dg.DagsterEvent) -> None:
        evaluation = event.asset_check_evaluation_data
        if evaluation.passed or "results" not in evaluation.metadata:
            return  # what is no gate's, the failed step tells
        results = evaluation.metadata["results"].value
        assert isinstance(results, list)
        self.outcome.blocked += [
            result
            for result in results
            if not result["passed"] and result["severity"] == "critical"
        ]


def _place(metadata: Mapping[str, Any]) -> str:
    """Where an error of ours happened; dbt's failures do not say it."""
    return str(metadata[PLACE].value) if PLACE in metadata else ""
