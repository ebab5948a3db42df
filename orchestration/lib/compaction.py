"""Compaction: the lake's many small files become few, and what can never count again goes.

Belongs here: which files and rows that concerns, and replacing files so that a crash does no
harm. Does not belong here: which rows are current (the staging macros), erasure.

Of each entity of a table the files of accepted loads become one. Rows keep the number of their
load, and that is all that readers know a load by. Left as they are: rejected loads, snapshots,
`carried.parquet` and rows released from quarantine, which belong to one load, and the agreement.

What goes must have been replaced in every kept release already, by a newer load: loads are only
ever added to those that count, so that nothing brings it back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.lib import duck
from orchestration.lib.durable import PRIVATE_FILE, sync, temporary_path, write_json
from orchestration.lib.entities import ENTITIES
from orchestration.lib.lake.files import COMPACTED, DATA, TOMBSTONE, entity_files
from orchestration.lib.lake.lake import Lake, replaced_files
from orchestration.lib.lake.manifest import Load
from orchestration.lib.lock import exclusive, previewing
from orchestration.lib.release import releases
from orchestration.settings import Settings

_LOADS = pa.schema(
    [
        ("load_id", pa.int64()),
        ("is_counted", pa.bool_()),  # by every kept release
        ("is_by_record", pa.bool_()),  # no file that is read again replaces its rows
        ("first_day", pa.date32()),
        ("end_day", pa.date32()),
    ]
)
_REPLACED = pa.schema([("load_id", pa.int64()), ("file_name", pa.string())])

# Per key the newest version among the counted loads: older ones of older loads are done with. A
# version of a newer load that came late with an older time stays, and so do tombstones.
_VERSIONS = """
    select lake_rows.* from lake_rows
    left join replaced on _load_id = replaced.load_id and _file = file_name
    left join loads on _load_id = loads.load_id
    left join (
        select source_system, _table, source_id, max(row({updated_at}, _load_id)) as newest
        from lake_rows join loads on _load_id = loads.load_id
        where is_counted and is_by_record
        group by all
    ) as versions using (source_system, _table, source_id)
    where replaced.load_id is null
        and (_file = {tombstone} or newest is null or not is_by_record or _load_id >= newest[2])
"""
# A day of a report is done with in a window once a newer window covers it.
_DAYS = """
    select lake_rows.* from lake_rows
    left join replaced on _load_id = replaced.load_id and _file = file_name
    left join loads on _load_id = loads.load_id
    left join (
        select day, max(windows.load_id) as newest
        from (select distinct {day} as day from lake_rows) as days
        join loads as windows on is_counted and day >= first_day and day < end_day
        group by day
    ) as covered on {day} = day
    where replaced.load_id is null
        and (newest is null or first_day is null or _load_id >= newest)
"""


@dataclass(frozen=True)
class Size:
    """How much the lake holds of the sources."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Compacted:
    """What a compaction came to. `rows` of those in files that were merged are gone."""

    before: Size
    after: Size
    rows: int
    rejected_loads: int

    @property
    def summary(self) -> str:
        """What was done and what stayed, for the command line and the log."""
        files = f"{self.before.files:,} files became {self.after.files:,}"
        size = f"{_megabytes(self.before.bytes)} became {_megabytes(self.after.bytes)}"
        stayed = (
            "Every row that counts, or that a kept release counts, stayed, with the number of its"
            " load; so did tombstones"
        )
        if self.rejected_loads:
            stayed += f", and {self.rejected_loads:,} rejected load(s) as they are"
        return f"{files}, {size}; {self.rows:,} rows that were replaced went. {stayed}."


def compact(
    settings: Settings, on_progress: Callable[[str], None] = lambda line: None
) -> Compacted:
    """Compact the lake; doing it again changes nothing.

    Raises Busy while a run or a preview of the agreement is at work.
    """
    with exclusive(settings, "compact the lake"), previewing(settings, "compact the lake"):
        finish_interrupted(settings)
        lake = Lake(settings)
        lake.clean_orphans()
        before, rows = _size(settings), 0
        accepted = lake.manifest.loads("accepted")
        kept = [release.loads for release in releases.list_releases(settings)]
        counted = frozenset.intersection(*kept) if kept else frozenset()
        for (source, table), found in _by_table(accepted).items():
            for folder in sorted(settings.lake.glob(f"{source}/{table}/entity=*")):
                gone = _compact_entity(settings, folder, found, counted)
                rows += gone
                if gone:
                    on_progress(f"{source}.{table}: {gone:,} rows of {_entity(folder)} went")
        return Compacted(before, _size(settings), rows, len(lake.manifest.loads("rejected")))


