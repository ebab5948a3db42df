"""Gate 1: every rule can fail, bad rows are named, and bad tables reject a load."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.gate_1 import GateOneOutcome, check_load
from expectations.results import ExpectationResult, blocking
from expectations.runner import masked
from expectations.suites.loads import CANDIDATE_FIELDS, Limits, LoadContext, row_rules
from orchestration.lib.entities import ENTITIES
from orchestration.lib.schema import Column, Entity

AS_OF = datetime(2025, 6, 1)
VALUES: dict[str, Any] = {
    "timestamp": datetime(2025, 5, 31, 12),
    "date": date(2025, 5, 31),
    "money": Decimal("10"),
    "rate": Decimal("1.1"),
    "number": Decimal("1"),
    "integer": 1,
    "boolean": True,
    "currency": "EUR",
}


def good_row(entity: Entity, number: int) -> dict[str, Any]:
    def value(column: Column) -> Any:
        if column.name == "source_id":
            return f"id-{number}"
        return column.allowed[0] if column.allowed else VALUES.get(column.kind, "text")

    row = {column.name: value(column) for column in entity.columns}
    raw = json.dumps({"number": number})
    return {**row, "_file": "file.csv", "_line": number + 2, "_parse_error": None, "_raw": raw}


def write_candidate(folder: Path, name: str, rows: list[dict[str, Any]]) -> dict[str, Path]:
    entity = ENTITIES[name]
    schema = pa.schema([*entity.arrow_schema, *CANDIDATE_FIELDS])
    path = folder / f"{name}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return {name: path}


def make_context(rows: int, **changes: Any) -> LoadContext:
    context = LoadContext("crm", "deals", "snapshot", rows, 0, ("Id", "Amount"), AS_OF)
    return replace(context, **changes)


def named(outcome: GateOneOutcome) -> dict[str, ExpectationResult]:
    return {result.expectation: result for result in outcome.results}


@pytest.mark.parametrize("name", ENTITIES)
def test_a_good_row_of_every_entity_passes_all(name: str, tmp_path: Path) -> None:
    candidates = write_candidate(tmp_path, name, [good_row(ENTITIES[name], 0)])
    outcome = check_load(candidates, make_context(1))
    assert [result.message for result in outcome.results if not result.passed] == []
    assert outcome.accepted
    assert outcome.bad_rows.num_rows == 0


# For each kind of rule: entity, rule, what breaks it, whether it quarantines, the sentence.
BREAKS: list[tuple[str, str, dict[str, Any], bool, str]] = [
    (
        "opportunity",
        "values_are_readable",
        {"_parse_error": "amount: '1.234,56' is no number"},
        True,
        "a value that cannot be read; quarantined",
    ),
    ("opportunity", "source_id_is_given", {"source_id": None}, True, "no source_id"),
    ("ad_report", "cost_is_given", {"cost": None}, True, "no cost"),
    ("activity", "activity_type_is_known", {"activity_type": "fax"}, True, "other than call"),
    ("opportunity", "currency_is_iso_4217", {"currency": "EURO"}, True, "no ISO 4217 code"),
    ("opportunity", "amount_has_currency", {"currency": None}, True, "without a currency"),
    ("ad_report", "cost_is_not_negative", {"cost": Decimal(-1)}, True, "a negative cost"),
    ("ad_report", "clicks_is_not_negative", {"clicks": -1}, True, "a negative clicks"),
    ("product", "list_price_is_not_negative", {"list_price": Decimal(-1)}, True, "list_price"),
    ("fx_rate", "rate_is_positive", {"rate": Decimal(0)}, True, "a rate of zero or below"),
    ("lead", "created_at_is_plausible", {"created_at": datetime(202, 1, 1)}, True, "before 1990"),
    (
        "opportunity",
        "expected_close_date_is_plausible",
        {"expected_close_date": date(2205, 1, 1)},
        False,
        "after 2100",
    ),
    ("opportunity", "amount_is_not_negative", {"amount": Decimal(-1)}, False, "a negative amount"),
    ("opportunity", "won_is_closed", {"is_closed": False}, False, "is_won without is_closed"),
    (
        "touch",
        "subject_is_given",
        {"anonymous_id": None, "email": None, "lead_id": None, "contact_id": None},
        False,
        "none of anonymous_id",
    ),
]


@pytest.mark.parametrize(
    ("name", "rule", "change", "quarantines", "words"),
    BREAKS,
    ids=[f"{b[0]}-{b[1]}" for b in BREAKS],
)
def test_a_row_rule_can_fail(
    name: str, rule: str, change: dict[str, Any], quarantines: bool, words: str, tmp_path: Path
) -> None:
    rows = [good_row(ENTITIES[name], number) for number in range(100)]
    rows[7] |= change
    outcome = check_load(write_candidate(tmp_path, name, rows), make_context(100))
    result = named(outcome)[f"{name}.{rule}"]
    assert not result.passed
    assert (result.failed_rows, result.checked_rows) == (1, 100)
    assert result.message.startswith(f"1 of 100 rows of {name} has")
    assert words in result.message
    assert outcome.accepted, "one bad row of a hundred is within the limits"
    bad = outcome.bad_rows.to_pylist()
    expected = [
        {"entity": name, "row_number": 7, "file": "file.csv", "line": 9, "rule": f"{name}.{rule}"}
    ]
    assert [{key: row[key] for key in expected[0]} for row in bad] == expected * quarantines


def test_every_row_rule_is_a_predicate_on_its_entity(tmp_path: Path) -> None:
    names = [rule.name for rule in row_rules(ENTITIES["opportunity"])]
    assert len(names) == len(set(names))
    assert not any("closed_at" in name and "created" in name for name in names), "time travel"


def test_examples_are_masked_and_say_where(tmp_path: Path) -> None:
    rows = [good_row(ENTITIES["opportunity"], number) for number in range(5)]
    for row in rows:
        row["_parse_error"] = "amount: 'jane.roe@example.com' does not fit the source's format"
    outcome = check_load(write_candidate(tmp_path, "opportunity", rows), make_context(5))
    examples = named(outcome)["opportunity.values_are_readable"].examples
    assert len(examples) == 3
    assert examples[0] == "file.csv:2: amount: 'j***@e***.com' does not fit the source's format"
    assert not any("jane" in text or "example.com" in text for text in examples)


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        (
            "impressions: '15.018' is no whole number written with decimal '.' and thousands ','",
            "impressions: '##.###' is no whole number written with decimal '.' and thousands ','",
        ),
        (
            "a: 'x1' is no number written with decimal '.'; b: 'Ann' does not match %d; has no c",
            "a: 'x#' is no number written with decimal '.'; b: 'A**' does not match %d; has no c",
        ),
        ("name: 'O''Neil; x: ''y'' z' is bad", "name: 'O'****; *: '*' *' is bad"),
        ("name: '' (no name)", "name: '' (no name)"),
        ("has a negative cost", "has a negative cost"),
        ("name: 'O'Neil' is bad", "name: 'O'****' ** ***"),
    ],
)
def test_only_values_are_masked(problem: str, shown: str) -> None:
    assert masked(problem) == shown


def test_a_blocked_load_shows_columns_and_reasons(tmp_path: Path) -> None:
    rows = [good_row(ENTITIES["ad_report"], number) for number in range(10)]
    for row in rows[:5]:
        row["_parse_error"] = "impressions: '15.018' is no whole number with decimal '.'"
    rows[6]["cost"] = Decimal(-1)
    rows[8]["source_id"] = None
    outcome = check_load(write_candidate(tmp_path, "ad_report", rows), make_context(10))
    assert named(outcome)["bad_rows_are_within_limits"].examples == [
        "file.csv:2: impressions: '##.###' is no whole number with decimal '.'",
        "file.csv:10: source_id: '' (no source_id)",
        "file.csv:8: cost: '-#.######' (a negative cost)",
    ]


def test_a_released_row_passes_its_rule_and_no_other(tmp_path: Path) -> None:
    rows = [good_row(ENTITIES["ad_report"], number) for number in range(100)]
    rows[3]["cost"] = Decimal(-1)
    candidates = write_candidate(tmp_path, "ad_report", rows)
    row_hash = hashlib.sha256(rows[3]["_raw"].encode()).hexdigest()[:32]
    released = check_load(
        candidates, make_context(100), [("ad_report.cost_is_not_negative", row_hash)]
    )
    assert named(released)["ad_report.cost_is_not_negative"].passed
    assert released.bad_rows.num_rows == 0
    other = check_load(candidates, make_context(100), [("ad_report.currency_is_known", row_hash)])
    assert other.bad_rows.num_rows == 1


def test_a_row_that_breaks_two_rules_is_one_bad_row(tmp_path: Path) -> None:
    rows = [good_row(ENTITIES["ad_report"], number) for number in range(100)]
    rows[0] |= {"cost": Decimal(-1), "currency": "???"}
    outcome = check_load(write_candidate(tmp_path, "ad_report", rows), make_context(100))
    (bad,) = outcome.bad_rows.to_pylist()
    assert set(bad["rule"].split(", ")) == {
        "ad_report.cost_is_not_negative",
        "ad_report.currency_is_iso_4217",
    }
    assert bad["message"] == "has a negative cost; has a currency that is no ISO 4217 code"


TABLE_BREAKS: list[tuple[str, dict[str, Any], bool, str]] = [
    ("has_rows", {"rows_read": 0}, True, "No row was read"),
    ("rows_are_well_formed", {"malformed": 1}, False, "1 of 101 rows has another shape"),
    ("bad_rows_are_within_limits", {"malformed": 30}, True, "30 of 130 rows are bad, more than"),
    (
        "bad_rows_are_within_limits",
        {"conflicting": 2, "limits": Limits(max_bad_share=0.5, max_bad_rows=1)},
        True,
        "50 % and 1 rows",
    ),
    (
        "no_mapped_column_vanished",
        {"missing_columns": ("Amount",), "previous_columns": ("Id", "Amount")}
        | {"columns_found": ("Id", "Value")},
        True,
        "Amount is mapped and in the last load, but not in this one; new in this one: Value",
    ),
    (
        "mapped_columns_are_there",
        {"missing_columns": ("Region",)},
        False,
        "Region is mapped, but not in the input, whose columns are: Id, Amount",
    ),
    ("volume_is_as_usual", {"history": (160, 170, 180)}, True, "41.2 % fewer than the usual 170"),
    ("is_fresh", {"warn_after_days": 0.25}, False, "The newest row is 0.5 days old; 0.25 days"),
    ("is_not_stale", {"error_after_days": 0.25}, True, "The newest row is 0.5 days old"),
]


@pytest.mark.parametrize(
    ("name", "change", "rejects", "words"), TABLE_BREAKS, ids=[each[0] for each in TABLE_BREAKS]
)
def test_a_load_expectation_can_fail(
    name: str, change: dict[str, Any], rejects: bool, words: str, tmp_path: Path
) -> None:
    rows = [good_row(ENTITIES["opportunity"], number) for number in range(100)]
    candidates = write_candidate(tmp_path, "opportunity", rows)
    outcome = check_load(candidates, make_context(100, **change))
    result = named(outcome)[name]
    assert not result.passed
    assert words in result.message
    assert outcome.accepted is not rejects
    assert [found.expectation for found in blocking(outcome.results)] == [name] * rejects


@pytest.mark.parametrize(
    ("entity", "column", "is_bad"),
    [
        ("lead", "created_at", True),
        ("opportunity", "created_at", True),
        ("ad_report", "report_date", True),
        ("opportunity", "closed_at", False),  # begins no calendar
        ("account", "created_at", False),  # a customer of old
    ],
)
def test_what_happened_before_the_earliest_date_is_bad(
    entity: str, column: str, is_bad: bool, tmp_path: Path
) -> None:
    rows = [good_row(ENTITIES[entity], number) for number in range(100)]
    rows[0][column] = type(rows[1][column] or datetime(2025, 1, 1))(1999, 12, 31)
    rows[1][column] = type(rows[1][column] or datetime(2025, 1, 1))(2000, 1, 1)
    candidates = write_candidate(tmp_path, entity, rows)
    limits = Limits(earliest_date=date(2000, 1, 1))
    outcome = check_load(candidates, make_context(100, limits=limits))
    bad = [(row["row_number"], row["rule"]) for row in outcome.bad_rows.to_pylist()]
    assert bad == ([(0, f"{entity}.{column}_is_plausible")] if is_bad else [])


@pytest.mark.parametrize(
    ("rows_read", "bad", "change", "accepted"),
    [
        (3, 1, {}, True),
        (1, 1, {}, True),  # the only one of its day: it says nothing of the others
        (3, 3, {}, False),  # a date format that has changed, for instance
        (20, 4, {}, True),
        (20, 5, {}, False),
        (300, 6, {}, True),  # within the share
        (3, 1, {"is_addition": False}, False),
        (3, 1, {"limits": Limits(max_bad_share=0)}, False),
        (3, 1, {"limits": Limits(max_bad_rows=0)}, False),
    ],
)
def test_a_few_bad_rows_do_not_reject_an_addition(
    rows_read: int, bad: int, change: dict[str, Any], accepted: bool, tmp_path: Path
) -> None:
    rows = [good_row(ENTITIES["lead"], number) for number in range(rows_read)]
    for row in rows[:bad]:
        row["_parse_error"] = "created_at: 'x' does not match %Y"
    candidates = write_candidate(tmp_path, "lead", rows)
    context = make_context(rows_read, **{"is_addition": True, **change})
    assert check_load(candidates, context).accepted is accepted


def test_an_empty_load_is_fine_where_it_is_allowed(tmp_path: Path) -> None:
    candidates = write_candidate(tmp_path, "opportunity", [])
    context = make_context(0, allow_empty=True, history=(100,), error_after_days=1.0)
    outcome = check_load(candidates, context)
    assert outcome.accepted
    assert not check_load(candidates, replace(context, allow_empty=False)).accepted


def test_an_event_dated_ahead_does_not_hide_stale_data(tmp_path: Path) -> None:
    rows = [good_row(ENTITIES["touch"], number) for number in range(2)]
    rows[0]["occurred_at"] = datetime(2025, 1, 1)
    rows[1]["occurred_at"] = datetime(2099, 1, 1)
    candidates = write_candidate(tmp_path, "touch", rows)
    outcome = check_load(candidates, make_context(2, error_after_days=30.0))
    assert not outcome.accepted
    assert "151.0 days old" in named(outcome)["is_not_stale"].message


def test_a_repeated_id_is_told_where_one_version_is_expected(tmp_path: Path) -> None:
    rows = [good_row(ENTITIES["lead"], 1), good_row(ENTITIES["lead"], 1)]
    candidates = write_candidate(tmp_path, "lead", rows)
    outcome = check_load(candidates, make_context(2))
    result = named(outcome)["lead.source_id_is_unique"]
    assert (result.passed, result.failed_rows, result.severity) == (False, 1, "warning")
    versions = check_load(candidates, make_context(2, load_mode="upsert"))
    assert "lead.source_id_is_unique" not in named(versions)


def test_one_record_that_feeds_two_entities_is_bad_once(tmp_path: Path) -> None:
    candidates: dict[str, Path] = {}
    for name in ("lead", "contact"):
        rows = [good_row(ENTITIES[name], number) for number in range(2)]
        rows[0]["_parse_error"] = "created_at: 'x' does not match %Y"
        candidates |= write_candidate(tmp_path, name, rows)
    outcome = check_load(candidates, make_context(2, limits=Limits(max_bad_share=0.5)))
    assert outcome.accepted
    message = named(outcome)["bad_rows_are_within_limits"].message
    assert message == "1 of 2 rows are bad; the agreement allows 50 %."


@pytest.mark.parametrize("change", ["another type", "a column less", "a column more"])
def test_a_candidate_of_another_shape_is_rejected(change: str, tmp_path: Path) -> None:
    candidates = write_candidate(tmp_path, "lead", [good_row(ENTITIES["lead"], 0)])
    table = pq.read_table(candidates["lead"])
    if change == "another type":
        place = table.column_names.index("mql_at")
        table = table.set_column(place, "mql_at", table["mql_at"].cast(pa.string()))
    elif change == "a column less":
        table = table.drop_columns(["mql_at"])
    else:
        table = table.append_column("surprise", pa.array(["x"]))
    pq.write_table(table, candidates["lead"])
    outcome = check_load(candidates, make_context(1))
    assert not outcome.accepted
    result = named(outcome)["lead.columns_and_types_are_the_entitys"]
    assert not result.passed
    assert ("surprise" if change == "a column more" else "mql_at") in result.message


def test_what_raised_is_told_from_what_failed(tmp_path: Path) -> None:
    candidates = write_candidate(tmp_path, "lead", [good_row(ENTITIES["lead"], 0)])
    table = pq.read_table(candidates["lead"])
    pq.write_table(table.drop_columns(["mql_at"]), candidates["lead"])
    results = named(check_load(candidates, make_context(1)))
    raised = results["lead.mql_at_is_plausible"]
    assert (raised.raised, raised.passed, raised.severity) == (True, False, "critical")
    assert (raised.failed_rows, raised.checked_rows) == (None, None)
    assert "could not be evaluated" in raised.message
    assert 'column "mql_at" not found' in raised.message
    assert [name for name, result in results.items() if result.raised] == [raised.expectation]


def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    rows = [good_row(ENTITIES["campaign"], 0), good_row(ENTITIES["campaign"], 1)]
    rows[0]["name"] = "'; drop table x; -- :name %s {batch} =cmd()"
    rows[1]["currency"] = "'); drop table x; -- :name %s {batch}"
    folder = tmp_path / "it's {batch} 100% :x"
    folder.mkdir()
    outcome = check_load(write_candidate(folder, "campaign", rows), make_context(2))
    assert outcome.bad_rows.num_rows == 1
    assert not any(result.raised for result in outcome.results)
