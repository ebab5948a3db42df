"""The tables of the agreement: names, columns, types, keys and what each value may be.

Belongs here: what one cell and one row of a table must be. Does not belong here: reading
files (`agreement_csv`), rules between tables and the version (`agreement`).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from orchestration.lib.entities import Column

STAGE_IDS = (
    "lead",
    "mql",
    "sal",
    "sql",
    "opportunity",
    "won",
    "disqualified",
    "recycled",
    "lost",
)
PERIOD_GRAINS = ("day", "week", "month", "quarter", "year")
# Channels that classification itself gives; every channel list must name them.
FALLBACK_CHANNELS = {
    "direct": "a web session without any evidence",
    "other": "evidence that no rule matches",
    "unattributed": "no evidence at all",
}
# What the marts count per day, channel, segment and region; KPIs are sums and ratios of these.
COMPONENTS = {
    "leads": "leads created",
    "mqls": "journeys that entered mql",
    "sals": "journeys that entered sal",
    "sqls": "journeys that entered sql",
    "opportunities_created": "opportunities created",
    "closed": "opportunities won or lost",
    "wins": "opportunities won",
    "losses": "opportunities lost",
    "pipeline_created": "value of the opportunities created, in the reporting currency",
    "won_value": "value of the opportunities won, in the reporting currency",
    "spend": "ad spend, in the reporting currency",
}


@dataclass(frozen=True)
class AgreementTable:
    """One table, one file `agreement/<name>.csv`. `key` is unique; an empty part counts too.

    `is_vertical` marks the file whose lines are `key,value` and make one row.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    is_vertical: bool = False

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The typed schema, without the lake's `_load_id`."""
        return pa.schema([pa.field(column.name, column.arrow_type) for column in self.columns])


_TEAM = ("marketing", "sales")
_PATTERNS = (
    ("channel_label", "the company's own channel label of a touch or campaign"),
    ("utm_source", "utm_source"),
    ("utm_medium", "utm_medium"),
    ("utm_campaign", "utm_campaign"),
    ("referrer", "address of the page the visitor came from"),
    ("click_id_type", "gclid, fbclid, msclkid, li_fat_id and the like"),
    ("lead_source", "where a lead or deal came from, in the company's words"),
    ("touch_type", "kind of touch, such as form_fill"),
)
PATTERN_COLUMNS = tuple(name for name, _ in _PATTERNS)

