"""The jobs. What they run is decided by asset selection alone."""

from __future__ import annotations

import dagster as dg

RUN_DAILY, REBUILD_MARTS = JOBS = ("run_daily", "rebuild_marts")


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