def finish_interrupted(settings: Settings) -> None:
    """End the replacement of files that a crash interrupted.

    The journal is written when the new file is on disk, under a name that nobody reads: before
    it there is nothing to finish, and from then on each step may be done twice.
    """
    journal = _journal(settings)
    if not journal.exists():
        return
    with exclusive(settings, "finish a compaction"):
        todo = json.loads(journal.read_text(encoding="utf-8"))
        for name, final in todo["new"].items():
            if (settings.lake / name).exists():
                (settings.lake / name).rename(settings.lake / final)
                sync((settings.lake / final).parent)
        for path in (settings.lake / name for name in todo["old"]):
            path.unlink(missing_ok=True)
            if path.parent.exists():
                sync(path.parent)
                if not any(path.parent.iterdir()):
                    path.parent.rmdir()
        journal.unlink()
        sync(settings.lake)


def _compact_entity(
    settings: Settings, folder: Path, accepted: Sequence[Load], counted: frozenset[int]
) -> int:
    """Compact the files of one entity of a table; returns how many rows of merged files went.

    `accepted` are the table's loads, oldest first.
    """
    loads = {load.load_id: load for load in accepted}
    snapshots = [each for each in loads if each in counted and loads[each].load_mode == "snapshot"]
    since = max(snapshots, default=0)
    old, parts = [], []
    for path, load_id in entity_files(folder):
        if load_id in loads and load_id < since:
            old.append(path)
        elif load_id in loads and loads[load_id].load_mode != "snapshot":
            parts += [path] if path.name in (DATA, COMPACTED) else []
    new, gone = {}, 0
    if len(parts) > 1:
        final = parts[-1].with_name(COMPACTED)
        temporary = temporary_path(final)
        gone = _merge(settings, _entity(folder), accepted, counted, parts, temporary)
        new = {temporary: final}
        old += [path for path in parts if path != final]
    if old:
        _replace(settings, new, old)
    return gone


def _merge(
    settings: Settings,
    entity: str,
    accepted: Iterable[Load],
    counted: frozenset[int],
    parts: Sequence[Path],
    path: Path,
) -> int:
    """Write the rows of the parts that may still count; returns how many are left out."""
    names = {column.name for column in ENTITIES[entity].columns}
    time = ENTITIES[entity].event_time
    if ENTITIES[entity].is_windowed:
        query = _DAYS.format(day=time)
    else:
        updated_at = "coalesce(updated_at, '-infinity')" if "updated_at" in names else "null"
        query = _VERSIONS.format(updated_at=updated_at, tombstone=duck.quoted(TOMBSTONE))
    order = ", ".join([*([f"{time} nulls first"] if time else []), "_load_id", "_file", "_line"])
    files = ", ".join(map(duck.quoted, parts))
    with duck.connect(settings) as connection:
        connection.register("loads", _loads(accepted, counted))
        replaced = replaced_files([load for load in accepted if load.load_id in counted])
        rows = [{"load_id": load_id, "file_name": name} for load_id, name in replaced]
        connection.register("replaced", pa.Table.from_pylist(rows, schema=_REPLACED))
        connection.execute(
            f"create view lake_rows as select * from read_parquet([{files}],"
            " hive_partitioning = false, union_by_name = true)"
        )
        connection.execute(
            f"copy ({query} order by {order}) to {duck.quoted(path)}"
            " (format parquet, compression zstd)"
        )
    path.chmod(PRIVATE_FILE)
    sync(path)
    sync(path.parent)
    read = sum(pq.ParquetFile(part).metadata.num_rows for part in parts)
    return int(read - pq.ParquetFile(path).metadata.num_rows)


def _loads(accepted: Iterable[Load], counted: frozenset[int]) -> pa.Table:
    rows = [
        {
            "load_id": load.load_id,
            "is_counted": load.load_id in counted,
            "is_by_record": not load.files,
            "first_day": load.window_start and load.window_start.date(),
            "end_day": load.window_end and load.window_end.date(),
        }
        for load in accepted
    ]
    return pa.Table.from_pylist(rows, schema=_LOADS)


def _replace(settings: Settings, new: Mapping[Path, Path], old: Iterable[Path]) -> None:
    """Let new files take their names and remove old ones, as a whole."""

    def named(path: Path) -> str:
        return str(path.relative_to(settings.lake))

    todo = {
        "new": {named(temporary): named(final) for temporary, final in new.items()},
        "old": [named(path) for path in old],
    }
    write_json(_journal(settings), todo)
    finish_interrupted(settings)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _journal(settings: Settings) -> Path:
    return settings.lake / "compaction.json"


def _entity(folder: Path) -> str:
    return folder.name.partition("=")[2]


def _by_table(loads: Iterable[Load]) -> dict[tuple[str, str], list[Load]]:
    def place(load: Load) -> tuple[str, str]:
        return load.source, load.table_name

    return {key: list(found) for key, found in groupby(sorted(loads, key=place), place)}


def _size(settings: Settings) -> Size:
    def files() -> Iterator[Path]:
        for folder in settings.lake.glob("[!_]*/*/entity=*"):
            yield from (path for path, _ in entity_files(folder))

    sizes = [path.stat().st_size for path in files()]
    return Size(len(sizes), sum(sizes))
