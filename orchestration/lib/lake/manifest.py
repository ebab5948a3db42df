"""The load manifest: one row for each load, in SQLite.

Belongs here: handing out load ids, and keeping what is known of each load. Does not belong
here: the loads' data (`lake`).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from orchestration.lib.durable import PRIVATE_FILE, make_folder, sync
from orchestration.lib.errors import TandemError

State = Literal["pending", "accepted", "rejected"]
Window = tuple[datetime, datetime]

# `autoincrement` never hands out an id again, not even that of a load that was removed.
_CREATE = """
create table if not exists loads (
    load_id            integer primary key autoincrement,
    source             text not null,
    table_name         text not null,
    load_mode          text not null check (load_mode in ('append', 'upsert', 'snapshot')),
    window_start       text,
    window_end         text,
    range_start        text,
    range_end          text,
    rows_read          integer not null default 0,
    rows               integer not null default 0,
    rows_quarantined   integer not null default 0,
    rows_duplicate     integer not null default 0,
    rows_filtered      integer not null default 0,
    malformed          integer not null default 0,
    rows_erased        integer not null default 0,
    extracted_at       text not null,
    run_id             text not null,
    schema_fingerprint text not null default '',
    columns_found      text not null default '[]',
    input_fingerprint  text not null default '',
    config_fingerprint text not null default '',
    mapping_fingerprint text not null default '',
    files              text not null default '{}',
    newest_event_at    text,
    state              text not null check (state in ('pending', 'accepted', 'rejected')),
    results            text not null default '[]'
);
create index if not exists loads_by_table on loads (source, table_name, load_id);
"""
_JSON = ("columns_found", "files", "results")
_TIMES = (
    *("window_start", "window_end", "range_start", "range_end"),
    *("extracted_at", "newest_event_at"),
)


class UnknownLoadError(TandemError):
    """No load has this id, or it is not in the state that the step needs."""


class ManifestError(TandemError):
    """The manifest cannot be written; the message names its file and the cause."""


@dataclass(frozen=True)
class Load:
    """One load. Times are naive UTC, but for windows and ranges: those are midnights of days.

    The *window* is what the load asked its source for and covers, `window_end` not part of it:
    days of the source's own clock, without a timezone. The *range* is what the run was asked
    for, which may take several loads. Both are null where the input was read as a whole.
    `files` holds the fingerprint of each input file that the load read, by name.
    `newest_event_at` is the newest time of its rows that had come by then.

    `rows_read` counts the records of the input that could be read, `malformed` those that
    could not; `rows` counts what lies in the lake, over all entities of the load, `rows_erased`
    what was dropped as an erased person's. `results` are those of gate 1, as
    `ExpectationResult.to_dict` gives them.
    """

    load_id: int
    source: str
    table_name: str
    load_mode: str
    window_start: datetime | None
    window_end: datetime | None
    range_start: datetime | None
    range_end: datetime | None
    rows_read: int
    rows: int
    rows_quarantined: int
    rows_duplicate: int
    rows_filtered: int
    malformed: int
    rows_erased: int
    extracted_at: datetime
    run_id: str
    schema_fingerprint: str
    columns_found: list[str]
    input_fingerprint: str
    config_fingerprint: str
    mapping_fingerprint: str
    files: dict[str, str]
    newest_event_at: datetime | None
    state: State
    results: list[dict[str, Any]]

    @property
    def window(self) -> Window | None:
        """The window, if the load has one."""
        return _pair(self.window_start, self.window_end)

    @property
    def range(self) -> Window | None:
        """The range, if the load is of a run that was asked for days."""
        return _pair(self.range_start, self.range_end)


_NAMES = tuple(column.name for column in fields(Load))


class Manifest:
    """The manifest in one file; each call is one transaction of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self) -> None:
        """Create the file, private, if it is not there yet; add columns that an older one lacks."""
        make_folder(self._path.parent)
        if not self._path.exists():
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, PRIVATE_FILE))
            sync(self._path.parent)
        with closing(sqlite3.connect(self._path)) as connection:
            connection.executescript(_CREATE)
            found = {column[1] for column in connection.execute("pragma table_info(loads)")}
            for line in _CREATE.splitlines():
                name = line.split(maxsplit=1)[0] if line.startswith("    ") else ""
                if name in _NAMES and name not in found:
                    connection.execute(f"alter table loads add column {line.rstrip(',')}")

    def begin(
        self,
        source: str,
        table: str,
        mode: str,
        window: Window | None,
        extracted_at: datetime,
        run_id: str,
        days: Window | None = None,
    ) -> int:
        """Hand out the next load id: a row in state `pending`. `days` are the run's range."""
        values = (source, table, mode, *(window or (None, None)), *(days or (None, None)))
        with self._write() as connection:
            cursor = connection.execute(
                "insert into loads (source, table_name, load_mode, window_start, window_end,"
                " range_start, range_end, extracted_at, run_id, state)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')",
                tuple(map(_stored, (*values, extracted_at, run_id))),
            )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def update(self, load_id: int, expected: State, **values: Any) -> None:
        """Set columns of a load that is in state `expected`; UnknownLoadError if it is not."""
        names = ", ".join(f"{name} = ?" for name in values)
        with self._write() as connection:
            changed = connection.execute(
                f"update loads set {names} where load_id = ? and state = ?",
                (*(_stored(value) for value in values.values()), load_id, expected),
            ).rowcount
        if not changed:
            raise UnknownLoadError(f"There is no {expected} load {load_id}.")

    def drop_pending(self) -> None:
        """Forget the loads that were begun and never ended; their ids are not used again."""
        with self._write() as connection:
            connection.execute("delete from loads where state = 'pending'")

    def get(self, load_id: int) -> Load:
        """One load; UnknownLoadError if there is none of that id."""
        found = self._select("where load_id = ?", (load_id,))
        if not found:
            raise UnknownLoadError(
                f"There is no load {load_id}. `tandem status` lists the loads of each table."
            )
        return found[0]

    def loads(self, *states: State) -> list[Load]:
        """All loads in these states, oldest first."""
        return self._select(f"where state in ({_marks(states)}) order by load_id", states)

    def loads_of(self, source: str, table: str, *states: State) -> list[Load]:
        """All loads of a table in these states, newest first."""
        return self.last(source, table, states, count=-1)

    def last(self, source: str, table: str, states: Sequence[State], count: int = 1) -> list[Load]:
        """The newest loads of a table in these states, newest first."""
        return self._select(
            f"where source = ? and table_name = ? and state in ({_marks(states)})"
            " order by load_id desc limit ?",
            (source, table, *states, count),
        )

    def _select(self, clause: str, parameters: Sequence[Any]) -> list[Load]:
        with closing(self._connect()) as connection:
            rows = connection.execute(
                f"select {', '.join(_NAMES)} from loads {clause}", tuple(parameters)
            ).fetchall()
        return [_load(row) for row in rows]

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connect()) as connection:
            try:
                connection.execute("begin immediate")
                with connection:
                    yield connection
            except sqlite3.OperationalError as error:
                raise ManifestError(
                    f"{self._path} cannot be written ({error}). Look at its disk and at the"
                    " rights of its folder, then run again."
                ) from error

    def _connect(self) -> sqlite3.Connection:
        if not self._path.exists():
            raise UnknownLoadError(f"{self._path} is missing: the lake holds no loads yet.")
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        connection.execute("pragma synchronous = extra")
        return connection


def _pair(start: datetime | None, end: datetime | None) -> Window | None:
    return None if start is None or end is None else (start, end)


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" for _ in values)


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, list | dict) else value


def _load(row: Sequence[Any]) -> Load:
    values = dict(zip(_NAMES, row, strict=True))
    for name in _JSON:
        values[name] = json.loads(values[name])
    for name in _TIMES:
        values[name] = values[name] and datetime.fromisoformat(values[name])
    return Load(**values)
