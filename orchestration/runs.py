"""What `tandem run` asks for, and how it becomes a Dagster run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestration.launch import Outcome, Step, launch
from orchestration.lib.company.as_of import moment, parse_as_of
from orchestration.lib.company.folder import load_company
from orchestration.lib.dbt import is_manifest_current, prepare_manifest
from orchestration.lib.errors import TandemError
from orchestration.lib.home import claim
from orchestration.lib.lock import exclusive
from orchestration.settings import DEMO_TEMPLATE, Settings


@dataclass(frozen=True)
class RunRequest:
    """A run: a range of days or the latest one, and the moment the marts are built for."""

    start: date | None = None
    end: date | None = None
    full_refresh: bool = False
    as_of: date | datetime | None = None  # a day stands for its end

    @classmethod
    def parse(
        cls, start: str | None, end: str | None, full_refresh: bool, as_of: str | None
    ) -> RunRequest:
        """Read the command line's words; ValueError says what is wrong with them."""
        first, last = _day("--start", start), _day("--end", end)
        if (first is None) != (last is None):
            raise ValueError("--start and --end belong together: give both, or neither")
        if first and last and last < first:
            raise ValueError(f"--end {last} is before --start {first}")
        if full_refresh and first:
            raise ValueError("--full-refresh rebuilds all days: leave out --start and --end")
        return cls(first, last, full_refresh, _moment(as_of))


def _day(option: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"{option} '{text}' is no day; write YYYY-MM-DD") from None


def _moment(text: str | None) -> date | datetime | None:
    try:
        return parse_as_of(text) if text else None
    except ValueError:
        raise ValueError(f"--as-of '{text}' is no time; write YYYY-MM-DD or an ISO time") from None


def require_company(settings: Settings) -> None:
    """Raise TandemError if the company is the demo and its data has not been generated."""
    if settings.company == DEMO_TEMPLATE:
        raise TandemError(
            "The demo company has no data yet. Run `tandem demo`, or name your own company"
            " folder with TANDEM_COMPANY."
        )


def execute(settings: Settings, request: RunRequest, on_step: Callable[[Step], None]) -> Outcome:
    """Run the job that the request asks for, holding the installation's lock throughout.

    Raises TandemError where nothing can be run at all: a company with problems, no demo data,
    another run in progress.
    """
    from orchestration.defs.partitions import RANGE_END_TAG, RANGE_START_TAG
    from orchestration.defs.resources import AS_OF_TAG

    require_company(settings)
    loaded = load_company(settings.company, os.environ)
    claim(settings, loaded)
    company = loaded.agreement.company
    if not is_manifest_current(settings):
        prepare_manifest(settings)
    now = datetime.now(UTC).replace(microsecond=0)
    as_of = moment(request.as_of or company.as_of or now, company.timezone)
    local = as_of.replace(tzinfo=UTC).astimezone(ZoneInfo(company.timezone)).date()
    last_day = max(local - timedelta(days=1), company.history_start)
    tags = {AS_OF_TAG: as_of.isoformat()}
    partition_key = None
    if request.start and request.end:
        if request.start < company.history_start:
            raise TandemError(
                f"--start {request.start} is before history_start {company.history_start} in"
                " agreement/company.csv. Change one of them."
            )
        if request.end > last_day:
            raise TandemError(
                f"--end {request.end} is after {last_day}, the last day that had ended in"
                f" {company.timezone} at the run's as-of."
            )
        tags[RANGE_START_TAG] = request.start.isoformat()
        tags[RANGE_END_TAG] = request.end.isoformat()
    else:
        partition_key = last_day.isoformat()
    job = "rebuild_marts" if request.full_refresh else "run_daily"
    with exclusive(settings, f"tandem run ({job})"):
        return launch(settings, job, tags, on_step, partition_key)