_ALL = (
    AgreementTable(
        "company",
        "Settings of the whole company, one per line. The only table without a default.",
        (
            Column("company_name", "text", "name shown in reports", required=True),
            Column(
                "timezone",
                "text",
                "IANA timezone, such as Europe/Berlin; days and weeks are reported in it",
                required=True,
            ),
            Column(
                "reporting_currency",
                "currency",
                "ISO 4217 code that all money is converted to",
                required=True,
            ),
            Column("fiscal_year_start_month", "integer", "1 to 12; default 1"),
            Column(
                "history_start",
                "date",
                "first day that `--start` may name; older rows count too; default 2015-01-01",
            ),
            Column(
                "as_of",
                "timestamp",
                "fixes what counts as now: a date (its end, in `timezone`) or a UTC time;"
                " default: the time of the run",
            ),
        ),
        is_vertical=True,
    ),
    AgreementTable(
        "stages",
        "The nine stages, each exactly once, with the one team that is accountable for it.",
        (
            Column("stage_id", "enum", "the stage", True, STAGE_IDS),
            Column("stage_name", "text", "name shown in reports", True),
            Column("position", "integer", "order in reports, unique", True),
            Column("accountable_team", "enum", "the accountable team", True, _TEAM),
        ),
        ("stage_id",),
    ),
    AgreementTable(
        "stage_labels",
        "What the labels of a source mean. Labels are compared trimmed and without regard to"
        " case; a line for the source itself goes before one for `*`.",
        (
            Column("source", "text", "name of a source, or `*` for every source", True),
            Column(
                "object_type",
                "enum",
                "whose label: a lead's status or an opportunity's stage",
                True,
                ("lead", "opportunity"),
            ),
            Column("label", "text", "status or stage as the source writes it", True),
            Column("stage_id", "enum", "the stage it means", True, STAGE_IDS),
        ),
        ("source", "object_type", "label"),
    ),
    AgreementTable(
        "channels",
        "The marketing channels.",
        (
            Column("channel_id", "id", "lower-case id used by rules and targets", True),
            Column("channel_name", "text", "name shown in reports", True),
            Column("is_paid", "boolean", "true if its touches are paid for", True),
            Column("position", "integer", "order in reports, unique", True),
        ),
        ("channel_id",),
    ),
    AgreementTable(
        "channel_rules",
        "Which channel a touch, lead or deal belongs to: the first line, by rule_order, whose"
        " patterns all match. An empty pattern matches anything, `(none)` only a missing value.",
        (
            Column("rule_order", "integer", "order of the rules, unique", True),
            Column("channel_id", "id", "the channel it gives", True),
            *(Column(name, "text", f"pattern for: {what}") for name, what in _PATTERNS),
        ),
        ("rule_order",),
    ),
    AgreementTable(
        "kpis",
        "The KPIs both teams look at.",
        (
            Column("kpi_id", "id", "lower-case id used by targets", True),
            Column("kpi_name", "text", "name shown in reports", True),
            Column("position", "integer", "place in reports; those without one come last"),
            Column(
                "kind",
                "enum",
                "how it is computed; this version computes sum and ratio",
                True,
                ("sum", "ratio", "stock", "percentile", "derived"),
            ),
            Column("numerator", "id", "component that is summed"),
            Column("denominator", "id", "component it is divided by; only for a ratio"),
            Column(
                "unit",
                "enum",
                "unit of the value",
                True,
                ("count", "currency", "share", "minutes", "days", "months", "ratio"),
            ),
            Column("direction", "enum", "whether more or less is better", True, ("up", "down")),
            Column("owner_team", "enum", "the team that answers for it", True, (*_TEAM, "both")),
            Column("formula", "text", "the definition in words", True),
            Column("formula_source", "text", "where the definition comes from"),
            Column("description", "text", "what it tells"),
        ),
        ("kpi_id",),
    ),
    AgreementTable(
        "targets",
        "What a KPI shall be in a period; an empty segment, channel or region means all.",
        (
            Column("kpi_id", "id", "the KPI", True),
            Column("period_grain", "enum", "length of the period", True, PERIOD_GRAINS),
            Column(
                "period_start",
                "date",
                "first day: a Monday for a week, the first of the month for a month, the first"
                " day of the fiscal quarter or year for the others",
                True,
            ),
            Column("segment", "text", "segment"),
            Column("channel_id", "id", "channel"),
            Column("region", "text", "region"),
            Column("target_value", "number", "the target; a share as 0.25, not 25%", True),
        ),
        ("kpi_id", "period_grain", "period_start", "segment", "channel_id", "region"),
    ),
    AgreementTable(
        "fx_rates",
        "Exchange rates. A rate applies from its date until the next one of that currency;"
        " a deal has the one of its creation day.",
        (
            Column("rate_date", "date", "first day it applies", True),
            Column("currency", "currency", "ISO 4217 code", True),
            Column("rate", "rate", "reporting currency per one unit of it, above 0", True),
        ),
        ("rate_date", "currency"),
    ),
    AgreementTable(
        "quality_limits",
        "When a load is rejected. The line that names source and table goes before the one that"
        " names the source, and that before `*,*`.",
        (
            Column("source", "text", "name of a source, or `*`", True),
            Column("table", "text", "name of one of its tables, or `*`", True),
            Column("max_bad_share", "number", "bad rows allowed, 0 to 1 of the rows read", True),
            Column("max_bad_rows", "integer", "and at most so many; empty for no such limit"),
            Column(
                "max_drop_share",
                "number",
                "by how much, 0 to 1, the rows may fall below the median of the last five"
                " accepted loads; empty for no limit",
            ),
        ),
        ("source", "table"),
    ),
    AgreementTable(
        "free_mail_domains",
        "Mail domains that anybody can use, and that say nothing about a person's company.",
        (Column("domain", "text", "domain in lower case, such as gmail.com", True),),
        ("domain",),
    ),
    AgreementTable(
        "signatures",
        "Who signed which version of the agreement. Not part of the version itself.",
        (
            Column("team", "enum", "the team", True, _TEAM),
            Column("agreement_version", "text", "version as `tandem check` prints it", True),
            Column("signed_on", "date", "day of signature", True),
        ),
        ("team", "agreement_version"),
    ),
)

TABLES: dict[str, AgreementTable] = {table.name: table for table in _ALL}
