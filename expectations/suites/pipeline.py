"""What must hold for the pipeline day by day, for conversion and for ageing.

Belongs here: that every day's moves explain the change of the pipeline, that it starts and ends
with what the opportunities say, and that conversion counts the journeys of the funnel.
"""

from __future__ import annotations

from itertools import pairwise

from expectations.rules import (
    Expectation,
    Suite,
    conserved,
    counted,
    not_negative,
    number_of,
    once,
    one_of,
    refers_to,
    rows,
    unique,
)
from expectations.suites.dimensions import STAGES
from expectations.suites.kpis import ALL, NONE

MOVES = (
    "won",
    "lost",
    "removed",
    "reopened",
    "new",
    "advanced",
    "pushed",
    "pulled_in",
    "grown",
    "shrunk",
)
_GAINS = ("new_amount", "reopened_amount", "grown_amount")
_LOSSES = ("shrunk_amount", "won_amount", "lost_amount", "removed_amount")
_STEPS = {f"{first}_to_{second}": first for first, second in pairwise(STAGES[:6])} | {
    "lead_to_won": "lead"
}


def fct_opportunity_daily() -> list[Expectation]:
    table = "marts.fct_opportunity_daily"
    moves = " + ".join((*_GAINS, *_LOSSES))
    # The sums of openings and of the closings before them are the same, plain and weighted with
    # the day's number: far cheaper than to sort all days of all deals.
    number = "cast(date_day - date '2000-01-01' as bigint)"
    before = "case when is_last_day then 0 else closing_amount"
    broken = (
        f"(select opportunity_id from {table} group by opportunity_id"
        " having count(*) <> max(date_day) - min(date_day) + 1"
        " or max(case when is_last_day then date_day end) <> max(date_day)"
        f" or {number_of('is_last_day')} <> 1"
        f" or sum(opening_amount) <> sum({before} end)"
        f" or sum(opening_amount * {number}) <> sum({before} * ({number} + 1) end)) as broken"
    )
    return [
        unique(table, "opportunity_id", "date_day"),
        refers_to(table, "opportunity_id", "marts.fct_opportunities", optional=False),
        refers_to(table, "date_day", "marts.dim_date", severity="warning"),
        refers_to(table, "account_id", "marts.dim_account"),
        refers_to(table, "owner_id", "marts.dim_rep", "rep_id"),
        refers_to(table, "channel_id", "marts.dim_channel"),
        one_of(table, "stage_id", STAGES),
        one_of(table, "move", MOVES, optional=True),
        rows(
            table,
            "gains_add_and_losses_take",
            " or ".join([f"{name} < 0" for name in _GAINS] + [f"{name} > 0" for name in _LOSSES]),
            "a gain below 0 or a loss above 0",
            example="opportunity_id",
        ),
        rows(
            table,
            "moves_explain_the_day",
            f"coalesce(opening_amount + {moves} <> closing_amount, true)",
            "an opening and moves that do not add up to the closing",
            example="opportunity_id",
        ),
        rows(
            table,
            "closed_deals_are_worth_nothing",
            "not is_open and closing_amount <> 0",
            "an open amount although the deal is closed",
            example="opportunity_id",
        ),
        Expectation(
            "each_day_begins_where_the_last_ended",
            "critical",
            once(f"select count(*) from {broken}"),
            counted(
                "a day missing, or one that begins with another amount than the last ended with",
                "opportunities in fct_opportunity_daily",
            ),
            checked="count(distinct opportunity_id)",
            examples=f"select opportunity_id from {broken} order by 1 limit 3",
        ),
        # A deal's last day has its record as it stands: open at its amount, or closed with it.
        conserved(
            "last_days_are_the_opportunities",
            "another stage or amount on its last day than in fct_opportunities, or no last day",
            "dated opportunities",
            "select case when is_open then 'open' else stage_id end || ' ' || opportunity_id"
            " as slice, sum(closing_amount - won_amount - lost_amount - removed_amount) as value"
            f" from {table} where is_last_day group by 1",
            "select case when is_closed then stage_id else 'open' end || ' ' || opportunity_id"
            " as slice, coalesce(amount_reporting, 0) as value"
            " from marts.fct_opportunities where created_date is not null",
        ),
    ]


