"""The words in which suites are written: an expectation is SQL that counts faults.

Belongs here: the shapes of rules and expectations, and builders for the kinds that recur.
Does not belong here: what holds for a given table (`suites`), evaluation (`runner`).

An expectation's `faults` is one aggregate over the rows of its table, so that all expectations
of a table are evaluated by one query. The SQL is portable, and a key may be several columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from expectations.results import Owner, Severity
from orchestration.lib.duck import quoted

# The sentence told about (faults, checked, details); details is '' unless a query gives some.
Say = Callable[[int, int, str], str]


@dataclass(frozen=True)
class RowRule:
    """What one row must satisfy, from the row alone.

    `predicate` is SQL that is TRUE for a good row. `message` is the fault as what the row has,
    such as 'a negative cost'. A row that breaks a critical rule goes to quarantine; a warning
    is only reported.
    """

    name: str
    column: str
    predicate: str
    severity: Severity
    message: str

    @property
    def is_broken(self) -> str:
        """SQL that is TRUE for a bad row and never null."""
        return f"(({self.predicate}) is not true)"


@dataclass(frozen=True)
class Expectation:
    """What must hold for a table.

    `faults` and `checked` are SQL aggregates that are never null; it holds if `faults` is 0.
    `details` is a query of one text column without personal values, for the message;
    `examples` is a query of values, which are masked before anybody sees them; or of places and
    problems, where only what a problem quotes as `column: 'value' …` is masked.
    """

    name: str
    severity: Severity
    faults: str
    say: Say
    checked: str = "count(*)"
    details: str | None = None
    examples: str | None = None


@dataclass(frozen=True)
class Suite:
    """What must hold for a mart. Its critical expectations block the release."""

    asset: str
    owner: Owner
    expectations: Callable[[], list[Expectation]]


def counted(fault: str, unit: str) -> Say:
    """Tell '12 of 4,310 <unit> have <fault>: <details>.'"""

    def say(faults: int, checked: int, details: str) -> str:
        have = "has" if faults == 1 else "have"
        number = f"{faults:,}" if faults else "None"
        return f"{number} of {checked:,} {unit} {have} {fault}{details and ': '}{details}."

    return say


def a(name: str) -> str:
    """A column's name with its article."""
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def short(table: str) -> str:
    """A table's name without its schema."""
    return table.rpartition(".")[2]


def listed(values: Iterable[object]) -> str:
    """Values as the SQL list of an `in`."""
    return ", ".join(quoted(value) for value in values)


def number_of(condition: str) -> str:
    """The aggregate that counts the rows for which a condition is TRUE."""
    return f"count(case when {condition} then 1 end)"


def once(query: str) -> str:
    """A scalar query as an aggregate, so that it is evaluated with the others, in one row."""
    return f"0 * count(*) + ({query})"


def rows(
    table: str,
    name: str,
    broken: str,
    fault: str,
    *,
    severity: Severity = "critical",
    example: str | None = None,
    details: str | None = None,
) -> Expectation:
    """No row of the table is broken; `example` is the SQL that names a broken row."""
    return Expectation(
        name,
        severity,
        number_of(broken),
        counted(fault, f"rows of {short(table)}"),
        details=details,
        examples=example
        and f"select distinct cast({example} as varchar) from {table} where {broken}"
        " order by 1 limit 3",
    )


# What staging's macro `without_personal` leaves of no text: addresses, and runs of seven digits
# that are no dates or spans of years.
_YEAR, _DAY = "(19|20)[0-9][0-9]", "[0-9]{1,2}[./-]"
_DATES = f"{_YEAR}[./-]{_DAY}[0-9]{{1,2}}|{_DAY}{_DAY}{_YEAR}|{_YEAR}[/-]{_YEAR}"
_PHONE = "([0-9][ ()/.\u2013-]{0,3}){6,}[0-9]"


