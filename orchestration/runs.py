"""What `tandem run` asks for, and how it becomes a Dagster run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from orchestration.launch import Outcome, Step, launch
from orchestration.lib.company.agreement import CompanySettings
from orchestration.lib.company.as_of import last_full_day, last_full_week, moment, parse_as_of
from orchestration.lib.company.folder import load_company
from orchestration.lib.dbt import is_manifest_current, prepare_manifest
from orchestration.lib.errors import TandemError
from orchestration.lib.home import claim
from orchestration.lib.lock import exclusive
from orchestration.settings import DEMO_TEMPLATE, Settings

# A run tag: the last day of the week that the run closes for the review.
CLOSES_WEEK_TAG = "tandem/closes_week"
# A run tag: "false" keeps a run to whoever started it.
ALERT_TAG = "tandem/alert"


@dataclass(frozen=True)
class RunRequest:
    """A run: a range of days or the latest one, and the moment the marts are built for."""

    start: date | None = None
    end: date | None = None
    full_refresh: bool = False
    as_of: date | datetime | None = None  # a day stands for its end
    close_week: bool = False  # build as of the end of the last full week
    alert: bool = True

    @property
    def job(self) -> str:
        return "rebuild_marts" if self.full_refresh else "run_daily"

    @classmethod
    def parse(
        cls,
        start: str | None,
        end: str | None,
        full_refresh: bool,
        as_of: str | None,
        close_week: bool = False,
        alert: bool = True,
    ) -> RunRequest:
        """Read the command line's words; ValueError says what is wrong with them."""
        first, last = _day("--start", start), _day("--end", end)
        if (first is None) != (last is None):
            raise ValueError("--start and --end belong together: give both, or neither")
        if first and last and last < first:
            raise ValueError(f"--end {last} is before --start {first}")
        if full_refresh and first:
            raise ValueError("--full-refresh rebuilds all days: leave out --start and --end")
        if close_week and (full_refresh or first or as_of):
            raise ValueError("--close-week says all: leave out the other options")
        return cls(first, last, full_refresh, _moment(as_of), close_week, alert)


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
    tags = {AS_OF_TAG: as_of.isoformat()}
    last_day = partition_day(company, as_of)
    if request.close_week:
        tags, last_day = closing_the_week(company, as_of)
    if not request.alert:
        tags[ALERT_TAG] = "false"
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
    with exclusive(settings, f"tandem run ({request.job})"):
        return launch(settings, request.job, tags, on_step, partition_key)


def partition_day(company: CompanySettings, as_of: datetime) -> date:
    """The day that a run as of a moment (naive UTC) is recorded for: the last that had ended."""
    return max(last_full_day(as_of, company.timezone), company.history_start)


def closing_the_week(company: CompanySettings, as_of: datetime) -> tuple[dict[str, str], date]:
    """Tags and day of a run that closes the last week that had ended at a moment (naive UTC).

    It builds the marts as of that week's end, so that the newest week of the review's agenda is
    that week, whenever the run starts.
    """
    from orchestration.defs.resources import AS_OF_TAG

    sunday = last_full_week(as_of, company.timezone)
    end = moment(sunday, company.timezone)
    tags = {AS_OF_TAG: end.isoformat(), CLOSES_WEEK_TAG: sunday.isoformat()}
    return tags, partition_day(company, end)
