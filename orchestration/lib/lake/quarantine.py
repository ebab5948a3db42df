"""Bad rows, kept with the rule they broke and the raw record, until somebody decides.

Belongs here: writing, listing and releasing quarantined rows, and the exemptions that a
release grants. Does not belong here: the rules (`expectations`), mapping a raw record.

The files hold personal data as it came, hence private modes; whoever shows rows masks them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.lib import ledger
from orchestration.lib.entities import ENTITIES
from orchestration.lib.errors import TandemError
from orchestration.lib.lake.files import (
    CARRIED,
    RELEASED,
    TOMBSTONE,
    conform,
    entity_folder,
    files_of_loads,
    manifest_file,
    quarantine_file,
    write_entity,
    write_parquet,
)
from orchestration.lib.lake.manifest import Manifest
from orchestration.lib.lock import exclusive
from orchestration.settings import Settings

# What a gate hands over: one row for each record, `rule` names all that it broke, joined by
# RULE_SEPARATOR; `raw` is the record as read, as JSON. A column `source_id` may come with it.
BAD_ROWS = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("rule", pa.string()),
        ("message", pa.string()),
        ("raw", pa.string()),
    ]
)
RULE_SEPARATOR = ", "

Exemption = tuple[str, str]  # rule, row_hash


class ReleaseRefusedError(TandemError):
    """A quarantined row that cannot join the lake; the message says why."""


@dataclass(frozen=True)
class QuarantinedRow:
    """One record in quarantine.

    `entity` is empty where the record could not even be read; `source_id` is the id that it
    was mapped to, if the gate named it.
    """

    quarantine_id: str
    load_id: int
    source: str
    table_name: str
    entity: str
    file: str
    line: int | None
    rule: str
    message: str
    raw: str
    row_hash: str
    source_id: str | None = None
    is_released: bool = False


def row_hashes(raw: Iterable[str | None]) -> list[str]:
    """The first half of each raw record's sha256, by which a later read is recognized."""
    return [hashlib.sha256((text or "").encode()).hexdigest()[:32] for text in raw]


def write(
    settings: Settings, load_id: int, source: str, table: str, bad: Mapping[str, pa.Table]
) -> int:
    """Write the bad rows of a load, by entity, with at least the columns of BAD_ROWS.

    Returns how many there are; without any, no file is written.
    """
    parts = []
    count = 0
    for entity, rows in bad.items():
        numbers = range(count + 1, count + rows.num_rows + 1)
        count += rows.num_rows
        columns = {
            "quarantine_id": pa.array([f"{load_id}-{number}" for number in numbers], pa.string()),
            "load_id": pa.repeat(pa.scalar(load_id, pa.int64()), rows.num_rows),
            "source": pa.repeat(source, rows.num_rows),
            "table_name": pa.repeat(table, rows.num_rows),
            "entity": pa.repeat(entity, rows.num_rows),
            **{field.name: rows[field.name].cast(field.type) for field in BAD_ROWS},
            "row_hash": pa.array(row_hashes(rows["raw"].to_pylist()), pa.string()),
            "source_id": rows["source_id"]
            if "source_id" in rows.column_names
            else pa.nulls(rows.num_rows, pa.string()),
        }
        parts.append(pa.table(columns))
    if count:
        path = quarantine_file(settings, source, table, load_id)
        write_parquet(path, pa.concat_tables(parts))
    return count


def list_rows(
    settings: Settings,
    source: str | None = None,
    table: str | None = None,
    load_id: int | None = None,
    limit: int | None = None,
) -> list[QuarantinedRow]:
    """The quarantined rows, newest load first, at most `limit`; released ones are marked."""
    released = {override.target["quarantine_id"] for override in _releases(settings)}
    rows: list[QuarantinedRow] = []
    for path in _files(settings, source, table, load_id):
        for batch in pq.ParquetFile(path).iter_batches(1000):
            for values in batch.to_pylist():
                rows.append(_row(values, released))
                if len(rows) == limit:
                    return rows
    return rows


def find_row(settings: Settings, quarantine_id: str) -> QuarantinedRow:
    """One quarantined row; ReleaseRefusedError if there is none of that id."""
    load, _, number = quarantine_id.partition("-")
    if load.isdecimal() and number.isdecimal():
        for path in _files(settings, load_id=int(load)):
            found = pq.read_table(path, filters=[("quarantine_id", "=", quarantine_id)])
            if found.num_rows:
                released = {override.target["quarantine_id"] for override in _releases(settings)}
                return _row(found.to_pylist()[0], released)
    raise ReleaseRefusedError(
        f"There is no row {quarantine_id} in quarantine. `tandem quarantine list` shows the ids."
    )