def impersonal(table: str, *columns: str) -> list[Expectation]:
    """No free text holds an email address or a phone number."""
    return [
        rows(
            table,
            f"{column}_holds_no_address_or_phone",
            f"{column} like '%@%'"
            f" or regexp_matches(regexp_replace({column}, '{_DATES}', 'x', 'g'), '{_PHONE}')",
            f"{a(column)} that looks like an email address or a phone number",
        )
        for column in columns
    ]


def not_null(table: str, *columns: str, key: str | None = None) -> list[Expectation]:
    """Each column has a value in every row."""
    return [
        rows(table, f"{column}_is_given", f"{column} is null", f"no {column}", example=key)
        for column in columns
    ]


def unique(table: str, *columns: str) -> Expectation:
    """No two rows share the key, and no part of it is null."""
    key = ", ".join(columns)
    a_null = " or ".join(f"{column} is null" for column in columns)
    distinct = columns[0] if len(columns) == 1 else f"({key})"
    shown = " || ' ' || ".join(f"coalesce(cast({column} as varchar), 'null')" for column in columns)
    return Expectation(
        f"{'_'.join(columns)}_is_unique",
        "critical",
        f"{number_of(a_null)} + count(case when not ({a_null}) then 1 end)"
        f" - count(distinct case when not ({a_null}) then {distinct} end)",
        counted(f"no {key}, or one that another row has too", f"rows of {short(table)}"),
        examples=f"select {shown} from {table} group by {key}"
        f" having count(*) > 1 or {a_null} order by 1 limit 3",
    )


def refers_to(
    table: str,
    column: str,
    dimension: str,
    key: str | None = None,
    *,
    optional: bool = True,
    severity: Severity = "critical",
) -> Expectation:
    """Each value of the column is a key of the dimension; null may be allowed."""
    # Qualified: an unknown name would silently be taken from the outer table, and always hold.
    known = f"select known.{key or column} from {dimension} as known"
    broken = f"{column} is not null and {column} not in ({known})"
    if not optional:
        broken = f"{column} is null or {column} not in ({known})"
    return rows(
        table,
        f"{column}_is_in_{short(dimension)}",
        broken,
        f"{a(column)} that {short(dimension)} does not have",
        severity=severity,
        example=column,
    )


def one_of(
    table: str, column: str, values: Iterable[str], *, optional: bool = False
) -> Expectation:
    """Each value of the column is one of the given ones."""
    allowed = list(values)
    broken = f"{column} not in ({listed(allowed)})" + ("" if optional else f" or {column} is null")
    return rows(
        table,
        f"{column}_is_known",
        broken,
        f"{a(column)} other than {', '.join(allowed)}",
        example=column,
    )


def not_negative(table: str, *columns: str, key: str | None = None) -> list[Expectation]:
    """No value of the columns is below zero."""
    return [
        rows(
            table, f"{column}_is_not_negative", f"{column} < 0", f"a negative {column}", example=key
        )
        for column in columns
    ]


def conserved(
    name: str, what: str, unit: str, ours: str, theirs: str, *, tolerance: str = "0"
) -> Expectation:
    """Two queries of (slice, value) agree slice by slice; a slice missing in one is a fault.

    `ours` is the mart's side, `theirs` what it must add up to.
    """
    both = (
        f"select coalesce(ours.slice, theirs.slice) as slice, ours.value as our_value,"
        f" theirs.value as their_value from ({ours}) as ours"
        f" full join ({theirs}) as theirs on ours.slice = theirs.slice"
    )
    differs = (
        "our_value is null <> (their_value is null)"
        f" or abs(coalesce(our_value, 0) - coalesce(their_value, 0)) > {tolerance}"
    )
    return Expectation(
        name,
        "critical",
        once(f"select count(*) from ({both}) as sides where {differs}"),
        counted(what, unit),
        checked=once(f"select count(*) from ({both}) as sides"),
        details="select slice || ' ' || coalesce(cast(our_value as varchar), 'nothing')"
        " || ' against ' || coalesce(cast(their_value as varchar), 'nothing')"
        f" from ({both}) as sides where {differs} order by slice limit 3",
    )
