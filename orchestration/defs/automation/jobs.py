"""The jobs. What they run is decided by asset selection alone."""

from __future__ import annotations

import dagster as dg

from orchestration.defs.automation.compaction import COMPACT_LAKE
from orchestration.defs.publish.hold import RELEASE

RUN_DAILY, REBUILD_MARTS = JOBS = ("run_daily", "rebuild_marts")
# What Dagster calls the run of assets that somebody has chosen in the UI.
_CHOSEN = "__ASSET_JOB"


def build_jobs() -> tuple[dg.UnresolvedAssetJobDefinition, dg.UnresolvedAssetJobDefinition]:
    """`run_daily`: everything. `rebuild_marts`: from the lake on, without extracting again."""
    run_daily = dg.define_asset_job(
        RUN_DAILY,
        selection=dg.AssetSelection.all(),
        description="Extract every source, build the marts, check them and publish a release.",
    )
    rebuild_marts = dg.define_asset_job(
        REBUILD_MARTS,
        selection=dg.AssetSelection.all() - dg.AssetSelection.groups("sources"),
        description="Build the marts anew from the lake, check them and publish a release.",
        tags={"tandem/full_refresh": "true"},
    )
    return run_daily, rebuild_marts


def name_of(run: dg.DagsterRun) -> str | None:
    """What people call a run that holds the warehouse: its job, or what the UI calls it."""
    if run.job_name == _CHOSEN:
        return "backfill" if "dagster/backfill" in run.tags else "materialization"
    return run.job_name if run.job_name in (*JOBS, COMPACT_LAKE) else None


def publishes(run: dg.DagsterRun) -> bool:
    """Whether the run is meant to end in a release; one of a few assets in the UI is not."""
    return run.job_name in JOBS or RELEASE in (run.asset_selection or ())
