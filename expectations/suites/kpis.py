"""What must hold for components and scorecard: nothing is lost between facts and KPIs.

Belongs here: the grain of the KPI marts, and that their numbers are sums of the facts.
"""

from __future__ import annotations

from collections.abc import Mapping

from expectations.rules import (
    Expectation,
    Suite,
    conserved,
    counted,
    listed,
    not_null,
    once,
    one_of,
    refers_to,
    rows,
    unique,
)
from orchestration.lib.company.agreement_words import COMPONENTS

ALL = "(all)"
NONE = "(none)"
GRAINS = ("day", "week", "month", "quarter", "year")
SLICES = ("segment", "channel_id", "region")

_EVENT = "not is_inferred and stage_id"
_NEW = "coalesce(opportunity_type, 'new') = 'new'"
_HAS_AMOUNT = "amount_reporting is not null"
_PRICED = "is_won and list_amount_reporting is not null and sold_amount_reporting is not null"
_PAID = (
    "basis = 'revenue' and model = (select kpi_model from staging.stg_agreement__attribution)"
    " and channel_id in (select channel_id from marts.dim_channel where is_paid)"
)


def _of_type(sums: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The sums for each type of deal; a deal of unknown type is new."""
    types = {
        "new": _NEW,
        "expansion": "opportunity_type = 'expansion'",
        "renewal": "opportunity_type = 'renewal'",
    }
    return {
        f"{name}_{suffix}": (fact, value, day, f"{condition} and {of_type}")
        for name, (fact, value, day, condition) in sums.items()
        for suffix, of_type in types.items()
    }


def _counts(fact: str, day: str, conditions: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: (fact, "1", day, condition) for name, condition in conditions.items()}


_DECIDED = _counts(
    "fct_funnel_events",
    "entered_date",
    {"wins": f"{_EVENT} = 'won'", "closed": f"{_EVENT} in ('won', 'lost')"},
)
# What each component is the sum of, said once more: fact, value, day and condition.
_SUMS: dict[str, tuple[str, ...]] = {
    **_counts(
        "fct_funnel_events",
        "entered_date",
        {
            "leads": f"{_EVENT} = 'lead'",
            "mqls": f"{_EVENT} = 'mql'",
            "sals": f"{_EVENT} = 'sal'",
            "sqls": f"{_EVENT} = 'sql'",
            "opportunities_created": f"{_EVENT} = 'opportunity'",
            "losses": f"{_EVENT} = 'lost'",
        },
    ),
    **_DECIDED,
    **_of_type(_DECIDED),
    **_counts(
        "fct_lead_response",
        "handed_date",
        {
            "leads_handed": "true",
            "leads_accepted": "decision = 'accepted'",
            "leads_followed_up": "is_followed_up",
            "follow_ups_due": "is_followed_up is not null",
            "responses_due": "within_promise is not null",
            "responses_in_promise": "within_promise",
        },
    ),
    **{
        name: ("fct_opportunities", "amount_reporting", "created_date", condition)
        for name, condition in {
            "pipeline_created": "true",
            "sourced_pipeline_by_lead_source": "sourced_by_lead_source = 'marketing'",
            "sourced_pipeline_by_first_touch": "sourced_by_first_touch = 'marketing'",
            "sourced_pipeline_by_creator": "sourced_by_creator = 'marketing'",
            "influenced_pipeline": "is_influenced",
        }.items()
    },
    **{
        name: ("fct_opportunities", "amount_reporting", "closed_date", condition)
        for name, condition in {
            "won_value": "is_won",
            "won_value_new": f"is_won and {_NEW}",
            "closed_value": "stage_id in ('won', 'lost')",
        }.items()
    },
    **_counts(
        "fct_opportunities",
        "closed_date",
        {
            "wins_valued": f"is_won and {_HAS_AMOUNT}",
            "wins_valued_new": f"is_won and {_HAS_AMOUNT} and {_NEW}",
        },
    ),
    **{
        f"{name}_value_won": (
            "fct_price_realization",
            f"{name}_amount_reporting",
            "closed_date",
            _PRICED,
        )
        for name in ("list", "sold", "discount")
    },
    "quota": ("fct_quotas", "amount_reporting", "quota_date", "true"),
    "paid_won_value": ("fct_attribution", "credit", "basis_date", _PAID),
    "spend": ("fct_ad_spend", "spend_reporting", "spend_date", "true"),
    "acquisition_cost": ("fct_acquisition_costs", "amount_reporting", "cost_date", "true"),
}
# Counted for the whole period, also where it runs on after as-of.
_PLANS = ("quota",)
_IS_TOTAL = " and ".join(f"{name} = '{ALL}'" for name in SLICES)


def fct_acquisition_costs() -> list[Expectation]:
    table = "marts.fct_acquisition_costs"
    amount = "cast(coalesce(sum({}), 0) as decimal(38, 6)) as value"
    return [
        unique(table, "cost_date", "team", "category"),
        one_of(table, "team", ("marketing", "sales", NONE)),
        rows(
            table,
            "amount_has_a_rate",
            "amount_reporting is null",
            "an amount without a rate to the reporting currency",
            example="category",
        ),
        conserved(
            "costs_are_those_of_their_facts",
            "another total in fct_acquisition_costs than in fct_ad_spend and fct_costs",
            "kinds of costs",
            "select case when category = 'ad_spend' then 'ad spend' else 'costs' end as slice,"
            f" {amount.format('amount_reporting')} from {table} group by 1",
            f"select 'ad spend' as slice, {amount.format('spend_reporting')}"
            " from marts.fct_ad_spend having count(*) > 0"
            f" union all select 'costs' as slice, {amount.format('amount_reporting')}"
            " from marts.fct_costs where team is null or team in ('marketing', 'sales')"
            " having count(*) > 0",
        ),
    ]


def kpi_components() -> list[Expectation]:
    table = "marts.kpi_components"
    # One type for all: a union of several would round to the coarsest.
    of_facts = [
        f"select '{name}' as slice, coalesce(sum(cast({value} as decimal(38, 6))), 0) as value"
        f" from marts.{fact} where {day} is not null and {condition}"
        for name, (fact, value, day, condition) in _SUMS.items()
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
        *(_totals(table, part) for part in ("numerator", "denominator")),
        *(_slices_add_up(table, name) for name in SLICES),
        _open_pipeline(table),
    ]


def _totals(table: str, part: str) -> Expectation:
    """A part of the sums and ratios in total adds up to its component.

    Up to the first period that nobody has reported yet, and for plans before the period that
    still runs.
    """
    plans = f"kpis.{part} in ({listed(_PLANS)})"
    cells = (
        f"select scores.kpi_id || ' ' || period_grain as slice, kpis.{part} as component_id,"
        f" period_start, scores.{part} as value,"
        f" min(case when scores.{part} is null or {plans} and period_start = last_start"
        " then period_start end) over (partition by scores.kpi_id, period_grain) as unknown_from"
        f" from (select *, max(period_start) over (partition by period_grain) as last_start"
        f" from {table} where {_IS_TOTAL}) as scores"
        " join marts.dim_kpi as kpis on kpis.kpi_id = scores.kpi_id"
        f" where kpis.kind in ('sum', 'ratio') and kpis.{part} is not null"
    )
    is_known = "(unknown_from is null or {} < unknown_from)"
    known = f"from ({cells}) as cells where {is_known.format('period_start')}"
    return conserved(
        f"{part}s_are_sums_of_the_components",
        f"another {part} in kpi_scorecard than in kpi_components",
        "KPIs and period grains",
        f"select slice, sum(value) as value {known} group by slice",
        "select totals.slice, coalesce(sum(components.value), 0) as value"
        f" from (select distinct slice, component_id, unknown_from {known}) as totals"
        " left join marts.kpi_components as components"
        " on components.component_id = totals.component_id"
        f" and {is_known.format('components.component_date')}"
        f" and (totals.component_id in ({listed(_PLANS)}) or components.component_date <="
        f" (select max(period_start) from {table} where period_grain = 'day'))"
        " group by totals.slice",
    )


def _open_pipeline(table: str) -> Expectation:
    """The open pipeline of each day is what is open on it."""
    known = (
        "select distinct scores.kpi_id, period_start, value"
        f" from {table} as scores join marts.dim_kpi as kpis on kpis.kpi_id = scores.kpi_id"
        " where kpis.kind = 'stock' and kpis.numerator = 'pipeline_open'"
        f" and period_grain = 'day' and {_IS_TOTAL} and value is not null"
    )
    day = "kpi_id || ' ' || cast(period_start as varchar) as slice"
    return conserved(
        "open_pipeline_is_that_of_its_days",
        "another open pipeline in kpi_scorecard than in fct_opportunity_daily",
        "days",
        f"select {day}, value from ({known}) as known",
        f"select {day}, cast(coalesce(sum(closing_amount), 0) as double) as value"
        f" from ({known}) as known left join marts.fct_opportunity_daily as days"
        " on days.date_day = known.period_start and days.is_open group by kpi_id, period_start",
        tolerance="0.005",
    )


def _slices_add_up(table: str, sliced: str) -> Expectation:
    """The numerators of one dimension's slices add up to the total, where the kind adds up."""
    others = " and ".join(f"{name} = '{ALL}'" for name in SLICES if name != sliced)
    summed = "coalesce(sum(numerator), 0) as value"
    key = "kpi_id || ' ' || period_grain"
    adds_up = "kind in ('sum', 'ratio', 'stock')"
    return conserved(
        f"{sliced}_slices_add_up",
        f"{sliced} slices that do not add up to the total",
        "KPIs and period grains of kpi_scorecard",
        f"select {key} as slice, {summed} from {table}"
        f" where {adds_up} and {sliced} <> '{ALL}' and {others} group by kpi_id, period_grain",
        f"select {key} as slice, {summed} from {table} where {adds_up} and {_IS_TOTAL}"
        f" and (kpi_id, period_grain) in (select kpi_id, period_grain from {table}"
        f" where {sliced} <> '{ALL}' and {others}) group by kpi_id, period_grain",
    )


SUITES = (
    Suite("fct_acquisition_costs", "data", fct_acquisition_costs),
    Suite("kpi_components", "data", kpi_components),
    Suite("kpi_scorecard", "data", kpi_scorecard),
)
