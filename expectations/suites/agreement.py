"""What must hold for what the two teams promise each other and who answers for what.

Belongs here: promises and responsibilities. Does not belong here: stages and KPIs
(`dimensions`), whether a promise was kept.
"""

from __future__ import annotations

from expectations.rules import (
    Expectation,
    Suite,
    counted,
    not_null,
    once,
    one_of,
    rows,
    unique,
)
from expectations.suites.dimensions import TEAMS

_ROLES = ("accountable", "responsible", "consulted", "informed")
_SUBJECTS = {
    "stage": "select distinct stage_id from marts.dim_stage",
    "kpi": "select distinct kpi_id from marts.dim_kpi",
    "promise": "select distinct promise_id from marts.dim_promise",
}


def dim_promise() -> list[Expectation]:
    table = "marts.dim_promise"
    key = "promise_id"
    return [
        unique(table, "promise_id", "valid_from"),
        one_of(table, "promised_by", TEAMS),
        one_of(table, "measure_kind", ("record", "kpi")),
        *not_null(table, "threshold", "unit", key=key),
        rows(
            table,
            "is_promised_to_the_other_team",
            "promised_to is null or promised_to = promised_by",
            "a promise of a team to itself",
            example=key,
        ),
        rows(
            table,
            "required_share_is_a_share",
            "not required_share between 0 and 1 or (measure_kind = 'record') <>"
            " (required_share is not null)",
            "a required_share that is no share, or is for a KPI",
            example=key,
        ),
        rows(
            table,
            "applies_for_a_day",
            "valid_to < valid_from",
            "a line that ends before it begins",
            example=key,
        ),
        Expectation(
            "one_line_applies_at_a_time",
            "critical",
            once(f"select count(*) {_OVERLAPS}"),
            counted("another line of the promise that applies on the same days", "promise lines"),
            details=f"select distinct earlier.promise_id {_OVERLAPS} order by 1",
        ),
    ]


_OVERLAPS = (
    "from marts.dim_promise as earlier inner join marts.dim_promise as later"
    " on earlier.promise_id = later.promise_id and earlier.valid_from < later.valid_from"
    " and (earlier.valid_to is null or earlier.valid_to >= later.valid_from)"
)


def dim_responsibility() -> list[Expectation]:
    table = "marts.dim_responsibility"
    subjects = " union all ".join(
        f"select '{kind}' as subject_type, subject_id from ({query}) as known (subject_id)"
        for kind, query in _SUBJECTS.items()
    )
    answers = (
        "select subjects.subject_type, subjects.subject_id,"
        f" count(found.subject_id) as accountables from ({subjects}) as subjects"
        f" left join {table} as found"
        " on subjects.subject_type = found.subject_type"
        " and subjects.subject_id = found.subject_id and found.role = 'accountable'"
        " group by subjects.subject_type, subjects.subject_id"
    )
    wrong = f"from ({answers}) as answers where accountables <> 1"
    known = f"select subject_type || ' ' || subject_id from ({subjects}) as subjects"
    return [
        unique(table, "responsibility_id"),
        one_of(table, "subject_type", _SUBJECTS),
        one_of(table, "role", _ROLES),
        one_of(table, "team", TEAMS),
        Expectation(
            "each_subject_has_one_accountable",
            "critical",
            once(f"select count(*) {wrong}"),
            counted("no accountable team, or several", "stages, KPIs and promises"),
            checked=once(f"select count(*) from ({answers}) as answers"),
            details="select subject_type || ' ' || subject_id || ' has '"
            f" || cast(accountables as varchar) {wrong} order by 1 limit 3",
        ),
        rows(
            table,
            "subject_is_there",
            f"subject_type || ' ' || subject_id not in ({known})",
            "a subject that is no stage, KPI or promise",
            example="subject_id",
        ),
    ]


SUITES = (
    Suite("dim_promise", "data", dim_promise),
    Suite("dim_responsibility", "data", dim_responsibility),
)
