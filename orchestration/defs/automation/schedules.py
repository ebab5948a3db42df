"""What runs by itself: the daily job, every day and once a week to close the week; compaction.

The first two start the same job; what differs are the moment it is built for, and a tag. Whether
they are on is said by `automation.yaml`, until somebody switches them in the UI.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import dagster as dg

from orchestration.defs.automation.busy import why_busy
from orchestration.defs.automation.compaction import COMPACT_LAKE
from orchestration.defs.automation.jobs import RUN_DAILY
from orchestration.lib.company.automation_config import WEEKDAYS, Automation
from orchestration.lib.company.folder import Company
from orchestration.runs import closing_the_week, partition_day
from orchestration.settings import Settings


def build_schedules(
    settings: Settings, company: Company, automation: Automation
) -> list[dg.ScheduleDefinition]:
    """`run_daily`, `close_week` and `compact_lake`, in the agreement's timezone."""
    fixed = company.agreement.company
    daily, review, compaction = automation.daily, automation.review, automation.compaction
    review_day = WEEKDAYS.index(review.weekday) + 1

    @dg.schedule(
        name=RUN_DAILY,
        job_name=RUN_DAILY,
        cron_schedule=f"0 {daily.hour} * * *",
        execution_timezone=fixed.timezone,
        default_status=_status(daily.enabled),
        description="One run a day, for the day that ended in the agreement's timezone.",
    )
    def run_daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        due = context.scheduled_execution_time
        if review.enabled and (due.isoweekday(), due.hour) == (review_day, review.hour):
            return dg.SkipReason("close_week runs at this hour.")
        return _unless_busy(context, settings, partition_day(fixed, fixed.as_of or _utc(due)), {})

    @dg.schedule(
        name="close_week",
        job_name=RUN_DAILY,
        cron_schedule=_weekly(review.weekday, review.hour),
        execution_timezone=fixed.timezone,
        default_status=_status(review.enabled),
        description="Before the review: a run as of the end of the last full week.",
    )
    def close_week(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        now = fixed.as_of or _utc(context.scheduled_execution_time)
        tags, day = closing_the_week(fixed, now)
        return _unless_busy(context, settings, day, tags)

    @dg.schedule(
        name=COMPACT_LAKE,
        job_name=COMPACT_LAKE,
        cron_schedule=_weekly(compaction.weekday, compaction.hour),
        execution_timezone=fixed.timezone,
        default_status=_status(compaction.enabled),
        description="Few files in the lake instead of one for each load.",
    )
    def compact_lake(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return _skip_if_busy(context, settings) or dg.RunRequest()

    return [run_daily, close_week, compact_lake]


def _weekly(weekday: str, hour: int) -> str:
    # Cron counts Sunday as 0.
    return f"0 {hour} * * {(WEEKDAYS.index(weekday) + 1) % 7}"


def _unless_busy(
    context: dg.ScheduleEvaluationContext, settings: Settings, day: date, tags: dict[str, str]
) -> dg.RunRequest | dg.SkipReason:
    request = dg.RunRequest(partition_key=day.isoformat(), tags=tags)
    return _skip_if_busy(context, settings) or request


def _skip_if_busy(
    context: dg.ScheduleEvaluationContext, settings: Settings
) -> dg.SkipReason | None:
    busy = why_busy(context.instance, settings)
    return None if busy is None else dg.SkipReason(f"The warehouse is held: {busy}.")


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _status(enabled: bool) -> dg.DefaultScheduleStatus:
    status = dg.DefaultScheduleStatus
    return status.RUNNING if enabled else status.STOPPED
