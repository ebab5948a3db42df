"""What must hold for the evidence of the two teams: keys, shares, and sums of the facts.

Belongs here: sales_effort, price_evidence, customer_voice, market_coverage, plan_and_pipeline
and kpi_drivers. Does not belong here: promises (`sla`), the agenda (`agenda`).
"""

from __future__ import annotations

from expectations.rules import (
    Expectation,
    Suite,
    conserved,
    impersonal,
    not_negative,
    one_of,
    refers_to,
    rows,
    unique,
)

GRAINS = ("week", "month", "quarter")
VOICES = ("need", "feature", "price", "competitor", "other", "lost_reason", "rejected_reason")
# The last day that the marts count: the newest day of the scorecard.
_BY_AS_OF = (
    "{day} <= (select max(period_start) from marts.kpi_scorecard where period_grain = 'day')"
)
# A month that is over on that day.
_WHOLE_MONTH = "period_grain = 'month' and " + _BY_AS_OF.format(
    day="period_start + interval 1 month - interval 1 day"
)


def _share(table: str, *columns: str) -> list[Expectation]:
    """Shares lie between 0 and 1."""
    return [
        rows(table, f"{name}_is_a_share", f"{name} < 0 or {name} > 1", f"a {name} outside 0 to 1")
        for name in columns
    ]


def _interval(table: str, *columns: str) -> list[Expectation]:
    """A share lies within its interval."""
    return [
        rows(
            table,
            f"{name}_is_in_its_interval",
            f"{name} < {name}_low - 1e-9 or {name} > {name}_high + 1e-9",
            f"a {name} outside its interval",
        )
        for name in columns
    ]


def _segments_add_up(table: str, column: str, others: str = "") -> Expectation:
    """The segments of each period add up to the total."""
    key = f"period_grain || ' ' || period_start{others}"
    return conserved(
        f"segments_add_up_in_{column}",
        f"{column} of segments that do not add up to the total",
        f"periods of {table.partition('.')[2]}",
        # A period without any segment adds up to 0, one without a total to nothing.
        f"select {key} as slice, sum(case when segment = '(all)' then 0 * {column}"
        f" else {column} end) as value from {table} group by {key}",
        f"select {key} as slice, {column} as value from {table} where segment = '(all)'",
    )


def _months_count(name: str, what: str, ours: str, fact: str, day: str) -> Expectation:
    """The months' numbers are those of the rows of a fact; `ours` is a query of both columns."""
    return conserved(
        name,
        f"another number of {what} than {fact.partition(' ')[0]}",
        "months",
        f"select cast(period_start as varchar) as slice, value from ({ours}) as months"
        " where value > 0",
        "select cast(days.month_start as varchar) as slice, count(*) as value"
        f" from (select {day} as day from marts.{fact}) as facts"
        " join marts.dim_date as days on facts.day = days.date_day"
        f" where {_BY_AS_OF.format(day='facts.day')} group by days.month_start",
    )


def sales_effort() -> list[Expectation]:
    table = "marts.sales_effort"
    return [
        unique(table, "period_grain", "period_start", "segment"),
        one_of(table, "period_grain", GRAINS),
        *_share(table, "follow_up_rate", "response_in_promise_rate", "open_deals_touched_share"),
        *_interval(table, "follow_up_rate", "response_in_promise_rate"),
        _segments_add_up(table, "activities"),
        _segments_add_up(table, "leads_handed"),
        _segments_add_up(table, "open_deals"),
        conserved(
            "every_open_deal_is_in_its_segment",
            "another number of open deals than fct_opportunities",
            "months and segments",
            "select period_start || ' ' || segment as slice, open_deals as value"
            f" from {table} where segment <> '(all)' and period_grain = 'month' and open_deals > 0",
            "select months.month_start || ' ' || coalesce(deals.segment, '(none)') as slice,"
            " count(*) as value from marts.fct_opportunities as deals join"
            " (select month_start, min(date_day) as first_day, max(date_day) as last_day"
            f" from marts.dim_date where {_BY_AS_OF.format(day='date_day')} group by month_start)"
            " as months on deals.created_date <= months.last_day"
            " and coalesce(deals.closed_date, date '9999-12-31') >= months.first_day"
            " where deals.closed_date >= deals.created_date"
            " or deals.closed_date is null and not deals.is_closed group by 1",
        ),
        conserved(
            "every_month_since_the_first_activity_has_its_total",
            "another number of totals than months",
            "period lengths",
            f"select period_grain as slice, count(*) as value from {table}"
            " where segment = '(all)' and period_grain = 'month' and activities is not null"
            " group by period_grain",
            "select 'month' as slice, count(distinct month_start) as value from marts.dim_date"
            f" where {_BY_AS_OF.format(day='date_day')} and month_start >= (select"
            " date_trunc('month', min(occurred_date)) from marts.fct_sales_activities"
            " where team = 'sales')"
            " having count(*) > 0",
        ),
        *(
            _months_count(
                name,
                what,
                f"select period_start, {column} as value from {table}"
                " where segment = '(all)' and period_grain = 'month'",
                fact,
                day,
            )
            for name, what, column, fact, day in (
                (
                    "months_count_every_activity",
                    "activities",
                    "activities",
                    "fct_sales_activities where team = 'sales'",
                    "occurred_date",
                ),
                (
                    "months_count_every_handover",
                    "leads",
                    "leads_handed",
                    "fct_lead_response",
                    "handed_date",
                ),
            )
        ),
    ]


