"""Which suite holds for which mart, and who answers for it.

Belongs here: the list of gate 2's suites. Does not belong here: their expectations (`suites`).
A mart that is missing here is not published: a test compares this list with dbt's models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from expectations.results import Owner
from expectations.rules import Expectation
from expectations.suites import dimensions, facts, kpis, release


@dataclass(frozen=True)
class Suite:
    """What must hold for a mart. Its critical expectations block the release."""

    asset: str
    owner: Owner
    expectations: Callable[[], list[Expectation]]


SUITES: tuple[Suite, ...] = (
    Suite("dim_date", "data", dimensions.dim_date),
    Suite("dim_account", "sales", dimensions.dim_account),
    Suite("dim_person", "data", dimensions.dim_person),
    Suite("dim_campaign", "marketing", dimensions.dim_campaign),
    Suite("dim_channel", "marketing", dimensions.dim_channel),
    Suite("dim_rep", "sales", dimensions.dim_rep),
    Suite("dim_product", "sales", dimensions.dim_product),
    Suite("dim_stage", "data", dimensions.dim_stage),
    Suite("dim_kpi", "data", dimensions.dim_kpi),
    Suite("bridge_person_record", "data", dimensions.bridge_person_record),
    Suite("fct_touchpoints", "marketing", facts.fct_touchpoints),
    Suite("fct_funnel_events", "data", facts.fct_funnel_events),
    Suite("fct_funnel", "data", facts.fct_funnel),
    Suite("fct_opportunities", "sales", facts.fct_opportunities),
    Suite("fct_ad_spend", "marketing", facts.fct_ad_spend),
    Suite("fct_sales_activities", "sales", facts.fct_sales_activities),
    Suite("kpi_components", "data", kpis.kpi_components),
    Suite("kpi_scorecard", "data", kpis.kpi_scorecard),
    Suite("release_info", "data", partial(release.filled_by_publishing, "marts.release_info")),
    Suite("data_quality", "data", partial(release.filled_by_publishing, "marts.data_quality")),
)

_OWNERS = {suite.asset: suite.owner for suite in SUITES}


def expected_assets() -> tuple[str, ...]:
    """The marts that gate 2 must have judged before a build may be published."""
    return tuple(_OWNERS)


def owner_of(mart: str) -> Owner:
    """The team that answers for a mart's quality; KeyError if no suite holds for it."""
    return _OWNERS[mart]
