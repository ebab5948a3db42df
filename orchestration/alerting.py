"""A run and the alerts about it: what `tandem run` and Dagster's sensor have in common.

Belongs here: turning an outcome into causes without values, and reporting it. Does not belong
here: whether a message is due (`lib.alerts`), how a run is started (`runs`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from orchestration.launch import Outcome, Step, phase_of
from orchestration.lib.alerts.causes import Cause, RunEnd, not_started
from orchestration.lib.alerts.report import report
from orchestration.lib.company.folder import CompanyError, load_automation, load_company
from orchestration.lib.errors import TandemError
from orchestration.runs import RunRequest, execute
from orchestration.settings import Settings

_STEPS = {
    "transform": "The marts could not be built (dbt)",
    "gate": "Gate 2 could not be evaluated",
    "publish": "The release could not be published",
}


def execute_and_alert(
    settings: Settings,
    request: RunRequest,
    on_step: Callable[[Step], None],
    on_undelivered: Callable[[str], None],
) -> Outcome:
    """Execute a run and report how it ended, also where it could not start.

    `on_undelivered` is told what went wrong with the alerts, which never fails a run. Raises
    what `execute` raises.
    """
    ended: Outcome | RunEnd | None = None
    try:
        ended = outcome = execute(settings, request, on_step)
        return outcome
    except Exception as error:
        ended = not_started(request.job, error)
        raise
    finally:
        if request.alert and ended is not None:
            for problem in tell(settings, ended):
                on_undelivered(problem)


def tell(settings: Settings, ended: Outcome | RunEnd | None) -> list[str]:
    """Report the end of a run if the company wants alerts; None: what waits since earlier.

    Returns what went wrong, in words without secrets; raises nothing.
    """
    try:
        automation = load_automation(settings.company)
        if automation.alerts is None:
            return []
        end = run_end(settings, ended) if isinstance(ended, Outcome) else ended
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        return report(settings, automation.alerts, end, now, os.environ, automation.late_after)
    except TandemError as error:
        return [str(error)]
    except Exception as error:  # whatever is wrong with alerts, the run comes first
        return [f"a fault in Tandem ({type(error).__name__})"]


def run_end(settings: Settings, outcome: Outcome) -> RunEnd:
    """How a run ended, with the causes that may leave the machine."""
    if outcome.success:
        return RunEnd(outcome.job, "published", outcome.run_id)
    blocked = [_blocked(result) for result in outcome.blocked]
    owners = _owners(settings) if outcome.failed_steps else {}
    failed = [_failed(key, place, owners) for key, place in outcome.failed_steps.items()]
    died = Cause("run:died", "It ended without a word: its process was killed, or took too long")
    causes = (*blocked, *failed) or (died,)
    return RunEnd(outcome.job, "blocked" if blocked else "failed", outcome.run_id, causes)


def _blocked(result: Mapping[str, Any]) -> Cause:
    """The expectation by its name: what it says in words may quote what it found."""
    asset, expectation = result["asset"], result["expectation"]
    failed, checked = result["failed_rows"], result["checked_rows"] or 0
    # An expectation of a load as a whole is evaluated on one row that stands for it.
    rows = f" ({failed:,} of {checked:,} rows)" if failed is not None and checked > 1 else ""
    return Cause(
        f"{result['gate']}:{asset}:{expectation}",
        f"{asset}: {expectation} does not hold{rows}",
        str(result["owner"]),
    )


def _failed(key: str, place: str, owners: Mapping[str, str]) -> Cause:
    phase = phase_of(key)
    text, owner = _STEPS.get(phase, ""), "data"
    if phase == "extract":
        name = key.removeprefix("lake__")
        text, owner = f"{name} could not be loaded", owners.get(name.split("__")[0], "data")
    return Cause(f"step:{key}:{place}", f"{text}{place and f' ({place})'}", owner)


def _owners(settings: Settings) -> dict[str, str]:
    try:
        return {each.source: each.owner for each in load_company(settings.company).sources}
    except CompanyError:  # that may be why the step failed
        return {}
