"""The lake's files: where each lies and how one is written.

Belongs here: paths of lake and quarantine, the exact shape of an entity's rows, writing one
Parquet file. Does not belong here: which loads count (`manifest`, `lake`).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.lib import duck
from orchestration.lib.durable import make_folder, whole_file
from orchestration.lib.entities import ENTITIES
from orchestration.lib.errors import TandemError
from orchestration.settings import Settings

# In `_file` of a row that stands for an erased person's.
TOMBSTONE = "(erased)"

# In a load's folder: its rows; older versions of records whose newest version is in quarantine,
# and a snapshot's tombstones; the rows of this load and of older ones, merged by a compaction.
DATA = "data.parquet"
CARRIED = "carried.parquet"
RELEASED = "released-"  # how the file of a row begins that was released from quarantine
COMPACTED = "compacted.parquet"

AGREEMENT = "agreement"  # the source and the table under which the agreement is loaded


class LakeError(TandemError):
    """Something that the lake cannot hold, or a lake that is damaged."""


def load_folder(load_id: int) -> str:
    """The name of a load's folder. Readers use the column `_load_id`, never the path."""
    return f"load={load_id:09d}"


def entity_folder(settings: Settings, source: str, table: str, entity: str, load_id: int) -> Path:
    return settings.lake / source / table / f"entity={entity}" / load_folder(load_id)


def entity_files(folder: Path) -> list[tuple[Path, int]]:
    """The files of an entity's folder by the load whose folder they are in, oldest first."""
    found = [(path, int(path.parent.name.partition("=")[2])) for path in folder.glob("*/*.parquet")]
    return sorted(found, key=lambda each: (each[1], each[0].name))


def files_of_loads(
    settings: Settings, source: str, table: str, entity: str, load_ids: Collection[int]
) -> list[Path]:
    """The files that rows of these loads may be in; one of a compaction has rows of others too."""
    folder = settings.lake / source / table / f"entity={entity}"
    return [
        path
        for path, load_id in entity_files(folder)
        if load_id in load_ids
        or (path.name == COMPACTED and load_id >= min(load_ids, default=load_id + 1))
    ]


def agreement_folder(settings: Settings, table: str, load_id: int) -> Path:
    return settings.lake / AGREEMENT / table / load_folder(load_id)


def empty_file(settings: Settings, entity: str) -> Path:
    """A file without rows for each entity, so that a pattern over the lake always matches."""
    return entity_folder(settings, "_schema", "empty", entity, 0) / DATA


def quarantine_file(settings: Settings, source: str, table: str, load_id: int) -> Path:
    return settings.quarantine / source / table / f"{load_folder(load_id)}.parquet"


def loads_file(settings: Settings) -> Path:
    """The manifest as dbt reads it."""
    return settings.lake / "_manifest" / "loads.parquet"


def replaced_files_file(settings: Settings) -> Path:
    """Input files of older loads that newer ones have read again, as dbt reads it."""
    return loads_file(settings).with_name("replaced_files.parquet")


def manifest_file(settings: Settings) -> Path:
    return settings.lake / "manifest.db"


def conform(rows: pa.Table, entity: str, load_id: int) -> pa.Table:
    """The rows in exactly the entity's lake schema, marked as part of the load.

    Columns that the schema lacks are dropped. Raises LakeError if one is missing or has
    values that its type cannot hold.
    """
    schema = ENTITIES[entity].arrow_schema
    numbered = with_load_id(rows, load_id)
    missing = [name for name in schema.names if name not in numbered.column_names]
    if missing:
        raise LakeError(f"Rows of entity {entity} lack the columns {', '.join(missing)}.")
    try:
        return numbered.select(schema.names).cast(schema)
    except pa.ArrowInvalid as error:
        raise LakeError(f"Rows of entity {entity} do not fit its columns: {error}") from error


def with_load_id(rows: pa.Table, load_id: int) -> pa.Table:
    """The rows with `_load_id` set, in place if they have the column, else as the last one."""
    ids = pa.repeat(pa.scalar(load_id, pa.int64()), rows.num_rows)
    position = rows.column_names.index("_load_id") if "_load_id" in rows.column_names else None
    if position is None:
        return rows.append_column("_load_id", ids)
    return rows.set_column(position, "_load_id", ids)


def write_entity(settings: Settings, path: Path, rows: pa.Table, entity: str) -> None:
    """Write conformed rows, ordered by the time that dates them, so that readers can skip.

    DuckDB writes them: it encodes and sorts on all cores, and sorts more than memory holds.
    """
    time = ENTITIES[entity].event_time
    is_ordered = time is None or _is_ordered(rows[time])
    order = "" if is_ordered else f"order by {time} nulls first, _file, _line"
    make_folder(path.parent)
    with whole_file(path) as temporary, duck.connect(settings) as connection:
        connection.register("incoming", rows)
        connection.execute(
            f"copy (from incoming {order}) to {duck.quoted(temporary)}"
            " (format parquet, compression zstd)"
        )


def write_parquet(path: Path, rows: pa.Table) -> None:
    """Write a small private Parquet file, whole or not at all, with the schema of the rows."""
    make_folder(path.parent)
    with whole_file(path) as temporary:
        pq.write_table(rows, temporary, compression="zstd")


def _is_ordered(values: pa.ChunkedArray) -> bool:
    if values.null_count or len(values) < 2:
        return not values.null_count
    return bool(pc.all(pc.less_equal(values.slice(0, len(values) - 1), values.slice(1))).as_py())
