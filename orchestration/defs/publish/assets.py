"""The release that BI reads."""

from collections.abc import Iterator, Sequence

import dagster as dg

from orchestration.defs.partitions import ONE_RUN
from orchestration.defs.publish.hold import RELEASE, SPEC, check_result
from orchestration.defs.resources import WAREHOUSE_POOL, TandemResource, failure
from orchestration.lib.errors import TandemError
from orchestration.lib.lock import exclusive


def build_publish_asset(
    marts: Sequence[dg.AssetKey],
    partitions: dg.PartitionsDefinition,
    freshness: dg.FreshnessPolicy,
) -> dg.AssetsDefinition:
    """The published release, downstream of every mart and so of every blocking check."""

    @dg.asset(
        key=RELEASE,
        deps=list(marts),
        check_specs=[SPEC],
        partitions_def=partitions,
        backfill_policy=ONE_RUN,
        freshness_policy=freshness,
        group_name="release",
        owners=["team:data"],
        kinds={"duckdb", "parquet"},
        description="One immutable release of the marts, swapped in atomically.",
        pool=WAREHOUSE_POOL,
    )
    def published(
        context: dg.AssetExecutionContext, tandem: TandemResource
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from orchestration.lib.release.gates import publish_build
        from orchestration.lib.release.releases import read_hold

        try:
            with exclusive(tandem.settings, "publish"):
                company = tandem.company()
                release = publish_build(
                    tandem.settings, company, context.run_id, tandem.as_of(context, company)
                )
        except TandemError as error:
            hold = read_hold(tandem.settings)
            if hold is not None:
                yield check_result(hold)
            raise failure(error) from None
        context.log.info(f"{release.release_id} is published")
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(release.rows.values()),
                "release_id": release.release_id,
                "path": dg.MetadataValue.path(str(release.path)),
                "rows": dg.MetadataValue.json(release.rows),
            },
            check_results=[check_result(None)],
        )

    return published