def funnel_conversion() -> list[Expectation]:
    table = "marts.funnel_conversion"
    key = ("cohort_grain", "cohort_start", "step", "basis", "evidence")
    is_total = f"segment = '{ALL}' and channel_id = '{ALL}'"
    is_cohort = f"basis = 'cohort' and {is_total}"
    starts = ", ".join(f"('{step}', '{stage}')" for step, stage in _STEPS.items())
    return [
        unique(table, *key, "channel_id", "segment"),
        one_of(table, "cohort_grain", ("week", "month", "quarter")),
        one_of(table, "step", (*_STEPS, "visitor_to_lead")),
        one_of(table, "basis", ("cohort", "period")),
        one_of(table, "evidence", ("observed", "inferred")),
        rows(
            table,
            "channel_id_is_in_dim_channel",
            f"channel_id not in ('{ALL}', '{NONE}') and channel_id not in (select"
            " known.channel_id from marts.dim_channel as known)",
            "a channel_id that dim_channel does not have",
            example="channel_id",
        ),
        *not_negative(table, "entered", "converted", "median_days", "p90_days", key="step"),
        rows(
            table,
            "cohorts_convert_at_most_whole",
            "basis = 'cohort' and converted > entered",
            "more conversions than its cohort has members",
            example="step",
        ),
        rows(
            table,
            "conversion_rate_is_in_its_interval",
            "basis = 'cohort' and entered > 0 and coalesce(conversion_rate <"
            " conversion_rate_low - 1e-9 or conversion_rate > conversion_rate_high + 1e-9, true)",
            "a conversion_rate outside its interval",
            example="step",
        ),
        _narrows(table, f"evidence = 'inferred' and {is_cohort}"),
        conserved(
            "entries_are_those_of_the_funnel",
            "another number of entries than fct_funnel_events",
            "steps, evidences and period lengths",
            "select step || ' ' || evidence || ' ' || cohort_grain as slice, sum(entered) as value"
            f" from {table} where step <> 'visitor_to_lead' and {is_cohort} group by 1",
            "select steps.step || ' ' || evidences.evidence || ' ' || grains.cohort_grain"
            " as slice, count(*) as value from marts.fct_funnel_events as events"
            f" join (values {starts}) as steps (step, stage_id) on events.stage_id = steps.stage_id"
            " join (values ('observed'), ('inferred')) as evidences (evidence)"
            " on evidences.evidence = 'inferred' or not events.is_inferred"
            " cross join (values ('week'), ('month'), ('quarter')) as grains (cohort_grain)"
            " where events.entered_date is not null group by 1",
        ),
        *(
            conserved(
                f"{name}_slices_add_up",
                f"{name} slices that do not add up to the total",
                "steps, bases, evidences and period lengths",
                _by_step(table, f"{name} <> '{ALL}'"),
                _by_step(table, f"{is_total}{also}"),
            )
            for name, also in (
                ("channel_id", ""),
                ("segment", " and step <> 'visitor_to_lead'"),
            )
        ),
    ]


def _by_step(table: str, condition: str) -> str:
    key = " || ' ' || ".join(("step", "basis", "evidence", "cohort_grain"))
    return (
        f"select {key} as slice, sum(entered) * 1000000 + sum(converted) as value"
        f" from {table} where {condition} group by step, basis, evidence, cohort_grain"
    )


def _narrows(table: str, condition: str) -> Expectation:
    """With inferred evidence no step has more entries than the one before."""
    places = ", ".join(
        f"({place}, '{step}')" for place, step in enumerate(_STEPS) if step != "lead_to_won"
    )
    sums = (
        "select steps.place, steps.step, counted.cohort_grain, sum(counted.entered) as entered"
        f" from (values {places}) as steps (place, step) join {table} as counted"
        f" on counted.step = steps.step where {condition} group by all"
    )
    wider = (
        f"from ({sums}) as later left join ({sums}) as earlier on later.place = earlier.place + 1"
        " and later.cohort_grain = earlier.cohort_grain"
        " where later.place > 0 and later.entered > coalesce(earlier.entered, 0)"
    )
    return Expectation(
        "funnel_never_widens",
        "critical",
        once(f"select count(*) {wider}"),
        counted("more entries than the step before", "steps and period lengths"),
        checked=once(f"select count(*) from ({sums}) as sums"),
        details=f"select distinct later.step {wider} order by 1",
    )


def stage_ageing() -> list[Expectation]:
    table = "marts.stage_ageing"
    return [
        unique(table, "journey_id"),
        refers_to(table, "journey_id", "marts.fct_funnel", optional=False),
        refers_to(table, "opportunity_id", "marts.fct_opportunities"),
        refers_to(table, "account_id", "marts.dim_account"),
        refers_to(table, "owner_id", "marts.dim_rep", "rep_id"),
        refers_to(table, "channel_id", "marts.dim_channel", optional=False),
        one_of(table, "stage_id", STAGES[:5]),
        one_of(table, "limit_source", ("agreement", "history"), optional=True),
        *not_negative(
            table, "days_in_stage", "limit_days", "days_since_activity", key="journey_id"
        ),
        rows(
            table,
            "stuck_is_beyond_the_limit",
            "coalesce(is_stuck, false) <> coalesce(days_in_stage > limit_days, false)",
            "is_stuck that its days and its limit do not say",
            example="journey_id",
        ),
        conserved(
            "open_journeys_are_those_of_the_funnel",
            "another number or value of open journeys than fct_funnel",
            "measures",
            "select 'journeys' as slice, cast(count(*) as decimal(38, 2)) as value"
            f" from {table} union all select 'value', coalesce(sum(amount_reporting), 0)"
            f" from {table}",
            "select 'journeys' as slice, cast(count(*) as decimal(38, 2)) as value"
            " from marts.fct_funnel where outcome = 'open' union all"
            " select 'value', coalesce(sum(deals.amount_reporting), 0) from marts.fct_funnel"
            " as journeys join marts.fct_opportunities as deals"
            " on journeys.opportunity_id = deals.opportunity_id where journeys.outcome = 'open'",
        ),
    ]


SUITES = (
    Suite("fct_opportunity_daily", "sales", fct_opportunity_daily),
    Suite("funnel_conversion", "data", funnel_conversion),
    Suite("stage_ageing", "sales", stage_ageing),
)
