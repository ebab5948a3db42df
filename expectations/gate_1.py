"""Gate 1: judges one load of one table, and names its bad rows.

Belongs here: the order of the checks, and the split of good and bad rows. Does not belong
here: the rules (`suites.loads`), writing lake and quarantine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from pathlib import Path

import pyarrow as pa

from expectations.results import ExpectationResult
from expectations.rules import Expectation, RowRule, counted, number_of
from expectations.runner import Session
from expectations.suites.loads import (
    BAD_ROWS_LIMIT,
    LoadContext,
    LoadFacts,
    entity_expectations,
    load_expectations,
    load_facts_query,
    row_rules,
)
from orchestration.lib.duck import quoted
from orchestration.lib.entities import ENTITIES

# One line per bad row of an entity, in file order. `row_number` counts the candidate file's rows
# from 0; `rule` names all critical rules that the row breaks, joined by ", ", `message` says how.
BAD_ROWS = pa.schema(
    [
        ("entity", pa.string()),
        ("row_number", pa.int64()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("rule", pa.string()),
        ("message", pa.string()),
    ]
)


@dataclass(frozen=True)
class GateOneOutcome:
    """The verdict on a load; `bad_rows` has the columns of `BAD_ROWS`, over all entities.

    `newest_event` is the newest time of its rows that had come by the run's as-of.
    """

    results: list[ExpectationResult]
    bad_rows: pa.Table
    accepted: bool
    newest_event: datetime | None


def check_load(
    candidates: Mapping[str, Path],
    context: LoadContext,
    exemptions: Iterable[tuple[str, str]] = (),
) -> GateOneOutcome:
    """Judge a load by its candidate files, one per entity.

    A candidate holds the entity's columns, then `_parse_error` and `_raw`. `exemptions` are
    (rule, row_hash) of rows that someone released: they pass that rule; the hash is the first
    32 hex digits of the sha256 of `_raw`. The load is rejected if a critical expectation of the
    table fails, or if anything could not be evaluated; bad rows alone reject it only beyond the
    agreement's limits.
    """
    spill = next(iter(candidates.values())).parent / ".spill"
    with Session("gate_1", spill) as session:
        connection = session.connection
        connection.execute("create table exemptions (rule varchar, row_hash varchar)")
        if pairs := sorted(exemptions):
            connection.executemany("insert into exemptions values (?, ?)", pairs)
        results: list[ExpectationResult] = []
        broken_rows = [BAD_ROWS.empty_table()]
        newest: list[datetime] = []
        for name, path in candidates.items():
            entity = ENTITIES[name]
            relation = f"candidate_{name}"
            connection.execute(
                f"create view {relation} as select * rename (file_row_number as _row)"
                f" from read_parquet({quoted(path)}, file_row_number = true)"
            )
            rules = [
                replace(rule, name=f"{name}.{rule.name}")
                for rule in row_rules(entity, context.limits.earliest_date)
            ]
            checks = [
                *entity_expectations(entity, relation, context.load_mode),
                *(_row_expectation(rule, name, relation) for rule in rules),
            ]
            found = session.check(context.asset, relation, checks, context.owner)
            results += found
            if any(result.blocks for result in found):
                continue  # not the entity's columns: its rows cannot be judged
            broken = [
                rule
                for rule, result in zip(rules, found[-len(rules) :], strict=True)
                if rule.severity == "critical" and not result.passed
            ]
            if broken:
                broken_rows.append(_bad_rows(session, name, relation, broken))
            if entity.event_time is not None:
                newest += _newest(session, relation, entity.event_time, context.as_of)
        bad_rows = pa.concat_tables(broken_rows)
        facts = LoadFacts(
            context.malformed + context.conflicting + _number_of_records(bad_rows),
            _most_frequent(bad_rows),
            max([*newest, *filter(None, [context.newest_event])], default=None),
        )
        connection.execute(f"create view load_facts as {load_facts_query(context, facts)}")
        judged = session.check(
            context.asset, "load_facts", load_expectations(context, facts), context.owner
        )
        examples = _examples(results, bad_rows)
        results += [_with_bad_rows(result, context, facts, examples) for result in judged]
    accepted = not any(result.blocks for result in results)
    return GateOneOutcome(results, bad_rows, accepted, max(newest, default=None))


def _with_bad_rows(
    result: ExpectationResult, context: LoadContext, facts: LoadFacts, examples: list[str]
) -> ExpectationResult:
    """A load rejected for its bad rows says how many they are and shows some of them."""
    if result.passed or result.expectation != BAD_ROWS_LIMIT:
        return result
    return replace(
        result,
        failed_rows=facts.bad_rows,
        checked_rows=context.rows_read + context.malformed,
        examples=examples,
    )


def _examples(results: Sequence[ExpectationResult], bad_rows: pa.Table) -> list[str]:
    """Up to three examples of bad rows, of as many rules as possible, the most broken first."""
    broken = {name for rule in bad_rows["rule"].unique().to_pylist() for name in rule.split(", ")}
    found = [result for result in results if result.expectation in broken]
    found.sort(key=lambda result: -(result.failed_rows or 0))
    in_turn = zip_longest(*(result.examples for result in found))
    return [text for texts in in_turn for text in texts if text is not None][:3]


_ROW_HASH = "substr(sha256(coalesce(_raw, '')), 1, 32)"


def _is_bad(rule: RowRule) -> str:
    released = f"select row_hash from exemptions where rule = {quoted(rule.name)}"
    return f"{rule.is_broken} and {_ROW_HASH} not in ({released})"


def _row_expectation(rule: RowRule, entity: str, relation: str) -> Expectation:
    """The rule over all rows. It only warns: a bad row is set aside, the load goes on."""
    is_bad = _is_bad(rule)
    told = counted(rule.message, f"rows of {entity}")

    def say(faults: int, checked: int, details: str) -> str:
        sentence = told(faults, checked, details)
        if faults and rule.severity == "critical":
            return f"{sentence[:-1]}; quarantined."
        return sentence

    place = "coalesce(_file || ':', '') || coalesce(cast(_line as varchar), cast(_row as varchar))"
    problem = "_parse_error"
    if rule.column != "_parse_error":
        value = f"replace(coalesce(cast({rule.column} as varchar), ''), '''', '''''')"
        before, after = quoted(f"{rule.column}: '"), quoted(f"' ({rule.message})")
        problem = f"{before} || {value} || {after}"
    return Expectation(
        rule.name,
        "warning",
        number_of(is_bad),
        say,
        examples=f"select {place}, {problem} from {relation} where {is_bad} order by _row limit 3",
    )


def _bad_rows(session: Session, entity: str, relation: str, broken: Sequence[RowRule]) -> pa.Table:
    """The rows that break one of the rules, by the same predicates that counted them."""

    def joined(texts: Iterable[tuple[RowRule, str]], separator: str) -> str:
        cases = (f"case when {_is_bad(rule)} then {text} end" for rule, text in texts)
        return f"concat_ws({quoted(separator)}, {', '.join(cases)})"

    names = joined(((rule, quoted(rule.name)) for rule in broken), ", ")
    messages = joined(((rule, _message(rule)) for rule in broken), "; ")
    found: pa.Table = session.connection.sql(
        f"select {quoted(entity)} as entity, _row as row_number, _file as file, _line as line,"
        f" {names} as rule, {messages} as message from {relation}"
        f" where {' or '.join(_is_bad(rule) for rule in broken)} order by _row"
    ).to_arrow_table()
    return found.cast(BAD_ROWS)


def _message(rule: RowRule) -> str:
    return "_parse_error" if rule.column == "_parse_error" else quoted(f"has {rule.message}")


def _newest(session: Session, relation: str, event_time: str, as_of: datetime) -> list[datetime]:
    """The newest event that has happened: one dated ahead by mistake says nothing of freshness."""
    found = session.connection.execute(
        f"select max(cast({event_time} as timestamp)) from {relation}"
        f" where {event_time} <= cast({quoted(as_of + timedelta(days=1))} as timestamp)"
    ).fetchall()
    return [value for (value,) in found if value is not None]


def _number_of_records(bad_rows: pa.Table) -> int:
    """Records of the input that are bad, each once, whatever number of entities it feeds."""
    columns = ("file", "line", "entity", "row_number")
    return len(
        {
            (file, line) if line is not None else (entity, number)
            for file, line, entity, number in zip(
                *(bad_rows[name].to_pylist() for name in columns), strict=True
            )
        }
    )


def _most_frequent(bad_rows: pa.Table) -> tuple[str, ...]:
    counts = Counter(
        {each["values"].as_py(): each["counts"].as_py() for each in bad_rows["rule"].value_counts()}
    )
    return tuple(f"{rule} ({number:,})" for rule, number in counts.most_common(3))
