"""Which published KPI values moved, and why: the ledger of values as they were published.

Belongs here: comparing a release's scorecard with what was published before, naming the cause,
keeping both in `ledger/kpi_values/`. Does not belong here: publishing itself (`releases`), how
a KPI is computed (dbt).

One Parquet file per release holds the cells that it published first, or that it moved; the file
says what the release was made from. Only periods that are over count: an open one moves by
nature. The file outlives its release. It gets its name when the release is the current one, so
that a release that nobody ever saw leaves nothing here.

The cause of a move, from what changed since the release before:

- the agreement, not the data: `definition change`. Likewise if only the pipeline's version did.
- the data, not what this KPI is made by: what became of the records behind the KPI and period
  says whether it is `late data`, a `correction`, an `erasure` or several of them
  (`moved_records`); `new data` where the release before is gone, and its records with it.
- neither, but a person was erased: `erasure`.
- the targets are part of the definition of KPIs whose formula has one, and of no other.
- both: `definition change` if only the KPI's own definition changed and its numerator and
  denominator stayed, else `definition change and new data`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from orchestration.lib import duck
from orchestration.lib.company.agreement_kpis import factors_of, target_of
from orchestration.lib.durable import PRIVATE_FILE, TEMPORARY, make_folder, sweep, sync
from orchestration.lib.erasure import known
from orchestration.lib.release.moved_records import compare_records
from orchestration.settings import Settings

MART = "kpi_restatements"
TOLERANCE = 1e-9  # relative: sums of doubles differ that much by the order of their rows

# Agreement tables that count one KPI at a time, or that no KPI's value is made by.
_NOT_VALUES = {"targets", "roles", "signatures", "actions", "quality_limits", "kpis"}
# Of a KPI, what its value is made by: its name or place in reports is no part of that.
_MADE_BY = ("kpi_id", "kind", "numerator", "denominator", "percentile")
_KPI = "KPI "
_HEADER = "tandem"
_NAMED = 5  # tables that a cause names before it only counts them
_CELL = ("kpi_id", "period_grain", "period_start", "segment", "channel_id", "region")
_LEDGER = """
    release_id varchar, published_at timestamp, kpi_id varchar, period_grain varchar,
    period_start date, segment varchar, channel_id varchar, region varchar, first_value double,
    first_release_id varchar, first_published_at timestamp, previous_value double, value double,
    cause varchar, agreement_version varchar, previous_agreement_version varchar,
    details varchar, numerator decimal(38, 6), denominator decimal(38, 6)
"""


@dataclass(frozen=True)
class Publication:
    """What a release was made from, as far as it tells why a value moved.

    `loads` says which loads count, by `source/table`; `definitions` are digests, see there.
    """

    release_id: str
    published_at: datetime
    as_of: datetime
    agreement_version: str
    software: str
    loads: Mapping[str, str]
    definitions: Mapping[str, str]


def definitions(agreement: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, str]:
    """Digests of what KPI values are made by: agreement tables, and each KPI's own definition.

    A derived KPI's definition holds those of the KPIs in its formula, and the targets there.
    `agreement` holds the rows of each table. Their order does not count.
    """
    content = {
        name: [_text(row) for row in rows]
        for name, rows in agreement.items()
        if name not in _NOT_VALUES
    }
    kpis = {row["kpi_id"]: row for row in agreement.get("kpis", ())}
    targets = list(agreement.get("targets", ()))
    content |= {
        f"{_KPI}{kpi_id}": [_text(row) for row in _defining(kpi_id, kpis, targets)]
        for kpi_id in kpis
    }
    return {
        name: hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()[:16]
        for name, rows in content.items()
    }


def _defining(
    kpi_id: str, kpis: Mapping[str, Mapping[str, Any]], targets: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The rows that say what a KPI is: its own, those it is derived from, and their targets."""
    names, targeted, ahead = {kpi_id}, set(), [kpi_id]
    while ahead:
        row = kpis[ahead.pop()]
        if row.get("kind") != "derived":
            continue
        for factor in factors_of(row):
            target = target_of(factor)
            if target is not None:
                targeted.add(target)
            elif factor in kpis and factor not in names:
                names.add(factor)
                ahead.append(factor)
    return [
        *({column: kpis[name].get(column) for column in _MADE_BY} for name in names),
        *(row for row in targets if row["kpi_id"] in targeted),
    ]


