"""Which rows are current, and on which day a time is reported. Answers worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.lib.entities import ENTITIES
from tests.fixtures.lake_builder import LakeBuilder, Warehouse, run_dbt

# What never leaves the lake: addresses, phone numbers, words of customers. The name of a lead or
# contact does, as one column that only identity reads.
PRIVATE = {
    "lead": {"email", "phone", "name", "first_name", "last_name"},
    "contact": {"email", "phone", "name", "first_name", "last_name"},
    "sales_feedback": {"comment"},
    "touch": {"click_id"},
}
DERIVED = {
    "lead": {"person_name", "is_role_mailbox"},
    "contact": {"person_name", "is_role_mailbox"},
    "touch": {"touch_id", "click_id_hash"},
}
TABLE_NAMES = {"touch": "touches", "sales_feedback": "sales_feedback"}


def staging_name(entity: str) -> str:
    plural = entity[:-1] + "ies" if entity.endswith("y") else entity + "s"
    return f"stg_generic__{TABLE_NAMES.get(entity, plural)}"


def lead(name: str, status: str, updated_at: str | None = None, **columns: Any) -> dict[str, Any]:
    return {"source_id": name, "status": status, "updated_at": updated_at, **columns}


def ad(day: str, cost: int) -> dict[str, Any]:
    return {"report_date": day, "cost": cost, "currency": "EUR", "ad_id": f"a{cost}"}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    lake = LakeBuilder(
        tmp_path_factory.mktemp("staging"),
        company={"timezone": "Asia/Tokyo"},
        agreement={"actions": [{"item_id": "old", "decision": "Talk", "owner": "sales"}]},
    )
    lake.finish()
    lake.agreement = {"actions": [{"item_id": "new", "decision": "Talk", "owner": "sales"}]}

    # Snapshot: the newest accepted load alone.
    lake.load("snap", "leads", {"lead": [lead("gone", "old"), lead("kept", "old")]})
    lake.load("snap", "leads", {"lead": [lead("kept", "new"), lead("added", "new")]})
    lake.load("snap", "leads", {"lead": [lead("rejected", "bad")]}, accepted=False)
    # A snapshot of nothing deletes everything.
    lake.load("emptied", "leads", {"lead": [lead("any", "old")]})
    lake.load("emptied", "leads", {"lead": []})

    # Upsert: per record the newest version, wherever it came; absence deletes nothing.
    upserts = [
        lead("late", "newest", "2025-03-05 00:00"),
        lead("twice", "first"),
        lead("twice", "second"),
        lead("dated", "undated"),
        lead("alone", "only"),
    ]
    lake.load("up", "leads", {"lead": upserts}, mode="upsert")
    lake.load(
        "up",
        "leads",
        {
            "lead": [
                lead("late", "older version in a newer load", "2025-03-01 00:00"),
                lead("dated", "dated", "2025-01-01 00:00"),
            ]
        },
        mode="upsert",
    )
    lake.load("up", "leads", {"lead": [lead("alone", "bad")]}, mode="upsert", accepted=False)
    # The same id in another table of the source is another row.
    lake.load("up", "other", {"lead": [lead("alone", "other table")]}, mode="upsert")
    # A table that became a snapshot forgets what came before.
    lake.load("became", "leads", {"lead": [lead("before", "old")]}, mode="append")
    lake.load("became", "leads", {"lead": [lead("after", "new")]})

    # Windows: each day is that of the newest accepted load that covers it.
    def window(first: str, after: str, *rows: dict[str, Any], accepted: bool = True) -> None:
        lake.load("ads", "report", {"ad_report": rows}, "upsert", (first, after), accepted)

    window(
        "2025-03-01", "2025-03-04", ad("2025-03-01", 1), ad("2025-03-02", 2), ad("2025-03-03", 3)
    )
    window("2025-03-02", "2025-03-05", ad("2025-03-02", 20), ad("2025-03-02", 21))
    window("2025-03-01", "2025-03-05", ad("2025-03-01", 100), accepted=False)
    # Without a window a load covers the days that it has rows of.
    lake.load("csv", "report", {"ad_report": [ad("2025-03-01", 5), ad("2025-03-02", 6)]}, "append")
    lake.load("csv", "report", {"ad_report": [ad("2025-03-02", 7)]}, "append")

    times = [
        {"source_id": "evening", "occurred_at": "2025-03-01 15:00", "activity_type": "call"},
        {"source_id": "afternoon", "occurred_at": "2025-03-01 14:59:59", "activity_type": "call"},
        {"source_id": "day", "occurred_at": "2025-03-01", "activity_type": "call"},
    ]
    lake.load("crm", "activities", {"activity": times})
    lake.finish()
    return run_dbt(lake.home, "2025-12-31 00:00:00", select=("models/staging", "build_info"))


def leads(warehouse: Warehouse, source: str) -> dict[str, str]:
    return dict(
        warehouse.rows(
            f"""
            select source_id || case when _table = 'leads' then '' else '@' || _table end, status
            from staging.stg_generic__leads where source_system = '{source}'
            """
        )
    )


def test_snapshot_is_its_newest_accepted_load(warehouse: Warehouse) -> None:
    assert leads(warehouse, "snap") == {"kept": "new", "added": "new"}
    assert leads(warehouse, "emptied") == {}
    assert leads(warehouse, "became") == {"after": "new"}


def test_upsert_keeps_the_newest_version(warehouse: Warehouse) -> None:
    assert leads(warehouse, "up") == {
        "late": "newest",
        "twice": "second",  # the later line
        "dated": "dated",  # a version without a time is older than any
        "alone": "only",
        "alone@other": "other table",
    }


def test_windowed_days_are_replaced_as_a_whole(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select source_system, cast(report_date as text), cast(cost as integer)
        from staging.stg_generic__ad_reports order by all
        """
    )
    assert rows == [
        ("ads", "2025-03-01", 1),  # not covered by the second load
        ("ads", "2025-03-02", 20),
        ("ads", "2025-03-02", 21),
        # 3 March: covered by the second load, which had no row for it
        ("csv", "2025-03-01", 5),
        ("csv", "2025-03-02", 7),
    ]


def test_report_day_is_local_and_a_date_never_shifts(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select source_id, cast(occurred_date as text), is_occurred_date_only
        from staging.stg_generic__activities order by source_id
        """
    )
    assert rows == [
        ("afternoon", "2025-03-01", False),
        ("day", "2025-03-01", True),
        ("evening", "2025-03-02", False),  # midnight in Tokyo
    ]


def test_agreement_is_the_newest(warehouse: Warehouse) -> None:
    assert warehouse.rows("select item_id from staging.stg_agreement__actions") == [("new",)]
    assert len(warehouse.rows("select * from build.build_info")) == 1


def test_every_entity_has_its_staging_model(warehouse: Warehouse) -> None:
    for name, entity in ENTITIES.items():
        expected = set()
        for column in entity.columns:
            if column.kind == "timestamp":
                stem = column.name.removesuffix("_at")
                expected |= {f"{stem}_date", f"is_{stem}_date_only"}
            if column.kind == "email":
                expected |= {f"{column.name}_hash", f"{column.name}_domain"}
            elif column.kind != "phone" and column.name not in PRIVATE.get(name, ()):
                expected.add(column.name)
        found = warehouse.rows(f"describe staging.{staging_name(name)}")
        lineage = {"source_system", "_table", "_load_id", "_file", "_line"}
        assert {row[0] for row in found} == expected | lineage | DERIVED.get(name, set()), name
