"""The one daily partitions definition that all dated assets share."""

from __future__ import annotations

import dagster as dg

from orchestration.lib.company.folder import Company

# Any range of days is one run: a backfill of 90 days must not cost 90 runs.
ONE_RUN = dg.BackfillPolicy.single_run()


def daily_partitions(company: Company) -> dg.DailyPartitionsDefinition:
    """A partition per day of the agreement's timezone, from the company's first day on."""
    return dg.DailyPartitionsDefinition(
        start_date=company.agreement.company.history_start.isoformat(),
        timezone=company.agreement.company.timezone,
    )
