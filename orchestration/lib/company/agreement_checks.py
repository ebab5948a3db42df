"""Rules of the agreement's tables, and between them.

Belongs here: what holds for each table beyond its cells, and the list of all checks. Does not
belong here: single cells (`agreement_csv`), channels (`agreement_channels`), KPIs
(`agreement_kpis`), promises and roles (`agreement_promises`), rules that need the sources
(`folder`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from orchestration.lib.company.agreement_channels import (
    check_channel,
    check_channel_rules,
    check_channel_tests,
    check_channels,
)
from orchestration.lib.company.agreement_csv import Rows
from orchestration.lib.company.agreement_kpis import check_kpis
from orchestration.lib.company.agreement_patterns import check_pattern
from orchestration.lib.company.agreement_promises import check_promises, check_roles
from orchestration.lib.company.agreement_slices import check_region, check_segment
from orchestration.lib.company.agreement_words import FALLBACK_CHANNELS, STAGE_IDS
from orchestration.lib.company.problems import did_you_mean
from orchestration.lib.company.timezones import is_timezone
from orchestration.lib.entities import ENTITIES

Tables = Mapping[str, Rows]

_VERSION = re.compile(r"[0-9a-f]{12}")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_NUMBERS = ("number", "money", "rate", "integer")
_TIMES = ("timestamp", "date")
_PERSONAL = ("email", "phone")  # kinds that the warehouse does not hold as they are


def _check_company(tables: Tables) -> None:
    rows = tables["company"]
    rows.check_share(0, "gross_margin_share")
    rows.check_above(0, "contract_months")
    rows.check_above(0, "customer_lifetime_months")


def _check_stages(tables: Tables) -> None:
    rows = tables["stages"]
    missing = [stage for stage in STAGE_IDS if rows.lacks("stage_id", stage)]
    if missing:
        rows.complain_of_table(
            "stage_id", f"has no line for {', '.join(missing)}", "give each of the nine stages one"
        )
    rows.check_unique("position")
    for index, _ in rows:
        rows.check_above(index, "stuck_after_days")


def _check_stage_rules(tables: Tables) -> None:
    rows = tables["stage_rules"]
    for index, row in rows:
        if row["object_type"] is None:
            continue
        columns = ENTITIES[row["object_type"]].columns
        kinds = {column.name: column.kind for column in columns if column.kind not in _PERSONAL}
        times = [name for name, kind in kinds.items() if kind in _TIMES]
        _check_column(rows, index, "field", list(kinds))
        _check_column(rows, index, "timestamp_field", times)
        _check_condition(rows, index, kinds.get(row["field"]))


def _check_column(rows: Rows, index: int, column: str, names: list[str]) -> None:
    name, entity = rows.values[index][column], rows.values[index]["object_type"]
    if name is not None and name not in names:
        what = "time column" if column == "timestamp_field" else "column"
        rows.complain(index, column, f"{entity} has no such {what}", did_you_mean(name, names))


def _check_condition(rows: Rows, index: int, kind: str | None) -> None:
    operator, value = rows.values[index]["operator"], rows.values[index]["value"]
    if operator is None:
        return
    if operator == "is_given":
        if value is not None:
            rows.complain(index, "value", "is given, but operator is is_given", "empty it")
        return
    if value is None:
        rows.complain(
            index, "value", f"is empty, but operator is {operator}", "say what to compare with"
        )
    elif operator == "matches":
        check_pattern(rows, index, "value")
    elif operator in ("at_least", "at_most"):
        if not _is_number(value):
            rows.complain(index, "value", "is no number", "write digits, such as 50 or 0.5")
        if kind is not None and kind not in _NUMBERS:
            rows.complain(
                index,
                "field",
                f"is no number, but operator is {operator}",
                "name a column of numbers, or use equals or matches",
            )


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _check_reasons(tables: Tables) -> None:
    rows = tables["reasons"]
    for index, _ in rows:
        check_pattern(rows, index, "pattern")


def _check_segments(tables: Tables) -> None:
    rows = tables["segments"]
    rows.check_unique("position")
    for index, row in rows:
        for name in ("labels", "industry", "country"):
            check_pattern(rows, index, name)
        low, high = row["min_employees"], row["max_employees"]
        if low is not None and high is not None and high < low:
            rows.complain(index, "max_employees", "is below min_employees", "swap the two")


def _check_target_market(tables: Tables) -> None:
    rows = tables["target_market"]
    for index, _ in rows:
        check_segment(rows, index, tables["segments"])
        check_region(rows, index)
        rows.check_above(index, "companies")
        rows.check_above(index, "annual_value")


def _check_working_hours(tables: Tables) -> None:
    rows = tables["working_hours"]
    for index, row in rows:
        opens, closes = row["opens_at"], row["closes_at"]
        if row["weekday"] is not None and row["weekday"] not in range(1, 8):
            rows.complain(index, "weekday", "is no weekday", "write 1 for Monday to 7 for Sunday")
        for name, value in (("opens_at", opens), ("closes_at", closes)):
            midnight = name == "closes_at" and value == "24:00"
            if value is not None and not midnight and not _CLOCK.fullmatch(value):
                rows.complain(index, name, "is no time of day", "write HH:MM, such as 09:00")
                opens = None
        if opens and closes and closes <= opens:
            rows.complain(
                index,
                "closes_at",
                f"is not after {opens}",
                "give the hours of one day; 24:00 ends it",
            )
        if row["timezone"] is not None and not is_timezone(row["timezone"]):
            fix = "use one such as Europe/Berlin or UTC"
            rows.complain(index, "timezone", "is no IANA timezone", fix)
    if rows.lacks("region", "*"):
        rows.complain_of_table("region", "has no line for *", "add lines such as *,1,09:00,17:00,")


def _check_attribution(tables: Tables) -> None:
    rows = tables["attribution"]
    rows.check_above(0, "window_days")
    rows.check_above(0, "half_life_days")
    channels = tables["channels"]
    for channel in map(str.strip, rows.values[0]["direct_channels"].split(";")):
        if channel not in FALLBACK_CHANNELS and channels.lacks("channel_id", channel):
            fix = did_you_mean(channel, channels.known("channel_id"))
            rows.complain(0, "direct_channels", f"there is no channel '{channel}'", fix)


def _check_targets(tables: Tables) -> None:
    rows = tables["targets"]
    first_month = tables["company"].values[0]["fiscal_year_start_month"]
    for index, row in rows:
        rows.check_named(index, "kpi_id", tables["kpis"], "kpi_id")
        check_channel(rows, index, tables["channels"])
        check_segment(rows, index, tables["segments"])
        check_region(rows, index)
        if sum(row[name] is not None for name in ("segment", "channel_id", "region")) > 1:
            rows.complain(
                index,
                "segment",
                "is one of several slices of one target",
                "KPIs are told by one slice at a time: keep the segment, the channel or the region",
            )
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
            rows.check_share(index, name)
        if row["max_bad_rows"] is not None and row["max_bad_rows"] < 0:
            rows.complain(index, "max_bad_rows", "is below 0", "write 0 or more, or empty it")
        if row["source"] == "*" and row["table"] not in ("*", None):
            rows.complain(index, "source", "names a table of every source", "name the source")
    is_general = any(row["source"] == row["table"] == "*" for _, row in rows)
    if not is_general and not rows.is_torn and "*" not in rows.unread:
        rows.complain_of_table("", "has no line for *,*", "add a line such as *,*,0.02,,0.3")


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
                index,
                "agreement_version",
                "is no version",
                "sign with `tandem agreement sign`, or copy what `tandem check` prints",
            )


CHECKS: tuple[Callable[[Tables], None], ...] = (
    _check_company,
    _check_stages,
    _check_stage_rules,
    check_channels,
    check_channel_rules,
    check_channel_tests,
    check_kpis,
    check_promises,
    check_roles,
    _check_reasons,
    _check_segments,
    _check_target_market,
    _check_working_hours,
    _check_attribution,
    _check_targets,
    _check_fx_rates,
    _check_quality_limits,
    _check_free_mail_domains,
    _check_signatures,
)
