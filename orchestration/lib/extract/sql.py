"""Tables of `type: sql`: a database table or a query, by dlt's SQL source.

Belongs here: connecting, reading pages of rows, errors without secrets. Does not belong here:
casts (`mapping`); loading, since the lake has its own loads and manifest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from dlt.sources.sql_database import TableLoader, sql_table

from orchestration.lib.company.source_config import Source, Table
from orchestration.lib.extract.columns import describe_missing
from orchestration.lib.extract.delimited import check_header
from orchestration.lib.extract.inputs import InputFile
from orchestration.lib.extract.model import ExtractError, FileCount, RawTable

PAGE_ROWS = 50_000
# What :window_start and :window_end of a query mean where it is read as a whole.
ALWAYS = (datetime(1900, 1, 1), datetime(2200, 1, 1))
# Driver values that Arrow has a type for; any other, such as a JSON document, becomes text.
_SCALARS = (str, bool, int, float, Decimal, date)
_PLAIN = frozenset((type(None), *_SCALARS, datetime))


def read_sql(
    source: Source, table_name: str, company: Path, window: tuple[datetime, datetime] | None
) -> RawTable:
    """Read a database table, or the rows of a query, with the database's types.

    Of a table with a `cursor` only the rows are read whose cursor lies in the window, and those
    without one, which no window would find. A relative path in a SQLite or DuckDB URL is
    relative to the company folder. `_file` is the table's name, or 'query', and `_line` the
    row's number. Raises ExtractError, whose text
    never holds the password.
    """
    table = source.tables[table_name]
    name = table.table or "query"
    place = f"{source.source}.{table_name}"
    url = _url(place, source.url or "", company)
    with _readable_errors(place, url, table):
        engine = _engine(place, url)
        try:
            data = _read(engine, place, table, window)
        finally:
            engine.dispose()
    columns = data.column_names
    missing = describe_missing(columns, table.entities)
    if missing:
        fix = "Correct the mapping in the source's YAML, or the query."
        raise ExtractError(place, "", missing, fix)
    rows = data.num_rows
    data = data.append_column("_file", pa.repeat(name, rows))
    return RawTable(
        data=data.append_column("_line", pa.array(np.arange(1, rows + 1))),
        malformed=[],
        counts=[FileCount(name, lines=rows, row_lines=rows, rows=rows)],
        columns=columns,
        is_typed=True,
    )


def _url(place: str, text: str, company: Path) -> sa.URL:
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise ExtractError(
            place,
            "url",
            "is no SQLAlchemy URL",
            "Write it as driver://user:password@host:port/database, with special characters of"
            " the password percent-encoded.",
        ) from None
    if url.get_backend_name() in ("sqlite", "duckdb") and url.database not in (None, ":memory:"):
        file = company / str(url.database)
        if not file.is_file():  # both engines would create it, and then miss the table
            raise ExtractError(
                place, "url", f"no such database file: {file}", "Correct the path in url."
            )
        url = url.set(database=str(file))
    return url


def _engine(place: str, url: sa.URL) -> sa.Engine:
    options = {"read_only": True} if url.get_backend_name() == "duckdb" else {}
    try:
        return sa.create_engine(url, connect_args=options)
    except (ImportError, sa.exc.NoSuchModuleError) as error:
        raise ExtractError(
            place,
            "url",
            f"the driver '{url.drivername}' is not installed ({error})",
            "Install the database's SQLAlchemy driver into the environment.",
        ) from None


def _read(
    engine: sa.Engine, place: str, table: Table, window: tuple[datetime, datetime] | None
) -> pa.Table:
    schema, _, name = (table.table or "query").rpartition(".")
    query: sa.TextClause | sa.Select[Any] | None = None
    if table.query is not None:
        query = _query(table.query, window)
    elif window is not None or engine.dialect.name == "duckdb":
        # duckdb-engine cannot reflect tables of DuckDB 2; a select needs no reflection.
        query = sa.select(sa.text("*")).select_from(sa.table(name, schema=schema or None))
        if window is not None and table.cursor is not None:
            query = query.where(_in_window(sa.column(table.cursor), window))
    metadata = sa.MetaData(schema=schema or None)
    if query is not None:
        sa.Table(name, metadata)  # stands for the query's rows, so that dlt reflects nothing
    try:
        resource = sql_table(
            credentials=engine,
            table=name,
            schema=schema or None,
            metadata=metadata,
            chunk_size=PAGE_ROWS,
            reflection_level="minimal",  # the types are those of the driver's values
            table_loader_class=_ArrowPages,
            query_adapter_callback=None if query is None else lambda _select, _table: query,
        )
        pages = list(resource)
    except sa.exc.NoSuchTableError:
        tables = sorted(sa.inspect(engine).get_table_names(schema or None))
        raise ExtractError(
            place,
            "table",
            f"no table {table.table}; the tables are {', '.join(tables[:30]) or 'none'}",
            "Correct table, as name or schema.name.",
        ) from None
    try:
        check_header(InputFile(Path(name), place), pages[0].column_names)
    except ExtractError as error:
        fix = "Use a query that names the columns with `as`."
        raise ExtractError(place, "", error.message, fix) from None
    return pa.concat_tables(pages, promote_options="permissive")


class _ArrowPages(TableLoader):
    """Pages of rows as Arrow tables; one without rows if there are none.

    dlt's own conversion rounds or refuses numbers without a declared scale, and fails on the
    JSON documents, arrays and ids of a query.
    """

    def _convert_result(
        self, result: sa.CursorResult[Any], backend_kwargs: dict[str, Any]
    ) -> Iterator[pa.Table]:
        names, is_empty = list(result.keys()), True
        for rows in result.partitions(size=self.chunk_size):
            is_empty = False
            columns = zip(*rows, strict=True)
            yield pa.Table.from_arrays([_arrow(values) for values in columns], names=names)
        if is_empty:
            yield pa.Table.from_arrays([pa.array([], pa.string()) for _ in names], names=names)


def _arrow(values: Sequence[Any]) -> pa.Array:
    if not _PLAIN.issuperset(map(type, values)):  # a look at the types is cheap, a new list is not
        values = [v if v is None or isinstance(v, _SCALARS) else _as_text(v) for v in values]
    try:
        array = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # SQLite's columns may mix types
        array = pa.array([None if v is None else _as_text(v) for v in values], pa.string())
    if pa.types.is_decimal256(array.type):  # more digits than DuckDB can hold
        return array.cast(pa.string())
    if pa.types.is_timestamp(array.type) and array.type.tz:  # the driver's, which may vary
        return array.cast(pa.timestamp("us", "UTC"))
    return array


def _as_text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)


def _in_window(cursor: sa.ColumnClause[Any], window: tuple[datetime, datetime]) -> Any:
    start, end = (sa.literal(day, sa.Date()) for day in _days(window))
    return sa.or_(cursor.is_(None), sa.and_(cursor >= start, cursor < end))


def _days(window: tuple[datetime, datetime]) -> tuple[date, date]:
    """The window as dates: databases compare them with dates, times, and SQLite's texts."""
    return window[0].date(), window[1].date()


