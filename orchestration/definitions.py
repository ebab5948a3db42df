"""Assembles Dagster's definitions; nothing else. Reads settings and configuration, no data."""

from __future__ import annotations

import warnings
from typing import Any

import dagster as dg

from orchestration.defs.automation.compaction import compact_lake
from orchestration.defs.automation.freshness import usual_freshness
from orchestration.defs.automation.jobs import build_jobs
from orchestration.defs.automation.schedules import build_schedules
from orchestration.defs.automation.sensors import build_sensors
from orchestration.defs.partitions import daily_partitions
from orchestration.defs.publish.assets import build_publish_asset
from orchestration.defs.quality.assets import build_gate_2
from orchestration.defs.resources import DbtResource, TandemResource
from orchestration.defs.sources.assets import build_source_assets
from orchestration.defs.transform.assets import build_dbt_assets
from orchestration.lib.company.folder import load_automation, load_company
from orchestration.lib.dbt import dbt_executable
from orchestration.settings import Settings, load_settings


def build(settings: Settings, resource_overrides: dict[str, Any] | None = None) -> dg.Definitions:
    """The whole graph of one installation. Resources may be replaced in tests."""
    # `backfill_policy` is said to be in beta; the design rests on it knowingly.
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    company = load_company(settings.company)
    automation = load_automation(settings.company)
    partitions = daily_partitions(company)
    freshness = usual_freshness(automation)
    models = build_dbt_assets(settings, company, partitions)
    marts = [key for key in models.keys if key.path[0] == "marts"]
    run_daily, rebuild_marts = build_jobs()
    return dg.Definitions(
        assets=[
            *build_source_assets(company, partitions, freshness),
            models,
            build_publish_asset(marts, partitions, freshness),
        ],
        asset_checks=[build_gate_2()],
        jobs=[run_daily, rebuild_marts, compact_lake],
        schedules=build_schedules(settings, company, automation),
        sensors=build_sensors(settings, automation),
        # One process per run: importing dbt, pandas and GX again for each step costs more
        # than the steps themselves.
        executor=dg.in_process_executor,
        resources={
            "tandem": TandemResource(
                home=str(settings.home),
                company_folder=str(settings.company),
                readers_gid=settings.readers_gid,
            ),
            "dbt": DbtResource(
                project_dir=str(settings.dbt_project),
                profiles_dir=str(settings.dbt_project),
                dbt_executable=dbt_executable(),
            ),
            **(resource_overrides or {}),
        },
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads; importing this module alone reads nothing."""
    return build(load_settings())
