"""Gate 2: judges the marts of one build, before it may be published.

Belongs here: opening the warehouse for reading, and going through the suites. Does not belong
here: what must hold (`suites`), the decision to publish.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from expectations.registry import SUITES
from expectations.results import ExpectationResult
from expectations.rules import Expectation, Suite
from expectations.runner import Session
from expectations.suites.release import FILLED_BY_PUBLISHING
from orchestration.lib import duck

# Fewer rows than this share of the last release's are worth a look.
_USUAL_SHARE = 0.7


def check_marts(warehouse: Path, previous_release: Path | None) -> list[ExpectationResult]:
    """Evaluate every suite on the marts of a warehouse file, which is opened read-only.

    `previous_release` is a release folder with `parquet/<mart>.parquet`, None for the first
    release. Raises duckdb.Error if the file cannot be opened, as when somebody writes it.
    """
    with Session("gate_2", warehouse.parent / "spill") as session:
        present = _attach(session.connection, warehouse)
        results: list[ExpectationResult] = []
        for suite in SUITES:
            if suite.asset not in present:
                results.append(_missing(suite))
                continue
            expectations = [*suite.expectations(), *_drift(suite.asset, previous_release)]
            results += session.check(suite.asset, f"marts.{suite.asset}", expectations, suite.owner)
    return results


def _attach(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> set[str]:
    """Show the warehouse's tables under their own schemas; return the names of its marts."""
    # Its views name their database, which is the stem of the file.
    database = duck.identifier(warehouse.stem)
    connection.execute(f"attach {duck.quoted(warehouse)} as {database} (read_only)")
    found = connection.execute(
        "select table_schema, table_name from information_schema.tables where table_catalog = ?",
        [warehouse.stem],
    ).fetchall()
    for schema, table in found:
        name = f"{duck.identifier(schema)}.{duck.identifier(table)}"
        connection.execute(f"create schema if not exists {duck.identifier(schema)}")
        connection.execute(f"create view {name} as select * from {database}.{name}")
    return {table for schema, table in found if schema == "marts"}


def _missing(suite: Suite) -> ExpectationResult:
    return ExpectationResult(
        "gate_2",
        suite.asset,
        "table_is_there",
        "critical",
        False,
        None,
        None,
        f"{suite.asset} is not in the warehouse: the build is not complete.",
        [],
        datetime.now(UTC).replace(tzinfo=None),
        suite.owner,
    )


def _drift(mart: str, previous_release: Path | None) -> list[Expectation]:
    """Warn where a mart has lost many of the rows that it had when it was published last."""
    if previous_release is None or mart in FILLED_BY_PUBLISHING:
        return []
    file = previous_release / "parquet" / f"{mart}.parquet"
    if not file.exists():
        return []
    before = pq.read_metadata(file).num_rows

    def say(faults: int, checked: int, details: str) -> str:
        change = f"{mart} has {checked:,} rows, after {before:,} in the last release"
        return f"{change}: more than 30 % fewer." if faults else f"{change}."

    fewest = before * _USUAL_SHARE
    return [
        Expectation(
            "row_count_is_as_usual",
            "warning",
            f"case when count(*) < {fewest!r} then 1 else 0 end",
            say,
        )
    ]
