"""What must hold for components and scorecard: nothing is lost between facts and KPIs.

Belongs here: the grain of the KPI marts, and that their numbers are sums of the facts.
"""

from __future__ import annotations

from expectations.rules import (
    Expectation,
    Suite,
    conserved,
    counted,
    not_null,
    once,
    one_of,
    refers_to,
    rows,
    unique,
)

ALL = "(all)"
NONE = "(none)"
GRAINS = ("day", "week", "month", "quarter", "year")
SLICES = ("segment", "channel_id", "region")

_EVENTS = {
    "leads": ("lead",),
    "mqls": ("mql",),
    "sals": ("sal",),
    "sqls": ("sql",),
    "opportunities_created": ("opportunity",),
    "wins": ("won",),
    "losses": ("lost",),
    "closed": ("won", "lost"),
}
_VALUES = {
    "pipeline_created": ("marts.fct_opportunities", "amount_reporting", "created_date", "true"),
    "won_value": ("marts.fct_opportunities", "amount_reporting", "closed_date", "is_won"),
    "spend": ("marts.fct_ad_spend", "spend_reporting", "spend_date", "true"),
}
COMPONENTS = (*_EVENTS, *_VALUES)
_IS_TOTAL = " and ".join(f"{name} = '{ALL}'" for name in SLICES)


def kpi_components() -> list[Expectation]:
    table = "marts.kpi_components"
    # One type for all: a union of several would round to the coarsest.
    of_facts = [
        f"select '{name}' as slice, cast(count(*) as decimal(38, 6)) as value"
        " from marts.fct_funnel_events where not is_inferred and entered_date is not null"
        f" and stage_id in ({', '.join(map(repr, stages))})"
        for name, stages in _EVENTS.items()
    ] + [
        f"select '{name}' as slice, cast(coalesce(sum({value}), 0) as decimal(38, 6)) as value"
        f" from {fact}"
        f" where {day} is not null and {condition}"
        for name, (fact, value, day, condition) in _VALUES.items()
    ]
    return [
        unique(table, "component_date", "component_id", *SLICES),
        one_of(table, "component_id", COMPONENTS),
        *not_null(table, "value", key="component_id"),
        rows(
            table,
            "channel_id_is_in_dim_channel",
            f"channel_id <> '{NONE}' and channel_id not in (select channel_id from"
            " marts.dim_channel)",
            "a channel_id that dim_channel does not have",
            example="channel_id",
        ),
        conserved(
            "components_are_sums_of_the_facts",
            "another total in kpi_components than in their fact",
            "components",
            "select known.slice, coalesce(sum(components.value), 0) as value"
            f" from (values {', '.join(f'({name!r})' for name in COMPONENTS)}) as known (slice)"
            f" left join {table} as components on components.component_id = known.slice"
            " group by known.slice",
            " union all ".join(of_facts),
        ),
    ]


def kpi_scorecard() -> list[Expectation]:
    table = "marts.kpi_scorecard"
    key = ("period_grain", "period_start", "kpi_id")
    without_total = (
        f"from (select {', '.join(key)} from {table} group by {', '.join(key)}"
        f" having count(case when {_IS_TOTAL} then 1 end) = 0) as without_total"
    )
    return [
        unique(table, *key, *SLICES),
        refers_to(table, "kpi_id", "marts.dim_kpi", optional=False),
        one_of(table, "period_grain", GRAINS),
        rows(
            table,
            "null_has_a_reason",
            "(value is null) <> (null_reason is not null)",
            "no value and no reason why, or both",
            example="kpi_id",
        ),
        Expectation(
            "every_period_has_a_total",
            "critical",
            once(f"select count(*) {without_total}"),
            counted(f"no row for {ALL} slices", "KPIs and periods of kpi_scorecard"),
            checked=f"count(distinct ({', '.join(key)}))",
            details=f"select distinct kpi_id {without_total} order by kpi_id limit 3",
        ),
        conserved(
            "totals_are_sums_of_the_components",
            "another total in kpi_scorecard than in kpi_components",
            "KPIs and period grains",
            f"select kpi_id || ' ' || period_grain as slice, sum(numerator) as value from {table}"
            f" where numerator is not null and {_IS_TOTAL} group by kpi_id, period_grain",
            "select totals.kpi_id || ' ' || totals.period_grain as slice,"
            " coalesce(sum(components.value), 0) as value"
            f" from (select distinct kpi_id, period_grain from {table}"
            f" where numerator is not null and {_IS_TOTAL}) as totals"
            " join marts.dim_kpi as kpis on kpis.kpi_id = totals.kpi_id"
            " left join marts.kpi_components as components"
            " on components.component_id = kpis.numerator and components.component_date <="
            f" (select max(period_start) from {table} where period_grain = 'day')"
            " group by totals.kpi_id, totals.period_grain",
        ),
        *(_slices_add_up(table, name) for name in SLICES),
    ]


def _slices_add_up(table: str, sliced: str) -> Expectation:
    """The numerators of one dimension's slices add up to the total."""
    others = " and ".join(f"{name} = '{ALL}'" for name in SLICES if name != sliced)
    summed = "coalesce(sum(numerator), 0) as value"
    key = "kpi_id || ' ' || period_grain"
    return conserved(
        f"{sliced}_slices_add_up",
        f"{sliced} slices that do not add up to the total",
        "KPIs and period grains of kpi_scorecard",
        f"select {key} as slice, {summed} from {table}"
        f" where {sliced} <> '{ALL}' and {others} group by kpi_id, period_grain",
        f"select {key} as slice, {summed} from {table} where {_IS_TOTAL}"
        f" and (kpi_id, period_grain) in (select kpi_id, period_grain from {table}"
        f" where {sliced} <> '{ALL}' and {others}) group by kpi_id, period_grain",
    )


SUITES = (
    Suite("kpi_components", "data", kpi_components),
    Suite("kpi_scorecard", "data", kpi_scorecard),
)
