"""What changed between two versions of the agreement, in words.

Belongs here: comparing rows by their key and saying what differs. Does not belong here: where an
old version comes from (`agreement_versions`), what a change does to KPIs (`agreement_preview`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from orchestration.lib.company.agreement_tables import TABLES, UNVERSIONED, AgreementTable
from orchestration.lib.company.agreement_words import RECORD_MEASURES

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]

# How a line is named; any other table by its own name and the line's key.
_NAMES = {
    "stages": "stage {stage_id}",
    "stage_rules": "stage rule {rule_id}",
    "stage_labels": "{object_type} label '{label}' of source {source}",
    "channels": "channel {channel_id}",
    "channel_rules": "channel rule {rule_order}",
    "channel_tests": "channel test {test_order}",
    "kpis": "KPI {kpi_id}",
    "roles": "{subject_type} {subject_id}: {team} as {role}",
    "promises": "promise {promise_id} from {valid_from}",
    "segments": "segment {segment}",
    "target_market": "target market {segment} from {valid_from}",
    "working_hours": "working hours of region {region} on weekday {weekday}",
    "holidays": "holiday {holiday_date} of region {region}",
    "targets": "target {kpi_id} {period}",
    "fx_rates": "rate of {currency} from {rate_date}",
    "quality_limits": "limits of {source}.{table}",
    "free_mail_domains": "free-mail domain {domain}",
}
# Parts of a key that are said in brackets, and only where they are given.
_OPTIONAL = {
    "roles": ("function",),
    "target_market": ("region",),
    "targets": ("segment", "channel_id", "region"),
}
_LONGEST = 60


def differences(old: Tables, new: Tables) -> dict[str, list[str]]:
    """What to do to `old` so that it says what `new` says: sentences by table, in their order.

    A table that does not differ is left out; so are those that are no part of the version.
    """
    found = {
        name: list(_table(table, old.get(name, ()), new.get(name, ())))
        for name, table in TABLES.items()
        if name not in UNVERSIONED
    }
    return {name: sentences for name, sentences in found.items() if sentences}


def _table(table: AgreementTable, old: Sequence[Row], new: Sequence[Row]) -> Iterator[str]:
    if table.is_vertical:
        was, now = (dict(rows[0]) if rows else {} for rows in (old, new))
        for change in _changes(table, was, now):
            yield f"{table.name}: {change}"
        return
    before, after = ({_key(table, row): row for row in rows} for rows in (old, new))
    for key, row in after.items():
        if key not in before:
            yield f"{_name(table, row)} is new{_content(table, row)}"
        elif changes := list(_changes(table, before[key], row)):
            yield f"{_name(table, row)}: {', '.join(changes)}"
    for key, row in before.items():
        if key not in after:
            yield f"{_name(table, row)} is gone{_content(table, row)}"


def _key(table: AgreementTable, row: Row) -> tuple[str, ...]:
    return tuple(text(row.get(name)).casefold() for name in table.key)


def _values(table: AgreementTable) -> list[str]:
    """The columns that a line says something with, beside its key."""
    return [name for name in table.column_names if name not in table.key]


def _changes(table: AgreementTable, was: Row, now: Row) -> Iterator[str]:
    names = _values(table)
    for name in names:
        before, after = was.get(name), now.get(name)
        if text(before) == text(after):
            continue
        label = "" if len(names) == 1 else f"{name} "
        if isinstance(before, int | Decimal) and isinstance(after, int | Decimal):
            unit = _unit(table, name, now)
            yield f"{label}{text(before)} -> {text(after)}{unit and ' '}{unit}"
        else:
            yield f"{label}was {text(before)}, is now {text(after)}"


def _unit(table: AgreementTable, column: str, row: Row) -> str:
    if (table.name, column) != ("promises", "threshold"):
        return ""
    return RECORD_MEASURES.get(row["measure"], ("", ""))[0]


def _content(table: AgreementTable, row: Row) -> str:
    """What a line says, shortened; '' where its key is all of it."""
    said = [(name, text(row[name])) for name in _values(table) if row.get(name) is not None]
    if len(_values(table)) == 1:
        return "".join(f": {value}" for _, value in said)
    shown = [f"{name} {value[:_LONGEST]}{'…' * (len(value) > _LONGEST)}" for name, value in said]
    return f": {', '.join(shown)}" if shown else ""


def _name(table: AgreementTable, row: Row) -> str:
    values = {name: text(row.get(name)) for name in table.column_names}
    if table.name == "targets":
        values["period"] = _period(row["period_grain"], row["period_start"])
    fallback = f"{table.name} {' '.join(values[name] for name in table.key)}"
    name = _NAMES.get(table.name, fallback.replace("{", "{{")).format_map(values)
    given = [values[part] for part in _OPTIONAL.get(table.name, ()) if row.get(part) is not None]
    return f"{name} ({', '.join(given)})" if given else name


def _period(grain: str, start: date) -> str:
    return f"{start:%Y-%m}" if grain == "month" else f"{grain} {start}"


def text(value: Any) -> str:
    """A value as a reader writes it: no trailing zeros, `empty` for none."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else str(value)
