"""What the published release says, as plain rows for the console.

Belongs here: the few queries behind the summary of a run. Does not belong here: layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

_FUNNEL = """
select s.stage_name,
       count(e.journey_id) filter (where not e.is_inferred) as observed,
       count(e.journey_id) as with_inferred
from marts.dim_stage s
left join marts.fct_funnel_events e on e.stage_id = s.stage_id
group by s.stage_name, s.position
order by s.position
"""

# The latest month that had ended at the release's as-of and in which anything happened.
_MONTH = """
select date_trunc('month', max(component_date)) as period_start
from marts.kpi_components, marts.release_info
where date_trunc('month', component_date) + interval 1 month <= as_of
"""

_KPIS = f"""
select k.kpi_name, s.owner_team, s.value, s.null_reason, s.target, s.attainment,
       s.previous_value, s.unit
from marts.kpi_scorecard s
join ({_MONTH}) m on m.period_start = s.period_start
join marts.dim_kpi k on k.kpi_id = s.kpi_id
where s.period_grain = 'month' and s.segment = '(all)' and s.channel_id = '(all)'
  and s.region = '(all)'
order by k.position nulls last, k.kpi_id
"""

# Of each promise the newest period that ended in that month: a month, a week, a quarter.
_PROMISES = f"""
select promised_by, promise_name, concat_ws(', ', segment, region), promised, delivered,
       kept_count, due_count, status, case measure_kind when 'record' then 'share' else unit end
from marts.sla_ledger
join ({_MONTH}) m on date_trunc('month', period_end) = m.period_start
where status <> 'running'
qualify row_number() over (
    partition by promise_id, segment, region order by period_end desc, valid_from desc
) = 1
order by promised_by, promise_name, segment nulls first, region nulls first
"""

_AGENDA = """
select week_start, title, accountable_team, value_at_stake
from marts.review_agenda
where week_start = (select max(week_start) from marts.review_agenda) and status <> 'closed'
order by rank
"""

_GATES = """
select gate, count(distinct asset), count(*), count(*) filter (where passed)
from marts.data_quality group by gate order by gate
"""

_WARNINGS = """
select asset, message from marts.data_quality where not passed
order by gate desc, failed_rows desc nulls last, asset, message
"""

_NOTES = """
select case
    when undated > 0 then format(
        '{:,} of {:,} journeys have no date: they count in totals and in no period.',
        undated, journeys
    )
end as undated_note,
case
    when journeys > 0 and newest is null
        then 'Nothing has a date, so there are no KPIs by period: map created_at.'
    when newest < cast(as_of as date) - 62 then format(
        'The newest data is of {}, the release is as of {}. To look at it as of its own time,'
        || ' set as_of in agreement/company.csv.',
        newest, cast(as_of as date)
    )
end as age_note
from (
    select count(*) as journeys, count(*) filter (where started_at is null) as undated
    from marts.fct_funnel
) cross join (select max(component_date) as newest from marts.kpi_components)
cross join marts.release_info
"""


@dataclass(frozen=True)
class Kpi:
    """A KPI of the month, in total; `team` is marketing, sales or both."""

    name: str
    team: str
    value: float | None
    null_reason: str | None
    target: float | None
    attainment: float | None
    previous: float | None
    unit: str


@dataclass(frozen=True)
class Promise:
    """What one team promised for a period, and what became of it."""

    team: str
    name: str
    place: str
    promised: float
    delivered: float | None
    kept: int
    due: int
    status: str
    unit: str


@dataclass(frozen=True)
class AgendaItem:
    """An open item of the newest week; `at_stake` is money per quarter."""

    week: date
    title: str
    team: str | None
    at_stake: float | None


@dataclass(frozen=True)
class ReleaseReport:
    """What the summary shows; the queries above name the columns of plain rows."""

    info: dict[str, Any]
    table_count: int
    row_count: int
    funnel: list[tuple[Any, ...]]
    month: date | None
    kpis: list[Kpi]
    promises: list[Promise]
    agenda: list[AgendaItem]
    gates: list[tuple[Any, ...]]
    warnings: list[tuple[Any, ...]]
    notes: list[str]


def read_release(database: Path) -> ReleaseReport:
    """Read a release's file; it is opened read-only and closed again."""
    with duckdb.connect(str(database), read_only=True) as connection:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql).fetchall()

        cursor = connection.execute("select * from marts.release_info")
        names = [column[0] for column in cursor.description or []]
        info = dict(zip(names, cursor.fetchall()[0], strict=True))
        tables = [
            row[0]
            for row in rows(
                "select table_name from information_schema.tables where table_schema = 'marts'"
            )
        ]
        counts = [rows(f'select count(*) from marts."{table}"')[0][0] for table in tables]
        month = rows(_MONTH)[0][0]
        return ReleaseReport(
            info=info,
            table_count=len(tables),
            row_count=sum(counts),
            funnel=rows(_FUNNEL),
            month=month,
            kpis=[Kpi(*row) for row in rows(_KPIS)],
            promises=[Promise(*row) for row in rows(_PROMISES)],
            agenda=[AgendaItem(*row) for row in rows(_AGENDA)],
            gates=rows(_GATES),
            warnings=rows(_WARNINGS),
            notes=[note for note in rows(_NOTES)[0] if note is not None],
        )
