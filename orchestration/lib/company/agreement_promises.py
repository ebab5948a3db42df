"""Promises, and who is accountable, responsible, consulted and informed.

Belongs here: the checks of `promises` and `roles`, and what the shipped roles mean for a company
with KPIs of its own. Does not belong here: whether a promise was kept (dbt).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise

from orchestration.lib.company.agreement_csv import Rows
from orchestration.lib.company.agreement_slices import check_region, check_segment
from orchestration.lib.company.agreement_words import CLOCK_MEASURES, RECORD_MEASURES, STAGE_IDS
from orchestration.lib.company.problems import did_you_mean

# What a line of roles can be about: the table that has it, and the team it names itself.
_SUBJECTS = {
    "stage": ("stages", "stage_id"),
    "kpi": ("kpis", "kpi_id"),
    "promise": ("promises", "promise_id"),
}


def check_promises(tables: Mapping[str, Rows]) -> None:
    """Each promise can be measured, and its lines follow one another in time."""
    rows = tables["promises"]
    kpi_ids = tables["kpis"].known("kpi_id")
    measures = [*RECORD_MEASURES, *kpi_ids]
    for index, row in rows:
        measure = row["measure"]
        rows.check_named(index, "measure", tables["kpis"], "kpi_id", RECORD_MEASURES)
        check_segment(rows, index, tables["segments"])
        check_region(rows, index)
        rows.check_share(index, "required_share")
        is_kpi = measure in kpi_ids and measure not in RECORD_MEASURES
        if is_kpi and row["segment"] and row["region"]:
            rows.complain(
                index,
                "region",
                "is given beside a segment, but KPIs are told by one slice at a time",
                "keep one of them",
            )
        if is_kpi and row["required_share"] is not None:
            rows.complain(
                index,
                "required_share",
                f"is given, but {measure} is a KPI and has no records of its own",
                "empty it: threshold is the value that is promised",
            )
        if row["calendar"] is not None and measure in measures and measure not in CLOCK_MEASURES:
            rows.complain(
                index,
                "calendar",
                f"is given, but {measure} is not measured on the clock",
                f"empty it; it is for {' and '.join(CLOCK_MEASURES)}",
            )
        if measure in RECORD_MEASURES:
            rows.check_above(index, "threshold")
        if row["valid_from"] and row["valid_to"] and row["valid_to"] < row["valid_from"]:
            rows.complain(index, "valid_to", "is before valid_from", "choose a later day")
    _check_lines(rows)


def _check_lines(rows: Rows) -> None:
    """The lines of one promise are of one team, and none runs into the next."""
    lines: dict[str, list[tuple[date, int]]] = {}
    for index, row in rows:
        if row["promise_id"] and row["valid_from"]:
            lines.setdefault(row["promise_id"], []).append((row["valid_from"], index))
    for found in lines.values():
        found.sort()
        for (_, earlier), (start, later) in pairwise(found):
            end = rows.values[earlier]["valid_to"]
            if end is not None and end >= start:
                rows.complain(
                    earlier,
                    "valid_to",
                    f"runs into the line that is valid from {start}",
                    "empty it: a line ends by itself where the next one begins",
                )
            team = rows.values[earlier]["promised_by"]
            if team and rows.values[later]["promised_by"] not in (team, None):
                rows.complain(
                    later,
                    "promised_by",
                    f"is another team than in line {rows.lines[earlier]['']}",
                    "give the other team a promise of its own",
                )


def settle_roles(tables: Mapping[str, Rows], shipped: Rows) -> None:
    """Let the shipped roles say who is accountable for a shared KPI that no line names.

    A company that shares other KPIs than the shipped ones, or writes roles of its own for a few,
    shall not have to repeat all of the shipped lines because of that.
    """
    rows = tables["roles"]
    shared = {row["kpi_id"] for _, row in tables["kpis"] if row["owner_team"] == "both"}
    if rows.is_default:
        kept = [
            index
            for index, row in rows
            if row["subject_type"] != "kpi" or row["subject_id"] in shared
        ]
        rows.values = [rows.values[index] for index in kept]
        rows.lines = [rows.lines[index] for index in kept]
        rows.written = [rows.written[index] for index in kept]
        return
    named = {
        row["subject_id"]
        for _, row in rows
        if row["subject_type"] == "kpi" and row["role"] == "accountable"
    }
    for index, row in shipped:
        if (
            row["subject_type"] == "kpi"
            and row["role"] == "accountable"
            and row["subject_id"] in shared - named
        ):
            rows.values.append(row)
            rows.lines.append(shipped.lines[index])
            rows.written.append(shipped.written[index])


def check_roles(tables: Mapping[str, Rows]) -> None:
    """Each line is about something that is there, and nothing has two accountables or none."""
    rows = tables["roles"]
    accountable: dict[tuple[str, str], int] = {}
    for index, row in rows:
        kind, subject = row["subject_type"], row["subject_id"]
        if kind is None or subject is None:
            continue
        table, column = _SUBJECTS[kind]
        is_stage = kind == "stage" and subject in STAGE_IDS  # one without a line is told there
        if not is_stage and tables[table].lacks(column, subject):
            fix = did_you_mean(subject, tables[table].known(column))
            rows.complain(index, "subject_id", f"there is no such {kind}", fix)
        if row["role"] != "accountable":
            continue
        if (kind, subject) in accountable:
            rows.complain(
                index,
                "role",
                f"is the second accountable of {kind} {subject}, after line"
                f" {accountable[kind, subject]}",
                "keep one of them and make the other responsible",
            )
        accountable.setdefault((kind, subject), rows.lines[index][""])
    _check_shared_kpis(tables, accountable)


def _check_shared_kpis(
    tables: Mapping[str, Rows], accountable: Mapping[tuple[str, str], int]
) -> None:
    rows, kpis = tables["roles"], tables["kpis"]
    for index, kpi in kpis:
        kpi_id = kpi["kpi_id"]
        if kpi["owner_team"] != "both" or not kpi_id or ("kpi", kpi_id) in accountable:
            continue
        line = f"kpi,{kpi_id},accountable,marketing,"
        if rows.is_default:
            kpis.complain(
                index,
                "owner_team",
                f"says both, and nobody is accountable for {kpi_id}",
                f"add a line such as {line} to agreement/roles.csv, or name one team here",
            )
        elif not rows.is_torn and kpi_id not in rows.unread:
            rows.complain_of_table(
                "role",
                f"has no accountable for the KPI {kpi_id}, which both teams own",
                f"add a line such as {line}",
            )
