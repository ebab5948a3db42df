"""Restatements: which published KPI values moved, why, and what a failed release leaves."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.lib.erasure.known import Erasure, Record, log_begun
from orchestration.lib.mapping.private import load_hash_key
from orchestration.lib.marts_reference import read_marts
from orchestration.lib.release import releases, restatements
from orchestration.lib.release.moved_records import RECORD_IDS, SUMMED
from orchestration.lib.release.releases import BuildInfo, PublishRefused
from orchestration.settings import PROJECT_ROOT, Settings
from tests.unit.lib.test_releases import WHY, build, publish, query

ALL = ("(all)", "(all)", "(all)")
AGREEMENT = {
    "stages": [{"stage_id": "mql", "position": 2}],
    "targets": [{"kpi_id": "leads", "target_value": 10}],
    "kpis": [{"kpi_id": "leads", "kind": "sum"}, {"kpi_id": "acceptance_rate", "kind": "ratio"}],
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
    deals: list[tuple] | None = None,
) -> None:
    """Publish a build whose scorecard holds these cells, with records that add up to them."""
    info = prepared(settings, cells, deals or [])
    info = replace(
        info,
        as_of=as_of,
        agreement_version=version,
        definitions=restatements.definitions(agreement),
    )
    publish(settings, info, loads=loads)


def prepared(settings: Settings, cells: list[tuple], deals: list[tuple]) -> BuildInfo:
    info = build(settings)
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.executemany(
            "insert into marts.kpi_scorecard values (?, ?, ?, ?, '(all)', '(all)', ?, ?, ?)", cells
        )
        connection.execute("""
            create table marts.dim_kpi (
                kpi_id varchar, kind varchar, numerator varchar, denominator varchar,
                counted_day varchar, numerator_fact varchar, numerator_filter varchar,
                numerator_date_column varchar, numerator_value_column varchar,
                denominator_fact varchar, denominator_filter varchar,
                denominator_date_column varchar, denominator_value_column varchar);
            create table marts.fct_funnel_events (
                journey_id bigint, stage_id varchar, entered_date date, segment varchar,
                person_id varchar);
            create table marts.fct_lead_response (
                journey_id bigint, handed_date date, decision varchar);
            create table marts.fct_opportunities (
                opportunity_id varchar, created_date date, amount_reporting decimal(18, 2));
            create table marts.fct_opportunity_daily (
                opportunity_id varchar, date_day date, closing_amount decimal(18, 2));
            create table marts.bridge_person_record (
                person_id varchar, source_system varchar, object_type varchar, source_id varchar);
            create or replace table marts.fct_funnel (opportunity_id varchar, person_id varchar);
        """)
        for name, rows in {"dim_kpi": KPIS, **records(cells), **days(deals)}.items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                connection.executemany(f"insert into marts.{name} values ({marks})", rows)
    return info


# How the KPIs of these tests are counted: kind, parts, day; then fact, filter, date and value.
NOTHING = (None, None, None, None)
HANDED = ("fct_lead_response", "true", "handed_date", "1")
ACCEPTED = ("fct_lead_response", "decision = 'accepted'", "handed_date", "1")
LEADS = ("fct_funnel_events", "stage_id = 'lead'", "entered_date", "1")
CREATED = ("fct_opportunities", "true", "created_date", "amount_reporting")
OPEN = ("fct_opportunity_daily", "date_day <= period_end", "date_day", "closing_amount")
KPIS = [
    ("leads", "sum", "leads", None, "every", *LEADS, *NOTHING),
    ("acceptance_rate", "ratio", "accepted", "handed", "every", *ACCEPTED, *HANDED),
    ("pipeline_created", "sum", "pipeline_created", None, "every", *CREATED, *NOTHING),
    ("pipeline_open", "stock", "pipeline_open", None, "last", *OPEN, *NOTHING),
    ("yield", "derived", "pipeline_created", "leads", None, *NOTHING, *NOTHING),
]


def records(cells: list[tuple]) -> dict[str, list[tuple]]:
    """Leads and handovers of January, numbered, as many in all and by segment as the cells say.

    Lead 9 is the record L9 of person P9, and so on.
    """
    leads = {cell[3]: int(cell[4]) for cell in cells if cell[:3] == JANUARY}
    segments = [name for name, count in leads.items() if name != "(all)" for _ in range(count)]
    count = leads.get("(all)", 0)
    segments = (segments + [None] * count)[:count]
    handed = [cell[4:6] for cell in cells if cell[:3] == RATE]
    return {
        "fct_funnel_events": [
            (number, "lead", "2024-01-05", segment, f"P{number}")
            for number, segment in enumerate(segments)
        ],
        "bridge_person_record": [
            (f"P{number}", "crm", "lead", f"L{number}") for number in range(count)
        ],
        "fct_lead_response": [
            (number, "2024-01-06", "accepted" if number < accepted else "open")
            for accepted, count in handed
            for number in range(int(count))
        ],
    }


def days(deals: list[tuple]) -> dict[str, list[tuple]]:
    """Deals (id, creation, amount) of P9, which stay open and of that amount to March's end."""
    return {
        "fct_funnel": [(name, "P9") for name, _, _ in deals],
        "fct_opportunities": deals,
        "fct_opportunity_daily": [
            (name, day, amount)
            for name, created, amount in deals
            for day in ("2024-01-31", "2024-02-29", "2024-03-31")
            if created <= day
        ],
    }


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
    assert moves(settings)[-1] == ("r000003", "leads", "smb", 10.0, "correction")


