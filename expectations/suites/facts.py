"""What must hold for the facts: keys, references, ranges, and conservation against the lake.

Belongs here: expectations on rows and sums of the fact marts. What the lake says is read from
the staging tables, which hold the current rows of each entity as the sources gave them.
"""

from __future__ import annotations

from itertools import pairwise

from expectations.rules import (
    Expectation,
    Suite,
    a,
    conserved,
    counted,
    impersonal,
    not_negative,
    not_null,
    once,
    one_of,
    refers_to,
    rows,
    unique,
)
from expectations.suites.dimensions import STAGES

OUTCOMES = ("open", "won", "lost", "disqualified", "recycled")
_MAIN_PATH = STAGES[:6]
_STEPS = [*pairwise(_MAIN_PATH), ("lead", "won")]
_DURATIONS = tuple(f"days_{first}_to_{second}" for first, second in _STEPS)

_DEALS = (
    "select source_system, currency, amount"
    " from staging.stg_generic__opportunities where not is_deleted"
    " union all select source_system, currency, amount from staging.stg_generic__conversions"
)
# Won by the source's own flag, else by what the agreement says its label means. Deals whose
# source has neither are judged by their history and left out on both sides.
_LABELS = (
    "select source, lower(trim(label)) as label, stage_id"
    " from staging.stg_agreement__stage_labels where object_type = 'opportunity'"
)
_JUDGED_DEALS = (
    "select deals.source_system, deals.source_id, deals.currency, deals.amount,"
    " coalesce(deals.is_won, coalesce(own.stage_id, shared.stage_id) = 'won', false) as is_won"
    " from staging.stg_generic__opportunities as deals"
    f" left join ({_LABELS}) as own"
    " on own.source = deals.source_system and own.label = lower(trim(deals.stage))"
    f" left join ({_LABELS}) as shared"
    " on shared.source = '*' and shared.label = lower(trim(deals.stage))"
    " where not deals.is_deleted and (deals.is_won is not null or trim(deals.stage) <> '')"
)
_PAIR = "source_system || ' ' || coalesce(currency, 'without currency')"


def fct_touchpoints() -> list[Expectation]:
    table = "marts.fct_touchpoints"
    return [
        unique(table, "touch_id"),
        *not_null(table, "occurred_at", "occurred_date", "touch_type", "is_paid", key="touch_id"),
        refers_to(table, "person_id", "marts.dim_person"),
        refers_to(table, "account_id", "marts.dim_account"),
        refers_to(table, "channel_id", "marts.dim_channel", optional=False),
        refers_to(table, "campaign_id", "marts.dim_campaign"),
        _in_calendar(table, "occurred_date"),
        conserved(
            "touches_are_those_of_the_lake",
            "another number of touches than the raw lake",
            "source systems in fct_touchpoints",
            f"select source_system as slice, count(*) as value from {table} group by source_system",
            "select source_system as slice, count(*) as value from ("
            "select source_system from staging.stg_generic__touches"
            " union all select source_system from staging.stg_generic__email_events"
            " where event_type = 'click'"
            " union all select source_system from staging.stg_generic__campaign_members"
            " where responded_at is not null) as touches group by source_system",
        ),
    ]


def fct_funnel_events() -> list[Expectation]:
    table = "marts.fct_funnel_events"
    return [
        unique(table, "journey_id", "stage_id"),
        refers_to(table, "journey_id", "marts.fct_funnel", optional=False),
        refers_to(table, "person_id", "marts.dim_person"),
        refers_to(table, "account_id", "marts.dim_account"),
        refers_to(table, "opportunity_id", "marts.fct_opportunities"),
        refers_to(table, "channel_id", "marts.dim_channel"),
        one_of(table, "stage_id", STAGES),
        *not_null(table, "is_inferred", key="journey_id"),
        _in_calendar(table, "entered_date"),
        rows(
            table,
            "side_exits_are_observed",
            f"is_inferred and stage_id not in ({', '.join(map(repr, _MAIN_PATH))})",
            "a side exit that nobody observed",
            example="stage_id",
        ),
        _funnel_narrows(table),
        conserved(
            "won_journeys_are_won_opportunities",
            "another number of won journeys than of won opportunities",
            "source systems in fct_funnel_events",
            "select deals.source_system as slice, count(*) as value"
            f" from {table} as events join marts.fct_opportunities as deals"
            " on events.opportunity_id = deals.opportunity_id"
            " where events.stage_id = 'won' group by deals.source_system",
            "select source_system as slice, count(*) as value from marts.fct_opportunities"
            " where is_won group by source_system",
        ),
    ]


