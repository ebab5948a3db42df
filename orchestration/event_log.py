"""Dagster's event log in SQLite, made fast enough for the thousands of events of a run.

Belongs here: storing a batch in one go, holding the files open. Does not belong here:
which events there are, or reading them (`launch`).

A range run tells of each asset and day twice, as planned and as materialized. Dagster's own
storage opens, commits and syncs two files for each, which took longer than the run itself.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.event_log import EventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection


class BatchingEventLog(SqliteEventLogStorage):
    """The storage that `dagster.yaml` names; its files are where Dagster's default has them."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._of_batch = threading.local()  # connections by file, while a batch is stored
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

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store events of one run, all or none."""
        with ExitStack() as stack:
            connections = {
                shard: stack.enter_context(self._connect(shard))
                for shard in (events[0].run_id, INDEX_SHARD_NAME)
            }
            stack.callback(vars(self._of_batch).clear)
            vars(self._of_batch).update(connections)
            for event in events:
                self.store_event(event)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if shard in vars(self._of_batch):
            yield vars(self._of_batch)[shard]
            return
        with super()._connect(shard) as connection:
            yield connection


@contextmanager
def held_open(storage: EventLogStorage, run_id: str) -> Iterator[None]:
    """Hold open the files of a run's events, if it is in files that they are kept.

    Dagster opens and closes them for each of some thousand events. When the last connection
    closes, SQLite clears its journal away and waits for the disk; with this one it need not.
    """
    with ExitStack() as stack:
        if isinstance(storage, SqliteEventLogStorage):
            for shard in (INDEX_SHARD_NAME, run_id):
                path = storage.path_for_shard(shard)
                connection = stack.enter_context(closing(sqlite3.connect(path)))
                connection.execute("pragma journal_mode = wal")
        yield
