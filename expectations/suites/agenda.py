"""What must hold for the agenda of the two teams: order, references, and numbers that agree."""

from __future__ import annotations

from expectations.rules import (
    Expectation,
    Suite,
    counted,
    not_negative,
    not_null,
    once,
    one_of,
    refers_to,
    rows,
    unique,
)

KINDS = ("finding", "breach", "kpi_move", "opportunity", "data", "action")
FINDINGS = (
    "lost_on_price",
    "slow_response",
    "rejected_leads",
    "wins_without_budget",
    "budget_without_wins",
    "uncalled_leads",
    "unexplained_difference",
    "missing_inputs",
    "account_candidates",
)
TEXTS = ("title", "evidence", "subject_id", "subject_name", "decision", "owner", "source_filter")


def review_agenda() -> list[Expectation]:
    table = "marts.review_agenda"
    places = (
        "select week_start, min(rank) as first, max(rank) as last, count(*) as items"
        f" from {table} group by week_start"
    )
    addressed = " or ".join(f"contains(coalesce({column}, ''), '@')" for column in TEXTS)
    return [
        unique(table, "week_start", "item_id"),
        unique(table, "week_start", "rank"),
        Expectation(
            "ranks_have_no_gap",
            "critical",
            once(f"select count(*) from ({places}) as weeks where first <> 1 or last <> items"),
            counted("ranks other than 1, 2 and so on", "weeks of review_agenda"),
            checked=once(f"select count(*) from ({places}) as weeks"),
            details=f"select cast(week_start as varchar) from ({places}) as weeks"
            " where first <> 1 or last <> items order by 1 limit 3",
        ),
        one_of(table, "item_kind", KINDS),
        one_of(table, "finding", FINDINGS, optional=True),
        one_of(table, "status", ("new", "open", "closed")),
        one_of(table, "accountable_team", ("marketing", "sales", "data"), optional=True),
        *not_null(table, "title", "first_week", "weeks_open", key="item_id"),
        refers_to(table, "kpi_id", "marts.dim_kpi"),
        refers_to(table, "promise_id", "marts.dim_promise"),
        refers_to(table, "channel_id", "marts.dim_channel"),
        refers_to(table, "campaign_id", "marts.dim_campaign"),
        *not_negative(table, "sample_size", "value_at_stake", key="item_id"),
        rows(
            table,
            "measured_is_in_its_interval",
            "measured < interval_low - 1e-9 or measured > interval_high + 1e-9",
            "a value outside of its own interval",
            example="item_id",
        ),
        rows(
            table,
            "findings_differ_from_the_others",
            "item_kind = 'finding' and (measured is null or expected is null"
            " or measured = expected or sample_size is null)",
            "a finding without a difference",
            example="item_id",
        ),
        rows(
            table,
            "weeks_are_counted_from_the_first",
            "first_week > week_start or weeks_open <> (week_start - first_week) / 7 + 1"
            " or (status = 'new' and first_week <> week_start)",
            "a count of weeks that its first week denies",
            example="item_id",
        ),
        rows(
            table,
            "closed_items_have_an_end",
            "status = 'closed' and (closed_at is null or closed_at < week_start"
            " or closed_at > week_start + 6)",
            "an end that is not of its week",
            example="item_id",
        ),
        rows(table, "texts_have_no_address", addressed, "an address in a text", example="item_id"),
    ]


SUITES = (Suite("review_agenda", "data", review_agenda),)
