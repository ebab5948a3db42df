"""What the published release says, as plain rows for the console.

Belongs here: the few queries behind the summary of a run. Does not belong here: layout.
"""

from __future__ import annotations

from dataclasses import dataclass
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
_SCORECARD = """
with month as (
    select date_trunc('month', max(component_date)) as period_start
    from marts.kpi_components, marts.release_info
    where date_trunc('month', component_date) + interval 1 month <= as_of
)
select k.kpi_name, s.value, s.null_reason, s.target, s.attainment, s.previous_value, s.unit,
       s.period_start
from marts.kpi_scorecard s
join month m on m.period_start = s.period_start
join marts.dim_kpi k on k.kpi_id = s.kpi_id
where s.period_grain = 'month' and s.segment = '(all)' and s.channel_id = '(all)'
  and s.region = '(all)'
order by k.position nulls last, k.kpi_id
"""

_GATES = """
select gate, count(distinct asset), count(*), count(*) filter (where passed),
       count(*) filter (where not passed and severity = 'warning')
from marts.data_quality group by gate order by gate
"""

_WARNINGS = """
select gate, asset, message from marts.data_quality where not passed order by gate, asset, message
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
class ReleaseReport:
    """Rows of each section; the queries above name the columns."""

    info: dict[str, Any]
    rows: list[tuple[str, int]]
    funnel: list[tuple[Any, ...]]
    scorecard: list[tuple[Any, ...]]
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
                "select table_name from information_schema.tables"
                " where table_schema = 'marts' order by table_name"
            )
        ]
        counts = [(table, rows(f'select count(*) from marts."{table}"')[0][0]) for table in tables]
        return ReleaseReport(
            info,
            counts,
            rows(_FUNNEL),
            rows(_SCORECARD),
            rows(_GATES),
            rows(_WARNINGS),
            [note for note in rows(_NOTES)[0] if note is not None],
        )
