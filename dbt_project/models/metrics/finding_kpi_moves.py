"""One row per week of the agenda, KPI and segment: it surely misses or beats its target."""

from orchestration.lib.findings.kpi_moves import kpi_moves


def model(dbt, session):
    return kpi_moves(
        weeks=dbt.ref("finding_weeks").select("week_start").to_arrow_table(),
        series=dbt.ref("finding_kpi_weeks").to_arrow_table(),
    )
