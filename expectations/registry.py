"""Which suite holds for which mart, and who answers for it.

Belongs here: the modules of `suites` that gate 2 goes through. Does not belong here: the suites.
A mart that is missing here is not published: a test compares this list with dbt's models.
"""

from __future__ import annotations

from expectations.results import Owner
from expectations.rules import Suite
from expectations.suites import (
    agenda,
    agreement,
    alignment,
    attribution,
    dimensions,
    facts,
    kpis,
    pipeline,
    reconciliation,
    release,
    sales,
    sla,
)

SUITES: tuple[Suite, ...] = (
    *dimensions.SUITES,
    *agreement.SUITES,
    *facts.SUITES,
    *sales.SUITES,
    *pipeline.SUITES,
    *attribution.SUITES,
    *kpis.SUITES,
    *alignment.SUITES,
    *sla.SUITES,
    *reconciliation.SUITES,
    *release.SUITES,
    *agenda.SUITES,
)

_OWNERS = {suite.asset: suite.owner for suite in SUITES}


def expected_assets() -> tuple[str, ...]:
    """The marts that gate 2 must have judged before a build may be published."""
    return tuple(_OWNERS)


def owner_of(mart: str) -> Owner:
    """The team that answers for a mart's quality; KeyError if no suite holds for it."""
    return _OWNERS[mart]
