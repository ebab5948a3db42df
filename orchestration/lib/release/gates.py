"""Gate 2 of a build, and publishing what passed it.

Belongs here: bringing together what gates, lake and releases know. Does not belong here:
expectations (`expectations`), the form of a release (`releases`).
"""

from __future__ import annotations

from datetime import UTC, datetime

from expectations.gate_2 import check_marts
from expectations.registry import expected_assets
from expectations.results import ExpectationResult
from orchestration.lib.company.folder import Company
from orchestration.lib.durable import scratch
from orchestration.lib.lake.lake import Lake
from orchestration.lib.lake.standing import standing_results
from orchestration.lib.release import releases, restatements
from orchestration.lib.release.freshness import freshness_results
from orchestration.lib.release.gate_files import read_gate_file, write_gate_file
from orchestration.settings import Settings


def check_build(
    settings: Settings, company: Company, build_id: str, as_of: datetime
) -> list[ExpectationResult]:
    """Judge the marts in the warehouse, and keep the verdict for publishing this build.

    Returns gate 2's results; the file that is kept has gate 1's of the loads that count too, and
    how fresh what is not judged by it is. `as_of` is the build's, naive UTC.
    """
    current = releases.current(settings)
    results = check_marts(settings.warehouse_file, current.path if current else None)
    lake = Lake(settings)
    counting = lake.newest_accepted(company.tables)
    of_loads = [
        result for load in counting for result in standing_results(lake.accepted_with(load))
    ]
    freshness = freshness_results(
        company,
        {(load.source, load.table_name): load for load in lake.newest_loads()},
        {(load.source, load.table_name): load for load in counting},
        of_loads,
        as_of,
        datetime.now(UTC).replace(tzinfo=None, microsecond=0),
    )
    write_gate_file(settings, build_id, expected_assets(), [*of_loads, *freshness, *results])
    return results


def publish_build(
    settings: Settings, company: Company, build_id: str, as_of: datetime
) -> releases.Release:
    """Publish the warehouse's marts; see `releases.publish` for when it refuses."""
    from expectations.data_docs import build_data_docs

    gate = read_gate_file(settings, build_id)
    with scratch(settings.home / "tmp") as folder:
        docs = None
        if gate is not None:
            docs = build_data_docs(gate.results, folder / "data_docs").parent
        return releases.publish(
            settings,
            releases.BuildInfo(
                build_id,
                as_of,
                company.agreement.version,
                company.agreement.is_signed,
                restatements.definitions(company.agreement.rows),
            ),
            expected_assets=expected_assets(),
            loads=Lake(settings).loads_used(company.tables),
            data_docs=docs,
        )