def write_restatements(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    catalog: str,
    publication: Publication,
) -> None:
    """Fill `kpi_restatements` of the release that is attached as `catalog`, and the ledger.

    The mart lists every restatement that the ledger knows. The ledger's file is pending until
    `confirm`.
    """
    folder = make_folder(_folder(settings))
    files = [_file(settings, release_id) for release_id in release_ids(settings)]
    for table in ("ledger", "moved"):
        connection.execute(f"create or replace temp table {table} ({_LEDGER})")
    if files:
        listed = ", ".join(map(duck.quoted, files))
        connection.execute(f"insert into ledger by name from read_parquet([{listed}])")
    before = _published(files[-1]) if files else None
    _compare(connection, catalog, publication)
    records = settings.releases / (before.release_id if before else "") / "parquet"
    erased = known.read(settings)
    is_comparable = compare_records(connection, records, erased)
    _judge(connection, publication, before, is_comparable, erased)
    columns = "* exclude (numerator, denominator)"
    for table in ("ledger", "moved"):
        connection.execute(
            f"insert into {catalog}.marts.{MART} by name select {columns} from {table}"
            f" where cause is not null order by {', '.join(_CELL)}"
        )
    pending = folder / f"{TEMPORARY}{publication.release_id}.parquet"
    header = duck.quoted(json.dumps(asdict(publication), default=str))
    connection.execute(
        f"copy (from moved order by {', '.join(_CELL)}) to {duck.quoted(pending)}"
        f" (format parquet, compression zstd, kv_metadata {{ {_HEADER}: {header} }})"
    )
    pending.chmod(PRIVATE_FILE)
    sync(pending)


def confirm(settings: Settings, release_id: str) -> None:
    """The release is the current one: what it published is now history."""
    pending = _folder(settings) / f"{TEMPORARY}{release_id}.parquet"
    if pending.exists():
        pending.rename(_file(settings, release_id))
        sync(pending.parent)


def sweep_pending(settings: Settings) -> None:
    """Remove what releases left that were never published."""
    sweep(_folder(settings))


def release_ids(settings: Settings) -> list[str]:
    """The releases that the ledger knows, oldest first."""
    ids = [path.stem for path in _folder(settings).glob("r*.parquet")]
    return sorted(ids, key=lambda release_id: int(release_id.removeprefix("r")))


def _compare(connection: duckdb.DuckDBPyConnection, catalog: str, now: Publication) -> None:
    """Fill the temporary table `compared`: cells of closed periods that are new or moved."""
    cell = ", ".join(_CELL)
    same_cell = " and ".join(f"now.{name} = known.{name}" for name in _CELL)
    either = ", ".join(f"coalesce(now.{name}, known.{name}) as {name}" for name in _CELL)
    connection.execute(
        f"""
        create or replace temp table compared as
        with scorecard as (
            select {cell}, numerator, denominator, value from {catalog}.marts.kpi_scorecard
            where period_grain <> 'day' and period_start <= cast($as_of as date)
        ),
        periods as (
            select period_grain, period_start,
                lead(period_start) over (partition by period_grain order by period_start)
                    - 1 as period_end
            from (select distinct period_grain, period_start from scorecard)
        ),
        -- The newest period of a grain holds the as-of; those before it are over.
        open_periods as (
            select period_grain, period_start as open_start from periods where period_end is null
        ),
        now as (
            select scorecard.* from scorecard join open_periods using (period_grain)
            where scorecard.period_start < open_start and value is not null
        ),
        known as (
            select ledger.* from ledger join open_periods using (period_grain)
            where ledger.period_start < open_start
            qualify row_number() over (
                partition by {cell} order by length(release_id) desc, release_id desc) = 1
        ),
        -- A slice that appears in a period that was published is a move too.
        published as (
            select kpi_id, period_grain, period_start,
                arg_min(first_release_id, first_published_at) as first_release_id,
                min(first_published_at) as first_published_at
            from known group by kpi_id, period_grain, period_start
        ),
        cells as (
            select {either},
                known.first_value,
                coalesce(known.first_release_id, published.first_release_id) as first_release_id,
                coalesce(known.first_published_at, published.first_published_at)
                    as first_published_at,
                known.value as previous_value, now.value, now.numerator, now.denominator,
                coalesce(now.numerator, known.numerator) is not null
                    and now.numerator is not distinct from known.numerator
                    and now.denominator is not distinct from known.denominator as has_same_parts
            from now full join known on {same_cell}
            left join published
                on published.kpi_id = coalesce(now.kpi_id, known.kpi_id)
                and published.period_grain = coalesce(now.period_grain, known.period_grain)
                and published.period_start = coalesce(now.period_start, known.period_start)
            where coalesce(abs(now.value - known.value)
                > {TOLERANCE} * greatest(abs(now.value), abs(known.value)),
                (now.value is null) <> (known.value is null))
                -- What appears with 0 was nothing before.
                and not (known.kpi_id is null and published.kpi_id is not null and now.value = 0)
        )
        select cells.*, period_end from cells left join periods using (period_grain, period_start)
        """,
        {"as_of": now.as_of},
    )


