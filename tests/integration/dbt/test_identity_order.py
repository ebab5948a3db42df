"""The same input in another order, and in more loads, gives the same ids."""

from __future__ import annotations

from pathlib import Path

from tests.fixtures.lake_builder import Warehouse
from tests.integration.dbt import identity_lake

TABLES = ("dim_person", "dim_account", "fct_touchpoints", "bridge_person_record")


def test_order_of_input_does_not_matter(identity_warehouse: Warehouse, tmp_path: Path) -> None:
    shuffled = identity_lake.build(tmp_path, shuffle=3)
    for table in TABLES:
        query = f"select * from marts.{table} order by all"
        assert shuffled.rows(query) == identity_warehouse.rows(query), table
