"""What starts a run when files land, tells people when one has failed, and removes old ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.alerting import tell
from orchestration.dagster_home import remove_old_runs
from orchestration.defs.automation.busy import why_busy
from orchestration.defs.automation.jobs import RUN_DAILY, name_of, publishes
from orchestration.launch import outcome_of
from orchestration.lib.company.automation_config import Automation
from orchestration.lib.company.folder import load_company
from orchestration.lib.errors import TandemError
from orchestration.lib.landing import landed, unloaded_tables
from orchestration.runs import ALERT_TAG, partition_day
from orchestration.settings import Settings

# A file that has stayed as it is for so long is taken to be complete.
_SETTLING_SECONDS = 60
_ALERT_SECONDS = 60
_REMOVAL_SECONDS = 3600
# Runs end in several processes, and need not be written in the order of their times.
_OVERLAP = timedelta(minutes=1)


def build_sensors(settings: Settings, automation: Automation) -> list[dg.SensorDefinition]:
    """`load_new_files`, `alert_on_runs` and `remove_old_history`."""

    @dg.sensor(
        name="load_new_files",
        job_name=RUN_DAILY,
        minimum_interval_seconds=_SETTLING_SECONDS,
        default_status=_status(automation.new_files.enabled),
        description="One run when files of a source have changed and nobody writes them any more.",
    )
    def load_new_files(
        context: dg.SensorEvaluationContext,
    ) -> dg.RunRequest | dg.SkipReason:
        return _look_for_files(context, settings)

    @dg.sensor(
        name="alert_on_runs",
        minimum_interval_seconds=_ALERT_SECONDS,
        default_status=_status(automation.alerts is not None),
        description="Tells of runs that failed or work again, and of a late release.",
    )
    def alert_on_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return _look_for_runs(context, settings)

    @dg.sensor(
        name="remove_old_history",
        minimum_interval_seconds=_REMOVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Removes runs, with their logs, that ended {settings.keep_days} days ago.",
    )
    def remove_old_history(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        removed = remove_old_runs(context.instance, settings, datetime.now(UTC))
        return dg.SkipReason(f"{removed} old runs are removed.")

    return [load_new_files, alert_on_runs, remove_old_history]


def _look_for_files(
    context: dg.SensorEvaluationContext, settings: Settings
) -> dg.RunRequest | dg.SkipReason:
    """The cursor holds two digests: of the files at the last tick, and of those dealt with.

    Files are dealt with once, whatever comes of the run: input that fails fails again.
    """
    try:
        company = load_company(settings.company)
    except TandemError:
        return dg.SkipReason("The company folder has problems: `tandem check`.")
    before = json.loads(context.cursor or "{}")
    now = landed(company)
    if now == before.get("done"):
        return dg.SkipReason("No new files.")
    if now != before.get("seen"):
        context.update_cursor(json.dumps({**before, "seen": now}))
        return dg.SkipReason("Files have changed; waiting until they stay as they are.")
    busy = why_busy(context.instance, settings)
    if busy is not None:
        return dg.SkipReason(f"Files have changed; the warehouse is held: {busy}.")
    tables = unloaded_tables(settings, company)
    context.update_cursor(json.dumps({"seen": now, "done": now}))
    if not tables:
        return dg.SkipReason("What has changed is loaded already.")
    context.log.info(f"New files for {', '.join(tables)}")
    fixed = company.agreement.company
    return dg.RunRequest(partition_key=partition_day(fixed, fixed.as_of or _now()).isoformat())


def _look_for_runs(context: dg.SensorEvaluationContext, settings: Settings) -> dg.SkipReason:
    """The cursor is the time (naive UTC) up to which ended runs were reported."""
    # A time to come was noted by a clock that was wrong.
    since = min(datetime.fromisoformat(context.cursor), _now()) if context.cursor else _now()
    ended = context.instance.get_run_records(
        dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE],
            updated_after=(since - _OVERLAP).replace(tzinfo=UTC),
        ),
        order_by="update_timestamp",
        ascending=True,
    )
    problems = tell(settings, None)
    for record in ended:
        run = record.dagster_run
        name = name_of(run)
        if name is not None and publishes(run) and run.tags.get(ALERT_TAG) != "false":
            problems = tell(settings, outcome_of(context.instance, run, name))
        since = max(since, record.update_timestamp.replace(tzinfo=None))
    context.update_cursor(since.isoformat())
    for problem in problems:
        context.log.warning(f"Alerts: {problem}")
    return dg.SkipReason("; ".join(problems) or "All that is to be told is told.")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _status(enabled: bool) -> dg.DefaultSensorStatus:
    return dg.DefaultSensorStatus.RUNNING if enabled else dg.DefaultSensorStatus.STOPPED
