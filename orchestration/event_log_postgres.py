"""Dagster's event log in PostgreSQL, made as fast as the one in files.

Belongs here: what `event_log` does for SQLite. A module of its own, since `dagster-postgres` is
installed only where runs are kept in a database.

Dagster's own storage connects twice for each event. Ten milliseconds each is more than a small
company's run takes, and minutes for a range of days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from dagster._serdes import ConfigurableClassData
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import Connection

from orchestration.event_log import Batching


class BatchingPostgresEventLog(Batching, PostgresEventLogStorage):
    """The storage that `dagster.yaml` names; its tables are those of Dagster's own."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        # Two connections stay open in each process (some calls need both), others while in use.
        self._engine = sa.create_engine(
            postgres_url,
            isolation_level="AUTOCOMMIT",
            pool_size=2,
            max_overflow=-1,
            pool_pre_ping=True,
        )

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> BatchingPostgresEventLog:
        """The storage in the database that the configuration names."""
        return cls(config_value["postgres_url"], inst_data)

    @contextmanager
    def _opened_for(self, run_id: str) -> Iterator[dict[tuple[str, ...], Connection]]:
        with super()._connect() as connection:
            connection = connection.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                yield {(): connection}

    def dispose(self) -> None:
        super().dispose()
        self._engine.dispose()
