"""The agreement that both teams sign: read, checked, typed and versioned.

Belongs here: which files make the agreement, what a setting that is left out means, the version.
Does not belong here: the tables (`agreement_tables`), one file (`agreement_csv`), rules between
the tables (`agreement_checks`), rules that need the sources (`folder`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestration.lib.company.agreement_checks import CHECKS
from orchestration.lib.company.agreement_csv import Rows, read_rows
from orchestration.lib.company.agreement_promises import settle_roles
from orchestration.lib.company.agreement_tables import TABLES, UNVERSIONED
from orchestration.lib.company.as_of import moment
from orchestration.lib.company.problems import Problem, did_you_mean
from orchestration.lib.company.timezones import is_timezone

DEFAULTS = Path(__file__).resolve().parents[2] / "defaults" / "agreement"
REQUIRED = "company"
SIGNING_TEAMS = {"marketing", "sales"}


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
            if name not in UNVERSIONED and rows
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def signed_by(self) -> set[str]:
        """The teams that signed this very version."""
        return {
            row["team"]
            for row in self.rows["signatures"]
            if row["agreement_version"] == self.version
        }

    @property
    def is_signed(self) -> bool:
        """Whether both teams signed this very version."""
        return self.signed_by == SIGNING_TEAMS


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
        is_default = not path.is_file()
        if is_default:
            if name == REQUIRED:
                files.problems.append(_no_company(label))
                files.tables[name] = Rows(table, label, False, [{}], [{}], [{}])
                continue
            path, label = DEFAULTS / path.name, f"{label} (shipped default)"
        files.tables[name] = read_rows(table, label, path.read_bytes(), is_default=is_default)
    _settle_company(files.tables["company"])
    _settle_attribution(files.tables["attribution"])
    shipped = read_rows(TABLES["roles"], "", (DEFAULTS / "roles.csv").read_bytes())
    settle_roles(files.tables, shipped)
    for check in CHECKS:
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
    if zone is not None and not is_timezone(zone):
        zone = None
        rows.complain(0, "timezone", "is no IANA timezone", "use one such as Europe/Berlin or UTC")
    _default(row, "fiscal_year_start_month", 1)
    if row["fiscal_year_start_month"] not in range(1, 13):
        rows.complain(0, "fiscal_year_start_month", "is no month", "write 1 to 12")
        row["fiscal_year_start_month"] = 1
    _default(row, "contract_months", Decimal(12))
    _default(row, "history_start", date(2015, 1, 1))
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
    _default(row, "window_days", 90)
    _default(row, "half_life_days", Decimal(7))
    _default(row, "direct_channels", "direct")
    _default(row, "kpi_model", "linear")


def _default(row: dict[str, Any], name: str, value: Any) -> None:
    if row.get(name) is None:
        row[name] = value


def _canonical(row: Mapping[str, Any]) -> str:
    values = {name: _text(value) for name, value in row.items() if value is not None}
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else str(value)
