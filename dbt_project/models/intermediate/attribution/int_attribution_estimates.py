"""One row per basis, month and channel: what Markov and Shapley give it, from all paths."""

from orchestration.lib.attribution.frames import channel_estimates

PATHS = "path_number, basis, basis_month, is_converted, amount_reporting"


def model(dbt, session):
    return channel_estimates(
        paths=dbt.ref("int_attribution_paths").select(PATHS).to_arrow_table(),
        touches=dbt.ref("int_attribution_touches")
        .select("path_number, touch_position, channel_id")
        .to_arrow_table(),
    )
