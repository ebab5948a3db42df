"""The agreement that both teams sign: read, checked, typed and versioned.

Belongs here: which files make the agreement, rules between its tables, its version. Does not
belong here: the tables (`agreement_tables`), one file (`agreement_csv`), rules that need the
sources (`company`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pyarrow as pa

from orchestration.lib.company.agreement_csv import Rows, read_rows
from orchestration.lib.company.agreement_tables import (
    COMPONENTS,
    FALLBACK_CHANNELS,
    PATTERN_COLUMNS,
    STAGE_IDS,
    TABLES,
)
from orchestration.lib.company.as_of import moment
from orchestration.lib.company.problems import Problem, did_you_mean
from orchestration.lib.entities import ENTITIES

DEFAULTS = Path(__file__).resolve().parents[2] / "defaults" / "agreement"
REQUIRED = "company"
# Not part of the version: who signed it, and what meetings decide from week to week.
_UNVERSIONED = ("signatures", "actions")
_SIGNING_TEAMS = {"marketing", "sales"}
_VERSION = re.compile(r"[0-9a-f]{12}")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True)
class CompanySettings:
    """`company.csv`. `as_of` is naive UTC, None for the time of the run."""

    company_name: str
    timezone: str
    reporting_currency: str
    fiscal_year_start_month: int
    gross_margin_share: Decimal | None
    contract_months: Decimal
    customer_lifetime_months: Decimal | None
    history_start: date
    as_of: datetime | None


@dataclass(frozen=True)
class Agreement:
    """One version of the agreement. `rows` holds typed rows per table, in the file's order."""

    company: CompanySettings
    rows: Mapping[str, Sequence[Mapping[str, Any]]]

    @cached_property
    def tables(self) -> dict[str, pa.Table]:
        """Every agreement table, typed as `TABLES` says, without the lake's `_load_id`."""
        return {
            name: pa.Table.from_pylist(list(self.rows[name]), schema=table.arrow_schema)
            for name, table in TABLES.items()
        }

    @cached_property
    def version(self) -> str:
        """12 hex digits of the content: not of row order, quoting, line ends or signatures."""
        content = {
            name: sorted(_canonical(row) for row in rows)
            for name, rows in self.rows.items()
            if name not in _UNVERSIONED and rows
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def is_signed(self) -> bool:
        """Whether both teams signed this very version."""
        signed = {
            row["team"]
            for row in self.rows["signatures"]
            if row["agreement_version"] == self.version
        }
        return signed == _SIGNING_TEAMS


@dataclass
class AgreementFiles:
    """The agreement as its files say, with everything that is wrong in them."""

    tables: dict[str, Rows] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def all_problems(self) -> list[Problem]:
        """Problems of the folder and of each file."""
        return self.problems + [p for rows in self.tables.values() for p in rows.problems]

    def build(self) -> Agreement:
        """The agreement; call it only where there are no problems."""
        rows = {name: self.tables[name].values for name in TABLES}
        return Agreement(CompanySettings(**rows["company"][0]), rows)


def read_agreement(folder: Path) -> AgreementFiles:
    """Read `agreement/*.csv` of a company folder, and the shipped default of each missing file."""
    files = AgreementFiles(problems=list(_stray_files(folder / "agreement")))
    for name, table in TABLES.items():
        path, label = folder / "agreement" / f"{name}.csv", f"agreement/{name}.csv"
        if not path.is_file():
            if name == REQUIRED:
                files.problems.append(_no_company(label))
                files.tables[name] = Rows(table, label, [{}], [{}], [{}])
                continue
            path, label = DEFAULTS / path.name, f"{label} (shipped default)"
        files.tables[name] = read_rows(table, label, path.read_bytes())
    _settle_company(files.tables["company"])
    _settle_attribution(files.tables["attribution"])
    for check in _CHECKS:
        check(files.tables)
    return files


def _no_company(label: str) -> Problem:
    return Problem(
        label,
        "",
        None,
        "is missing",
        "write it with the lines key,value and company_name, timezone, reporting_currency;"
        " `tandem init DIR` writes an example",
    )


def _stray_files(folder: Path) -> Iterator[Problem]:
    """Files that look like tables of the agreement and would be ignored."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        stem, suffix = path.stem.lower(), path.suffix.lower()
        if path.name.startswith((".", "~")) or path.name == f"{path.stem}.csv" in _FILES:
            continue
        label = f"agreement/{path.name}"
        if suffix == ".csv":
            fix = did_you_mean(path.name, sorted(_FILES))
            yield Problem(label, "", None, "is no table of the agreement", fix)
        elif stem in TABLES:
            fix = f"save it as {stem}.csv (CSV UTF-8)"
            yield Problem(label, "", None, "is not CSV and would not be read", fix)


_FILES = frozenset(f"{name}.csv" for name in TABLES)


def _settle_company(rows: Rows) -> None:
    """Check the settings and put the defaults in."""
    if not rows.values:
        rows.values, rows.lines, rows.written = [{}], [{}], [{}]
    row = rows.values[0]
    zone = row.get("timezone")
    if zone is not None and zone not in available_timezones():
        zone = None
        rows.complain(0, "timezone", "is no IANA timezone", "use one such as Europe/Berlin or UTC")
    month = row.get("fiscal_year_start_month") or 1
    if month not in range(1, 13):
        rows.complain(0, "fiscal_year_start_month", "is no month", "write 1 to 12")
        month = 1
    row["fiscal_year_start_month"] = month
    row["contract_months"] = row.get("contract_months") or Decimal(12)
    row["history_start"] = row.get("history_start") or date(2015, 1, 1)
    as_of = row.get("as_of")
    if as_of is not None:
        as_of = moment(as_of, zone or "UTC")
    row["as_of"] = as_of
    if as_of is not None and as_of.date() < row["history_start"]:
        rows.complain(0, "as_of", "is before history_start", "choose a later as_of")


def _settle_attribution(rows: Rows) -> None:
    """Put the defaults of the parameters in."""
    if not rows.values:
        rows.values, rows.lines, rows.written = [{}], [{}], [{}]
    row = rows.values[0]
    row["window_days"] = row.get("window_days") or 90
    row["half_life_days"] = row.get("half_life_days") or Decimal(7)
    row["direct_channels"] = row.get("direct_channels") or "direct"
    row["kpi_model"] = row.get("kpi_model") or "linear"


Tables = Mapping[str, Rows]


def _check_stages(tables: Tables) -> None:
    rows = tables["stages"]
    found = {row["stage_id"] for _, row in rows}
    missing = [stage for stage in STAGE_IDS if stage not in found]
    if missing and not rows.problems:
        rows.problems.append(
            Problem(
                rows.file,
                "stage_id",
                None,
                f"has no line for {', '.join(missing)}",
                "give each of the nine stages one line",
            )
        )
    _check_unique(rows, "position")


def _check_channels(tables: Tables) -> None:
    rows = tables["channels"]
    known = {row["channel_id"] for _, row in rows}
    for channel, what in FALLBACK_CHANNELS.items():
        if channel not in known and not rows.problems:
            rows.problems.append(
                Problem(
                    rows.file,
                    "channel_id",
                    None,
                    f"has no line for {channel}",
                    f"add it: {channel} stands for {what}",
                )
            )
    _check_unique(rows, "position")


def _check_channel_rules(tables: Tables) -> None:
    rows = tables["channel_rules"]
    for index, row in rows:
        _check_known(rows, index, "channel_id", _ids(tables["channels"], "channel_id"))
        if not any(row[name] for name in PATTERN_COLUMNS):
            rows.complain(
                index,
                "channel_id",
                "has a rule without any pattern, which would match everything",
                "give at least one pattern, or remove the line",
            )
        for name in PATTERN_COLUMNS:
            _check_pattern(rows, index, name, row[name])


def _check_pattern(rows: Rows, index: int, column: str, pattern: str | None) -> None:
    if pattern is None or pattern == "(none)":
        return
    try:
        matcher = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        rows.complain(
            index,
            column,
            f"is no regular expression: {error}",
            "escape . ( ) [ ] * + ? with a backslash where they stand for themselves",
        )
        return
    bare = re.sub(r"\\.", "", pattern)
    if re.search(r"\\[1-9AZGQE]", pattern) or re.search(r"\(\?(?!:)|\[\[:|[*+?}]\+", bare):
        rows.complain(
            index,
            column,
            "uses a part of regular expressions that not every engine knows",
            "use only . [ ] ( ) (?: ) | * + ? { } ^ $ and escapes such as \\d and \\.",
        )
    touch_types = ENTITIES["touch"].column("touch_type").allowed
    if column == "touch_type" and not any(matcher.fullmatch(name) for name in touch_types):
        rows.complain(index, column, "matches no touch type", did_you_mean(pattern, touch_types))


def _check_kpis(tables: Tables) -> None:
    rows = tables["kpis"]
    for index, row in rows:
        kind = row["kind"]
        if kind is None:
            continue
        if kind not in ("sum", "ratio"):
            continue
        for name in ("numerator", "denominator"):
            wanted = name == "numerator" or kind == "ratio"
            if wanted and row[name] is None:
                fix = f"give one of {', '.join(COMPONENTS)}"
                rows.complain(index, name, f"is empty, but kind is {kind}", fix)
            elif not wanted and row[name] is not None:
                rows.complain(
                    index, name, f"is given, but kind is {kind}", "empty it, or make kind ratio"
                )
            else:
                _check_known(rows, index, name, COMPONENTS)


def _check_targets(tables: Tables) -> None:
    rows = tables["targets"]
    first_month = tables["company"].values[0]["fiscal_year_start_month"]
    for index, row in rows:
        _check_known(rows, index, "kpi_id", _ids(tables["kpis"], "kpi_id"))
        _check_known(rows, index, "channel_id", _ids(tables["channels"], "channel_id"))
        grain, start = row["period_grain"], row["period_start"]
        if grain and start and not is_period_start(grain, start, first_month):
            rows.complain(
                index,
                "period_start",
                f"is not the first day of a {grain}",
                "write a Monday for a week, the 1st for a month, the first day of the fiscal"
                f" quarter or year (which begins in month {first_month}) for the others",
            )


def is_period_start(grain: str, day: date, fiscal_year_start_month: int) -> bool:
    """Whether a day begins a period of that grain; quarters and years are fiscal ones."""
    months = (day.month - fiscal_year_start_month) % 12
    return {
        "day": True,
        "week": day.weekday() == 0,
        "month": day.day == 1,
        "quarter": day.day == 1 and months % 3 == 0,
        "year": day.day == 1 and months == 0,
    }[grain]


def _check_fx_rates(tables: Tables) -> None:
    rows = tables["fx_rates"]
    reporting = tables["company"].values[0].get("reporting_currency")
    for index, row in rows:
        rate = row["rate"]
        if rate is not None and rate <= 0:
            rows.complain(index, "rate", "is not above 0", "give the rate of one unit")
        elif rate is not None and reporting and row["currency"] == reporting and rate != 1:
            rows.complain(
                index,
                "rate",
                f"is not 1, but {reporting} is the reporting currency",
                "remove the line",
            )


def _check_quality_limits(tables: Tables) -> None:
    rows = tables["quality_limits"]
    for index, row in rows:
        for name in ("max_bad_share", "max_drop_share"):
            if row[name] is not None and not 0 <= row[name] <= 1:
                rows.complain(index, name, "is no share", "write 0 to 1, such as 0.02 for 2 %")
        if row["max_bad_rows"] is not None and row["max_bad_rows"] < 0:
            rows.complain(index, "max_bad_rows", "is below 0", "write 0 or more, or empty it")
        if row["source"] == "*" and row["table"] not in ("*", None):
            rows.complain(index, "source", "names a table of every source", "name the source")
    if not rows.problems and not any(row["source"] == row["table"] == "*" for _, row in rows):
        rows.problems.append(
            Problem(rows.file, "", None, "has no line for *,*", "add a line such as *,*,0.02,,0.3")
        )


def _check_free_mail_domains(tables: Tables) -> None:
    rows = tables["free_mail_domains"]
    for index, row in rows:
        if row["domain"] and not _DOMAIN.fullmatch(row["domain"]):
            rows.complain(
                index, "domain", "is no domain in lower case", "write it as in gmail.com, without @"
            )


def _check_signatures(tables: Tables) -> None:
    rows = tables["signatures"]
    for index, row in rows:
        if row["agreement_version"] and not _VERSION.fullmatch(row["agreement_version"]):
            rows.complain(
                index, "agreement_version", "is no version", "copy what `tandem check` prints"
            )


_CHECKS = (
    _check_stages,
    _check_channels,
    _check_channel_rules,
    _check_kpis,
    _check_targets,
    _check_fx_rates,
    _check_quality_limits,
    _check_free_mail_domains,
    _check_signatures,
)


def _ids(rows: Rows, column: str) -> list[str]:
    return [row[column] for _, row in rows if row[column] is not None]


def _check_known(
    rows: Rows, index: int, column: str, known: Sequence[str] | Mapping[str, str]
) -> None:
    value = rows.values[index][column]
    if value is not None and known and value not in known:
        rows.complain(index, column, "is not known", did_you_mean(value, known))


def _check_unique(rows: Rows, column: str) -> None:
    seen: dict[Any, int] = {}
    for index, row in rows:
        value, line = row[column], rows.lines[index][""]
        if value is not None and value in seen:
            rows.complain(index, column, f"is the same as in line {seen[value]}", "give another")
        seen.setdefault(value, line)


def _canonical(row: Mapping[str, Any]) -> str:
    values = {name: _text(value) for name, value in row.items() if value is not None}
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else str(value)
