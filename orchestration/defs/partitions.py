"""The one daily partitions definition that all dated assets share, and the days of a run."""

from __future__ import annotations

from datetime import date, timedelta

import dagster as dg

from orchestration.lib.company.folder import Company
from orchestration.lib.windows import RunDays

# Dagster's own tags for a run over a range of partitions.
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"

# Any range of days is one run: a backfill of 90 days must not cost 90 runs.
ONE_RUN = dg.BackfillPolicy.single_run()


def daily_partitions(company: Company) -> dg.DailyPartitionsDefinition:
    """A partition per day of the agreement's timezone, from the company's first day on."""
    return dg.DailyPartitionsDefinition(
        start_date=company.agreement.company.history_start.isoformat(),
        timezone=company.agreement.company.timezone,
    )


def days_of(context: dg.AssetExecutionContext) -> RunDays:
    """The days of a run: a range of partitions is a backfill, a single one is the daily run."""
    keys = context.partition_key_range
    return RunDays(
        date.fromisoformat(keys.start),
        date.fromisoformat(keys.end) + timedelta(days=1),
        is_backfill=RANGE_START_TAG in context.run.tags,
    )
