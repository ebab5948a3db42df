"""The job that compacts the lake: one op, which no run of the pipeline meets."""

import dagster as dg

from orchestration.defs.resources import WAREHOUSE_POOL, TandemResource, failure
from orchestration.lib.errors import TandemError

COMPACT_LAKE = "compact_lake"


@dg.op(pool=WAREHOUSE_POOL, description="Few files instead of many, without what was replaced.")
def compact_files(context: dg.OpExecutionContext, tandem: TandemResource) -> None:
    """Compact the lake of this installation."""
    from orchestration.lib.compaction import compact

    try:
        tandem.company()  # refuses a home that is another company's
        done = compact(tandem.settings, context.log.info)
    except TandemError as error:
        raise failure(error) from error
    context.log.info(done.summary)


@dg.job(name=COMPACT_LAKE, description="Few files in the lake instead of one for each load.")
def compact_lake() -> None:
    """No assets: what the lake says stays the same."""
    compact_files()
