"""Tables and queries of a real PostgreSQL server, from the wire to mapped rows."""

from __future__ import annotations

import socket
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from orchestration.lib.company.source_config import Source
from orchestration.lib.extract import ExtractError, RawTable, read_table
from orchestration.lib.mapping.mapping import map_entity
from tests.fixtures.network import free_port
from tests.fixtures.postgres import PASSWORD, Server

_DEALS = """
create schema sales;
create table sales."Deals" (
    id integer primary key, amount numeric(14, 2), ratio numeric, created timestamptz,
    written timestamp, closed_on date, is_new boolean, details jsonb, tags text[],
    reference uuid, note text
);
insert into sales."Deals" values
    (1, 1234.50, 0.333333333333, '2025-03-30 03:30:00+02', '2025-03-30 03:30:00', '2025-03-31',
     true, '{"seats": 3, "plan": "größer"}', '{a,b}', '6f0e1c9a-5d4b-4c3a-9b2e-1f0d3c5b7a99',
     'Zoë 東京 🎉, a "quoted" note' || chr(10) || 'at 10:30'),
    (2, null, null, null, null, null, null, null, null, null, null),
    (3, -99999999.99, 1e12, '2024-12-31 23:59:59.999999+00', null, '2024-02-29', false, '[]',
     '{}', null, '');
create table sales.nobody (id integer, note text);
"""


@pytest.fixture(scope="module")
def server(postgres: Server) -> Server:
    _execute(postgres.url(database="postgres"), "create database crm")
    _execute(postgres.url(), _DEALS)
    return postgres


def _execute(url: str, statements: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statements)
    engine.dispose()


def source(url: str, columns: dict[str, Any] | None = None, **table: str) -> Source:
    mapping = {"entity": "opportunity", "columns": columns or {"source_id": "id"}}
    tables = {"deals": {"entities": [mapping], **table}}
    zone = "Europe/Berlin"
    return Source.model_validate(
        {"source": "crm", "type": "sql", "url": url, "timezone": zone, "tables": tables}
    )


def read(url: str, window: Any = None, **table: str) -> RawTable:
    return read_table(source(url, **table), "deals", Path(), window)


def failure(url: str, **table: str) -> str:
    with pytest.raises(ExtractError) as caught:
        read(url, **table)
    message = str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    for secret in (PASSWORD, sa.make_url(url).password or PASSWORD, url):
        assert secret not in message
    return message


@pytest.mark.parametrize(
    "how", [{"table": "sales.Deals"}, {"query": 'select * from sales."Deals" order by id'}]
)
def test_every_type_comes_as_it_is(server: Server, how: dict[str, str]) -> None:
    raw = read(server.url(), **how)
    first, empty, third = raw.data.to_pylist()
    assert first == {
        "id": 1,
        "amount": Decimal("1234.50"),
        "ratio": Decimal("0.333333333333"),
        "created": datetime(2025, 3, 30, 1, 30, tzinfo=UTC),
        "written": datetime(2025, 3, 30, 3, 30),
        "closed_on": date(2025, 3, 31),
        "is_new": True,
        "details": '{"plan": "größer", "seats": 3}',
        "tags": '["a", "b"]',
        "reference": "6f0e1c9a-5d4b-4c3a-9b2e-1f0d3c5b7a99",
        "note": 'Zoë 東京 🎉, a "quoted" note\nat 10:30',
        "_file": how.get("table", "query"),
        "_line": 1,
    }
    assert {name for name, value in empty.items() if value is not None} == {"id", "_file", "_line"}
    assert third["ratio"] == Decimal("1e12") and third["note"] == ""
    assert raw.counts[0].rows == 3 and raw.is_typed and not raw.malformed


def test_rows_are_mapped_with_their_instants_days_and_exact_amounts(server: Server) -> None:
    columns = {
        "source_id": "id",
        "created_at": "created",
        "updated_at": "written",
        "closed_at": "closed_on",
        "amount": "amount",
        "currency": {"constant": "EUR"},
    }
    url = server.url()
    described = source(url, columns, table="sales.Deals")
    raw = read_table(described, "deals", Path(), None)
    mapped = map_entity(raw, described, "deals", described.tables["deals"].entities[0], b"key")
    rows = {row["source_id"]: row for row in mapped.candidate.to_pylist()}
    assert all(row["_parse_error"] is None for row in rows.values())
    first = rows["1"]
    # An instant needs no timezone; a clock time is one of the source's; a date never shifts.
    assert first["created_at"] == first["updated_at"] == datetime(2025, 3, 30, 1, 30)
    assert (first["closed_at"], first["_date_only"]) == (datetime(2025, 3, 31), "|closed_at|")
    assert [rows[n]["amount"] for n in "123"] == [
        Decimal("1234.50"),
        None,
        Decimal("-99999999.99"),
    ]
    assert "größer" in first["_extra"] and "🎉" in first["_extra"]


