"""What the warehouse holds, read when nobody writes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class ColumnDescription:
    """A column: its engine type and its comment ('' without one)."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class TableDescription:
    """A table or view of the warehouse: its rows and columns."""

    schema: str
    name: str
    rows: int
    columns: tuple[ColumnDescription, ...]


def describe_tables(warehouse: Path) -> dict[str, TableDescription]:
    """Every table and view by its name; model names are unique in a dbt project."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        columns: dict[tuple[str, str], list[ColumnDescription]] = {}
        for schema, table, *column in connection.execute(
            """
            select schema_name, table_name, column_name, data_type, coalesce(comment, '')
            from duckdb_columns() where database_name = current_database() and not internal
            order by schema_name, table_name, column_index
            """
        ).fetchall():
            columns.setdefault((schema, table), []).append(ColumnDescription(*column))
        return {
            table: TableDescription(schema, table, _rows(connection, schema, table), tuple(found))
            for (schema, table), found in columns.items()
        }


def _rows(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    row = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchone()
    assert row is not None
    return int(row[0])
