"""In-memory DuckDB connections for the project's own work on Arrow and Parquet.

Belongs here: how such a connection is set up. Does not belong here: the warehouse's
connections, which dbt and the gates open for themselves.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from orchestration.lib.durable import make_folder
from orchestration.settings import Settings


def connect(settings: Settings | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory connection that never fetches extensions from the network.

    What exceeds the memory goes to `$TANDEM_HOME/warehouse/spill`; without settings it may not.
    """
    spill = ""
    if settings is not None:
        spill = str(make_folder(settings.warehouse_file.parent) / "spill")
    return duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": False, "temp_directory": spill}
    )


def fetch(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    """The rows of a query."""
    relation = connection.sql(query)
    assert relation is not None, "only a statement without rows has no relation"
    return relation.to_arrow_table()


def quoted(text: object) -> str:
    """Text as a SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