def _judge(
    connection: duckdb.DuckDBPyConnection,
    now: Publication,
    before: Publication | None,
    is_comparable: bool,
    erased: known.Erased,
) -> None:
    """Fill the temporary table `moved`: cells published first (no cause) or moved (a cause)."""
    connection.execute(
        f"""
        insert into moved by name
        select
            $release_id as release_id, cast($published_at as timestamp) as published_at,
            {", ".join(_CELL)},
            case when first_release_id is null then value else first_value end as first_value,
            coalesce(first_release_id, $release_id) as first_release_id,
            coalesce(first_published_at, $published_at) as first_published_at,
            previous_value, value,
            case
                when first_release_id is null then null
                when $is_defined_anew and not $is_data_new then 'definition change'
                when $is_data_new and not $is_defined_anew and kpi_id not in $kpis then case
                    when not $is_comparable then 'new data'
                    else coalesce(nullif(concat_ws(' and ', if(has_new, 'late data', null),
                        if(has_changed, 'correction', null), if(has_erased, 'erasure', null)), ''),
                        'correction')
                end
                when kpi_id in $kpis
                    and (not $is_data_new or (has_same_parts and not $is_defined_anew))
                    then 'definition change'
                when $is_data_new then 'definition change and new data'
                when $is_erased then 'erasure'
                -- None of these: records that were loaded before, and now lie before the as-of.
                else 'late data'
            end as cause,
            $agreement_version as agreement_version,
            $previous_version as previous_agreement_version,
            concat_ws('; ', if(kpi_id in $kpis, 'the definition of ' || kpi_id, null),
                nullif($details, '')) as details,
            numerator, denominator
        from compared left join moved_records using (kpi_id, period_grain, period_start)
        """,
        {
            "release_id": now.release_id,
            "published_at": now.published_at,
            "agreement_version": now.agreement_version,
            "previous_version": before and before.agreement_version,
            "is_comparable": is_comparable,
            **_what_changed(before, now, erased),
        },
    )


def _what_changed(
    before: Publication | None, now: Publication, erased: known.Erased
) -> dict[str, Any]:
    """The query's parameters that tell what changed between two publications."""
    if before is None:
        changed = dict.fromkeys(("is_defined_anew", "is_data_new", "is_erased"), False)
        return {**changed, "kpis": [""], "details": ""}
    tables = _differing(before.definitions, now.definitions)
    loads = [
        name for name in _differing(before.loads, now.loads) if not name.startswith("agreement/")
    ]
    kpis = [name.removeprefix(_KPI) for name in tables if name.startswith(_KPI)]
    tables = [name for name in tables if not name.startswith(_KPI)]
    is_new_software = before.software != now.software
    details = []
    if tables:
        details.append(f"the agreement's {_listed(tables)}")
    if loads:
        details.append(f"newer loads of {_listed(loads)}")
    erasures = [
        each.erasure_id
        for each in erased.erasures
        if datetime.fromisoformat(each.at) >= before.published_at
    ]
    if erasures:
        details.append(f"erasure {_listed(erasures)}")
    if is_new_software:
        details.append(f"the pipeline's version: {before.software} is now {now.software}")
    if before.as_of != now.as_of and not (tables or loads or erasures or kpis or is_new_software):
        details.append(f"the as-of moved from {before.as_of} to {now.as_of}")
    return {
        "is_defined_anew": bool(tables) or (is_new_software and not loads),
        "is_data_new": bool(loads),
        "is_erased": bool(erasures),
        "kpis": kpis or [""],  # an empty list has no type
        "details": "; ".join(details),
    }


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The keys whose values differ, or that one of the two lacks."""
    return sorted(key for key in {*before, *now} if before.get(key) != now.get(key))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _published(file: Path) -> Publication:
    """What the release was made from that wrote this file."""
    header = json.loads(pq.read_schema(file).metadata[_HEADER.encode()])
    times = {name: datetime.fromisoformat(header[name]) for name in ("published_at", "as_of")}
    return Publication(**{**header, **times})


def _text(row: Mapping[str, Any]) -> str:
    values = {name: str(value) for name, value in row.items() if value is not None}
    return json.dumps(values, sort_keys=True)


def _folder(settings: Settings) -> Path:
    return settings.ledger / "kpi_values"


def _file(settings: Settings, release_id: str) -> Path:
    return _folder(settings) / f"{release_id}.parquet"
