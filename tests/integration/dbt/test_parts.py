"""Tables that are made in parts: only what has changed is made anew, and all of that.

A value that is spoilt in the warehouse by hand tells which parts were left alone. That the whole
equals a table made at once, whatever came before, is the law's matter.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from orchestration.lib.lake.files import RELEASED
from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

AS_OF = "2025-03-31 23:59:59"
VISITS = """
    select source_id, occurred_date::varchar, utm_source
    from staging.stg_generic__touch_versions order by 1
"""


def spoil(warehouse: Warehouse, change: str) -> None:
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(change)


def visit(source_id: str, time: str, source: str) -> dict[str, str]:
    return {
        "source_id": source_id,
        "occurred_at": time,
        "touch_type": "web_session",
        "anonymous_id": "v1",
        "landing_page": f"https://a.example/?utm_source={source}",
    }


def build(lake: LakeBuilder, select: str) -> Warehouse:
    lake.finish()
    return run_dbt(lake.home, AS_OF, "run", [f"+{select}"])


def test_a_load_is_taken_apart_once(tmp_path: Path) -> None:
    lake = LakeBuilder(tmp_path)
    first = lake.load("web", "visits", {"touch": [visit("1", "2025-03-01 23:30", "a")]}, "append")
    touches = "stg_generic__touch_versions"
    warehouse = build(lake, touches)
    assert warehouse.rows(VISITS) == [("1", "2025-03-01", "a")]

    spoil(warehouse, f"update staging.{touches} set utm_source = 'spoilt'")
    lake.load("web", "visits", {"touch": [visit("2", "2025-03-02 10:00", "b")]}, "append")
    build(lake, touches)
    assert warehouse.rows(VISITS) == [("1", "2025-03-01", "spoilt"), ("2", "2025-03-02", "b")]

    # A row that is released from quarantine comes into its load.
    (folder,) = (tmp_path / "lake").glob(f"web/visits/entity=touch/load=*{first}")
    rows = pq.read_table(folder / "data.parquet").to_pylist()
    released = [{**rows[0], "source_id": "3", "_line": 9}]
    schema = pq.read_schema(folder / "data.parquet")
    pq.write_table(
        schema.empty_table().from_pylist(released, schema), folder / f"{RELEASED}1-1.parquet"
    )
    build(lake, touches)
    assert warehouse.rows(VISITS) == [
        ("1", "2025-03-01", "a"), ("2", "2025-03-02", "b"), ("3", "2025-03-01", "a"),
    ]  # fmt: skip

    # A snapshot is all there is.
    lake.load("web", "visits", {"touch": [visit("4", "2025-03-04 10:00", "d")]}, "snapshot")
    build(lake, touches)
    assert warehouse.rows(VISITS) == [("4", "2025-03-04", "d")]


def test_another_agreement_reads_every_load_anew(tmp_path: Path) -> None:
    lake = LakeBuilder(tmp_path)
    lake.load("web", "visits", {"touch": [visit("1", "2025-03-01 23:30", "a")]}, "append")
    touches = "stg_generic__touch_versions"
    warehouse = build(lake, touches)
    assert warehouse.rows(VISITS) == [("1", "2025-03-01", "a")]
    moved = LakeBuilder(tmp_path, company={"timezone": "Europe/Berlin"})
    build(moved, touches)
    assert warehouse.rows(VISITS) == [("1", "2025-03-02", "a")]


def test_of_the_days_of_deals_the_changed_months_are_made_anew(tmp_path: Path) -> None:
    def deal(source_id: str, amount: str) -> dict[str, str]:
        return {"source_id": source_id, "created_at": "2025-01-30 10:00", "amount": amount,
                "currency": "EUR", "updated_at": "2025-02-02 10:00"}  # fmt: skip

    lake = LakeBuilder(tmp_path)
    closed = {"is_closed": True, "is_won": True, "closed_at": "2025-02-02 10:00"}
    lake.load("crm", "deals", {"opportunity": [{**deal("1", "100"), **closed}]}, "upsert")
    days = "fct_opportunity_daily"
    amounts = """
        select date_day::varchar, sum(opening_amount)::int, count(*)
        from marts.fct_opportunity_daily group by 1 order by 1
    """
    warehouse = build(lake, days)
    assert warehouse.rows(amounts) == [
        ("2025-01-30", 0, 1), ("2025-01-31", 100, 1),
        ("2025-02-01", 100, 1), ("2025-02-02", 100, 1),
    ]  # fmt: skip

    spoil(warehouse, f"update marts.{days} set opening_amount = 7")
    late = {**deal("2", "50"), "created_at": "2025-02-27 10:00", **closed}
    late["closed_at"] = "2025-03-01 10:00"
    lake.load("crm", "deals", {"opportunity": [late]}, "upsert")
    build(lake, days)
    assert warehouse.rows(amounts) == [
        ("2025-01-30", 7, 1), ("2025-01-31", 7, 1),  # left alone
        ("2025-02-01", 100, 1), ("2025-02-02", 100, 1),
        ("2025-02-27", 0, 1), ("2025-02-28", 50, 1), ("2025-03-01", 50, 1),
    ]  # fmt: skip


def test_of_touches_the_changed_months_are_made_anew(tmp_path: Path) -> None:
    touches = "fct_touchpoints"
    found = """
        select strftime(occurred_date, '%m'), utm_source, channel_id, person_id is not null
        from marts.fct_touchpoints where touch_type = 'web_session' order by occurred_at
    """

    def web(*rows: dict[str, str]) -> None:
        lake.load("web", "visits", {"touch": list(rows)}, "append")

    def form(source_id: str, time: str) -> dict[str, str]:
        return {**visit(source_id, time, "f"), "touch_type": "form_fill", "email": "k@a.example"}

    lake = LakeBuilder(tmp_path)
    other = {**visit("2", "2025-02-01 10:00", "b"), "anonymous_id": "v2"}
    web(visit("1", "2025-01-10 10:00", "a"), other)
    warehouse = build(lake, touches)
    assert warehouse.rows(found) == [("01", "a", "other", False), ("02", "b", "other", False)]

    # A month without new touches is left alone.
    spoil(warehouse, f"update marts.{touches} set utm_source = 'spoilt'")
    web({**other, "source_id": "3", "occurred_at": "2025-02-02 10:00"})
    build(lake, touches)
    assert warehouse.rows(found) == [
        ("01", "spoilt", "other", False), ("02", "b", "other", False), ("02", "b", "other", False),
    ]  # fmt: skip

    # What is found out later about an earlier touch makes its month anew, and no other.
    spoil(warehouse, f"update marts.{touches} set utm_source = 'spoilt'")
    web(form("4", "2025-03-01 10:00"))
    build(lake, touches)
    assert warehouse.rows(found) == [
        ("01", "a", "other", True),
        ("02", "spoilt", "other", False), ("02", "spoilt", "other", False),
    ]  # fmt: skip

    # A newer version takes a touch out of its month.
    web({**other, "occurred_at": "2025-01-12 10:00"})
    build(lake, touches)
    assert warehouse.rows(found) == [
        ("01", "a", "other", True), ("01", "b", "other", False), ("02", "b", "other", False),
    ]  # fmt: skip
