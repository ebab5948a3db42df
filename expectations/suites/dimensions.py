"""What must hold for the dimensions and the bridge to the sources' records.

Belongs here: keys, references among dimensions, and that no person can be recognized.
"""

from __future__ import annotations

from expectations.rules import (
    Expectation,
    Suite,
    counted,
    not_null,
    once,
    one_of,
    refers_to,
    rows,
    short,
    unique,
)
from orchestration.lib.duck import quoted

STAGES = ("lead", "mql", "sal", "sql", "opportunity", "won", "disqualified", "lost", "recycled")
TEAMS = ("marketing", "sales")
KINDS = ("sum", "ratio", "stock", "percentile", "derived")
# What classification itself gives, whatever channels a company has.
_FALLBACK_CHANNELS = ("direct", "other", "unattributed")
_PERSONAL = ("name", "first_name", "last_name", "email", "phone", "company_name")


def dim_date() -> list[Expectation]:
    table = "marts.dim_date"
    gaps = f"select date_diff('day', min(date_day), max(date_day)) + 1 - count(*) from {table}"
    return [
        unique(table, "date_day"),
        Expectation(
            "has_no_gaps",
            "critical",
            once(f"coalesce(({gaps}), 1)"),
            counted("no row of their own", "days of dim_date"),
        ),
    ]


def dim_account() -> list[Expectation]:
    table = "marts.dim_account"
    return [
        unique(table, "account_id"),
        refers_to(table, "owner_rep_id", "marts.dim_rep", "rep_id"),
        rows(
            table,
            "match_is_sure_enough",
            "match_confidence is null or match_confidence not between 0.8 and 1",
            "records that were merged on too weak a match",
            example="account_id",
        ),
        rows(
            table,
            "records_are_those_of_the_bridge",
            "case when record_count = 0"
            " then account_id in (select account_id from marts.bridge_account_record)"
            " else (account_id, record_count) not in (select account_id, count(*)"
            " from marts.bridge_account_record group by account_id) end",
            "another number of records than bridge_account_record",
            example="account_id",
        ),
    ]


def dim_person() -> list[Expectation]:
    table = "marts.dim_person"
    return [
        unique(table, "person_id"),
        refers_to(table, "account_id", "marts.dim_account"),
        _no_personal_column("dim_person"),
    ]


def dim_campaign() -> list[Expectation]:
    table = "marts.dim_campaign"
    return [
        unique(table, "campaign_id"),
        refers_to(table, "channel_id", "marts.dim_channel"),
    ]


def dim_channel() -> list[Expectation]:
    table = "marts.dim_channel"
    return [unique(table, "channel_id"), _has_all(table, "channel_id", _FALLBACK_CHANNELS)]


def dim_rep() -> list[Expectation]:
    return [unique("marts.dim_rep", "rep_id")]


def dim_product() -> list[Expectation]:
    return [unique("marts.dim_product", "product_id")]


def dim_stage() -> list[Expectation]:
    table = "marts.dim_stage"
    return [
        unique(table, "stage_id"),
        unique(table, "position"),
        one_of(table, "stage_id", STAGES),
        _has_all(table, "stage_id", STAGES),
        one_of(table, "accountable_team", TEAMS),
    ]


def dim_kpi() -> list[Expectation]:
    table = "marts.dim_kpi"
    return [
        unique(table, "kpi_id"),
        one_of(table, "kind", KINDS),
        one_of(table, "owner_team", (*TEAMS, "both")),
        *not_null(table, "kpi_name", "formula", key="kpi_id"),
        rows(
            table,
            "drills_to_a_fact",
            "kind <> 'derived' and (numerator_fact is null or denominator is not null"
            " and denominator_fact is null)",
            "no fact that the number can be drilled to",
            example="kpi_id",
        ),
    ]


def bridge_person_record() -> list[Expectation]:
    table = "marts.bridge_person_record"
    return [
        unique(table, "source_system", "object_type", "source_id"),
        refers_to(table, "person_id", "marts.dim_person", optional=False),
        rows(
            table,
            "no_address_is_shown",
            "source_id like '%@%'",
            "a source_id that looks like an email address",
            example="source_id",
        ),
    ]


def bridge_account_record() -> list[Expectation]:
    table = "marts.bridge_account_record"
    kinds = "sole", "crm_merge", "domain", "name"
    return [
        unique(table, "source_system", "source_id"),
        refers_to(table, "account_id", "marts.dim_account", optional=False),
        one_of(table, "match_type", kinds),
        rows(
            table,
            "confidence_is_that_of_the_match",
            "match_confidence is null or match_confidence <> case match_type"
            " when 'name' then 0.8 when 'domain' then 0.95 else 1 end",
            "another confidence than its kind of match has",
            example="source_id",
        ),
    ]


def _has_all(table: str, column: str, values: tuple[str, ...]) -> Expectation:
    """Every one of the values is there."""
    needed = f"(values {', '.join(f'({quoted(value)})' for value in values)}) as needed (value)"
    missing = f"from {needed} where value not in (select {column} from {table})"
    return Expectation(
        f"has_every_{column}",
        "critical",
        once(f"select count(*) {missing}"),
        counted(f"no row in {short(table)}", f"values that {column} must have"),
        checked=once(f"select {len(values)}"),
        details=f"select value {missing} order by value",
    )


def _no_personal_column(mart: str) -> Expectation:
    """People are ids and attributes; who they are stays in the sources."""
    listed = ", ".join(quoted(name) for name in _PERSONAL)
    found = (
        "from information_schema.columns"
        f" where table_schema = 'marts' and table_name = {quoted(mart)}"
    )
    personal = f"{found} and column_name in ({listed})"
    return Expectation(
        "has_no_personal_column",
        "critical",
        once(f"select count(distinct column_name) {personal}"),
        counted("a name that speaks of personal values", f"columns of {mart}"),
        checked=once(f"select count(distinct column_name) {found}"),
        details=f"select distinct column_name {personal} order by column_name",
    )


SUITES = (
    Suite("dim_date", "data", dim_date),
    Suite("dim_account", "sales", dim_account),
    Suite("dim_person", "data", dim_person),
    Suite("dim_campaign", "marketing", dim_campaign),
    Suite("dim_channel", "marketing", dim_channel),
    Suite("dim_rep", "sales", dim_rep),
    Suite("dim_product", "sales", dim_product),
    Suite("dim_stage", "data", dim_stage),
    Suite("dim_kpi", "data", dim_kpi),
    Suite("bridge_person_record", "data", bridge_person_record),
    Suite("bridge_account_record", "sales", bridge_account_record),
)
