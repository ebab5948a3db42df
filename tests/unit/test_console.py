"""The page that a run ends with: what it chooses to show, wide and narrow."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from rich.console import Console

from orchestration import console, console_progress
from orchestration.launch import Outcome, Step
from orchestration.lib.company.agreement import DEFAULTS
from orchestration.lib.release import releases
from orchestration.report import AgendaItem, Kpi, Promise, ReleaseReport
from orchestration.settings import Settings
from tests.unit.lib.test_releases import WHY, build, publish

STAGES = ("Lead", "Marketing qualified lead", "Sales accepted lead", "Opportunity", "Won")


def kpi(name: str, team: str, value: float | None = 10, target: float | None = None) -> Kpi:
    attainment = value / target if value is not None and target else None
    reason = None if value is not None else "input_missing:spend"
    return Kpi(name, team, value, reason, target, attainment, None, "count")


REPORT = ReleaseReport(
    info={
        "release_id": "r000007",
        "as_of": datetime(2026, 7, 1, 6),
        "agreement_version": "abc",
        "is_signed": False,
    },
    table_count=46,
    row_count=1234,
    funnel=[(stage, 9, 12) for stage in STAGES],
    month=date(2026, 6, 1),
    kpis=[
        *(kpi(f"Shared {number}", "both") for number in range(12)),
        kpi("Shared with a target", "both", 10, 20),
        kpi("Leads", "marketing", 102, 113),
        kpi("Cost per lead", "marketing", None),
        kpi("Cost per MQL", "marketing", None),
        kpi("Wins", "sales", 21, 17),
    ],
    promises=[
        Promise("marketing", "Enough leads", "", 38, 41, 0, 0, "kept", "count"),
        Promise("sales", "Answered fast", "North", 0.85, 0.7, 28, 40, "broken", "share"),
        Promise("sales", "Decided on", "", 0.85, None, 0, 0, "no_data", "share"),
    ],
    agenda=[
        AgendaItem(date(2026, 6, 22), f"Item {number}.", "sales", 1000 * number)
        for number in range(7)
    ],
    gates=[("gate_1", 24, 361, 344)],
    warnings=[(f"table_{number}", "A warning.") for number in range(6)],
    notes=[],
)


def page(monkeypatch: pytest.MonkeyPatch, width: int, report: ReleaseReport = REPORT) -> list[str]:
    written = io.StringIO()
    monkeypatch.setattr(console, "out", Console(file=written, width=width, highlight=False))
    monkeypatch.setattr(console, "read_release", lambda _: report)
    settings = Settings(Path("home"), Path("company"))
    console.print_summary(settings, Outcome("run", "run_daily", success=True))
    return [line.rstrip() for line in written.getvalue().splitlines()]


def test_a_page_has_both_teams_side_by_side_and_the_shared_kpis_on_top(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = page(monkeypatch, 100)
    assert len(lines) <= 64
    (heads,) = [line for line in lines if line.startswith("Marketing ") and "Sales " in line]
    (row,) = [line for line in lines if line.startswith("Leads ")]
    assert row.split() == ["Leads", "102", "90%", "Wins", "21", "124%"]
    shared = [line.split("  ")[0] for line in lines if line.startswith("Shared")]
    # Eight of them: the one with a target, and the first seven, in their order.
    assert shared == [*(f"Shared {number}" for number in range(7)), "Shared with a target"]
    assert lines.index(heads) > lines.index(next(line for line in lines if "Shared 0" in line))
    assert "5 more, and each by segment, channel and region: marts.kpi_scorecard" in lines
    assert "2 have no value: input missing (2); null_reason says what is missing" in lines


def test_a_page_has_room_for_the_kpis_that_a_leader_asks_for_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (DEFAULTS / "kpis.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [int(line["position"]) for line in lines] == list(range(1, len(lines) + 1))
    shipped = [kpi(line["kpi_id"], line["owner_team"]) for line in lines]
    shown = set(" ".join(page(monkeypatch, 100, replace(REPORT, kpis=shipped))).split())
    assert shown >= {"pipeline_created", "pipeline_coverage", "pipeline_velocity", "cac"}
    assert shown >= {"leads", "mqls", "spend", "roas"}
    assert shown >= {"won_value", "win_rate", "response_minutes_median", "price_realization"}


def test_promises_agenda_and_warnings_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = page(monkeypatch, 100)
    # Nothing fell due for the third promise: nobody kept or broke it.
    assert "Promises, June 2026: marketing kept 1 of 1, sales kept 0 of 1" in lines
    (broken,) = [line for line in lines if "broken" in line]
    assert " ".join(broken.split()) == "sales Answered fast (North) 85.0% 70.0% 28 of 40 broken"
    assert "Agenda of the week from 2026-06-22" in lines
    assert "  2. Sales: Item 1. At stake: 1,000 a quarter." in lines
    assert "  2 more: marts.review_agenda" in lines and "2 more: marts.data_quality" in lines
    assert "Agreement abc (provisional: not signed by both)" in lines


def test_a_value_and_the_one_before_it_are_rounded_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    slower = replace(kpi("Response", "sales", 144.6), previous=61.04, unit="minutes")
    cycle = replace(kpi("Cycle", "sales", 45.25), previous=9.5, unit="days")
    lines = page(monkeypatch, 80, replace(REPORT, kpis=[slower, cycle]))
    assert any(line.split() == ["Response", "145", "min", "61", "min"] for line in lines)
    assert any(line.split() == ["Cycle", "45.2", "days", "9.5", "days"] for line in lines)


def test_a_narrow_terminal_has_one_thing_below_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = page(monkeypatch, 80)
    assert all(len(line) <= 80 for line in lines)
    assert any(line.split() == ["Leads", "102", "90%"] for line in lines)
    assert any(line.split() == ["Opportunity", "9", "12"] for line in lines)


def test_the_state_tells_of_an_erasure_and_of_who_holds_publishing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(console, "out", Console(file=written, width=120, highlight=False))
    settings = Settings(tmp_path / "home", tmp_path / "company")
    for number in (1, 2):
        publish(settings, build(settings, f"b{number}"))
    manifest = settings.releases / "r000001" / "manifest.json"
    content = {**json.loads(manifest.read_text()), "erased_at": "2026-03-04 05:06:07"}
    manifest.chmod(0o644)
    manifest.write_text(json.dumps(content))

    console.print_status(settings)
    assert "erased" not in written.getvalue() and "held" not in written.getvalue()
    console.print_releases(settings)
    newer, older = [line for line in written.getvalue().splitlines() if "r00000" in line][1:]
    assert "2026-03-04 05:06" in older and "2026-03-04" not in newer

    releases.rollback(settings, "r000001", *WHY)
    console.print_status(settings)
    told = written.getvalue()
    assert "A person was erased from it on 2026-03-04 05:06 UTC" in told
    hold = releases.read_hold(settings)
    assert hold is not None
    rolled_back = f"{WHY[0]} rolled back to r000001 ({WHY[1]})."
    assert f"Publishing is held since {hold.since}: {rolled_back}" in told
    assert "`tandem resume`" in told


def test_a_log_has_the_progress_of_a_long_extraction_and_one_line_at_its_end() -> None:
    stream = io.StringIO()
    lines = console_progress._Lines(Console(file=stream, width=160))
    for message in ("31 of 59 days, 1 of 2 loads", "59 of 59 days, 2 of 2 loads", "7 rows"):
        lines.show(Step("extract", "lake__crm__deals", "note", message))
    lines.show(Step("extract", "lake__crm__deals", "done", seconds=2.0))
    assert stream.getvalue().splitlines() == [
        "extract    crm__deals: 31 of 59 days, 1 of 2 loads",
        "extract    crm__deals: 59 of 59 days, 2 of 2 loads",
        "extract    crm__deals: 7 rows  (2.0 s)",
    ]
