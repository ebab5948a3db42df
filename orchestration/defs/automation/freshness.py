"""How long an asset may go without a run before Dagster shows it as late.

Dagster looks at when an asset was materialized: it tells whether the pipeline runs at all. How old
the rows are is gate 1's to judge; both go by the limits that a source declares.
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from orchestration.lib.company.automation_config import Automation
from orchestration.lib.company.source_config import Freshness

_UNTOLD = timedelta(days=2)


def usual_freshness(automation: Automation) -> dg.FreshnessPolicy:
    """Of the release, and of tables that declare nothing."""
    return dg.FreshnessPolicy.time_window(fail_window=automation.late_after or _UNTOLD)


def table_freshness(declared: Freshness, usual: dg.FreshnessPolicy) -> dg.FreshnessPolicy:
    """Of a source table: its own limits in days, where it has any."""
    warn, error = declared.warn_after_days, declared.error_after_days
    if warn and error and warn < error:
        return dg.FreshnessPolicy.time_window(timedelta(days=error), timedelta(days=warn))
    days = error or warn
    return usual if days is None else dg.FreshnessPolicy.time_window(timedelta(days=days))
