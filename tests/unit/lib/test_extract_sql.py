"""Database tables and queries, on SQLite and DuckDB files."""

import sqlite3
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from orchestration.lib.company.source_config import Source
from orchestration.lib.extract import ExtractError, RawTable, input_fingerprint, read_table


def source(url: str, **table) -> Source:
    mapping = {"entity": "opportunity", "columns": {"source_id": "id"}}
    tables = {"deals": {"entities": [mapping], **table}}
    return Source.model_validate({"source": "crm", "type": "sql", "url": url, "tables": tables})


def read(folder: Path, url: str, window=None, **table) -> RawTable:
    return read_table(source(url, **table), "deals", folder, window)


@pytest.fixture
def databases(tmp_path):
    row = (1, "1.50", "2024-01-01", "2024-01-01 10:00:00", "a:b")
    types = "id integer, amount decimal(10,2), signed_on date, created timestamp, note varchar"
    with sqlite3.connect(tmp_path / "crm.db") as lite:
        lite.execute(f"create table deals ({types})")
        lite.execute("insert into deals values (?, ?, ?, ?, ?)", row)
        lite.execute("insert into deals (id) values (2)")
    with duckdb.connect(tmp_path / "crm.duckdb") as duck:
        duck.execute("create schema sales")
        duck.execute(f"create table sales.deals ({types})")
        duck.execute("insert into sales.deals values (?, ?, ?, ?, ?)", row)
        duck.execute("insert into sales.deals (id) values (2)")
    return tmp_path


@pytest.mark.parametrize(
    "url, table", [("sqlite:///crm.db", "deals"), ("duckdb:///crm.duckdb", "sales.deals")]
)
def test_a_table_with_its_types(databases, url, table):
    raw = read(databases, url, table=table)
    assert raw.columns == ["id", "amount", "signed_on", "created", "note"]
    assert raw.data.to_pylist()[0] == {
        "id": 1, "amount": Decimal("1.50"), "signed_on": date(2024, 1, 1),
        "created": datetime(2024, 1, 1, 10), "note": "a:b", "_file": table, "_line": 1,
    }  # fmt: skip
    assert raw.data.schema.field("created").type == pa.timestamp("us")
    assert raw.counts[0].rows == 2
    assert raw.is_typed
    assert input_fingerprint(source(url, table=table), "deals", databases) is None


@pytest.mark.parametrize(
    "url, table", [("sqlite:///crm.db", "deals"), ("duckdb:///crm.duckdb", "sales.deals")]
)
def test_a_query_with_a_colon_and_a_window(databases, url, table):
    query = f"select id, 'at 10:30 :x' as note from {table} where created >= :window_start;"
    window = (datetime(2024, 1, 1), datetime(2024, 1, 2))
    raw = read(databases, url, window, query=query)
    assert raw.data.select(["id", "note"]).to_pylist() == [{"id": 1, "note": "at 10:30 :x"}]
    later = (datetime(2024, 1, 2), datetime(2024, 1, 3))
    empty = read(databases, url, later, query=query)
    assert (empty.data.num_rows, empty.columns) == (0, ["id", "note"])


@pytest.mark.parametrize(
    "url, table", [("sqlite:///crm.db", "deals"), ("duckdb:///crm.duckdb", "sales.deals")]
)
@pytest.mark.parametrize("cursor", ["signed_on", "created"])
def test_a_cursor_reads_its_window_and_what_has_none(databases, url, table, cursor):
    def ids(*window):
        keys = {"table": table, "cursor": cursor, "load": "upsert"}
        return read(databases, url, window, **keys).data["id"].to_pylist()

    assert ids(datetime(2024, 1, 1), datetime(2024, 1, 2)) == [1, 2]
    assert ids(datetime(2023, 12, 1), datetime(2024, 1, 1)) == [2]
    assert ids(datetime(2024, 1, 2), datetime(2024, 2, 1)) == [2]


def test_an_empty_table_has_columns(databases):
    with sqlite3.connect(databases / "crm.db") as lite:
        lite.execute("delete from deals")
    raw = read(databases, "sqlite:///crm.db", table="deals")
    assert raw.columns == ["id", "amount", "signed_on", "created", "note"]
    assert raw.data.num_rows == 0


def failure(folder: Path, url: str, **table) -> str:
    with pytest.raises(ExtractError) as caught:
        read(folder, url, **table)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    return str(caught.value)


def test_errors_are_clear(databases):
    url = "sqlite:///crm.db"
    assert "no table leads; the tables are deals" in failure(databases, url, table="leads")
    assert "no such column: nope" in failure(databases, url, query="select nope from deals")
    missing = "needed columns are missing: 'id'"
    with pytest.raises(ExtractError, match=missing):
        read(databases, url, query="select amount from deals")
    with pytest.raises(ExtractError, match="no such database file"):
        read(databases, "sqlite:///typo.db", table="deals")
    assert not (databases / "typo.db").exists()


def test_a_column_that_mixes_types_is_text(databases):
    query = "select 1 as id, 5 as amount union all select 2, 'Ann 12'"
    raw = read(databases, "sqlite:///crm.db", query=query)
    assert raw.data.column("amount").to_pylist() == ["5", "Ann 12"]


def test_no_error_shows_a_value(databases):
    # What the query itself says may be shown.
    name = "upper('ann o') || chr(39) || upper('neil 12')"
    query = f"select cast(name as integer) as id, 5 as amount from (select {name} as name)"
    message = failure(databases, "duckdb:///crm.duckdb", query=query)
    assert "Could not convert string …" in message and "NEIL" not in message
    url = "sqlite:///crm.db"
    message = failure(databases, url, query="select cast(x'416e6eff' as text) as id, 5 as amount")
    assert "Could not decode" in message and "Ann" not in message
    assert 'near "selec": syntax error' in failure(databases, url, query="selec id, amount")


def test_no_error_shows_the_password(tmp_path):
    secret = "p%40ss-w0rd"
    for url in (
        f"postgresql+psycopg2://bi:{secret}@127.0.0.1:1/crm?connect_timeout=1",
        f"nosuchdriver://bi:{secret}@127.0.0.1/crm",
        f"not a url {secret}",
    ):
        message = failure(tmp_path, url, table="deals")
        assert secret not in message and "p@ss-w0rd" not in message
