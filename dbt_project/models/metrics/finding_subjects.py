"""One row per week of the agenda and finding: a subject that surely stands out from its peers."""

from orchestration.lib.findings.frames import findings


def model(dbt, session):
    return findings(
        weeks=dbt.ref("finding_weeks").select("week_start").to_arrow_table(),
        # In one order, since sums of doubles depend on it.
        events=dbt.ref("finding_events").order("all").to_arrow_table(),
        money=dbt.ref("finding_money").order("all").to_arrow_table(),
        actions=dbt.ref("stg_agreement__actions").select("item_id, closed_at").to_arrow_table(),
    )