def release(
    settings: Settings,
    quarantine_id: str,
    by: str,
    why: str,
    remap: Callable[[QuarantinedRow], pa.Table],
) -> QuarantinedRow:
    """Let a quarantined row into the load it came from, and past the same rule from now on.

    `remap` maps the raw record to one row with the entity's columns; a text in `_parse_error`,
    or a ValueError, says why it cannot. Doing it again changes nothing.

    Raises ReleaseRefusedError if the record cannot be mapped or its `source_id` is already in
    the load, LedgerError without a name or reason, Busy while a run is at work.
    """
    with exclusive(settings, f"release {quarantine_id} from quarantine"):
        row = find_row(settings, quarantine_id)
        rows = _mapped(row, remap)
        Manifest(manifest_file(settings)).get(row.load_id)
        folder = entity_folder(settings, row.source, row.table_name, row.entity, row.load_id)
        path = folder / f"{RELEASED}{quarantine_id}.parquet"
        _refuse_twin(settings, row, rows, (path, folder / CARRIED))
        if not row.is_released:
            target = {
                "quarantine_id": quarantine_id,
                "load_id": row.load_id,
                "source": row.source,
                "table": row.table_name,
                "rules": row.rule.split(RULE_SEPARATOR),
                "row_hash": row.row_hash,
            }
            ledger.record(settings, "release", target, by, why)
        if not path.exists():
            _drop_carried(folder, rows["source_id"][0])
            write_entity(settings, path, rows, row.entity)
    return replace(row, is_released=True)


def exemptions(settings: Settings, source: str, table: str) -> set[Exemption]:
    """The (rule, row_hash) pairs that were released: such a row passes that rule."""
    return {
        (rule, override.target["row_hash"])
        for override in _releases(settings)
        if (override.target["source"], override.target["table"]) == (source, table)
        for rule in override.target["rules"]
    }


def _mapped(row: QuarantinedRow, remap: Callable[[QuarantinedRow], pa.Table]) -> pa.Table:
    where = f"{row.quarantine_id} ({row.source}/{row.table_name}, {row.file} line {row.line})"
    if row.file == TOMBSTONE:
        raise ReleaseRefusedError(f"{row.quarantine_id} was an erased person's: nothing is left.")
    if not row.entity:
        raise ReleaseRefusedError(
            f"{where} cannot be read at all: {row.message}. Mend the file and load it again."
        )
    try:
        rows = remap(row)
    except ValueError as error:
        raise ReleaseRefusedError(f"{where} cannot be mapped: {error}") from error
    unreadable = rows["_parse_error"].drop_null() if "_parse_error" in rows.column_names else []
    if len(unreadable):
        raise ReleaseRefusedError(
            f"{where} has a value that cannot be read: {unreadable[0]}."
            " Mend it in the source, or the format in the source's YAML, and load it again."
        )
    if rows.num_rows != 1:
        raise ReleaseRefusedError(f"{where} maps to {rows.num_rows} rows of {row.entity}, not one.")
    rows = conform(rows, row.entity, row.load_id)
    required = [column.name for column in ENTITIES[row.entity].columns if column.required]
    empty = [name for name in required if rows[name].null_count]
    if empty:
        raise ReleaseRefusedError(
            f"{where} has no {', '.join(empty)}, and {row.entity} needs it. Mend it in the source."
        )
    return rows


def _refuse_twin(
    settings: Settings, row: QuarantinedRow, rows: pa.Table, apart: Collection[Path]
) -> None:
    source_id = rows["source_id"][0]
    place = (row.source, row.table_name, row.entity)
    for path in files_of_loads(settings, *place, (row.load_id,)):
        if path in apart or not source_id.is_valid:
            continue
        twin = (pc.field("source_id") == source_id) & (pc.field("_load_id") == row.load_id)
        if pq.read_table(path, columns=["source_id"], filters=twin).num_rows:
            raise ReleaseRefusedError(
                f"{row.quarantine_id}: load {row.load_id} already has a {row.entity} with the same"
                " source_id, and each may be there once. Mend it in the source and load it again."
            )


def _drop_carried(folder: Path, source_id: pa.Scalar) -> None:
    """Give up the older version that stood in for a row while that was in quarantine."""
    path = folder / CARRIED
    if path.exists():
        rows = pq.read_table(path)
        write_parquet(path, rows.filter(pc.not_equal(rows["source_id"], source_id)))


def _releases(settings: Settings) -> list[ledger.Override]:
    return ledger.overrides(settings, "release")


def _files(
    settings: Settings,
    source: str | None = None,
    table: str | None = None,
    load_id: int | None = None,
) -> Iterator[Path]:
    name = "load=*" if load_id is None else quarantine_file(settings, "", "", load_id).stem
    found = settings.quarantine.glob(f"{source or '*'}/{table or '*'}/{name}.parquet")
    return iter(sorted(found, key=lambda path: path.name, reverse=True))


def _row(values: dict[str, Any], released: set[str]) -> QuarantinedRow:
    return QuarantinedRow(**values, is_released=values["quarantine_id"] in released)
