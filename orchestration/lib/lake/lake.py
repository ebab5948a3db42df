"""The lake: append-only loads of Parquet files, and which of them count.

Belongs here: writing loads whole or not at all, accepting them, cleaning up after a crash,
what readers need to know of them. Does not belong here: reading sources, judging rows.

A load's data is on disk before its manifest row says `accepted` or `rejected`, and its row
(`pending`) before its data. So whatever a crash leaves behind belongs to a pending load.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from expectations.results import ExpectationResult
from orchestration.lib import ledger
from orchestration.lib.durable import make_folder, remove_tree, sweep
from orchestration.lib.entities import ENTITIES
from orchestration.lib.lake import quarantine
from orchestration.lib.lake.files import (
    AGREEMENT,
    CARRIED,
    COMPACTED,
    DATA,
    RELEASED,
    TOMBSTONE,
    LakeError,
    agreement_folder,
    conform,
    empty_file,
    entity_folder,
    files_of_loads,
    load_folder,
    loads_file,
    manifest_file,
    replaced_files_file,
    with_load_id,
    write_entity,
    write_parquet,
)
from orchestration.lib.lake.manifest import Load, Manifest, State, Window
from orchestration.lib.lock import exclusive
from orchestration.settings import Settings

TableName = tuple[str, str]  # source, table

_LOADS = pa.schema(
    [
        ("load_id", pa.int64()),
        ("source", pa.string()),
        ("table_name", pa.string()),
        ("load_mode", pa.string()),
        ("window_start", pa.timestamp("us")),
        ("window_end", pa.timestamp("us")),
        ("rows", pa.int64()),
        ("rows_quarantined", pa.int64()),
        ("state", pa.string()),
        ("is_newest", pa.bool_()),
        ("is_by_file", pa.bool_()),
        ("amendment", pa.string()),
    ]
)
_REPLACED_FILES = pa.schema([("load_id", pa.int64()), ("file_name", pa.string())])


@dataclass(frozen=True)
class Counts:
    """What became of an input's records that are neither in the lake nor in quarantine.

    `rows_read` are those that could be read, `malformed` those that could not.
    """

    rows_read: int
    rows_duplicate: int = 0
    rows_filtered: int = 0
    malformed: int = 0
    rows_erased: int = 0


class Lake:
    """The lake of one installation. Whoever changes it holds the lock (`lock.exclusive`)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.manifest = Manifest(manifest_file(settings))

    def ensure(self) -> None:
        """Create what every reader relies on: folders, manifest, a file without rows per entity."""
        make_folder(self._settings.home)
        for folder in (self._settings.lake, self._settings.quarantine, self._settings.ledger):
            make_folder(folder)
        self.manifest.create()
        for entity in ENTITIES.values():
            path = empty_file(self._settings, entity.name)
            # An entity that has grown a column needs its empty file written anew.
            if not _has_schema(path, entity.arrow_schema):
                write_parquet(path, entity.arrow_schema.empty_table())
        if not replaced_files_file(self._settings).exists():
            self.export_loads()

    def clean_orphans(self) -> list[int]:
        """Remove what a crash left: temporary files, and the data of loads that never ended.

        Returns the ids of those loads. Raises LakeError if the lake holds a load that the
        manifest does not know, because then it is the manifest that is damaged.
        """
        with exclusive(self._settings, "clean up the lake"):
            sweep(self._settings.lake, deep=True)
            sweep(self._settings.quarantine, deep=True)
            pending = {load.load_id for load in self.manifest.loads("pending")}
            known = {load.load_id for load in self.manifest.loads("accepted", "rejected")}
            found = {path: _load_id(path) for path in self._load_paths()}
            unknown = [path for path, load_id in found.items() if load_id not in pending | known]
            if unknown:
                raise LakeError(
                    f"{manifest_file(self._settings)} does not know the load in {unknown[0]}."
                    f" Restore the manifest from a backup, or move that load away"
                    f" ({len(unknown)} in all)."
                )
            for path, load_id in found.items():
                if load_id in pending:
                    (remove_tree if path.is_dir() else Path.unlink)(path)
            self.manifest.drop_pending()
            return sorted(pending)

    def require_whole(self) -> None:
        """Raise LakeError if a load's file cannot be read, with what to do about it."""
        for folder in self._load_paths():
            for path in [folder] if folder.is_file() else sorted(folder.glob("*.parquet")):
                try:
                    pq.read_metadata(path)
                except pa.ArrowException as error:
                    raise _damaged(path, _load_id(folder), error) from error

    def begin_load(
        self,
        source: str,
        table: str,
        mode: str,
        window: Window | None,
        run_id: str,
        days: Window | None = None,
    ) -> int:
        """Hand out the id of a new load; for `window` and `days`, the run's range, see `Load`."""
        if source == AGREEMENT:
            raise LakeError(f"A source cannot be named {AGREEMENT}: that is the agreement's own.")
        return self.manifest.begin(source, table, mode, window, _now(), run_id, days)

    def commit_load(
        self,
        load_id: int,
        entity_tables: Mapping[str, pa.Table],
        bad: Mapping[str, pa.Table],
        state: State,
        counts: Counts,
        *,
        carried: Mapping[str, pa.Table] | None = None,
        results: Sequence[ExpectationResult] = (),
        columns_found: Sequence[str] = (),
        **known: Any,
    ) -> Load:
        """Write a load: its good rows by entity, its bad rows by entity, its manifest row.

        `entity_tables` hold at least the columns of the entity's `arrow_schema`; `bad` those of
        `quarantine.BAD_ROWS`, under the entity's name or '' for records that no mapping saw.
        `carried` are older versions of bad rows, from `last_versions`, which stay current.
        `results` are those of gate 1, `known` further columns of the manifest, such as `files`.
        A rejected load keeps its data, unread until it is accepted.

        Raises LakeError where rows do not fit, UnknownLoadError if the load is not pending.
        """
        load = self.manifest.get(load_id)
        tables = {name: conform(rows, name, load_id) for name, rows in entity_tables.items()}
        for name, rows in tables.items():
            folder = entity_folder(self._settings, load.source, load.table_name, name, load_id)
            if rows.num_rows:
                write_entity(self._settings, folder / DATA, rows, name)
            if carried and name in carried and carried[name].num_rows:
                old = conform(carried[name], name, load_id)
                write_entity(self._settings, folder / CARRIED, old, name)
        quarantined = quarantine.write(self._settings, load_id, load.source, load.table_name, bad)
        self.manifest.update(
            load_id,
            expected="pending",
            **asdict(counts),
            rows=sum(rows.num_rows for rows in tables.values()),
            rows_quarantined=quarantined,
            state=state,
            results=[result.to_dict() for result in results],
            columns_found=list(columns_found),
            schema_fingerprint=_fingerprint(sorted(columns_found)),
            **known,
        )
        return self.manifest.get(load_id)

    def accept(self, load_id: int, by: str, why: str) -> Load:
        """Let a rejected load be read after all; logged. An accepted one is left as it is.

        Raises UnknownLoadError, LedgerError without a name or reason, Busy while a run is at
        work.
        """
        with exclusive(self._settings, f"accept load {load_id}"):
            load = self.manifest.get(load_id)
            if load.state != "accepted":
                target = {"load_id": load_id, "source": load.source, "table": load.table_name}
                ledger.record(self._settings, "accept", target, by, why)
                self.manifest.update(load_id, expected="rejected", state="accepted")
            return self.manifest.get(load_id)

    def give_up(self, load_id: int, by: str, why: str) -> list[int]:
        """Remove a load, so that the next run reads again what it held; logged.

        If compaction has put older loads of the table into its file, they go with it. Returns
        the ids of all that went.

        Raises UnknownLoadError, LedgerError without a name or reason, Busy while a run is at
        work.
        """
        with exclusive(self._settings, f"give up load {load_id}"):
            load = self.manifest.get(load_id)
            target = {"load_id": load_id, "source": load.source, "table": load.table_name}
            ledger.record(self._settings, "reload", target, by, why)
            loads = list(
                self.manifest.loads_of(load.source, load.table_name, "accepted", "rejected")
            )
            folder = self._settings.lake / load.source / load.table_name
            is_compacted = any(folder.glob(f"entity=*/{load_folder(load_id)}/{COMPACTED}"))
            for other in loads:
                if other.files:  # else the input as a whole would count as known
                    self.manifest.update(other.load_id, expected=other.state, input_fingerprint="")
            gone = [
                other
                for other in loads
                if other.load_id == load_id
                or (is_compacted and other.load_id < load_id and other.state == "accepted")
            ]
            for other in gone:
                self.manifest.update(other.load_id, expected=other.state, state="pending")
            self.clean_orphans()
            return sorted(other.load_id for other in gone)

    def history(
        self, source: str, table: str, window: Window | None = None, count: int = 5
    ) -> list[int]:
        """`rows_read` of the last accepted loads of a table with as long a window, newest first."""
        loads = self.manifest.loads_of(source, table, "accepted")
        comparable = (load for load in loads if _length(load.window) == _length(window))
        return [load.rows_read for load in islice(comparable, count)]

    def read_files(self, source: str, table: str) -> dict[str, Load]:
        """The newest accepted load of each input file of a table that was ever read."""
        found: dict[str, Load] = {}
        for load in self.manifest.loads_of(source, table, "accepted"):
            for name in load.files:
                found.setdefault(name, load)
        return found

    def last_versions(
        self, loads: Collection[Load], entity: str, source_ids: pa.Array, files: Sequence[str] = ()
    ) -> pa.Table:
        """The rows of these ids in these loads; of these input files alone if some are named."""
        wanted = pc.field("source_id").isin(source_ids)
        if files:
            wanted &= pc.field("_file").isin(files)
        return self._rows(loads if len(source_ids) else (), entity, wanted)

    def last_tombstones(self, source: str, table: str, entity: str) -> pa.Table:
        """What stands for erased persons in the loads of a table that count, once per record.

        These are the newest accepted load, if it is a snapshot, else all since the last snapshot.
        """
        loads = []
        for load in self.manifest.loads_of(source, table, "accepted"):
            loads.append(load)
            if load.load_mode == "snapshot":
                break
        found = self._rows(loads, entity, pc.field("_file") == TOMBSTONE)
        rows = sorted(
            found.to_pylist(),
            key=lambda row: (row.get("updated_at") or datetime.min, row["_load_id"], row["_line"]),
        )
        newest = {row["source_id"]: row for row in rows}
        return pa.Table.from_pylist(list(newest.values()), schema=found.schema)

    def _rows(self, loads: Iterable[Load], entity: str, wanted: pc.Expression) -> pa.Table:
        """The rows of an entity in these loads that fit."""
        schema = ENTITIES[entity].arrow_schema
        parts = [schema.empty_table()]
        tables: dict[TableName, set[int]] = {}
        for load in loads:
            tables.setdefault((load.source, load.table_name), set()).add(load.load_id)
        for place, ids in tables.items():
            theirs = wanted & pc.field("_load_id").isin(list(ids))
            for path in files_of_loads(self._settings, *place, entity, ids):
                try:
                    found = pq.read_table(path, columns=schema.names, filters=theirs)
                except (pa.ArrowException, OSError) as error:
                    raise _damaged(path, _load_id(path.parent), error) from error
                parts.append(found.cast(schema))
        return pa.concat_tables(parts)

    def newest_loads(self) -> list[Load]:
        """The newest load of every table, accepted or rejected, by source and table."""
        if not manifest_file(self._settings).exists():
            return []
        newest = {
            (load.source, load.table_name): load
            for load in self.manifest.loads("accepted", "rejected")
        }
        return [newest[place] for place in sorted(newest)]

    def newest_rejected(self) -> list[Load]:
        """The newest loads that gate 1 rejected and nobody has accepted."""
        return [load for load in self.newest_loads() if load.state == "rejected"]

    def newest(self, source: str, table: str) -> Load | None:
        """The newest load of a table, accepted or rejected."""
        loads = self.manifest.last(source, table, ("accepted", "rejected"))
        return loads[0] if loads else None

    def newest_accepted(self, tables: Collection[TableName] | None = None) -> list[Load]:
        """The newest accepted load of each of these tables, the agreement left out."""
        newest = {
            (load.source, load.table_name): load
            for load in self._loads_of(tables, "accepted")
            if load.source != AGREEMENT
        }
        return list(newest.values())

    def accepted_with(self, load: Load) -> list[Load]:
        """The accepted loads of the table that the same run made, oldest first."""
        accepted = self.manifest.loads_of(load.source, load.table_name, "accepted")
        return [each for each in accepted if each.run_id == load.run_id][::-1]

    def loads_used(self, tables: Collection[TableName] | None = None) -> dict[str, list[int]]:
        """The accepted loads, by `source/table`: what a build of the marts reads."""
        used: dict[str, list[int]] = {}
        for load in self._loads_of(tables, "accepted"):
            used.setdefault(f"{load.source}/{load.table_name}", []).append(load.load_id)
        return used

    def _loads_of(self, tables: Collection[TableName] | None, *states: State) -> list[Load]:
        """The loads of these tables and of the agreement; of all tables without a list.

        A table that no source declares any more keeps its loads, and they no longer count.
        """
        return [
            load
            for load in self.manifest.loads(*states)
            if tables is None
            or load.source == AGREEMENT
            or (load.source, load.table_name) in tables
        ]

    def superseded_files(self) -> set[tuple[int, str]]:
        """Load and file of rows that another load holds too, and that stands for the file.

        A rejected load counts as older than all accepted ones: it may be accepted some day.
        """
        rejected = [load for load in self.manifest.loads("rejected") if _is_by_file(load)]
        return set(replaced_files([*rejected, *self.manifest.loads("accepted")]))

    def export_loads(self, tables: Collection[TableName] | None = None) -> None:
        """Write what dbt reads of the loads of these tables; of all without a list."""
        loads = self._loads_of(tables, "accepted", "rejected")
        accepted = [load for load in loads if load.state == "accepted"]
        newest = {(load.source, load.table_name): load.load_id for load in accepted}
        amendments = self._amendments()
        rows = [
            {
                **asdict(load),
                "is_newest": newest.get((load.source, load.table_name)) == load.load_id,
                "is_by_file": _is_by_file(load),
                "amendment": amendments.get(load.load_id, ""),
            }
            for load in loads
        ]
        write_parquet(loads_file(self._settings), pa.Table.from_pylist(rows, schema=_LOADS))
        replaced = pa.Table.from_pylist(
            [{"load_id": load, "file_name": name} for load, name in replaced_files(accepted)],
            schema=_REPLACED_FILES,
        )
        write_parquet(replaced_files_file(self._settings), replaced)

    def write_agreement(self, tables: Mapping[str, pa.Table], version: str, run_id: str) -> int:
        """Load the agreement's tables, or return the newest load if they are the same.

        The version leaves out the signatures, so that the content decides. The load's
        `input_fingerprint` is the version.
        """
        content = _fingerprint({name: rows.to_pylist() for name, rows in tables.items()})
        last = self.manifest.last(AGREEMENT, AGREEMENT, ("accepted",))
        unchanged = (version, content)
        if last and (last[0].input_fingerprint, last[0].config_fingerprint) == unchanged:
            return last[0].load_id
        load_id = self.manifest.begin(AGREEMENT, AGREEMENT, "snapshot", None, _now(), run_id)
        for name, rows in tables.items():
            path = agreement_folder(self._settings, name, load_id) / DATA
            write_parquet(path, with_load_id(rows, load_id))
        count = sum(rows.num_rows for rows in tables.values())
        self.manifest.update(
            load_id,
            expected="pending",
            rows_read=count,
            rows=count,
            state="accepted",
            input_fingerprint=version,
            config_fingerprint=content,
        )
        return load_id

    def _amendments(self) -> dict[int, str]:
        """What tells, for each load that was amended, what came of it.

        A load is amended by a row that is released from quarantine, which takes the place of
        an older version; both have files of their own.
        """
        found: dict[int, list[str]] = {}
        for name in (CARRIED, f"{RELEASED}*.parquet"):
            for path in sorted(self._settings.lake.glob(f"[!_]*/*/entity=*/load=*/{name}")):
                told = found.setdefault(_load_id(path.parent), [])
                told.append(f"{path.parent.parent.name}/{path.name}:{path.stat().st_size}")
        return {load_id: _fingerprint(told) for load_id, told in found.items()}

    def _load_paths(self) -> list[Path]:
        """Everything that belongs to some load."""
        lake, bad = self._settings.lake, self._settings.quarantine
        return [
            *(path for path in lake.glob("[!_]*/*/entity=*/load=*")),
            *lake.glob(f"{AGREEMENT}/*/load=*"),
            *bad.glob("*/*/load=*.parquet"),
        ]