def _query(text: str, window: tuple[datetime, datetime] | None) -> sa.TextClause:
    """The query with its window bound; any other colon in it is text."""
    parameters = dict(zip(("window_start", "window_end"), _days(window or ALWAYS), strict=True))
    used = {name: value for name, value in parameters.items() if re.search(rf":{name}\b", text)}
    escaped = re.sub(r":(?!window_(?:start|end)\b)", r"\\:", text)
    return sa.text(escaped.strip().rstrip(";")).bindparams(**used)


@contextmanager
def _readable_errors(place: str, url: sa.URL, table: Table) -> Iterator[None]:
    """Turn errors of driver, SQLAlchemy and dlt into ExtractError, without password or values."""
    try:
        yield
    except ExtractError:
        raise
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        text = " ".join(str(cause).split()) or type(cause).__name__
        for secret in _secrets(url):
            text = text.replace(secret, "***")
        shown = url.set(query={}).render_as_string(hide_password=True)
        text = _without_values(text, f"{shown} {table.model_dump_json()}")
        # `from None`: the chained errors may hold the URL.
        raise ExtractError(
            place,
            "",
            f"cannot be read from {shown}: {text[:500]}",
            "Check url, table or query; where a column mixes types, use a query that casts it.",
        ) from None


def _without_values(text: str, known: str) -> str:
    """The text up to the first quoted word that is none of the settings' own.

    Databases quote names and values alike, and a value may hold quotes itself.
    """
    for quoted in re.finditer(r"""(?<!\w)(['"`])(.*?)(?:\1|$)""", text):
        if not re.search(rf"(?<!\w){re.escape(quoted[2])}(?!\w)", known):
            return text[: quoted.start()] + "…"
    return text


def _secrets(url: sa.URL) -> list[str]:
    """All spellings of the URL's password and of its parameters that may be secret."""
    values = [str(url.password)] if url.password else []
    for value in url.query.values():
        values.extend([value] if isinstance(value, str) else value)
    spellings = {
        url.render_as_string(hide_password=False),
        *values,
        *map(quote, values),
        *map(quote_plus, values),
    }
    return sorted(filter(None, spellings), key=len, reverse=True)
