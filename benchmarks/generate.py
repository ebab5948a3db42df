"""Generate the benchmark company: a company folder of any size, that can grow by days.

    python -m benchmarks.generate FOLDER --scale 10               # 10 M touches in three years
    python -m benchmarks.generate FOLDER --scale 10 --days 365    # the same volume a day, one year
    python -m benchmarks.generate FOLDER --days +1                # the same company a day later

Belongs here: running `company.sql` and writing its tables where the sources of `company/` read
them. Does not belong here: what happens in the company (`company.sql`).
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
LAST_DAY = date(2026, 6, 30)
THREE_YEARS = 1096
# At scale 1, over three years: 1 M touches, 100 k persons, 10 k opportunities.
PERSONS = 100_000
VISITORS = 140_000
ADS = 72
# How long after a person's first day the last thing can happen to it, and be reported.
LIFE_DAYS = 165
# The tables that are read by windows of days hold the rows of earlier days as they are; where a
# row changes, the new version takes the old one's place.
CHANGING = {
    "crm": {
        "accounts": "account_id",
        "contacts": "contact_id",
        "leads": "lead_id",
        "opportunities": "opportunity_id",
        "opportunity_contacts": "link_id",
        "opportunity_lines": "line_id",
        "stage_changes": "change_id",
        "activities": "activity_id",
        "feedback": "feedback_id",
        "invoices": "invoice_id",
    },
    "marketing": {"ad_reports": "report_date"},
}
WHOLE = {"crm": ("reps", "quotas", "products"), "marketing": ("campaigns", "plan", "costs")}
FILES = {"events": "sessions", "emails": "emails"}
CORRECTED_DAYS = 14


@dataclass(frozen=True)
class Company:
    """What makes a benchmark company; it lies in the folder as `benchmark.json`."""

    scale: float
    seed: int
    start: date
    end: date  # the last day that is in it

    @classmethod
    def of(cls, scale: float, days: int = THREE_YEARS, seed: int = 7) -> Company:
        return cls(scale, seed, LAST_DAY - timedelta(days=days - 1), LAST_DAY)

    @classmethod
    def read(cls, folder: Path) -> Company:
        found = json.loads((folder / "benchmark.json").read_text())
        dates = {name: date.fromisoformat(found[name]) for name in ("start", "end")}
        return cls(found["scale"], found["seed"], **dates)

    def write(self, folder: Path) -> None:
        (folder / "benchmark.json").write_text(json.dumps(asdict(self), default=str) + "\n")


def generate(folder: Path, company: Company) -> None:
    """Write a new company folder; one that is there is replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / "company", folder)
    _write_agreement(folder, company)
    _write_days(folder, company, company.start)
    company.write(folder)


def grow(folder: Path, days: int) -> Company:
    """Add days to a company: new files, and new and changed rows in its databases."""
    company = Company.read(folder)
    grown = replace(company, end=company.end + timedelta(days=days))
    _write_days(folder, grown, company.end + timedelta(days=1))
    grown.write(folder)
    return grown


def _write_agreement(folder: Path, company: Company) -> None:
    """The tables that depend on the first day; the rates reach beyond any day that is added."""
    settings = {
        "company_name": "Benchmark",
        "timezone": "Europe/Berlin",
        "reporting_currency": "EUR",
        "history_start": company.start,
    }
    lines = [f"{key},{value}\n" for key, value in settings.items()]
    (folder / "agreement" / "company.csv").write_text("key,value\n" + "".join(lines))
    first = company.start.toordinal() - company.start.weekday()
    rates = [
        f"{date.fromordinal(day)},USD,{0.9 + day % 11 / 100:.4f}\n"
        for day in range(first, LAST_DAY.toordinal() + 366, 7)
    ]
    (folder / "agreement" / "fx_rates.csv").write_text("rate_date,currency,rate\n" + "".join(rates))


def _write_days(folder: Path, company: Company, since: date) -> None:
    """Write what is new from the day `since` on."""
    until = company.end + timedelta(days=1)
    data = folder / "data"
    data.mkdir(exist_ok=True)
    for database in WHOLE:
        with _connect(company, since, until) as connection:
            connection.execute(f"attach '{data / database}.duckdb' as target")
            _write_database(connection, database, company, since)
    for first, last in _months(since, until):
        with _connect(company, first, last) as connection:
            for name, view in FILES.items():
                connection.execute(
                    f"copy (select * from {view} order by day, occurred_at, event_id)"
                    f" to '{data / name}' (format parquet, partition_by (day),"
                    " overwrite_or_ignore, filename_pattern 'rows_{i}')"
                )


def _write_database(
    connection: duckdb.DuckDBPyConnection, database: str, company: Company, since: date
) -> None:
    for name in WHOLE[database]:
        connection.execute(f"create or replace table target.{name} as select * from {name}")
    for name, key in CHANGING[database].items():
        if since == company.start:
            connection.execute(f"create table target.{name} as select * from {name}")
            continue
        if name == "ad_reports":  # the platforms have corrected the last days
            _set(connection, "since", _midnight(since - timedelta(days=CORRECTED_DAYS + 1)))
        connection.execute(f"create or replace temp table news as select * from {name}")
        connection.execute(f"delete from target.{name} where {key} in (select {key} from news)")
        connection.execute(f"insert into target.{name} select * from news")


def _connect(company: Company, since: date, until: date) -> duckdb.DuckDBPyConnection:
    """A connection with the views of `company.sql`, and the persons to whom something happens."""
    connection = duckdb.connect()
    per_day = PERSONS * company.scale / THREE_YEARS
    visitors_per_day = VISITORS * company.scale / THREE_YEARS
    first = max((since - company.start).days - LIFE_DAYS, 0)
    last = (until - company.start).days
    variables = {
        "seed": company.seed,
        "start": _midnight(company.start),
        "since": _midnight(since),
        "until": _midnight(until),
        "per_day": per_day,
        "visitors_per_day": visitors_per_day,
        "first_visitor": first * visitors_per_day,
        "last_visitor": last * visitors_per_day,
        "ads": max(round(ADS * company.scale), 1),
    }
    for name, value in variables.items():
        _set(connection, name, value)
    # The macros and views name the table before it is there to be filled.
    sql = (HERE / "company.sql").read_text()
    macros, views = sql.split("-- The CRM, from the table `persons`.", 1)
    connection.execute(macros)
    connection.execute(f"create table persons as from people({first * per_day}, {last * per_day})")
    connection.execute(f"-- {views}")
    return connection


def _set(connection: duckdb.DuckDBPyConnection, name: str, value: object) -> None:
    connection.execute(f"set variable {name} = ?", [value])


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _months(since: date, until: date) -> Iterator[tuple[date, date]]:
    """The days from `since` to `until` (exclusive), a month at a time."""
    while since < until:
        after = min((since.replace(day=1) + timedelta(days=32)).replace(day=1), until)
        yield since, after
        since = after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1, help="10 has 10 M touches")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--days", default=str(THREE_YEARS), help="of history; +1 adds a day")
    arguments = parser.parse_args()
    if arguments.days.startswith("+"):
        grow(arguments.folder, int(arguments.days))
    else:
        generate(arguments.folder, Company.of(arguments.scale, int(arguments.days), arguments.seed))


if __name__ == "__main__":
    main()