def _has_schema(path: Path, schema: pa.Schema) -> bool:
    try:
        return bool(pq.read_schema(path) == schema)
    except (FileNotFoundError, pa.ArrowException):
        return False


def _damaged(path: Path, load_id: int, error: Exception) -> LakeError:
    return LakeError(
        f"{path} cannot be read ({error}). Restore it from a backup. If there is none,"
        f" `tandem reload {load_id} --why …` gives up this load, and the next `tandem run` reads"
        " again from its source what it held."
    )


def _load_id(path: Path) -> int:
    return int(path.stem.partition("=")[2])


def _length(window: Window | None) -> timedelta | None:
    return None if window is None else window[1] - window[0]


def _is_by_file(load: Load) -> bool:
    """Whether the load's rows count file by file, each until a newer load has read it again."""
    return load.load_mode == "append" and bool(load.files)


def replaced_files(accepted: Sequence[Load]) -> list[tuple[int, str]]:
    """Load and file of what a newer load replaces, given the loads oldest first.

    A file replaces its older rows in `append` alone: what `upsert` reads under one name may be
    other records each time. Where a table changed from one to the other, it does too: else the
    file would count twice.
    """
    replaced: list[tuple[int, str]] = []
    newer: dict[tuple[str, str, str], bool] = {}  # whether a newer load read the file for append
    for load in reversed(accepted):
        for name in load.files:
            file = (load.source, load.table_name, name)
            if file in newer and (newer[file] or _is_by_file(load)):
                replaced.append((load.load_id, name))
            newer[file] = newer.get(file, False) or _is_by_file(load)
    return replaced


def _fingerprint(value: object) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()[:16]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
