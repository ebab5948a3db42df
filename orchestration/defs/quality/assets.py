"""Gate 2: one blocking check per mart, all evaluated in one step after dbt has ended.

A separate step, because a check cannot stop a model inside dbt's own step; what it stops is
the publishing.
"""

from collections.abc import Iterator

import dagster as dg

from expectations.registry import expected_assets, owner_of
from orchestration.defs.quality.checks import check_result
from orchestration.defs.resources import WAREHOUSE_POOL, TandemResource
from orchestration.lib.lock import exclusive

GATE = "gate_2"


def build_gate_2() -> dg.AssetChecksDefinition:
    """The checks of all marts; their results are kept beside the warehouse for publishing."""
    marts = [dg.AssetKey(["marts", name]) for name in expected_assets()]

    @dg.multi_asset_check(
        name=GATE,
        specs=[
            dg.AssetCheckSpec(
                GATE,
                asset=key,
                blocking=True,
                description="Keys, references, ranges and conservation hold.",
                metadata={"owner": f"team:{owner_of(key.path[-1])}"},
            )
            for key in marts
        ],
        pool=WAREHOUSE_POOL,
    )
    def gate_2(
        context: dg.AssetCheckExecutionContext, tandem: TandemResource
    ) -> Iterator[dg.AssetCheckResult]:
        from orchestration.lib.release.gates import check_build

        with exclusive(tandem.settings, "gate 2"):
            company = tandem.company()
            results = check_build(
                tandem.settings, company, context.run.run_id, tandem.as_of(context, company)
            )
        held = sum(result.passed for result in results)
        context.log.info(f"{held} of {len(results)} expectations hold")
        for key in marts:
            own = [result for result in results if result.asset == key.path[-1]]
            yield check_result(key, GATE, own)

    return gate_2