def test_a_query_reads_only_its_window(server: Server) -> None:
    query = (
        "select id, '10:30'::text as at, details ->> 'plan' as plan from sales.\"Deals\""
        " where created >= :window_start and created < :window_end;"
    )
    window = (datetime(2025, 3, 30), datetime(2025, 3, 31))
    raw = read(server.url(), window, query=query)
    assert raw.data.select(["id", "at", "plan"]).to_pylist() == [
        {"id": 1, "at": "10:30", "plan": "größer"}
    ]
    assert read(server.url(), query=query).data.num_rows == 2


@pytest.mark.parametrize("cursor", ["created", "written", "closed_on"])
def test_a_cursor_of_any_kind_of_time_reads_its_window_and_what_has_none(
    server: Server, cursor: str
) -> None:
    def ids(first: date, after: date) -> list[int]:
        window = (datetime.combine(first, time()), datetime.combine(after, time()))
        raw = read(server.url(), window, table="sales.Deals", cursor=cursor, load="upsert")
        return sorted(raw.data["id"].to_pylist())

    without = {"created": {2}, "written": {2, 3}, "closed_on": {2}}[cursor]
    day = date(2025, 3, 31) if cursor == "closed_on" else date(2025, 3, 30)
    assert ids(day, day + timedelta(days=1)) == sorted({1} | without)
    assert ids(day + timedelta(days=1), date(2200, 1, 1)) == sorted(without)
    halves = ids(date(1900, 1, 1), day), ids(day, date(2200, 1, 1))
    assert set(halves[0]) | set(halves[1]) == {1, 2, 3}
    assert set(halves[0]) & set(halves[1]) == without


def test_a_cursor_that_is_not_there_is_named(server: Server) -> None:
    with pytest.raises(ExtractError, match='column "changed" does not exist'):
        window = (datetime(2025, 3, 30), datetime(2025, 3, 31))
        read(server.url(), window, table="sales.Deals", cursor="changed", load="upsert")


def test_an_empty_table_has_columns(server: Server) -> None:
    raw = read(server.url(), table="sales.nobody")
    assert (raw.data.num_rows, raw.columns) == (0, ["id", "note"])


def test_two_columns_of_one_name_are_refused(server: Server) -> None:
    query = 'select a.id, b.id from sales."Deals" a join sales."Deals" b on a.id = b.id'
    assert "more than one column is named id" in failure(server.url(), query=query)


def test_a_missing_table_is_named_with_those_that_are_there(server: Server) -> None:
    said = failure(server.url(), table="sales.deals")
    assert "no table sales.deals; the tables are Deals, nobody" in said
    assert 'column "nope" does not exist' in failure(server.url(), query="select nope as id")


def test_a_query_cannot_change_anything(server: Server) -> None:
    failure(server.url(), query='delete from sales."Deals" returning id')
    assert read(server.url(), table="sales.Deals").data.num_rows == 3


def test_a_wrong_password_is_not_shown(server: Server) -> None:
    said = failure(server.url("wr0ng pass/wörd"), table="sales.Deals")
    assert 'password authentication failed for user "tandem"' in said
    assert f"tandem:***@127.0.0.1:{server.port}/crm" in said
    assert 'database "nowhere" does not exist' in failure(
        server.url(database="nowhere"), table="sales.Deals"
    )


def test_a_server_that_is_down_is_named(server: Server) -> None:
    port = free_port()
    said = failure(Server(port).url(), table="sales.Deals")
    assert "Connection refused" in said and f"127.0.0.1:{port}/crm" in said


def test_the_server_is_on_loopback_alone(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5):
        pass
    with socket.socket(socket.AF_INET) as elsewhere:
        elsewhere.bind(("127.0.0.2", server.port))  # free, so it is not bound to all addresses
