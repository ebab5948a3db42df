"""What must hold for a load before it is accepted (gate 1).

Belongs here: the rules of a row by its entity, and what a table and a whole load must satisfy.
Does not belong here: evaluation and the split of good and bad rows (`gate_1`).

Row rules read the row and nothing else, so that a row is judged alike whenever it arrives.
Facts that marts count and flag, such as a deal closed before it was created, are no fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Literal

import pyarrow as pa

from expectations.results import Owner, Severity
from expectations.rules import Expectation, RowRule, a, counted, listed, number_of, once
from orchestration.lib.company.currencies import CURRENCIES
from orchestration.lib.duck import quoted
from orchestration.lib.schema import Column, Entity

# What the mapping adds to an entity's columns in a candidate file.
CANDIDATE_FIELDS = (pa.field("_parse_error", pa.string()), pa.field("_raw", pa.string()))

LoadMode = Literal["append", "upsert", "snapshot"]

# The expectation of a load that speaks for all its bad rows.
BAD_ROWS_LIMIT = "bad_rows_are_within_limits"
# And the one that says how old its newest row is.
IS_FRESH = "is_fresh"

_DUCKDB_TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
}

# Spend and volumes below zero would silently lower cost per lead and raise return on spend.
_NEVER_NEGATIVE = {
    "ad_report": ("cost", "impressions", "clicks"),
    "product": ("list_price",),
    "opportunity_line": ("list_price",),
}
# Credits, corrections and typos: unusual, yet sometimes true.
_RARELY_NEGATIVE = {
    "account": ("employee_count", "annual_revenue"),
    "activity": ("duration_minutes",),
    "ad_report": ("platform_conversions", "platform_conversion_value"),
    "campaign": ("budget",),
    "conversion": ("amount",),
    "marketing_plan": ("planned_budget", "actual_budget"),
    "opportunity": ("amount", "list_amount"),
    "opportunity_line": ("quantity", "sold_price"),
    "rep_quota": ("amount",),
}
# What is older is a slip of whoever wrote it, wherever nothing else is said.
EARLIEST_DATE = date(1990, 1, 1)
# A customer may be older than any history; what counts in a period is not.
_OF_ANY_AGE = ("account", "contact")
# So many bad rows are the table's fault, also where their share says little: one of three rows.
FEW_BAD_ROWS = 5
# The columns of which one must say whose row it is.
_SUBJECT = {
    "activity": ("lead_id", "contact_id", "account_id", "opportunity_id", "email"),
    "campaign_member": ("lead_id", "contact_id", "email"),
    "conversion": ("anonymous_id", "email", "lead_id", "contact_id"),
    "email_event": ("email", "lead_id", "contact_id"),
    "identity_link": ("email", "lead_id", "contact_id"),
    "touch": ("anonymous_id", "email", "lead_id", "contact_id"),
}


@dataclass(frozen=True)
class Limits:
    """The line of `agreement/quality_limits.csv` that applies; shares between 0 and 1.

    A load is rejected if either maximum of bad rows is exceeded. Null is no limit. The share does
    not count for fewer than `FEW_BAD_ROWS` in an addition to a table, unless it is 0, or unless
    several rows are all bad. Rows dated before `earliest_date` are bad.
    """

    max_bad_share: float = 0.02
    max_bad_rows: int | None = None
    max_drop_share: float | None = 0.3
    earliest_date: date = EARLIEST_DATE


@dataclass(frozen=True)
class LoadContext:
    """What gate 1 knows of a load besides its rows.

    `rows_read` counts the records that could be read, `malformed` those that could not, and
    `conflicting` the rows read that were set aside because another row of the load has their
    `source_id`. `columns_found` are the input's columns, `previous_columns` those of
    the last accepted load (empty if there is none), `missing_columns` the ones that the
    mapping names and the input lacks. `history` holds the rows read of the last accepted
    loads that this one is comparable with; none are compared if it is empty. `is_report_window`
    says that the load replaces days of a report, `is_addition` that it adds to rows of the table
    that are there. `newest_event` is the newest time of a row of
    earlier loads that count beside this one. `as_of` is naive UTC.
    """

    source: str
    table: str
    load_mode: LoadMode
    rows_read: int
    malformed: int
    columns_found: tuple[str, ...]
    as_of: datetime
    conflicting: int = 0
    previous_columns: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    history: tuple[int, ...] = ()
    is_report_window: bool = False
    newest_event: datetime | None = None
    warn_after_days: float | None = None
    error_after_days: float | None = None
    limits: Limits = Limits()
    allow_empty: bool = False
    is_addition: bool = False
    owner: Owner = "data"

    @property
    def asset(self) -> str:
        return f"{self.source}__{self.table}"


@dataclass(frozen=True)
class LoadFacts:
    """What the rows of a load came to, over all its entities."""

    bad_rows: int  # malformed and conflicting ones too
    most_frequent: tuple[str, ...]  # faults of the bad rows, the most frequent first
    newest_event: datetime | None


def row_rules(entity: Entity, earliest: date = EARLIEST_DATE) -> list[RowRule]:
    """The rules that every row of an entity must satisfy; none happened before `earliest`."""
    rules = [
        RowRule(
            "values_are_readable",
            "_parse_error",
            "_parse_error is null",
            "critical",
            "a value that cannot be read",
        )
    ]
    for column in entity.columns:
        rules += _column_rules(entity, column, earliest)
    return [*rules, *_entity_rules(entity)]


def _column_rules(entity: Entity, column: Column, earliest: date) -> list[RowRule]:
    name = column.name
    rules: list[RowRule] = []

    def rule(holds: str, predicate: str, message: str, severity: Severity = "critical") -> None:
        rules.append(RowRule(f"{name}_{holds}", name, predicate, severity, message))

    if column.required or name == "source_id":
        # A value that could not be read is null too, and has been told by its own rule.
        rule("is_given", f"{name} is not null or _parse_error is not null", f"no {name}")
    if column.allowed:
        allowed = ", ".join(column.allowed)
        rule(
            "is_known",
            f"{name} is null or {name} in ({listed(column.allowed)})",
            f"{a(name)} other than {allowed}",
        )
    if column.kind == "currency":
        rule(
            "is_iso_4217",
            f"{name} is null or {name} in ({listed(sorted(CURRENCIES))})",
            f"{a(name)} that is no ISO 4217 code",
        )
    if column.kind in ("date", "timestamp"):
        # What happened must be placed in time; a plan may be far off, which is only told.
        happened = column.kind == "timestamp" or column.required
        # One such row would begin the calendar, and with it every KPI, decades too early.
        is_dated = name == entity.event_time and entity.name not in _OF_ANY_AGE
        first = earliest if is_dated else EARLIEST_DATE
        rule(
            "is_plausible",
            f"{name} is null"
            f" or ({name} >= cast('{first}' as date) and {name} < cast('2101-01-01' as date))",
            f"{a(name)} before {first} or after 2100",
            "critical" if happened else "warning",
        )
    if name in _NEVER_NEGATIVE.get(entity.name, ()):
        rule("is_not_negative", f"{name} is null or {name} >= 0", f"a negative {name}")
    if name in _RARELY_NEGATIVE.get(entity.name, ()):
        rule("is_not_negative", f"{name} is null or {name} >= 0", f"a negative {name}", "warning")
    return rules


def _entity_rules(entity: Entity) -> list[RowRule]:
    rules: list[RowRule] = []
    money = [column.name for column in entity.columns if column.kind == "money"]
    if money and "currency" in entity.column_names:
        no_amount = " and ".join(f"{name} is null" for name in money)
        rules.append(
            RowRule(
                "amount_has_currency",
                "currency",
                f"currency is not null or _parse_error is not null or ({no_amount})",
                "critical",
                f"{_either(money)} without a currency",
            )
        )
    if entity.name in _SUBJECT:
        subject = _SUBJECT[entity.name]
        rules.append(
            RowRule(
                "subject_is_given",
                subject[0],
                " or ".join(f"{name} is not null" for name in subject),
                "warning",
                f"none of {', '.join(subject)}",
            )
        )
    if entity.name == "fx_rate":
        rules.append(
            RowRule(
                "rate_is_positive",
                "rate",
                "rate is null or rate > 0",
                "critical",
                "a rate of zero or below",
            )
        )
    if entity.name == "opportunity":
        rules.append(
            RowRule(
                "won_is_closed",
                "is_won",
                "is_won is null or is_closed is null or is_closed or not is_won",
                "warning",
                "is_won without is_closed",
            )
        )
    return rules


def _either(names: list[str]) -> str:
    return " or ".join(names)


def entity_expectations(entity: Entity, relation: str, load_mode: LoadMode) -> list[Expectation]:
    """What the rows of an entity must satisfy together.

    `relation` holds the candidate's columns and `_row`, the row's number in its file.
    """
    fields = [*entity.arrow_schema, *CANDIDATE_FIELDS]
    expected = ", ".join(f"({quoted(f.name)}, {quoted(_duckdb_type(f.type))})" for f in fields)
    described = f"select column_name, column_type from (describe select * from {relation})"
    differing = (
        f"select coalesce(found.column_name, expected.name) as name"
        f" from ({described}) as found"
        f" full join (values {expected}) as expected (name, type)"
        " on found.column_name = expected.name"
        " where found.column_type is distinct from expected.type"
        " and coalesce(found.column_name, '') <> '_row'"
    )
    expectations = [
        Expectation(
            f"{entity.name}.columns_and_types_are_the_entitys",
            "critical",
            once(f"select count(*) from ({differing}) as differing"),
            counted("another name or type than the entity declares", f"columns of {entity.name}"),
            checked=once(f"select {len(fields)}"),
            details=f"{differing} order by name",
        )
    ]
    # Elsewhere several versions of a record may come in one load.
    if load_mode == "snapshot" and entity.requires_id:
        expectations.append(
            Expectation(
                f"{entity.name}.source_id_is_unique",
                "warning",
                "count(source_id) - count(distinct source_id)",
                counted(
                    "a source_id that another row of this load has too",
                    f"rows of {entity.name}",
                ),
                examples=f"select source_id from {relation} where source_id is not null"
                " group by source_id having count(*) > 1 order by source_id limit 3",
            )
        )
    return expectations


def _duckdb_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return _DUCKDB_TYPES[kind]


def load_expectations(context: LoadContext, facts: LoadFacts) -> list[Expectation]:
    """What a load must satisfy as a whole.

    They are evaluated on one row with the columns of `load_facts_query`; a missing history or
    setting leaves its expectation out.
    """
    limits = context.limits
    read = f"{context.rows_read:,} {'row was' if context.rows_read == 1 else 'rows were'} read"
    empty = "no row was read; an input that may be empty needs allow_empty: true"
    allowed_bad = f"{_percent(limits.max_bad_share)}" + (
        "" if limits.max_bad_rows is None else f" and {limits.max_bad_rows:,} rows"
    )
    records = context.rows_read + context.malformed
    is_addition = context.is_addition and limits.max_bad_share > 0
    if is_addition:
        allowed_bad += f"; fewer than {FEW_BAD_ROWS} of an addition"
    fewest = min(FEW_BAD_ROWS, max(records, 2))  # that reject an addition
    are_few = is_addition and facts.bad_rows < fewest
    bad = f"{facts.bad_rows:,} of {records:,} rows are bad"
    most = f" Most often: {', '.join(facts.most_frequent)}." if facts.most_frequent else ""
    expectations = [
        _holds(
            "has_rows",
            f"rows_read + malformed > 0 or {_sql(context.allow_empty)}",
            f"{read}.",
            f"{empty[0].upper()}{empty[1:]}.",
        ),
        Expectation(
            "rows_are_well_formed",
            "warning",
            "coalesce(max(malformed), 0)",
            counted("another shape than the header says", "rows"),
            checked="coalesce(max(rows_read + malformed), 0)",
        ),
        _holds(
            BAD_ROWS_LIMIT,
            f"(bad_rows <= {limits.max_bad_share!r} * (rows_read + malformed) or {_sql(are_few)})"
            + ("" if limits.max_bad_rows is None else f" and bad_rows <= {limits.max_bad_rows}"),
            f"{bad}; the agreement allows {allowed_bad}.",
            f"{bad}, more than the agreement allows ({allowed_bad}, quality_limits.csv).{most}",
        ),
        *_column_expectations(context),
    ]
    if context.history and limits.max_drop_share is not None:
        usual = median(context.history)
        change = 0.0 if usual == 0 else context.rows_read / usual - 1
        told = (
            f"{read}, {_percent(abs(change))} {'fewer' if change < 0 else 'more'} than the usual"
            f" {usual:,.0f} (median of the last {len(context.history)} loads); the agreement"
            f" allows a drop of {_percent(limits.max_drop_share)}."
        )
        may_be_empty = f" or ({_sql(context.allow_empty)} and rows_read = 0)"
        expectations.append(
            _holds(
                "volume_is_as_usual",
                f"rows_read >= {(1 - limits.max_drop_share) * usual!r}{may_be_empty}",
                told,
                told,
                # A platform may take days back; what it reports now is what counts.
                "warning" if context.is_report_window else "critical",
            )
        )
    if facts.newest_event is not None:
        age = (context.as_of - facts.newest_event).total_seconds() / 86400
        settings: tuple[tuple[str, Severity, float | None], ...] = (
            (IS_FRESH, "warning", context.warn_after_days),
            ("is_not_stale", "critical", context.error_after_days),
        )
        for name, severity, days in settings:
            if days is not None:
                told = f"The newest row is {age:,.1f} days old; {days:g} days are allowed."
                predicate = f"age_days <= {float(days)!r}"
                expectations.append(_holds(name, predicate, told, told, severity))
    return expectations


def _column_expectations(context: LoadContext) -> list[Expectation]:
    before = set(context.previous_columns)
    vanished = [name for name in context.missing_columns if name in before]
    absent = [name for name in context.missing_columns if name not in before]
    new = [name for name in context.columns_found if name not in before]
    found = ", ".join(context.columns_found) or "none"
    return [
        _holds(
            "no_mapped_column_vanished",
            "vanished_columns = 0",
            "All mapped columns of the last load are there.",
            f"{_columns(vanished)} mapped and in the last load, but not in this one;"
            f" new in this one: {', '.join(new) or 'none'}. If it was renamed, change the mapping.",
        ),
        _holds(
            "mapped_columns_are_there",
            "absent_columns = 0",
            "All mapped columns are in the input.",
            f"{_columns(absent)} mapped, but not in the input, whose columns are: {found}.",
            "warning",
        ),
    ]


def load_facts_query(context: LoadContext, facts: LoadFacts) -> str:
    """The facts of a load as a query of one row."""
    before = set(context.previous_columns)
    vanished = sum(name in before for name in context.missing_columns)
    age = (
        "null"
        if facts.newest_event is None
        else repr((context.as_of - facts.newest_event).total_seconds() / 86400)
    )
    return (
        f"select {context.rows_read} as rows_read, {context.malformed} as malformed,"
        f" {facts.bad_rows} as bad_rows, {vanished} as vanished_columns,"
        f" {len(context.missing_columns) - vanished} as absent_columns,"
        f" cast({age} as double) as age_days"
    )


def _holds(
    name: str, predicate: str, passed: str, failed: str, severity: Severity = "critical"
) -> Expectation:
    """A predicate on the one row of facts, told by one of two ready sentences."""
    return Expectation(
        name,
        severity,
        number_of(f"({predicate}) is not true"),
        lambda faults, checked, details: failed if faults else passed,
    )


def _columns(names: list[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _sql(value: bool) -> str:
    return "true" if value else "false"
