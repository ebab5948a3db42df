"""The tables of the agreement: names, columns, types, keys and what each value may be.

Belongs here: what one cell and one row of a table must be. Does not belong here: reading
files (`agreement_csv`), rules between tables and the version (`agreement`), the words
that cells may say (`agreement_words`).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from orchestration.lib.company.agreement_words import (
    ATTRIBUTION_MODELS,
    PERIOD_GRAINS,
    REASONS,
    STAGE_IDS,
)
from orchestration.lib.schema import Column

# Not part of the version: who signed it, and what meetings decide from week to week.
UNVERSIONED = ("signatures", "actions")


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
                "gross_margin_share",
                "number",
                "gross margin of what is sold, 0 to 1; without it KPIs that need it are null",
            ),
            Column(
                "contract_months",
                "number",
                "months that the amount of a new deal pays for; default 12",
            ),
            Column(
                "customer_lifetime_months",
                "number",
                "months that a customer stays; without it KPIs that need it are null",
            ),
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
            Column("entry_rule", "text", "when a record enters the stage, in words"),
            Column(
                "stuck_after_days",
                "integer",
                "days in the stage after which an open record counts as stuck; empty: longer than"
                " nine of ten records that left the stage",
            ),
        ),
        ("stage_id",),
    ),
    AgreementTable(
        "stage_rules",
        "Further evidence of a stage, beside labels and the time columns of a source: a record for"
        " which the condition holds entered the stage at the time of that column.",
        (
            Column("rule_id", "id", "lower-case id", True),
            Column("stage_id", "enum", "the stage that is entered", True, STAGE_IDS),
            Column("source", "text", "name of a source, or `*` for every source", True),
            Column(
                "object_type",
                "enum",
                "whose columns: a lead's, an opportunity's, or those of a lead's activity",
                True,
                ("lead", "opportunity", "activity"),
            ),
            Column("field", "text", "column of that entity that the condition looks at", True),
            Column(
                "operator",
                "enum",
                "the test: equal whatever the case, a regular expression for the whole value,"
                " a number not below or not above, or any value at all",
                True,
                ("equals", "matches", "at_least", "at_most", "is_given"),
            ),
            Column("value", "text", "what the field is compared with; empty for is_given"),
            Column("timestamp_field", "text", "column of the entity that dates the entry", True),
        ),
        ("rule_id",),
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
            Column(
                "team",
                "enum",
                "who its leads and deals come from; default marketing, for `outbound` sales",
                False,
                _TEAM,
            ),
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
                "how it is computed: sum of a component, ratio of two components, stock at the"
                " period's end, percentile of a sample, or derived from other KPIs",
                True,
                ("sum", "ratio", "stock", "percentile", "derived"),
            ),
            Column(
                "numerator",
                "text",
                "component (sum, ratio), stock or sample; for derived a product such as"
                " `wins * average_won_value`",
                True,
            ),
            Column("denominator", "text", "component of a ratio; for derived a product"),
            Column("percentile", "number", "0 to 1, only for a percentile; 0.5 is the median"),
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
            Column("rival_definitions", "text", "how others define it, and why it was not chosen"),
            Column("description", "text", "what it tells"),
        ),
        ("kpi_id",),
    ),
    AgreementTable(
        "reasons",
        "What the reasons of lost deals and rejected leads mean: the first line, by reason_order,"
        " whose pattern matches the whole value, whatever its case. Another reason means `other`.",
        (
            Column("reason_order", "integer", "order of the lines, unique", True),
            Column(
                "object_type",
                "enum",
                "whose reason: of a lost deal, of a rejected lead, or of both",
                True,
                ("lost", "rejected", "both"),
            ),
            Column("pattern", "text", "regular expression for the whole value", True),
            Column("reason", "enum", "what it means", True, REASONS),
        ),
        ("reason_order",),
    ),
    AgreementTable(
        "roles",
        "Who does what for a stage, a KPI or a promise. Each has exactly one accountable: the line"
        " here, else the team that the stage, KPI or promise itself names.",
        (
            Column("subject_type", "enum", "what it is about", True, ("stage", "kpi", "promise")),
            Column("subject_id", "id", "its id", True),
            Column(
                "role",
                "enum",
                "answers for it, does it, is asked before, is told afterwards",
                True,
                ("accountable", "responsible", "consulted", "informed"),
            ),
            Column("team", "enum", "the team", True, _TEAM),
            Column("function", "text", "function in the team, such as head of inside sales"),
        ),
        ("subject_type", "subject_id", "role", "team", "function"),
    ),
    AgreementTable(
        "promises",
        "What one team promises the other. A promise may have several lines with different"
        " `valid_from`; each applies from its day until the next one or its `valid_to`.",
        (
            Column("promise_id", "id", "lower-case id", True),
            Column("promise_name", "text", "name shown in reports", True),
            Column("promised_by", "enum", "the team that promises", True, _TEAM),
            Column(
                "measure",
                "text",
                "what is measured: a measure of single records, or the id of a KPI",
                True,
            ),
            Column(
                "threshold",
                "number",
                "limit for each record, in the measure's unit; for a KPI the value promised",
                True,
            ),
            Column(
                "required_share",
                "number",
                "share of the records, 0 to 1, that must keep the threshold; default 1",
            ),
            Column(
                "period_grain", "enum", "period that is judged", True, ("week", "month", "quarter")
            ),
            Column(
                "calendar",
                "enum",
                "which time counts: working hours, or all; default business",
                False,
                ("business", "elapsed"),
            ),
            Column("segment", "text", "segment; empty for all"),
            Column("region", "text", "region; empty for all"),
            Column("valid_from", "date", "first day it applies", True),
            Column("valid_to", "date", "last day it applies; empty: until further notice"),
            Column("description", "text", "the promise in words"),
        ),
        ("promise_id", "valid_from"),
    ),
    AgreementTable(
        "segments",
        "The market segments. A value of a source that equals a segment, or matches its `labels`,"
        " means that segment; a record without a value gets, by position, the first segment whose"
        " conditions its account meets. Any other value stays as it is.",
        (
            Column("segment", "text", "the segment, as reports show it", True),
            Column("position", "integer", "order in reports and of the conditions, unique", True),
            Column("labels", "text", "regular expression for values of sources that mean it"),
            Column("min_employees", "integer", "smallest number of employees"),
            Column("max_employees", "integer", "largest number of employees"),
            Column("industry", "text", "regular expression for the account's industry"),
            Column("country", "text", "regular expression for the account's country"),
            Column("description", "text", "who belongs to it"),
        ),
        ("segment",),
    ),
    AgreementTable(
        "target_market",
        "How many companies there are that the two teams want as customers.",
        (
            Column("segment", "text", "segment", True),
            Column("region", "text", "region; empty for all"),
            Column("valid_from", "date", "first day the number applies", True),
            Column("companies", "integer", "companies in the market", True),
            Column("annual_value", "number", "yearly value of the market, in reporting currency"),
        ),
        ("segment", "region", "valid_from"),
    ),
    AgreementTable(
        "working_hours",
        "When a region works. A region without a line has those of `*`.",
        (
            Column("region", "text", "region, or `*` for every other", True),
            Column("weekday", "integer", "1 Monday to 7 Sunday", True),
            Column("opens_at", "text", "HH:MM", True),
            Column("closes_at", "text", "HH:MM, after opens_at; 24:00 for midnight", True),
            Column("timezone", "text", "IANA timezone of the hours; default: the company's"),
        ),
        ("region", "weekday"),
    ),
    AgreementTable(
        "holidays",
        "Days on which nobody works.",
        (
            Column("region", "text", "region, or `*` for all", True),
            Column("holiday_date", "date", "the day", True),
            Column("holiday_name", "text", "its name"),
        ),
        ("region", "holiday_date"),
    ),
    AgreementTable(
        "attribution",
        "Parameters of the attribution models, one per line.",
        (
            Column("window_days", "integer", "days before creation or closing; default 90"),
            Column("half_life_days", "number", "of time_decay; default 7"),
            Column(
                "direct_channels",
                "text",
                "channels that last_non_direct passes over, parted by semicolons; default direct",
            ),
            Column(
                "kpi_model",
                "enum",
                "the model behind `roas`; default linear",
                False,
                ATTRIBUTION_MODELS,
            ),
        ),
        is_vertical=True,
    ),
    AgreementTable(
        "channel_tests",
        "What the channel rules must give; `tandem check` tries every line.",
        (
            Column("test_order", "integer", "order of the tests, unique", True),
            Column("channel_id", "id", "the channel that must come out", True),
            *(
                Column(name, "text", f"evidence: {what.removeprefix('pattern for: ')}")
                for name, what in _PATTERNS
            ),
        ),
        ("test_order",),
    ),
    AgreementTable(
        "actions",
        "What the two teams decided in their meeting. Not part of the version.",
        (
            Column("item_id", "text", "the item of the review agenda", True),
            Column("decision", "text", "what was decided", True),
            Column("owner", "text", "team or function that does it", True),
            Column("due", "date", "by when"),
            Column("closed_at", "date", "day it was done; an open item stays on the agenda"),
        ),
        ("item_id",),
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
        " names the source, and that before `*,*`. The share does not count for fewer than five bad"
        " rows of a load that adds to its table (days of a database, new files), unless several"
        " rows are all bad; a share of 0 and `max_bad_rows` always count.",
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
            Column(
                "earliest_date",
                "date",
                "rows dated before are bad (a lead's or deal's creation, the day of an event or"
                " report); default: January 1st, 20 years before `history_start`",
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