def price_evidence() -> list[Expectation]:
    table = "marts.price_evidence"
    return [
        unique(table, "period_grain", "period_start", "segment", "product_id"),
        *impersonal(table, "top_lost_reason", "top_competitor"),
        one_of(table, "period_grain", GRAINS),
        *_share(table, "win_rate", "price_loss_share"),
        *_interval(table, "win_rate", "price_loss_share"),
        rows(
            table,
            "closed_is_won_or_lost",
            "closed_deals <> won_deals + lost_deals",
            "closed deals that are neither won nor lost",
        ),
        _segments_add_up(table, "closed_deals", " || ' ' || product_id"),
        rows(
            table,
            "nothing_small_is_above_others",
            "is_above_others and (is_small_sample or lost_on_price < 8 or coalesce("
            "price_loss_share_low <= other_segments_price_loss_share_high, true))",
            "a finding that its sample does not bear",
        ),
        _months_count(
            "months_count_every_loss",
            "lost deals",
            f"select period_start, lost_deals as value from {table}"
            " where segment = '(all)' and product_id = '(all)' and period_grain = 'month'",
            "fct_opportunities where stage_id = 'lost'",
            "closed_date",
        ),
    ]


def customer_voice() -> list[Expectation]:
    table = "marts.customer_voice"
    return [
        unique(table, "customer_voice_id"),
        one_of(table, "period_grain", GRAINS),
        one_of(table, "voice_type", VOICES),
        refers_to(table, "campaign_id", "marts.dim_campaign"),
        refers_to(table, "product_id", "marts.dim_product"),
        *_interval(table, "mention_share"),
        *impersonal(table, "topic"),
        _months_count(
            "months_count_every_feedback",
            "notes",
            f"select period_start, sum(mentions) as value from {table}"
            " where segment = '(all)' and period_grain = 'month'"
            " and voice_type not in ('lost_reason', 'rejected_reason') group by period_start",
            "fct_sales_feedback",
            "recorded_date",
        ),
    ]


def market_coverage() -> list[Expectation]:
    table = "marts.market_coverage"
    return [
        unique(table, "period_grain", "period_start", "segment", "region"),
        one_of(table, "period_grain", GRAINS),
        *_share(table, "effort_top_10_percent_share", "revenue_top_10_percent_share"),
        rows(
            table,
            "customers_are_known",
            "customer_accounts > known_accounts",
            "more customers than known accounts",
        ),
        rows(
            table,
            "both_is_part_of_each",
            "both_accounts > marketing_accounts or both_accounts > sales_accounts",
            "more accounts of both teams than of one of them",
        ),
        _segments_add_up(table, "known_accounts", " || ' ' || region"),
        _segments_add_up(table, "won_value_12_months", " || ' ' || region"),
        conserved(
            "won_value_is_that_of_the_deals",
            "another won value of twelve months than fct_opportunities",
            "months",
            "select cast(period_start as varchar) as slice, won_value_12_months as value"
            f" from {table} where segment = '(all)' and region = '(all)' and {_WHOLE_MONTH}",
            "select cast(months.period_start as varchar) as slice,"
            " coalesce(sum(deals.amount_reporting), 0) as value"
            f" from (select distinct period_start from {table} where {_WHOLE_MONTH}) as months"
            " left join marts.fct_opportunities as deals on deals.is_won"
            " and deals.closed_date >= months.period_start - interval 11 month"
            " and deals.closed_date < months.period_start + interval 1 month"
            " group by months.period_start",
        ),
    ]


