"""The records behind KPI values that moved: which are new, and which say something else now.

Belongs here: comparing the rows that a KPI is counted from with those of the release before.
Does not belong here: which values moved, and what the cause is called (`restatements`).

A person of whom a load dropped records because they were erased is told apart: what changed of
theirs, and of the deals of their journeys, is the erasure's.

A record is new where the release before has no row of it at all. A record that was there and
now counts with another value, in another slice or period, or not at all, has changed: a deal
that turns out to have been won in January has changed, a deal that nobody knew of is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.lib import duck
from orchestration.lib.company.agreement_kpis import factors_of
from orchestration.lib.erasure.known import Erased

# What tells the records of each fact apart that `dim_kpi` may name; a fact may have several rows
# of a record, such as a deal's days.
RECORD_IDS = {
    "fct_ad_spend": "ad_spend_id",
    "fct_attribution": "opportunity_id",
    "fct_costs": "cost_id",
    "fct_funnel": "journey_id",
    "fct_funnel_events": "journey_id",
    "fct_lead_response": "journey_id",
    "fct_opportunities": "opportunity_id",
    "fct_opportunity_daily": "opportunity_id",
    "fct_price_realization": "opportunity_line_id",
    "fct_quotas": "quota_id",
    "fct_sales_activities": "activity_id",
    "fct_touchpoints": "touch_id",
}
_SLICES = ("segment", "region", "channel_id", "first_touch_channel_id")


@dataclass(frozen=True)
class Input:
    """Rows that a KPI counts, as `dim_kpi` names them; `day` is every, first or last."""

    fact: str
    filter: str
    date: str
    value: str
    day: str


# A fact without records of its own, and those that it is added up from.
SUMMED = {
    "fct_acquisition_costs": (
        Input("fct_costs", "true", "cost_date", "amount_reporting", "every"),
        Input("fct_ad_spend", "true", "spend_date", "spend_reporting", "every"),
    )
}


def compare_records(connection: duckdb.DuckDBPyConnection, before: Path, erased: Erased) -> bool:
    """Fill the temporary table `moved_records` for each KPI and period of `compared`.

    `before` holds the marts of the release before, one Parquet file each; those of now are in
    the schema `marts`. False if there is nothing, or nothing alike, to compare with.
    """
    connection.execute(
        """
        create or replace temp table moved_records (
            kpi_id varchar, period_grain varchar, period_start date,
            has_new boolean, has_changed boolean, has_erased boolean)
        """
    )
    moved = connection.execute(
        "select distinct kpi_id from compared where first_release_id is not null"
    ).fetchall()
    if not moved:
        return True
    if not before.is_dir():
        return False
    kpis = _kpis(connection)
    users: dict[Input, list[str]] = {}
    for (kpi_id,) in moved:
        for found in inputs_of(kpi_id, kpis):
            users.setdefault(found, []).append(kpi_id)
    try:
        _find_dropped_persons(connection, before, erased)
        for found, kpi_ids in users.items():
            connection.execute(_comparison(connection, found, before), {"kpis": kpi_ids})
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.IOException):
        return False  # a mart of another version of the pipeline
    connection.execute(
        """
        create or replace temp table moved_records as
        select kpi_id, period_grain, period_start,
            bool_or(has_new) as has_new, bool_or(has_changed) as has_changed,
            bool_or(has_erased) as has_erased
        from moved_records group by all
        """
    )
    return True


def inputs_of(kpi_id: str, kpis: Mapping[str, Mapping[str, Any]]) -> set[Input]:
    """The rows behind a KPI, through those that it is derived from; `kpis` is `dim_kpi`."""
    kpi = kpis.get(kpi_id)
    if kpi is None:
        return set()
    if kpi["kind"] == "derived":
        return {found for name in factors_of(kpi) for found in inputs_of(name, kpis)}
    inputs: set[Input] = set()
    for part in ("numerator", "denominator"):
        names = ("fact", "filter", "date_column", "value_column")
        fact, condition, date, value = (kpi[f"{part}_{name}"] for name in names)
        if fact is not None:
            named = Input(fact, condition, date, value, kpi["counted_day"])
            inputs.update(SUMMED.get(fact, (named,)))
    return inputs


def _find_dropped_persons(
    connection: duckdb.DuckDBPyConnection, before: Path, erased: Erased
) -> None:
    """Fill `dropped_persons`: whose records the release before had, and are an erased person's.

    An erasure renames those that it finds in a release; these came to be the person's later.
    """
    connection.execute("create or replace temp table dropped_persons (person_id varchar)")
    if not erased:
        return
    bridge = duck.quoted(before / "bridge_person_record.parquet")
    gone = connection.execute(
        f"""
        select person_id, source_system, object_type, source_id from read_parquet({bridge})
        anti join marts.bridge_person_record using (source_system, object_type, source_id)
        """
    ).fetchall()
    dropped = [[person] for person, *record in gone if erased.of_bridge(*record) >= 0]
    if dropped:
        connection.executemany("insert into dropped_persons values (?)", dropped)


def _kpis(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    cursor = connection.execute("from marts.dim_kpi")
    names = [column[0] for column in cursor.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row["kpi_id"]: row for row in rows}


def _comparison(connection: duckdb.DuckDBPyConnection, of: Input, before: Path) -> str:
    """What became of an input's records, for the KPIs `$kpis` and each period of theirs."""
    now, old = f"marts.{of.fact}", f"read_parquet({duck.quoted(before / f'{of.fact}.parquet')})"
    record = RECORD_IDS[of.fact]
    columns = {row[0] for row in connection.execute(f"describe {now}").fetchall()}
    slices = ", ".join(name for name in _SLICES if name in columns) or "null"
    of_dropped = "false"
    if "person_id" in columns:
        of_dropped = "person_id in (from dropped_persons)"
    elif "opportunity_id" in columns:
        journeys = f"read_parquet({duck.quoted(before / 'fct_funnel.parquet')})"
        of_dropped = f"""opportunity_id in (
            select opportunity_id from {journeys} where person_id in (from dropped_persons))"""
    days = {"every": "true", "first": f"{of.date} = cell_start", "last": f"{of.date} = period_end"}

    def counted(rows: str) -> str:
        return f"""
            select cell_grain, cell_start, {record} as record,
                sum(cast({of.value} as double)) as amount,
                list_sort(list(distinct row({slices}))) as slices
            from {rows} as rows_counted
            join periods on {of.date} between cell_start and period_end and {days[of.day]}
            where {of.filter} group by cell_grain, cell_start, record
        """

    return f"""
        insert into moved_records
        with periods as (
            select distinct period_grain as cell_grain, period_start as cell_start, period_end
            from compared where first_release_id is not null and kpi_id in $kpis
        ),
        moved as (
            select cell_grain, cell_start, record
            from ({counted(now)}) as now
            full join ({counted(old)}) as old using (cell_grain, cell_start, record)
            where now.record is null or old.record is null
                or now.slices is distinct from old.slices
                or coalesce(abs(now.amount - old.amount) > 1e-9 * abs(old.amount),
                    (now.amount is null) <> (old.amount is null))
        ),
        judged as (
            select cell_grain, cell_start,
                case
                    when known.record is null then 'new'
                    when known.is_dropped then 'erased'
                    else 'changed'
                end as became
            from moved left join (
                select {record} as record, bool_or(coalesce({of_dropped}, false)) as is_dropped
                from {old} where {record} in (select record from moved) group by record
            ) as known using (record)
        )
        select unnest($kpis), cell_grain, cell_start, bool_or(became = 'new'),
            bool_or(became = 'changed'), bool_or(became = 'erased')
        from judged group by cell_grain, cell_start
    """
