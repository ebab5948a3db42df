"""What must hold for promises kept and broken: keys, states, and a record behind each breach."""

from __future__ import annotations

from expectations.rules import (
    Expectation,
    Suite,
    conserved,
    not_negative,
    not_null,
    one_of,
    refers_to,
    rows,
    unique,
)

STATES = ("kept", "broken", "running", "no_data")


def sla_ledger() -> list[Expectation]:
    table = "marts.sla_ledger"
    return [
        unique(table, "promise_id", "valid_from", "period_start"),
        refers_to(table, "promise_id", "marts.dim_promise", optional=False),
        one_of(table, "status", STATES),
        rows(
            table,
            "due_is_kept_or_broken",
            "due_count <> kept_count + broken_count",
            "records that are due, but neither kept nor broken",
            example="promise_id",
        ),
        rows(
            table,
            "state_is_that_of_its_numbers",
            "(status in ('kept', 'broken') and (delivered is null or shortfall is null))"
            " or (status = 'kept' and shortfall > 1e-9)"
            " or (status = 'broken' and shortfall <= 1e-9)"
            " or (status = 'no_data' and delivered is not null)",
            "a state that its numbers deny",
            example="promise_id",
        ),
        *not_negative(table, "measured_median", key="promise_id"),
    ]


def sla_breaches() -> list[Expectation]:
    table = "marts.sla_breaches"
    line = "promise_id || ' ' || valid_from || ' ' || period_start"
    return [
        unique(table, "breach_id"),
        refers_to(table, "promise_id", "marts.dim_promise", optional=False),
        refers_to(table, "journey_id", "marts.fct_funnel"),
        refers_to(table, "opportunity_id", "marts.fct_opportunities"),
        refers_to(table, "owner_id", "marts.dim_rep", "rep_id"),
        *not_null(table, "period_start", "promised_by", key="breach_id"),
        rows(
            table,
            "subject_has_its_record",
            "case subject_type when 'lead' then journey_id when 'opportunity' then opportunity_id"
            " when 'kpi' then kpi_id end is null",
            "no record behind it",
            example="breach_id",
        ),
        *not_negative(table, "minutes_late", key="breach_id"),
        conserved(
            "breaches_are_those_of_the_ledger",
            "another number of breaches than the ledger",
            "promises and periods",
            f"select {line} as slice, count(*) as value from {table}"
            " where subject_type <> 'kpi' group by promise_id, valid_from, period_start",
            f"select {line} as slice, broken_count as value from marts.sla_ledger"
            " where broken_count > 0",
        ),
        conserved(
            "broken_kpis_are_those_of_the_ledger",
            "another number of missed KPIs than the ledger",
            "promises and periods",
            f"select {line} as slice, count(*) as value from {table}"
            " where subject_type = 'kpi' group by promise_id, valid_from, period_start",
            f"select {line} as slice, 1 as value from marts.sla_ledger"
            " where measure_kind = 'kpi' and status = 'broken'",
        ),
    ]


SUITES = (
    Suite("sla_ledger", "data", sla_ledger),
    Suite("sla_breaches", "data", sla_breaches),
)