def plan_and_pipeline() -> list[Expectation]:
    table = "marts.plan_and_pipeline"
    return [
        unique(table, "plan_and_pipeline_id"),
        refers_to(table, "campaign_id", "marts.dim_campaign"),
        rows(
            table,
            "one_row_per_campaign_and_week",
            "(campaign_id, week_start) in (select (campaign_id, week_start)"
            f" from {table} where campaign_id is not null"
            " group by campaign_id, week_start having count(*) > 1)",
            "a campaign and week that another row has too",
            example="campaign_id",
        ),
        rows(
            table,
            "only_a_campaign_has_results",
            "campaign_id is null and coalesce(spend, pipeline, won_value, leads) is not null",
            "results without a campaign",
        ),
        rows(
            table,
            "budget_has_a_rate",
            "currency_without_rate is not null",
            "a planned budget without a rate to the reporting currency;"
            " add the rates to agreement/fx_rates.csv",
            details="select string_agg(distinct currency_without_rate, ', ')"
            f" from {table} where currency_without_rate is not null",
        ),
        *not_negative(table, "leads", "accepted", "rejected", key="campaign_id"),
        conserved(
            "spend_is_that_of_the_ads",
            "another spend than fct_ad_spend",
            "campaigns",
            f"select campaign_id as slice, sum(spend) as value from {table}"
            " where spend is not null group by campaign_id",
            "select campaign_id as slice, sum(spend_reporting) as value"
            " from marts.fct_ad_spend where campaign_id is not null and spend_reporting is not null"
            f" and {_BY_AS_OF.format(day='spend_date')} group by campaign_id",
        ),
        conserved(
            "won_value_is_that_of_the_deals",
            "another won value than fct_opportunities",
            "campaigns",
            f"select campaign_id as slice, sum(won_value) as value from {table}"
            " where won_value is not null group by campaign_id",
            "select journeys.campaign_id as slice, sum(deals.amount_reporting) as value"
            " from marts.fct_opportunities as deals"
            " join marts.fct_funnel as journeys on deals.journey_id = journeys.journey_id"
            " where deals.is_won and deals.amount_reporting is not null"
            " and journeys.campaign_id is not null"
            f" and {_BY_AS_OF.format(day='deals.closed_date')} group by journeys.campaign_id",
        ),
    ]


def kpi_drivers() -> list[Expectation]:
    table = "marts.kpi_drivers"
    key = "kpi_id || ' ' || period_grain || ' ' || period_start || ' ' || comparison"
    move = (
        "select drivers.kpi_id || ' ' || drivers.period_grain || ' ' || drivers.period_start"
        " || ' ' || drivers.comparison || ' ' || drivers.dimension as slice,"
        " max(totals.value - case drivers.comparison when 'previous' then totals.previous_value"
        " when 'target' then totals.target else totals.year_ago_value end) as value"
        f" from {table} as drivers join marts.kpi_scorecard as totals"
        " on drivers.kpi_id = totals.kpi_id and drivers.period_grain = totals.period_grain"
        " and drivers.period_start = totals.period_start and totals.segment = '(all)'"
        " and totals.channel_id = '(all)' and totals.region = '(all)'"
        " group by drivers.kpi_id, drivers.period_grain, drivers.period_start,"
        " drivers.comparison, drivers.dimension"
    )
    return [
        unique(
            table, "kpi_id", "period_grain", "period_start", "comparison", "dimension", "member"
        ),
        refers_to(table, "kpi_id", "marts.dim_kpi", optional=False),
        rows(
            table,
            "total_is_rate_and_mix",
            "total_effect is null"
            " or abs(total_effect - rate_effect - mix_effect) > 1e-9 * (1 + abs(total_effect))",
            "effects of rate and mix that are not the total",
            example="kpi_id",
        ),
        conserved(
            "effects_add_up_to_the_move",
            "effects that do not add up to the KPI's move",
            "moves of kpi_drivers",
            f"select {key} || ' ' || dimension as slice, sum(total_effect) as value from {table}"
            " group by kpi_id, period_grain, period_start, comparison, dimension",
            move,
            tolerance="1e-6 * (1 + abs(coalesce(their_value, 0)))",
        ),
    ]


SUITES = (
    Suite("sales_effort", "sales", sales_effort),
    Suite("price_evidence", "sales", price_evidence),
    Suite("customer_voice", "marketing", customer_voice),
    Suite("market_coverage", "marketing", market_coverage),
    Suite("plan_and_pipeline", "marketing", plan_and_pipeline),
    Suite("kpi_drivers", "data", kpi_drivers),
)
