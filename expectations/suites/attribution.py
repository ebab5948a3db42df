"""What must hold for attribution: every deal is given away in whole, by every model.

Belongs here: expectations on weights, credit and channels. Does not belong here: the models.
"""

from __future__ import annotations

from expectations.rules import (
    Expectation,
    Suite,
    conserved,
    counted,
    not_negative,
    not_null,
    once,
    one_of,
    refers_to,
    rows,
    unique,
)
from orchestration.lib.company.agreement_words import ATTRIBUTION_MODELS

BASES = ("pipeline", "revenue")

# What each basis starts from: the deals, and their sums, as fct_opportunities has them.
_BASIS_EVENTS = (
    "select 'pipeline' as basis, opportunity_id, amount_reporting from marts.fct_opportunities"
    " where created_date is not null"
    " union all select 'revenue' as basis, opportunity_id, amount_reporting"
    " from marts.fct_opportunities where is_won and closed_date is not null"
)
_MODELS = ", ".join(f"('{model}')" for model in ATTRIBUTION_MODELS)
_EACH_MODEL = f"(values {_MODELS}) as models (model)"
# Sums of doubles agree to nine digits.
_TOLERANCE = "1e-9 * greatest(1, abs(coalesce(their_value, 0)))"


def fct_attribution_weights() -> list[Expectation]:
    table = "marts.fct_attribution_weights"
    smallest = ", ".join(f"{model}_weight" for model in ATTRIBUTION_MODELS)
    return [
        _one_row_per_touch(table),
        *not_null(table, "basis_date", "basis_month", key="opportunity_id"),
        *_references(table),
        one_of(table, "basis", BASES),
        rows(
            table,
            "weights_are_shares",
            f"least({smallest}) < 0 or greatest({smallest}) > 1 + 1e-9",
            "a weight below 0 or above 1",
            example="opportunity_id",
        ),
        _weights_add_up(table),
        conserved(
            "every_deal_is_attributed",
            "another number of deals, or another sum, than fct_opportunities",
            "bases in fct_attribution_weights",
            "select basis || what as slice, value from ("
            "select basis, count(*) as deals, sum(amount) as total from ("
            f"select distinct basis, opportunity_id, amount from {table}) as deals group by basis"
            ") as sums cross join lateral (values (' deals', cast(deals as decimal(38, 2))),"
            " (' amount', total)) as parts (what, value)",
            "select basis || what as slice, value from ("
            "select basis, count(*) as deals, sum(amount_reporting) as total"
            f" from ({_BASIS_EVENTS}) as deals group by basis"
            ") as sums cross join lateral (values (' deals', cast(deals as decimal(38, 2))),"
            " (' amount', total)) as parts (what, value)",
        ),
    ]


def fct_attribution() -> list[Expectation]:
    table = "marts.fct_attribution"
    return [
        one_of(table, "model", ATTRIBUTION_MODELS),
        one_of(table, "basis", BASES),
        *not_null(table, "weight", "channel_id", key="opportunity_id"),
        conserved(
            "credit_is_the_amount_of_the_deals",
            "another credit than the amounts of fct_opportunities",
            "pairs of model and basis in fct_attribution",
            "select model || ' ' || basis as slice, sum(credit) as value"
            f" from {table} group by model, basis",
            "select model || ' ' || basis as slice, cast(sum(amount_reporting) as double) as value"
            f" from ({_BASIS_EVENTS}) as deals cross join {_EACH_MODEL} group by model, basis",
            tolerance=_TOLERANCE,
        ),
    ]