def _funnel_narrows(table: str) -> Expectation:
    """With inferred entries, no stage of the main path has more journeys than the one before."""
    path = ", ".join(f"({place}, '{stage}')" for place, stage in enumerate(_MAIN_PATH))
    reached = (
        "select path.place, path.stage_id, count(events.journey_id) as journeys"
        f" from (values {path}) as path (place, stage_id)"
        f" left join {table} as events on events.stage_id = path.stage_id"
        " group by path.place, path.stage_id"
    )
    wider = (
        f"from ({reached}) as earlier join ({reached}) as later"
        " on later.place = earlier.place + 1 where later.journeys > earlier.journeys"
    )
    return Expectation(
        "funnel_never_widens",
        "critical",
        once(f"select count(*) {wider}"),
        counted("more journeys than the stage before", "stages of fct_funnel_events"),
        checked=once(f"select {len(_MAIN_PATH)}"),
        details="select later.stage_id || ' ' || later.journeys || ' after '"
        f" || earlier.stage_id || ' ' || earlier.journeys {wider} order by later.place",
    )


def fct_funnel() -> list[Expectation]:
    table = "marts.fct_funnel"
    any_duration = " or ".join(f"{name} is not null" for name in _DURATIONS)
    return [
        unique(table, "journey_id"),
        one_of(table, "outcome", OUTCOMES),
        refers_to(table, "person_id", "marts.dim_person"),
        refers_to(table, "account_id", "marts.dim_account"),
        refers_to(table, "opportunity_id", "marts.fct_opportunities"),
        refers_to(table, "owner_id", "marts.dim_rep", "rep_id"),
        refers_to(table, "first_touch_channel_id", "marts.dim_channel", "channel_id"),
        refers_to(table, "last_touch_channel_id", "marts.dim_channel", "channel_id"),
        *not_negative(table, *_DURATIONS, "touch_count", key="journey_id"),
        rows(
            table,
            "time_travel_has_no_durations",
            f"has_time_travel and ({any_duration})",
            "times that run backwards, and durations all the same",
            example="journey_id",
        ),
        Expectation(
            "opportunity_is_in_one_journey",
            "critical",
            "count(opportunity_id) - count(distinct opportunity_id)",
            counted("an opportunity that another journey has too", "rows of fct_funnel"),
            examples=f"select opportunity_id from {table} where opportunity_id is not null"
            " group by opportunity_id having count(*) > 1 order by opportunity_id limit 3",
        ),
        conserved(
            "amounts_are_those_of_the_opportunities",
            "another sum of amounts in fct_funnel than in fct_opportunities",
            "currencies",
            "select coalesce(currency, 'without currency') as slice, sum(amount) as value"
            f" from {table} where opportunity_id is not null group by 1",
            "select coalesce(currency, 'without currency') as slice, sum(amount) as value"
            " from marts.fct_opportunities group by 1",
        ),
        conserved(
            "every_lead_has_a_journey",
            "another number of unmerged leads with a journey than of them in the raw lake",
            "source systems in fct_funnel",
            "select leads.source_system as slice, count(distinct leads.source_id) as value"
            " from staging.stg_generic__leads as leads"
            " join marts.bridge_person_record as bridge"
            " on bridge.source_system = leads.source_system and bridge.object_type = 'lead'"
            " and bridge.source_id = leads.source_id"
            " where not leads.is_deleted and leads.merged_into_id is null"
            f" and bridge.person_id in (select person_id from {table})"
            " group by leads.source_system",
            # A merged lead is whoever it was merged into, and deleted if that one is.
            "select source_system as slice, count(distinct source_id) as value"
            " from staging.stg_generic__leads"
            " where not is_deleted and merged_into_id is null group by source_system",
        ),
    ]