# In January two deals of 100 and 50 were created, in February one of 30: the pipeline created is
# 150 and 30, the pipeline open at their ends 150 and 180, per lead (10 and 5) 15 and 6.
DEALS = [("a", "2024-01-10", 100), ("b", "2024-01-20", 50), ("c", "2024-02-10", 30)]
MONTHS = ("2024-01-01", "2024-02-01")


def pipeline(deals: list[tuple], leads: tuple[int, int] = (10, 5)) -> list[tuple]:
    """The cells of January and February that these deals and leads make."""
    created = [sum(amount for _, day, amount in deals if day[:7] == m[:7]) for m in MONTHS]
    opened = [created[0], sum(created)]
    cells = [FIRST[3]]
    for month, value, stock, count in zip(MONTHS, created, opened, leads, strict=True):
        cells += [
            ("month", month, "pipeline_created", "(all)", value, None, float(value)),
            ("month", month, "pipeline_open", "(all)", None, None, float(stock)),
            ("month", month, "yield", "(all)", value, count, value / count),
            ("month", month, "leads", "(all)", count, None, float(count)),
        ]
    return cells


@pytest.mark.parametrize(
    ("deals", "january", "february"),
    [
        # One amount was corrected upwards: nothing became less, and yet it is no late deal.
        ([("a", "2024-01-10", 120), *DEALS[1:]], "correction", None),
        ([("a", "2024-01-10", 80), *DEALS[1:]], "correction", None),
        # A deal that nobody knew of.
        ([*DEALS, ("d", "2024-01-30", 7)], "late data", None),
        # One of each.
        ([("a", "2024-01-10", 120), *DEALS[1:], ("d", "2024-01-30", 7)], "both", None),
        # The creation of a known deal was in another month: it is new in neither.
        ([*DEALS[:2], ("c", "2024-01-15", 30)], "correction", "correction"),
        # A late deal and a deal that went, of one amount: the months' sums say nothing.
        ([*DEALS[1:], ("d", "2024-01-30", 101)], "both", None),
    ],
)
def test_records_tell_late_data_from_corrections(
    settings: Settings, deals: list[tuple], january: str, february: str | None
) -> None:
    release(settings, pipeline(DEALS), deals=DEALS)
    release(settings, pipeline(deals), NEW, deals=deals)
    expected = {
        (month, kpi): "late data and correction" if cause == "both" else cause
        for month, cause in zip(MONTHS, (january, february), strict=True)
        for kpi in ("pipeline_created", "yield")
        if cause
    }
    found = {
        (str(m), kpi): cause for m, kpi, cause in moves(settings, "period_start", "kpi_id", "cause")
    }
    stocks = {key: found.pop(key) for key in list(found) if key[1] == "pipeline_open"}
    assert found == expected
    # What is open at a period's end has the same causes, and February's end those of January.
    january_moved = pipeline(deals)[2][-1] != pipeline(DEALS)[2][-1]
    assert (("2024-01-01", "pipeline_open") in stocks) == january_moved
    assert set(stocks.values()) <= {expected["2024-01-01", "yield"]}


