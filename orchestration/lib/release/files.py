"""What lies in a release's folder: the copied marts, as DuckDB and Parquet, and the manifest.

Belongs here: filling and sealing one folder that nobody reads yet. Does not belong here: when
to publish, and which release is the current one (`releases`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

import duckdb

from expectations.results import ExpectationResult
from orchestration.lib import duck
from orchestration.lib.durable import sync_tree
from orchestration.lib.errors import TandemError
from orchestration.settings import Settings

DATABASE = "tandem.duckdb"  # not `marts.duckdb`: its catalog would be as ambiguous as its name
MANIFEST = "manifest.json"
SEALED_FILE = 0o440
SEALED_FOLDER = 0o550

# BI drivers lag behind: the oldest storage that DuckDB 1.0 and later can open.
_STORAGE = "v1.0.0"
_COPY = "release_copy"


class ReleaseError(TandemError):
    """A release that cannot be made or found; the message says what to do."""


class ColumnSchema(TypedDict):
    name: str
    type: str
    description: str


class TableSchema(TypedDict):
    rows: int
    description: str
    columns: list[ColumnSchema]


def read_build_id(settings: Settings) -> str | None:
    """The id of the build that the warehouse holds, None if there is none."""
    if not settings.warehouse_file.exists():
        return None
    with _open_warehouse(settings) as connection:
        try:
            row = connection.execute("select build_id from build.build_info").fetchone()
        except duckdb.CatalogException:
            return None
    return None if row is None else str(row[0])


def copy_marts(
    settings: Settings,
    folder: Path,
    release_info: Mapping[str, Any],
    results: Sequence[ExpectationResult],
) -> dict[str, TableSchema]:
    """Copy schema `marts` of the warehouse into the folder; return what each table holds.

    Tables keep the warehouse's row order, column order and comments. A view becomes a table,
    so that a release depends on nothing outside `marts`. `release_info` and `data_quality`
    exist in the warehouse without rows and are filled here.

    Raises ReleaseError if one of the two is missing, or the warehouse cannot be opened.
    """
    parquet = folder / "parquet"
    parquet.mkdir()
    with _open_warehouse(settings) as connection:
        connection.execute(
            f"attach {duck.quoted(folder / DATABASE)} as {_COPY} (storage_version '{_STORAGE}')"
        )
        connection.execute(f"create schema {_COPY}.marts")
        schemas = _read_schemas(connection)
        for name in ("release_info", "data_quality"):
            if name not in schemas:
                raise ReleaseError(f"The warehouse has no table marts.{name}. Build it with dbt.")
        for name, schema in schemas.items():
            _copy_table(connection, name, schema)
        _insert(connection, "release_info", [release_info])
        _insert(connection, "data_quality", [_quality_row(result) for result in results])
        for name, schema in schemas.items():
            table = _table(name)
            row = connection.execute(f"select count(*) from {table}").fetchone()
            schema["rows"] = row[0] if row else 0
            target = duck.quoted(parquet / f"{name}.parquet")
            connection.execute(f"copy {table} to {target} (format parquet, compression zstd)")
        connection.execute(f"detach {_COPY}")
    return schemas


def file_digests(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of every file in the folder, by its path relative to it."""
    digests = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            name = path.relative_to(folder).as_posix()
            digests[name] = {"bytes": path.stat().st_size, "sha256": sha256}
    return digests


def seal(folder: Path) -> None:
    """Make the folder read-only and force all of it to disk."""
    for path in [*folder.rglob("*"), folder]:
        path.chmod(SEALED_FOLDER if path.is_dir() else SEALED_FILE)
    sync_tree(folder)


def _open_warehouse(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A connection that reads the warehouse under its own name, as its views expect it."""
    path = settings.warehouse_file
    connection = duck.connect(settings)
    try:
        connection.execute(f"attach {duck.quoted(path)} as {path.stem} (read_only)")
        connection.execute(f"use {path.stem}")
    except duckdb.Error as error:
        connection.close()
        raise ReleaseError(
            f"{path} cannot be opened for reading: {error}. Close what else has it open."
        ) from error
    return connection


def _read_schemas(connection: duckdb.DuckDBPyConnection) -> dict[str, TableSchema]:
    here = "database_name = current_database() and schema_name = 'marts' and not internal"
    described = connection.execute(
        f"select table_name, comment from duckdb_tables() where {here}"
        f" union all select view_name, comment from duckdb_views() where {here} order by 1"
    ).fetchall()
    schemas: dict[str, TableSchema] = {
        name: {"rows": 0, "description": comment or "", "columns": []}
        for name, comment in described
    }
    columns = connection.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns()"
        f" where {here} order by table_name, column_index"
    ).fetchall()
    for table, name, kind, comment in columns:
        schemas[table]["columns"].append({"name": name, "type": kind, "description": comment or ""})
    return schemas


def _copy_table(connection: duckdb.DuckDBPyConnection, name: str, schema: TableSchema) -> None:
    table = _table(name)
    connection.execute(f"create table {table} as from marts.{duck.identifier(name)}")
    if schema["description"]:
        connection.execute(f"comment on table {table} is {duck.quoted(schema['description'])}")
    for column in schema["columns"]:
        if column["description"]:
            connection.execute(
                f"comment on column {table}.{duck.identifier(column['name'])}"
                f" is {duck.quoted(column['description'])}"
            )


def _insert(
    connection: duckdb.DuckDBPyConnection, name: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    if rows:
        names = ", ".join(map(duck.identifier, rows[0]))
        marks = ", ".join("?" for _ in rows[0])
        connection.executemany(
            f"insert into {_table(name)} ({names}) values ({marks})",
            [list(row.values()) for row in rows],
        )


def _quality_row(result: ExpectationResult) -> dict[str, str | bool | int | datetime | None]:
    return {
        "gate": result.gate,
        "asset": result.asset,
        "expectation": result.expectation,
        "severity": result.severity,
        "passed": result.passed,
        "failed_rows": result.failed_rows,
        "checked_rows": result.checked_rows,
        "message": result.message,
        "checked_at": result.checked_at,
    }


def _table(name: str) -> str:
    return f"{_COPY}.marts.{duck.identifier(name)}"