def fct_opportunities() -> list[Expectation]:
    table = "marts.fct_opportunities"
    return [
        unique(table, "opportunity_id"),
        *impersonal(table, "lost_reason"),
        refers_to(table, "journey_id", "marts.fct_funnel", optional=False),
        refers_to(table, "person_id", "marts.dim_person"),
        refers_to(table, "account_id", "marts.dim_account"),
        refers_to(table, "owner_id", "marts.dim_rep", "rep_id"),
        refers_to(table, "created_by_id", "marts.dim_rep", "rep_id"),
        refers_to(table, "channel_id", "marts.dim_channel"),
        one_of(table, "stage_id", STAGES),
        rows(
            table,
            "won_is_closed",
            "is_won and not is_closed",
            "is_won without is_closed",
            example="opportunity_id",
        ),
        # Such a deal is in no KPI yet; it must not hold up all the rest.
        rows(
            table,
            "closed_by_as_of",
            "closed_date > (select max(period_start) from marts.kpi_scorecard"
            " where period_grain = 'day')",
            "a closing day after as-of",
            severity="warning",
            example="opportunity_id",
        ),
        rows(
            table,
            "closing_day_is_known",
            "is_closed and closed_date is null",
            "a closing without a day: such a deal counts in no period",
            severity="warning",
            example="opportunity_id",
        ),
        *_converted(table, "amount", "list_amount"),
        conserved(
            "opportunities_are_those_of_the_lake",
            "another number of opportunities than the raw lake",
            "source systems in fct_opportunities",
            f"select source_system as slice, count(*) as value from {table} group by source_system",
            f"select source_system as slice, count(*) as value from ({_DEALS}) as deals"
            " group by source_system",
        ),
        conserved(
            "amounts_are_those_of_the_lake",
            "another sum of amounts than the raw lake",
            "source and currency pairs in fct_opportunities",
            f"select {_PAIR} as slice, sum(amount) as value from {table} group by 1",
            f"select {_PAIR} as slice, sum(cast(amount as decimal(18, 2))) as value"
            f" from ({_DEALS}) as deals group by 1",
        ),
        conserved(
            "won_value_is_that_of_the_lake",
            "another won value than the raw lake",
            "source and currency pairs in fct_opportunities",
            f"select {_PAIR} as slice, coalesce(sum(amount), 0) as value from {table} as deals"
            " where is_won and exists (select 1 from"
            f" ({_JUDGED_DEALS}) as judged where judged.source_system = deals.source_system"
            " and judged.source_id = deals.source_opportunity_id) group by 1",
            f"select {_PAIR} as slice, coalesce(sum(cast(amount as decimal(18, 2))), 0) as value"
            f" from ({_JUDGED_DEALS}) as judged where is_won group by 1",
        ),
    ]


def fct_ad_spend() -> list[Expectation]:
    table = "marts.fct_ad_spend"
    return [
        unique(table, "ad_spend_id"),
        *not_null(table, "spend_date", "spend", key="ad_spend_id"),
        *not_negative(table, "spend", "impressions", "clicks", key="ad_spend_id"),
        refers_to(table, "campaign_id", "marts.dim_campaign"),
        refers_to(table, "channel_id", "marts.dim_channel", optional=False),
        _in_calendar(table, "spend_date"),
        *_converted(table, "spend"),
        conserved(
            "spend_is_that_of_the_lake",
            "another spend than the raw lake",
            "source and currency pairs in fct_ad_spend",
            f"select {_PAIR} as slice, sum(spend) as value from {table} group by 1",
            f"select {_PAIR} as slice, sum(cost) as value from staging.stg_generic__ad_reports"
            " group by 1",
        ),
        conserved(
            "clicks_are_those_of_the_lake",
            "another number of clicks than the raw lake",
            "source systems in fct_ad_spend",
            f"select source_system as slice, sum(clicks) as value from {table} group by 1",
            "select source_system as slice, sum(clicks) as value"
            " from staging.stg_generic__ad_reports group by 1",
        ),
    ]


def fct_sales_activities() -> list[Expectation]:
    table = "marts.fct_sales_activities"
    return [
        unique(table, "activity_id"),
        *impersonal(table, "outcome"),
        *not_null(table, "occurred_at", "activity_type", key="activity_id"),
        one_of(table, "team", ("marketing", "sales")),
        refers_to(table, "rep_id", "marts.dim_rep"),
        refers_to(table, "person_id", "marts.dim_person"),
        refers_to(table, "account_id", "marts.dim_account"),
        refers_to(table, "opportunity_id", "marts.fct_opportunities"),
        _in_calendar(table, "occurred_date"),
        conserved(
            "activities_are_those_of_the_lake",
            "another number of activities than the raw lake",
            "source systems in fct_sales_activities",
            f"select source_system as slice, count(*) as value from {table} group by source_system",
            "select source_system as slice, count(*) as value"
            " from staging.stg_generic__activities where not is_deleted group by source_system",
        ),
    ]


def _in_calendar(table: str, column: str) -> Expectation:
    """A day far ahead or back comes from a source's clock; it must not hold up all the rest."""
    return refers_to(table, column, "marts.dim_date", "date_day", severity="warning")


def _converted(table: str, *amounts: str) -> list[Expectation]:
    """Every amount has its value in the reporting currency: a rate was never missing."""
    expectations = []
    for amount in amounts:
        broken = f"{amount} is not null and {amount}_reporting is null"
        expectations.append(
            rows(
                table,
                f"{amount}_has_a_rate",
                broken,
                f"{a(amount)} without a rate to the reporting currency;"
                " add the rates to agreement/fx_rates.csv",
                details=f"select distinct coalesce(currency, 'no currency') from {table}"
                f" where {broken} order by 1",
            )
        )
    return expectations


SUITES = (
    Suite("fct_touchpoints", "marketing", fct_touchpoints),
    Suite("fct_funnel_events", "data", fct_funnel_events),
    Suite("fct_funnel", "data", fct_funnel),
    Suite("fct_opportunities", "sales", fct_opportunities),
    Suite("fct_ad_spend", "marketing", fct_ad_spend),
    Suite("fct_sales_activities", "sales", fct_sales_activities),
)
