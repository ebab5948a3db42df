"""Restatements: which published KPI values moved, why, and what a failed release leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.lib.release import releases, restatements
from orchestration.lib.release.releases import BuildInfo, PublishRefused
from orchestration.settings import Settings
from tests.unit.lib.test_releases import WHY, build, publish, query

ALL = ("(all)", "(all)", "(all)")
AGREEMENT = {
    "stages": [{"stage_id": "mql", "position": 2}],
    "targets": [{"kpi_id": "leads", "target_value": 10}],
    "kpis": [{"kpi_id": "leads", "unit": "leads"}, {"kpi_id": "acceptance_rate", "unit": "%"}],
}
OLD, NEW = {"crm/leads": [1]}, {"crm/leads": [1, 2]}
# grain, start, KPI, segment, numerator, denominator, value; the as-of is 2024-03-01.
JANUARY = ("month", "2024-01-01", "leads")
RATE = ("month", "2024-01-01", "acceptance_rate")
FIRST = [
    (*JANUARY, "(all)", 10, None, 10.0),
    (*JANUARY, "smb", 10, None, 10.0),
    (*RATE, "(all)", 4, 10, 0.4),
    ("month", "2024-03-01", "leads", "(all)", 1, None, 1.0),
    ("day", "2024-01-05", "leads", "(all)", 3, None, 3.0),
    ("day", "2024-03-01", "leads", "(all)", 1, None, 1.0),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", tmp_path / "company")


def release(
    settings: Settings,
    cells: list[tuple],
    loads: dict[str, list[int]] = OLD,
    agreement: dict[str, list[dict]] = AGREEMENT,
    version: str = "v1",
    as_of: datetime = datetime(2024, 3, 1, 12),
) -> None:
    """Publish a build whose scorecard holds these cells."""
    info = prepared(settings, cells)
    info = replace(
        info,
        as_of=as_of,
        agreement_version=version,
        definitions=restatements.definitions(agreement),
    )
    publish(settings, info, loads=loads)


def prepared(settings: Settings, cells: list[tuple]) -> BuildInfo:
    info = build(settings)
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.executemany(
            "insert into marts.kpi_scorecard values (?, ?, ?, ?, '(all)', '(all)', ?, ?, ?)", cells
        )
    return info


def changed(cells: list[tuple], index: int, *parts: float | None) -> list[tuple]:
    """The cells with other numerator, denominator and value in one of them."""
    return [(*cell[:4], *parts) if place == index else cell for place, cell in enumerate(cells)]


def moves(settings: Settings, *columns: str) -> list[tuple]:
    shown = ", ".join(columns or ("release_id", "kpi_id", "segment", "value", "cause"))
    return query(settings, f"select {shown} from marts.kpi_restatements order by all")


def test_the_first_publication_restates_nothing_and_a_repeat_neither(settings: Settings) -> None:
    release(settings, FIRST)
    # The same numbers, a hair apart by the order of their sum.
    release(settings, changed(FIRST, 2, 4, 10, 0.4 * (1 + 1e-12)), NEW)
    assert moves(settings) == []
    # Only what was new is in the ledger: 3 cells of the closed month, then none.
    rows = [
        pq.read_metadata(settings.ledger / "kpi_values" / f"{name}.parquet").num_rows
        for name in restatements.release_ids(settings)
    ]
    assert rows == [3, 0]


def test_a_late_lead_is_late_data_wherever_it_counts(settings: Settings) -> None:
    release(settings, FIRST)
    late = changed(changed(FIRST, 0, 11, None, 11.0), 1, 11, None, 11.0)
    late = changed(late, 2, 4, 11, 4 / 11)
    release(settings, late, NEW)
    expected = [
        ("r000002", "acceptance_rate", "(all)", 4 / 11, "late data"),
        ("r000002", "leads", "(all)", 11.0, "late data"),
        ("r000002", "leads", "smb", 11.0, "late data"),
    ]
    assert moves(settings) == expected
    assert moves(settings, "first_value", "previous_value", "first_release_id", "details")[1] == (
        10.0,
        10.0,
        "r000001",
        "newer loads of crm/leads",
    )
    # History stays, and a second move keeps the value that was published first.
    release(settings, changed(late, 0, 9, None, 9.0), {"crm/leads": [1, 2, 3]})
    assert moves(settings)[:3] == expected
    assert moves(settings)[3:] == [("r000003", "leads", "(all)", 9.0, "correction")]
    assert moves(settings, "release_id", "first_value", "previous_value")[-1] == (
        "r000003",
        10.0,
        11.0,
    )


def test_a_lead_that_moved_to_another_segment_is_a_correction(settings: Settings) -> None:
    release(settings, FIRST)
    moved = [
        *changed(FIRST, 1, 9, None, 9.0),
        (*JANUARY, "enterprise", 1, None, 1.0),
    ]
    release(settings, moved, NEW)
    assert moves(settings, "segment", "first_value", "value", "cause") == [
        ("enterprise", None, 1.0, "correction"),
        ("smb", 10.0, 9.0, "correction"),
    ]


def test_a_slice_that_vanished_has_no_value(settings: Settings) -> None:
    release(settings, FIRST)
    release(settings, [cell for cell in FIRST if cell[3] != "smb"], NEW)
    assert moves(settings) == [("r000002", "leads", "smb", None, "correction")]
    release(settings, FIRST, {"crm/leads": [1, 2, 3]})
    assert moves(settings)[-1] == ("r000003", "leads", "smb", 10.0, "late data")


@pytest.mark.parametrize(
    ("table", "rows", "loads", "cell", "cause"),
    [
        # The stages say which leads count: with the data as it was, it is the definition.
        ("stages", [{"stage_id": "sal"}], OLD, (0, 8, None, 8.0), "definition change"),
        ("stages", [], NEW, (0, 8, None, 8.0), "definition change and new data"),
        # Targets make no value of leads.
        ("targets", [], NEW, (0, 11, None, 11.0), "late data"),
        # The KPI's own definition: its parts tell whether the data moved too.
        ("kpis", [{"kpi_id": "acceptance_rate"}], NEW, (2, 4, 10, 40.0), "definition change"),
        (
            "kpis",
            [{"kpi_id": "acceptance_rate"}],
            NEW,
            (2, 5, 10, 50.0),
            "definition change and new data",
        ),
        # Another KPI's definition.
        ("kpis", [AGREEMENT["kpis"][0]], NEW, (0, 8, None, 8.0), "correction"),
    ],
)
def test_the_cause_follows_from_what_changed(
    settings: Settings, table: str, rows: list, loads: dict, cell: tuple, cause: str
) -> None:
    release(settings, FIRST)
    agreement = {**AGREEMENT, table: rows}
    release(settings, changed(FIRST, *cell), loads, agreement, version="v2")
    assert moves(settings, "cause", "agreement_version", "previous_agreement_version") == [
        (cause, "v2", "v1")
    ]


def test_a_target_is_part_of_the_kpis_whose_formula_has_it(settings: Settings) -> None:
    # Won value shall be 50: 100 open / 50 = 2, and 1 over that 0.5. Then it shall be 100.
    def agreement(target: int, size: str = "amount") -> dict[str, list[dict]]:
        return {
            "targets": [{"kpi_id": "won_value", "target_value": target}],
            "kpis": [
                {"kpi_id": "leads", "kind": "sum", "numerator": "leads", "denominator": None},
                {"kpi_id": "open", "kind": "stock", "numerator": size, "denominator": None},
                {
                    "kpi_id": "coverage",
                    "kind": "derived",
                    "numerator": "open",
                    "denominator": "target( won_value )",
                },
                {
                    "kpi_id": "risk",
                    "kind": "derived",
                    "numerator": "1",
                    "denominator": "coverage",
                },
            ],
        }

    def cells(leads: float, target: float) -> list[tuple]:
        month = ("month", "2024-01-01")
        return [
            (*month, "leads", "(all)", leads, None, leads),
            (*month, "coverage", "(all)", 100, target, 100 / target),
            (*month, "risk", "(all)", 1, 100 / target, target / 100),
            FIRST[3],
        ]

    def causes() -> list[tuple]:
        return moves(settings, "release_id", "kpi_id", "value", "cause")

    release(settings, cells(10, 50), agreement=agreement(50))
    release(settings, cells(10, 100), agreement=agreement(100), version="v2")
    assert causes() == [
        ("r000002", "coverage", 1.0, "definition change"),
        ("r000002", "risk", 1.0, "definition change"),
    ]
    # With new data too; leads have nothing to do with the target.
    release(settings, cells(11, 50), NEW, agreement(50), version="v3")
    assert causes()[2:] == [
        ("r000003", "coverage", 2.0, "definition change and new data"),
        ("r000003", "leads", 11.0, "late data"),
        ("r000003", "risk", 0.5, "definition change and new data"),
    ]
    # What a KPI is derived from is part of it, the target's own definition is not.
    old, new = (restatements.definitions(agreement(50, size)) for size in ("amount", "count"))
    assert {name for name in old if old[name] != new[name]} == {
        "KPI open",
        "KPI coverage",
        "KPI risk",
    }


def test_a_slice_that_appears_with_nothing_did_not_move(settings: Settings) -> None:
    release(settings, FIRST)
    release(settings, [*FIRST, (*JANUARY, "enterprise", 0, None, 0.0)], NEW)
    assert moves(settings) == []


def test_a_period_counts_when_it_is_over(settings: Settings) -> None:
    release(settings, FIRST)
    grown = [*changed(FIRST, 3, 5, None, 5.0), ("month", "2024-04-01", "leads", *FIRST[0][3:])]
    release(settings, grown, NEW, as_of=datetime(2024, 4, 2))
    assert moves(settings) == []
    # An earlier as-of again: March is open, and says nothing of what was published.
    release(settings, FIRST, NEW)
    assert moves(settings) == []


def test_a_release_that_was_never_published_leaves_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(settings, FIRST)
    for step in ("seal", "_point_to"):
        with monkeypatch.context() as patch:
            patch.setattr(releases, step, lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                release(settings, changed(FIRST, 0, 99, None, 99.0), NEW)
    release(settings, changed(FIRST, 0, 11, None, 11.0), NEW)
    assert moves(settings, "value", "previous_value") == [(11.0, 10.0)]


def test_a_crash_after_the_swap_loses_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(settings, FIRST)
    with monkeypatch.context() as patch:
        patch.setattr(restatements, "confirm", lambda *_: None)
        release(settings, changed(FIRST, 0, 11, None, 11.0), NEW)
    assert restatements.release_ids(settings) == ["r000001"]
    release(settings, changed(FIRST, 0, 12, None, 12.0), {"crm/leads": [3]})
    assert moves(settings, "release_id", "previous_value", "value") == [
        ("r000002", 10.0, 11.0),
        ("r000003", 11.0, 12.0),
    ]


def test_what_was_rolled_back_was_published_all_the_same(settings: Settings) -> None:
    release(settings, FIRST)
    release(settings, changed(FIRST, 0, 7, None, 7.0), NEW)
    releases.rollback(settings, "r000001", *WHY)
    with pytest.raises(PublishRefused):
        release(settings, FIRST, {"crm/leads": [1, 3]})
    assert moves(settings) == []
    releases.resume(settings, *WHY)
    release(settings, FIRST, {"crm/leads": [1, 3]})
    assert moves(settings, "release_id", "first_value", "previous_value", "value", "cause") == [
        ("r000002", 10.0, 10.0, 7.0, "correction"),
        ("r000003", 10.0, 7.0, 10.0, "late data"),
    ]


def test_the_ledger_outlives_the_releases(settings: Settings) -> None:
    release(settings, FIRST)
    settings.published.unlink()
    releases.remove_tree(settings.releases)
    release(settings, changed(FIRST, 0, 11, None, 11.0), NEW)
    assert moves(settings) == [("r000002", "leads", "(all)", 11.0, "late data")]