def erase(settings: Settings, lead: str, at: str) -> None:
    """Remember whose lead this is as erased; what follows is what loads without it make."""
    key = load_hash_key(settings, {})
    erasure = Erasure.of_person("e000001", key, [], [Record("lead", "crm", lead)], [])
    log_begun(settings, replace(erasure, at=at), *WHY)


def test_a_record_that_was_dropped_with_an_erased_person_is_an_erasure(settings: Settings) -> None:
    """Lead 9 counted, and came to be an erased person's; the deals were of its journey."""
    erase(settings, "L9", at="2024-01-01T00:00:00")
    release(settings, pipeline(DEALS), deals=DEALS)
    unlinked = [*DEALS[:2], ("c", "2024-02-10", 35)]
    release(settings, pipeline(unlinked, leads=(9, 5)), NEW, deals=unlinked)
    found = moves(settings, "kpi_id", "period_start", "cause", "details")
    assert {cause for _, _, cause, _ in found} == {"erasure"}
    assert {details for *_, details in found} == {"newer loads of crm/leads"}
    assert {(kpi, str(day)) for kpi, day, *_ in found} == {
        ("leads", "2024-01-01"),
        ("yield", "2024-01-01"),
        ("pipeline_created", "2024-02-01"),
        ("pipeline_open", "2024-02-01"),
        ("yield", "2024-02-01"),
    }
    # Lead 8 is nobody's who was erased: it was removed upstream.
    release(settings, pipeline(unlinked, leads=(8, 5)), OLD, deals=unlinked)
    release(settings, pipeline(DEALS, leads=(10, 5)), NEW, deals=DEALS)
    release(settings, pipeline(DEALS, leads=(8, 5)), OLD, deals=DEALS)
    causes = moves(settings, "release_id", "kpi_id", "cause")
    assert ("r000003", "leads", "correction") in causes
    assert ("r000005", "leads", "correction and erasure") in causes


def test_what_an_erasure_moves_by_itself_is_an_erasure(settings: Settings) -> None:
    """No newer load: somebody is taken for another, now that the person is gone."""
    release(settings, FIRST)
    erase(settings, "L3", at="2999-01-01T00:00:00")
    release(settings, changed(FIRST, 1, 9, None, 9.0), OLD)
    assert moves(settings, "segment", "cause", "details") == [("smb", "erasure", "erasure e000001")]


def test_each_fact_that_kpis_are_counted_from_has_records() -> None:
    macro = PROJECT_ROOT / "dbt_project" / "macros" / "kpi_components.sql"
    facts = set(re.findall(r'"fact": "(\w+)"', macro.read_text(encoding="utf-8")))
    known = {*RECORD_IDS, *SUMMED}
    assert facts <= known
    marts = read_marts(Settings(PROJECT_ROOT, PROJECT_ROOT).dbt_manifest)
    for fact, record in RECORD_IDS.items():
        assert record in marts[fact]["columns"]
    for part in (part for parts in SUMMED.values() for part in parts):
        assert {RECORD_IDS[part.fact], part.date, part.value} <= set(marts[part.fact]["columns"])


def test_a_derived_kpi_has_the_causes_of_those_it_is_made_of(settings: Settings) -> None:
    release(settings, pipeline(DEALS), deals=DEALS)
    larger = [("a", "2024-01-10", 120), *DEALS[1:]]
    release(settings, pipeline(larger, leads=(11, 5)), NEW, deals=larger)
    assert moves(settings, "kpi_id", "cause") == [
        ("leads", "late data"),
        ("pipeline_created", "correction"),
        ("pipeline_open", "correction"),
        ("pipeline_open", "correction"),
        ("yield", "late data and correction"),
    ]


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


def test_a_kpis_name_and_place_are_no_part_of_its_definition() -> None:
    named = [{**row, "kpi_name": "Renamed", "position": 7} for row in AGREEMENT["kpis"]]
    found = restatements.definitions({**AGREEMENT, "kpis": named})
    assert found == restatements.definitions(AGREEMENT)


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
    # The records that were published went with the release.
    assert moves(settings) == [("r000002", "leads", "(all)", 11.0, "new data")]
