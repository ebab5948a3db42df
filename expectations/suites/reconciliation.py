"""What must hold for the comparison of our numbers with those of the sources.

Belongs here: that parts add up, and that both sides are complete. Does not belong here: the
marts that are compared (`facts`).
"""

from __future__ import annotations

from expectations.rules import Expectation, Suite, conserved, not_null, one_of, rows, unique

MEASURES = (
    "leads", "opportunities", "opportunity_amount", "wins", "won_amount", "conversions",
    "conversion_amount", "ad_spend", "ad_clicks", "ad_impressions", "platform_conversions",
    "claimed_wins", "activities", "touches",
)  # fmt: skip
_TABLE = "marts.reconciliation"
_SLICE = (
    "measure || ' ' || source_system || ' ' || coalesce(platform, '') || ' '"
    " || coalesce(currency, '') || ' ' || coalesce(cast(period_start as varchar), 'no date')"
)
_DEALS_TOGETHER = "case measure when 'conversions' then 'opportunities' else measure end"
_COUNTED = "measure in ('leads', 'opportunities', 'conversions', 'ad_spend')"


def reconciliation() -> list[Expectation]:
    return [
        unique(_TABLE, "reconciliation_id"),
        one_of(_TABLE, "measure", MEASURES),
        *not_null(_TABLE, "source_system", "cause", "our_value", "source_value", key="measure"),
        rows(
            _TABLE,
            "difference_is_ours_less_the_source",
            "difference <> our_value - source_value",
            "a difference other than our number less that of the source",
            example="measure",
        ),
        *(
            conserved(
                f"parts_of_{side}_add_up",
                f"parts of {side} that do not add up to the total",
                "comparisons",
                f"select {_SLICE} as slice, sum({side}) as value from {_TABLE}"
                " where cause <> '(all)' group by slice",
                f"select {_SLICE} as slice, sum({side}) as value from {_TABLE}"
                " where cause = '(all)' group by slice",
            )
            for side in ("our_value", "source_value")
        ),
        conserved(
            "our_numbers_are_those_of_the_marts",
            "another total of ours than the marts",
            "measures",
            f"select {_DEALS_TOGETHER} as slice, sum(our_value) as value from {_TABLE}"
            f" where cause = '(all)' and {_COUNTED} group by slice having sum(our_value) <> 0",
            "select 'leads' as slice, count(*) as value from marts.fct_funnel_events"
            " where stage_id = 'lead' and not is_inferred having count(*) > 0"
            " union all select 'opportunities', count(*) from marts.fct_opportunities"
            " having count(*) > 0"
            " union all select 'ad_spend', sum(spend) from marts.fct_ad_spend"
            " having sum(spend) <> 0",
        ),
        conserved(
            "source_numbers_are_those_of_the_lake",
            "another total of the sources than the raw lake",
            "measures",
            f"select {_DEALS_TOGETHER} as slice, sum(source_value) as value from {_TABLE}"
            f" where cause <> '(all)' and {_COUNTED}"
            " group by slice having sum(source_value) <> 0",
            "select 'leads' as slice, count(*) as value from staging.stg_generic__leads"
            " having count(*) > 0"
            " union all select 'opportunities', count(*) from ("
            "select source_id from staging.stg_generic__opportunities"
            " union all select source_id from staging.stg_generic__conversions) as deals"
            " having count(*) > 0"
            " union all select 'ad_spend', sum(cost) from staging.stg_generic__ad_reports"
            " having sum(cost) <> 0",
        ),
        rows(
            _TABLE,
            "nothing_is_unexplained",
            "cause = 'unexplained'",
            "a difference without a known cause",
            severity="warning",
            example="measure || ' of ' || source_system",
            details=f"select {_SLICE} || ': ' || cast(difference as varchar) from {_TABLE}"
            f" where cause = 'unexplained' order by {_SLICE} limit 3",
        ),
    ]


SUITES = (Suite("reconciliation", "data", reconciliation),)
