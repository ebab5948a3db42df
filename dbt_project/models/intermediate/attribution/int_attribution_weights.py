"""One row per touch of a path that converted: its weight by each of the ten models."""

from orchestration.lib.attribution.frames import Parameters, touch_weights

PATHS = "path_number, basis, basis_month, is_converted, amount_reporting"
TOUCHES = """
    path_number, touch_position, channel_id, age_days, is_by_lead, is_by_creation, is_by_closing
"""


def model(dbt, session):
    ((half_life_days, direct_channels),) = (
        dbt.ref("stg_agreement__attribution").select("half_life_days, direct_channels").fetchall()
    )
    return touch_weights(
        paths=dbt.ref("int_attribution_paths").select(PATHS).to_arrow_table(),
        touches=dbt.ref("int_attribution_touches").select(TOUCHES).to_arrow_table(),
        estimates=dbt.ref("int_attribution_estimates").to_arrow_table(),
        parameters=Parameters(
            float(half_life_days), [name.strip() for name in direct_channels.split(";")]
        ),
    )
