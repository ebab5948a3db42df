"""What must hold for the facts of handover, price, cost, quota and feedback.

Belongs here: expectations on what sales does with what it is given, and on its money. What the
lake says is read from the staging tables.
"""

from __future__ import annotations

from expectations.rules import (
    Expectation,
    Suite,
    conserved,
    impersonal,
    not_negative,
    not_null,
    one_of,
    refers_to,
    rows,
    unique,
)

_PAIR = "source_system || ' ' || coalesce(currency, 'without currency')"


def fct_lead_response() -> list[Expectation]:
    table = "marts.fct_lead_response"
    return [
        unique(table, "journey_id"),
        *impersonal(table, "rejected_reason"),
        refers_to(table, "journey_id", "marts.fct_funnel", optional=False),
        refers_to(table, "person_id", "marts.dim_person"),
        refers_to(table, "account_id", "marts.dim_account"),
        refers_to(table, "opportunity_id", "marts.fct_opportunities"),
        refers_to(table, "owner_id", "marts.dim_rep", "rep_id"),
        refers_to(table, "channel_id", "marts.dim_channel"),
        refers_to(table, "campaign_id", "marts.dim_campaign"),
        refers_to(table, "first_response_activity_id", "marts.fct_sales_activities", "activity_id"),
        *not_null(table, "handed_at", "handed_date", key="journey_id"),
        one_of(table, "decision", ("accepted", "rejected", "open")),
        *not_negative(
            table,
            "response_minutes",
            "response_business_minutes",
            "attempts",
            key="journey_id",
        ),
        rows(
            table,
            "working_time_is_part_of_all_time",
            "response_business_minutes > response_minutes",
            "more minutes of work than minutes",
            example="journey_id",
        ),
        rows(
            table,
            "a_response_comes_after_the_handover",
            "first_response_date < handed_date",
            "a response before the handover",
            example="journey_id",
        ),
        rows(
            table,
            "only_a_promise_is_kept",
            "within_promise is not null and promise_id is null",
            "a judgement without a promise",
            example="journey_id",
        ),
        conserved(
            "handovers_are_observed_mqls",
            "another number of handovers than of observed mqls",
            "stages of fct_funnel_events",
            f"select 'mql' as slice, count(*) as value from {table}",
            "select 'mql' as slice, count(*) as value from marts.fct_funnel_events"
            " where stage_id = 'mql' and is_time_known",
        ),
    ]


def fct_price_realization() -> list[Expectation]:
    table = "marts.fct_price_realization"
    deals = (
        "from staging.stg_generic__opportunities as deals"
        " where not deals.is_deleted and deals.source_id = lines.opportunity_id"
    )
    return [
        unique(table, "opportunity_line_id"),
        *impersonal(table, "lost_reason"),
        refers_to(table, "opportunity_id", "marts.fct_opportunities", optional=False),
        refers_to(table, "product_id", "marts.dim_product"),
        refers_to(table, "account_id", "marts.dim_account"),
        refers_to(table, "owner_id", "marts.dim_rep", "rep_id"),
        refers_to(table, "channel_id", "marts.dim_channel", optional=False),
        *not_null(table, "is_whole_deal", "is_won", "is_closed", key="opportunity_line_id"),
        _has_a_rate(
            table,
            "prices_have_a_rate",
            "sold_amount is not null and sold_amount_reporting is null"
            " or list_amount is not null and list_amount_reporting is null",
            "a price",
        ),
        rows(
            table,
            "discount_is_list_less_sold",
            "discount_amount <> list_amount - sold_amount"
            " or (discount_amount is null) <> (list_amount - sold_amount is null)",
            "a discount other than list less sold",
            example="opportunity_line_id",
        ),
        conserved(
            "sold_lines_are_those_of_the_lake",
            "other sold lines than the raw lake",
            "source systems in fct_price_realization",
            "select source_system as slice, sum(sold_amount) as value"
            f" from {table} where not is_whole_deal group by source_system",
            "select lines.source_system as slice,"
            " sum(cast(round(coalesce(quantity, 1) * sold_price, 2) as decimal(18, 2))) as value"
            " from staging.stg_generic__opportunity_lines as lines"
            # The line's own system has the deal, else exactly one other has.
            f" where exists (select 1 {deals} and deals.source_system = lines.source_system)"
            f" or (select count(distinct deals.source_system) {deals}) = 1"
            " group by lines.source_system",
        ),
    ]


def _has_a_rate(table: str, name: str, broken: str, what: str) -> Expectation:
    return rows(
        table,
        name,
        broken,
        f"{what} without a rate to the reporting currency; add the rates to agreement/fx_rates.csv",
        details="select string_agg(distinct coalesce(currency, 'no currency'), ', ')"
        f" from {table} where {broken}",
    )


def _spread(table: str, key: str, day: str, staged: str, said: str) -> list[Expectation]:
    """Lines spread over days: one row per line and day, and nothing lost on the way."""
    return [
        unique(table, key, day),
        *not_null(table, "amount", key=key),
        _has_a_rate(table, "amount_has_a_rate", "amount_reporting is null", "an amount"),
        conserved(
            f"{said}_are_those_of_the_lake",
            f"other {said} than the raw lake",
            f"source and currency pairs in {table.removeprefix('marts.')}",
            f"select {_PAIR} as slice, sum(amount) as value from {table} group by {_PAIR}",
            f"select {_PAIR} as slice, sum(amount) as value from {staged} group by {_PAIR}",
        ),
    ]


def fct_costs() -> list[Expectation]:
    return _spread("marts.fct_costs", "cost_id", "cost_date", "staging.stg_generic__costs", "costs")


def fct_quotas() -> list[Expectation]:
    table = "marts.fct_quotas"
    return [
        *_spread(table, "quota_id", "quota_date", "staging.stg_generic__rep_quotas", "quotas"),
        refers_to(table, "rep_id", "marts.dim_rep", optional=False),
    ]


def fct_sales_feedback() -> list[Expectation]:
    table = "marts.fct_sales_feedback"
    return [
        unique(table, "feedback_id"),
        *impersonal(table, "topic"),
        *not_null(table, "recorded_at", "recorded_date", key="feedback_id"),
        one_of(table, "feedback_type", ("need", "feature", "price", "competitor", "other")),
        refers_to(table, "rep_id", "marts.dim_rep"),
        refers_to(table, "person_id", "marts.dim_person"),
        refers_to(table, "account_id", "marts.dim_account"),
        refers_to(table, "journey_id", "marts.fct_funnel"),
        refers_to(table, "opportunity_id", "marts.fct_opportunities"),
        refers_to(table, "campaign_id", "marts.dim_campaign"),
        refers_to(table, "product_id", "marts.dim_product"),
        refers_to(table, "channel_id", "marts.dim_channel"),
        conserved(
            "feedback_is_that_of_the_lake",
            "another number of entries than the raw lake",
            "source systems in fct_sales_feedback",
            f"select source_system as slice, count(*) as value from {table} group by source_system",
            "select source_system as slice, count(*) as value"
            " from staging.stg_generic__sales_feedback group by source_system",
        ),
    ]


SUITES = (
    Suite("fct_lead_response", "sales", fct_lead_response),
    Suite("fct_price_realization", "sales", fct_price_realization),
    Suite("fct_costs", "data", fct_costs),
    Suite("fct_quotas", "sales", fct_quotas),
    Suite("fct_sales_feedback", "sales", fct_sales_feedback),
)
