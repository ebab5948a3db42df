"""Dagster's event log, made fast enough for the thousands of events of a run.

Belongs here: storing a batch in one go, and the log in SQLite files, which stay open. Does not
belong here: the log in a database (`event_log_postgres`), which events there are, or reading them
(`launch`).

A range run tells of each asset and day twice, as planned and as materialized. Dagster's own
storage opens, commits and syncs two files for each, which took longer than the run itself. It
also makes an engine for each event, so that SQLAlchemy compiles every statement anew.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.event_log import EventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine

# Engines that are kept: the index's, and those of the runs that are written or looked at.
_ENGINES = 8


class Batching(EventLogStorage):
    """A storage that keeps its connections open while it stores a batch, and stores all or none.

    To be mixed into one whose methods connect by `_connect`, with the same arguments each time
    that they mean the same.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        self._of_batch = threading.local()  # by the arguments of `_connect`
        super().__init__(*args, **named)

    @abstractmethod
    def _opened_for(self, run_id: str) -> AbstractContextManager[dict[tuple[str, ...], Connection]]:
        """A transaction over all that an event of the run is stored in."""

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store events of one run, all or none."""
        with self._opened_for(events[0].run_id) as connections:
            vars(self._of_batch).update({"connections": connections})
            try:
                super().store_event_batch(events)
            finally:
                vars(self._of_batch).clear()

    def _connect(self, *place: str) -> AbstractContextManager[Connection]:
        held = vars(self._of_batch).get("connections", {}).get(place)
        return super()._connect(*place) if held is None else nullcontext(held)  # type: ignore[misc]


class _KeepingEngines(SqliteEventLogStorage):
    """Dagster's own, but for its engines: they last, with their connections and statements.

    When the last connection to a file closes, SQLite clears its journal away and waits for the
    disk.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}  # by shard, the last used last
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None) or create_engine(
            self.conn_string_for_shard(shard),
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
        )
        self._engines[shard] = engine
        if len(self._engines) > _ENGINES:
            self._let_go_of(next(iter(self._engines)))
        return engine

    def _let_go_of(self, shard: str) -> None:
        self._engines.pop(shard).dispose()

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; Dagster asks for each event."""
        with self.index_connection() as connection:
            return bool(connection.dialect.has_table(connection, table_name))

    def dispose(self) -> None:
        """Close the files."""
        super().dispose()
        for shard in list(self._engines):
            self._let_go_of(shard)


class BatchingEventLog(Batching, _KeepingEngines):  # type: ignore[misc]
    """The storage that `dagster.yaml` names; its files are where Dagster's default has them."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        # Each open file holds it, and a batch has two.
        self._db_lock = threading.RLock()  # type: ignore[assignment]

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {"dagster_home": dg.StringSource}

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, str]
    ) -> BatchingEventLog:
        """The storage of a Dagster home."""
        base_dir = Path(config_value["dagster_home"]) / "history" / "runs"
        return cls(str(base_dir), inst_data)

    @contextmanager
    def _opened_for(self, run_id: str) -> Iterator[dict[tuple[str, ...], Connection]]:
        with self._connect(run_id) as of_run, self._connect(INDEX_SHARD_NAME) as index:
            yield {(run_id,): of_run, (INDEX_SHARD_NAME,): index}

    def delete_events(self, run_id: str) -> None:
        """Remove the events of a run, and the file that held them."""
        with self._db_lock:
            super().delete_events(run_id)
            self._let_go_of(run_id)
            for path in Path(self.path_for_shard(run_id)).parent.glob(f"{run_id}.db*"):
                path.unlink()
            self._initialized_dbs.discard(run_id)