def attribution_by_channel() -> list[Expectation]:
    table = "marts.attribution_by_channel"
    place = "model || ' ' || basis || ' ' || cast(basis_month as varchar)"
    return [
        unique(table, "model", "basis", "basis_month", "channel_id"),
        one_of(table, "model", ATTRIBUTION_MODELS),
        one_of(table, "basis", BASES),
        refers_to(table, "channel_id", "marts.dim_channel", optional=False),
        *not_negative(table, "conversions", "spend", key="channel_id"),
        rows(
            table,
            "removal_effect_is_a_share",
            "removal_effect < -1e-9 or removal_effect > 1 + 1e-9",
            "a removal effect below 0 or above 1",
            example="channel_id",
        ),
        conserved(
            "credit_is_that_of_fct_attribution",
            "another credit than fct_attribution",
            "channels by model, basis and month in attribution_by_channel",
            f"select {place} || ' ' || channel_id as slice, credit as value from {table}"
            " where conversions > 0",
            f"select {place} || ' ' || channel_id as slice, sum(credit) as value"
            " from marts.fct_attribution group by model, basis, basis_month, channel_id"
            " having sum(weight) > 0",
            tolerance=_TOLERANCE,
        ),
        conserved(
            "exact_credit_adds_up_to_credit",
            "another sum of credit_exact than of credit",
            "months by model and basis in attribution_by_channel",
            f"select {place} as slice, sum(credit_exact) as value from {table}"
            " where model in ('markov', 'shapley') group by model, basis, basis_month",
            f"select {place} as slice, sum(credit) as value from {table}"
            " where model in ('markov', 'shapley') group by model, basis, basis_month",
            tolerance=_TOLERANCE,
        ),
        conserved(
            "spend_is_that_of_fct_ad_spend",
            "another spend than fct_ad_spend",
            "pairs of model and basis in attribution_by_channel",
            "select model || ' ' || basis as slice, sum(spend) as value"
            f" from {table} group by model, basis",
            "select model || ' ' || basis as slice, total as value"
            " from (select sum(spend_reporting) as total from marts.fct_ad_spend) as spend"
            f" cross join {_EACH_MODEL} cross join (values ('pipeline'), ('revenue'))"
            " as bases (basis)",
        ),
    ]


def _one_row_per_touch(table: str) -> Expectation:
    key = "(opportunity_id, basis, coalesce(touch_id, ''))"
    return Expectation(
        "touch_is_there_once",
        "critical",
        f"count(*) - count(distinct {key})",
        counted("a touch that the opportunity has twice", "rows of fct_attribution_weights"),
        examples=f"select opportunity_id || ' ' || basis from {table}"
        " group by opportunity_id, basis, touch_id having count(*) > 1 order by 1 limit 3",
    )


def _references(table: str) -> list[Expectation]:
    return [
        refers_to(table, "opportunity_id", "marts.fct_opportunities", optional=False),
        refers_to(table, "touch_id", "marts.fct_touchpoints"),
        refers_to(table, "channel_id", "marts.dim_channel", optional=False),
        refers_to(table, "campaign_id", "marts.dim_campaign"),
        refers_to(table, "basis_date", "marts.dim_date", "date_day", optional=False),
    ]


def _weights_add_up(table: str) -> Expectation:
    """Per deal and basis, by each model: weights to 1, and with them credit to the amount."""
    wrong = " or ".join(f"abs(sum({model}_weight) - 1) > 1e-9" for model in ATTRIBUTION_MODELS)
    unequal = "count(distinct amount) > 1 or (count(amount) not in (0, count(*)))"
    deals = f"select opportunity_id, basis from {table} group by opportunity_id, basis"
    broken = f"{deals} having {wrong} or {unequal}"
    return Expectation(
        "weights_add_up_to_one",
        "critical",
        once(f"select count(*) from ({broken}) as broken"),
        counted(
            "weights that do not add up to 1, or more than one amount",
            "deals by basis in fct_attribution_weights",
        ),
        checked=once(f"select count(*) from ({deals}) as deals"),
        examples=f"select opportunity_id || ' ' || basis from ({broken}) as broken"
        " order by 1 limit 3",
    )


SUITES = (
    Suite("fct_attribution_weights", "marketing", fct_attribution_weights),
    Suite("fct_attribution", "marketing", fct_attribution),
    Suite("attribution_by_channel", "marketing", attribution_by_channel),
)
