"""What every op is given: the folders of this installation, the company, and this run's as-of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from orchestration.lib.company import Company, load_company
from orchestration.lib.home import claim
from orchestration.settings import Settings

# A run tag: the moment the marts are built for, as ISO 8601 UTC. The command line sets it.
AS_OF_TAG = "tandem/as_of"
# A run tag: "true" rebuilds incremental models from the lake.
FULL_REFRESH_TAG = "tandem/full_refresh"

WAREHOUSE_POOL = "warehouse"


class TandemResource(dg.ConfigurableResource):
    """The installation that an op works on."""

    home: str
    company_folder: str

    @property
    def settings(self) -> Settings:
        return Settings(Path(self.home), Path(self.company_folder))

    def company(self) -> Company:
        """The company as its folder says now.

        Raises CompanyError with every problem, OtherCompanyError if the home is another's.
        """
        company = load_company(self.settings.company)
        claim(self.settings, company)
        return company

    def as_of(self, context: dg.OpExecutionContext | dg.AssetExecutionContext) -> datetime:
        """The run's as-of, naive UTC: its tag, else the company's, else the run's creation."""
        tag = context.run.tags.get(AS_OF_TAG)
        if tag:
            return parse_as_of(tag)
        fixed = self.company().agreement.company.as_of
        if fixed is not None:
            return fixed
        record = context.instance.get_run_record_by_id(context.run_id)
        created = record.create_timestamp if record else datetime.now(UTC)
        return created.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def parse_as_of(text: str) -> datetime:
    """Read an ISO 8601 date or time; without an offset it is UTC. ValueError if it is neither."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return value
