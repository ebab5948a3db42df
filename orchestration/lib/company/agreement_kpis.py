"""KPI definitions: what numerator and denominator may be, by kind.

Belongs here: the kinds, and the formulas of derived KPIs. Does not belong here: how a KPI is
computed (dbt), what it counts (`agreement_words`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from orchestration.lib.company.agreement_csv import Rows
from orchestration.lib.company.agreement_words import COMPONENTS, KPI_SETTINGS, SAMPLES, STOCKS
from orchestration.lib.company.problems import did_you_mean

# Kind: what the numerator is one of, and whether there is a denominator of the same.
_MADE_OF: dict[str, tuple[Mapping[str, str], bool]] = {
    "sum": (COMPONENTS, False),
    "ratio": (COMPONENTS, True),
    "stock": (STOCKS, False),
    "percentile": (SAMPLES, False),
}
# Derived KPIs of derived KPIs: one dbt model per level computes them.
_LEVELS = 3
_NUMBER = re.compile(r"\d+(\.\d+)?")
_TARGET = re.compile(r"target\(\s*([a-z][a-z0-9_]*)\s*\)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def check_kpis(tables: Mapping[str, Rows]) -> None:
    """Each KPI is made of what its kind allows."""
    rows = tables["kpis"]
    for index, row in rows:
        kind = row["kind"]
        if kind in _MADE_OF:
            _check_parts(rows, index, kind)
        elif kind == "derived":
            for name in ("numerator", "denominator"):
                _check_formula(rows, index, name)
        if kind is not None:
            _check_percentile(rows, index, kind)
    _check_cycles(rows)


def _check_parts(rows: Rows, index: int, kind: str) -> None:
    allowed, has_denominator = _MADE_OF[kind]
    denominator = rows.values[index]["denominator"]
    rows.check_known(index, "numerator", allowed)
    if has_denominator and denominator is None:
        fix = f"give one of {', '.join(allowed)}"
        rows.complain(index, "denominator", f"is empty, but kind is {kind}", fix)
    elif has_denominator:
        rows.check_known(index, "denominator", allowed)
    elif denominator is not None:
        fix = "empty it, or make kind ratio" if kind == "sum" else "empty it"
        rows.complain(index, "denominator", f"is given, but kind is {kind}", fix)


def _check_percentile(rows: Rows, index: int, kind: str) -> None:
    given = rows.values[index]["percentile"]
    if kind != "percentile":
        if given is not None:
            rows.complain(index, "percentile", f"is given, but kind is {kind}", "empty it")
    elif given is None and not rows.written[index].get("percentile"):
        rows.complain(index, "percentile", "is empty, but kind is percentile", "0.5 is the median")
    elif given is not None and not 0 <= given <= 1:
        rows.complain(index, "percentile", "is not 0 to 1", "write 0.5 for the median")


def _check_formula(rows: Rows, index: int, column: str) -> None:
    formula = rows.values[index][column]
    if formula is None:
        return
    for factor in factors(formula):
        target = target_of(factor)
        name = target or factor
        if _NUMBER.fullmatch(factor):
            if float(factor) == 0 and column == "denominator":
                rows.complain(index, column, "divides by 0", "give another number")
        elif not _NAME.fullmatch(name):
            rows.complain(
                index,
                column,
                f"has '{factor}', which is no factor",
                "write a product such as wins * average_won_value, of KPI ids, numbers,"
                f" target(kpi_id) and {', '.join(KPI_SETTINGS)}",
            )
        elif rows.lacks("kpi_id", name) and (target or name not in KPI_SETTINGS):
            known = [*sorted(rows.known("kpi_id")), *([] if target else KPI_SETTINGS)]
            rows.complain(index, column, f"there is no KPI {name}", did_you_mean(name, known))


def factors(formula: str) -> list[str]:
    """The factors of a derived KPI's numerator or denominator: `a * b` gives a and b."""
    return [factor.strip() for factor in formula.split("*")]


def factors_of(row: Mapping[str, Any]) -> list[str]:
    """All factors of a derived KPI, of its numerator and its denominator."""
    return [
        factor
        for column in ("numerator", "denominator")
        if row.get(column)
        for factor in factors(row[column])
    ]


def target_of(factor: str) -> str | None:
    """The KPI whose target a factor is: won_value of target(won_value); None if it is none."""
    target = _TARGET.fullmatch(factor)
    return target[1] if target else None


def _check_cycles(rows: Rows) -> None:
    """No KPI is derived from itself, or too deep; a target of itself is only a number."""
    made_of = {row["kpi_id"]: factors_of(row) for _, row in rows if row["kind"] == "derived"}
    for index, row in rows:
        path = _way_back(row["kpi_id"], made_of)
        if path:
            rows.complain(
                index,
                "numerator",
                f"is derived from itself: {' -> '.join(path)}",
                "break the circle in one of them",
            )
            continue
        way = _longest_way(row["kpi_id"], made_of, _LEVELS + 1)
        if len(way) > _LEVELS:
            rows.complain(
                index,
                "numerator",
                f"is derived from derived KPIs more than {_LEVELS} deep: {' -> '.join(way)}",
                f"write the formula of {way[-1]} into {way[-2]}",
            )


def _way_back(kpi_id: str | None, made_of: Mapping[str, list[str]]) -> list[str]:
    """The way from a KPI over those it is derived from back to itself; [] if there is none."""
    seen: set[str] = set()
    ways = [[kpi_id]] if kpi_id is not None else []
    while ways:
        way = ways.pop()
        for name in made_of.get(way[-1], ()):
            if name == kpi_id:
                return [*way, name]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []


def _longest_way(kpi_id: str | None, made_of: Mapping[str, list[str]], limit: int) -> list[str]:
    """The longest way from a KPI down derived KPIs, itself first, at most `limit` of them."""
    if kpi_id is None or kpi_id not in made_of or limit == 0:
        return []
    ways = (_longest_way(name, made_of, limit - 1) for name in made_of[kpi_id])
    return [kpi_id, *max(ways, key=len, default=[])]
