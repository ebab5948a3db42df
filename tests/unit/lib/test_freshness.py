"""What `data_quality` says of age where gate 1 says nothing, and what Dagster holds for late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import dagster as dg
import pytest

from expectations.results import ExpectationResult
from orchestration.defs.automation.freshness import table_freshness, usual_freshness
from orchestration.lib.company.automation_config import Automation, DailyRun, ReviewRun
from orchestration.lib.company.folder import Company, load_company
from orchestration.lib.company.source_config import Freshness
from orchestration.lib.lake.lake import Counts, Lake
from orchestration.lib.lake.manifest import Load
from orchestration.lib.release.freshness import freshness_results
from orchestration.settings import Settings
from tests.end_to_end.small_company import SmallCompany

AS_OF = datetime(2025, 6, 30, 21, 59, 59)  # the end of the day that the small company fixes
TABLES = (("ads", "spend"), ("crm", "deals"), ("crm", "leads"))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return load_company(SmallCompany(tmp_path_factory.mktemp("company")).write().folder)


@pytest.fixture
def loads(settings: Settings) -> Mapping[tuple[str, str], Load]:
    """A load of each table, numbered from 1, all of one moment."""
    lake = Lake(settings)
    lake.ensure()
    found = {}
    for source, table in TABLES:
        load_id = lake.begin_load(source, table, "snapshot", None, "run")
        load = lake.commit_load(load_id, {}, {}, "accepted", Counts(rows_read=0))
        found[source, table] = replace(load, extracted_at=datetime(2025, 6, 30, 3, 0))
    return found


def rows(results: list[ExpectationResult]) -> dict[str, tuple[bool, str]]:
    assert {(each.gate, each.expectation) for each in results} == {("freshness", "is_fresh")}
    assert not any(each.blocks for each in results)
    return {each.asset: (each.passed, each.message) for each in results}


def test_each_table_and_the_release_have_a_row(
    company: Company, loads: Mapping[tuple[str, str], Load]
) -> None:
    results = freshness_results(company, loads, loads, [], AS_OF, AS_OF + timedelta(days=100))
    found = rows(results)
    assert list(found) == ["ads__spend", "crm__leads", "crm__deals", "release"]
    assert found["ads__spend"] == (
        True,
        "Load 1 of 2025-06-30 03:00 UTC counts, the newest input;"
        " the source declares no warn_after_days for it.",
    )
    assert {each.asset: each.owner for each in results}["ads__spend"] == "marketing"
    told = "The numbers are as of 2025-06-30 21:59 UTC, as agreement/company.csv says."
    assert found["release"] == (True, told)


def test_what_gate_1_says_is_not_said_again(
    company: Company, loads: Mapping[tuple[str, str], Load]
) -> None:
    told = replace(freshness_results(company, loads, loads, [], AS_OF, AS_OF)[0], gate="gate_1")
    assert "ads__spend" not in rows(freshness_results(company, loads, loads, [told], AS_OF, AS_OF))
    other = replace(told, expectation="has_rows")
    assert "ads__spend" in rows(freshness_results(company, loads, loads, [other], AS_OF, AS_OF))


def test_a_table_whose_newest_load_does_not_count_warns(
    company: Company, loads: Mapping[tuple[str, str], Load]
) -> None:
    rejected = replace(
        loads["crm", "leads"], load_id=9, extracted_at=datetime(2025, 7, 1), state="rejected"
    )
    newest = {**loads, ("crm", "leads"): rejected}
    counting = {place: load for place, load in loads.items() if place != ("crm", "deals")}
    found = rows(freshness_results(company, newest, counting, [], AS_OF, AS_OF))
    assert found["crm__leads"] == (
        False,
        "Load 3 of 2025-06-30 03:00 UTC counts; load 9 of 2025-07-01 00:00 UTC was rejected.",
    )
    assert found["crm__deals"] == (
        False,
        "No load of this table is accepted yet: its rows are missing.",
    )


@pytest.mark.parametrize(("age", "passed"), [(0, True), (8, True), (9, False)])
def test_a_release_of_long_ago_warns(
    company: Company, loads: Mapping[tuple[str, str], Load], age: int, passed: bool
) -> None:
    as_of = datetime(2026, 3, 1)
    now = as_of + timedelta(days=age)
    assert rows(freshness_results(company, loads, loads, [], as_of, now))["release"] == (
        passed,
        f"The numbers are as of 2026-03-01 00:00 UTC, {age}.0 days before they were built;"
        " 8 days are usual.",
    )


def days(fail: float, warn: float | None = None) -> dg.FreshnessPolicy:
    return dg.FreshnessPolicy.time_window(
        timedelta(days=fail), None if warn is None else timedelta(days=warn)
    )


def test_policies_go_by_what_the_source_declares_and_how_often_runs_are() -> None:
    daily = usual_freshness(Automation(daily=DailyRun(enabled=True)))
    assert daily == usual_freshness(Automation()) == days(2)
    assert usual_freshness(Automation(review=ReviewRun(enabled=True))) == days(8)
    for warn, error, expected in (
        (None, None, days(2)),
        (3, None, days(3)),
        (None, 5, days(5)),
        (3, 5, days(5, 3)),
        (5, 5, days(5)),
    ):
        declared = Freshness(warn_after_days=warn, error_after_days=error)
        assert table_freshness(declared, daily) == expected
