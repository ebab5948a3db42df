"""What every op is given: the folders of this installation, the company, and this run's as-of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource
from packaging.version import Version

from orchestration.dead_runs import end_dead_runs, marked_alive
from orchestration.lib.company.as_of import moment, parse_as_of
from orchestration.lib.company.folder import Company, load_company
from orchestration.lib.errors import PLACE, TandemError
from orchestration.lib.home import claim
from orchestration.lib.lock import Busy, exclusive
from orchestration.settings import Settings

# A run tag: the moment the marts are built for, as ISO 8601 UTC. The command line sets it.
AS_OF_TAG = "tandem/as_of"
# A run tag: "true" rebuilds incremental models from the lake.
FULL_REFRESH_TAG = "tandem/full_refresh"

WAREHOUSE_POOL = "warehouse"


class DbtResource(DbtCliResource):
    """The dbt of this environment."""

    @cached_property
    def _cli_version(self) -> Version:
        # The parent asks `dbt --version`, which looks for newer ones on the internet.
        return Version(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        # The parent loads dbt and the project's macros here too, for metadata of columns that
        # the warehouse is asked for later.
        return None


def failure(error: TandemError, *, allow_retries: bool = False) -> dg.Failure:
    """An error for the user as the failure of a step, which trying again seldom mends."""
    return dg.Failure(str(error), metadata={PLACE: error.place}, allow_retries=allow_retries)


class TandemResource(dg.ConfigurableResource):
    """The installation that an op works on."""

    home: str
    company_folder: str
    readers_gid: int | None = None

    @property
    def settings(self) -> Settings:
        return Settings(Path(self.home), Path(self.company_folder), self.readers_gid)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[TandemResource]:
        """For a whole run: end those that died, show that this one lives, and hold the lock.

        Where somebody else holds it, the first step says who.
        """
        assert context.instance is not None and context.run_id is not None, "no run asks for it"
        end_dead_runs(context.instance, self.settings)
        with marked_alive(self.settings, context.run_id), ExitStack() as held:
            with suppress(Busy):
                held.enter_context(exclusive(self.settings, f"run {context.run_id}"))
            yield self

    def company(self) -> Company:
        """The company as its folder says now.

        Raises CompanyError with every problem, OtherCompanyError if the home is another's.
        """
        company = load_company(self.settings.company)
        claim(self.settings, company)
        return company

    def as_of(
        self, context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, company: Company
    ) -> datetime:
        """The run's as-of, naive UTC: its tag, else the company's, else the run's creation."""
        fixed = company.agreement.company
        tag = context.run.tags.get(AS_OF_TAG)
        if tag:
            return moment(parse_as_of(tag), fixed.timezone)
        if fixed.as_of is not None:
            return fixed.as_of
        record = context.instance.get_run_record_by_id(context.run.run_id)
        created = record.create_timestamp if record else datetime.now(UTC)
        return created.astimezone(UTC).replace(tzinfo=None, microsecond=0)
