"""What lies in a release's folder: the copied marts, as DuckDB and Parquet, and the manifest.

Belongs here: filling and sealing one folder that nobody reads yet. Does not belong here: when
to publish, and which release is the current one (`releases`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

import duckdb
import pyarrow as pa

from expectations.results import ExpectationResult
from orchestration.lib import duck
from orchestration.lib.durable import sync_tree
from orchestration.lib.errors import TandemError
from orchestration.lib.release.readers import seal_path
from orchestration.lib.release.restatements import Publication, write_restatements
from orchestration.settings import Settings

DATABASE = "tandem.duckdb"  # not `marts.duckdb`: its catalog would be as ambiguous as its name
MANIFEST = "manifest.json"

# BI drivers lag behind: the oldest storage that DuckDB 1.0 and later can open.
_STORAGE = "v1.0.0"
# The lowest level takes a fifth less time than the default and makes files a twentieth larger.
_PARQUET = "format parquet, compression zstd, compression_level 1"
_COPY = "release_copy"
FILLED_HERE = ("release_info", "data_quality", "kpi_restatements")


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
    with _open_database(settings, settings.warehouse_file) as connection:
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
    publication: Publication,
) -> dict[str, TableSchema]:
    """Copy schema `marts` of the warehouse into the folder; return what each table holds.

    Tables keep the warehouse's row order, column order and comments. A view stays a view where
    the marts are all it reads, and else becomes a table: a release depends on nothing outside.
    The tables in FILLED_HERE exist in the warehouse without rows.

    Raises ReleaseError if one of them is missing, or the warehouse cannot be opened.
    """
    with _copied(settings, settings.warehouse_file, folder) as (connection, schemas):
        for name in FILLED_HERE:
            if name not in schemas:
                raise ReleaseError(f"The warehouse has no table marts.{name}. Build it with dbt.")
        _insert(connection, "release_info", [release_info])
        _insert(connection, "data_quality", [_quality_row(result) for result in results])
        write_restatements(connection, settings, _COPY, publication)
    return schemas


def copy_database(
    settings: Settings, database: Path, folder: Path, replacing: Callable[[str], str]
) -> None:
    """Copy the marts of a release's database into the folder, as `copy_marts` copies them.

    `replacing` gives for a table the list of a `select * replace (…)`, '' where nothing changes.
    """
    with _copied(settings, database, folder, replacing):
        pass


@contextmanager
def _copied(
    settings: Settings,
    database: Path,
    folder: Path,
    replacing: Callable[[str], str] = lambda table: "",
) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, TableSchema]]]:
    """The copy of a database's marts, yielded to be filled further before it is finished."""
    parquet = folder / "parquet"
    parquet.mkdir()
    with _open_database(settings, database) as connection:
        connection.execute(
            f"attach {duck.quoted(folder / DATABASE)} as {_COPY} (storage_version '{_STORAGE}')"
        )
        connection.execute(f"create schema {_COPY}.marts")
        schemas = _read_schemas(connection)
        views = _read_views(connection)
        # Two transactions: what is made outside of them is forced to disk each by itself, some
        # fifty tables and a thousand comments. A view that cannot be made would end one.
        connection.begin()
        for name in sorted(schemas.keys() - views.keys()):
            _copy_table(connection, name, replacing(name))
        connection.commit()
        for name in _copy_views(connection, database, views):
            _copy_table(connection, name, replacing(name))
        connection.begin()
        for name, schema in schemas.items():
            _describe(connection, name, schema)
        yield connection, schemas
        connection.commit()
        for name, schema in schemas.items():
            table = _table(name)
            row = connection.execute(f"select count(*) from {table}").fetchone()
            schema["rows"] = row[0] if row else 0
            target = duck.quoted(parquet / f"{name}.parquet")
            connection.execute(f"copy (from {table}) to {target} ({_PARQUET})")
        connection.execute(f"detach {_COPY}")


def file_digests(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of every file in the folder, by its path relative to it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with ThreadPoolExecutor() as pool:
        digests = pool.map(_digest, paths)
    return {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": digest}
        for path, digest in zip(paths, digests, strict=True)
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(settings: Settings, folder: Path) -> None:
    """Make the folder read-only, open it to the readers, and force all of it to disk."""
    for path in [*folder.rglob("*"), folder]:
        seal_path(settings, path)
    sync_tree(folder)


def _open_database(settings: Settings, path: Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads a database under its own name, as its views expect it."""
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


def _read_views(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The statement that makes each view of the marts."""
    found = connection.execute(
        "select view_name, sql from duckdb_views()"
        " where database_name = current_database() and schema_name = 'marts' and not internal"
    )
    return dict(found.fetchall())


def _copy_table(connection: duckdb.DuckDBPyConnection, name: str, replacing: str) -> None:
    columns = f"* replace ({replacing})" if replacing else "*"
    connection.execute(
        f"create table {_table(name)} as select {columns} from marts.{duck.identifier(name)}"
    )


def _copy_views(
    connection: duckdb.DuckDBPyConnection, database: Path, views: Mapping[str, str]
) -> list[str]:
    """Make the views in the release; return those that read what it does not hold.

    DuckDB keeps a view's statement without the catalog, so that the view works under whatever
    name the file is attached. With the release as the default catalog only its own tables are
    found. A view may read another: as long as one more can be made, the rest is tried again.
    """
    left = sorted(views)
    connection.execute(f"use {_COPY}")
    while True:
        failed = [name for name in left if not _succeeds(connection, views[name])]
        if len(failed) == len(left):
            connection.execute(f"use {database.stem}")
            return failed
        left = failed


def _succeeds(connection: duckdb.DuckDBPyConnection, statement: str) -> bool:
    try:
        connection.execute(statement)
    except duckdb.CatalogException:
        return False
    return True


def _describe(connection: duckdb.DuckDBPyConnection, name: str, schema: TableSchema) -> None:
    table = _table(name)
    kind = "view" if _is_view(connection, name) else "table"
    if schema["description"]:
        connection.execute(f"comment on {kind} {table} is {duck.quoted(schema['description'])}")
    for column in schema["columns"]:
        if column["description"]:
            connection.execute(
                f"comment on column {table}.{duck.identifier(column['name'])}"
                f" is {duck.quoted(column['description'])}"
            )


def _is_view(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute(
        "select view_name from duckdb_views() where database_name = ? and view_name = ?",
        [_COPY, name],
    )
    return bool(found.fetchall())


def _insert(
    connection: duckdb.DuckDBPyConnection, name: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    if rows:
        given = pa.Table.from_pylist(list(rows))  # a statement for each row takes a millisecond
        connection.register("given", given)
        connection.execute(f"insert into {_table(name)} by name from given")
        connection.unregister("given")


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
