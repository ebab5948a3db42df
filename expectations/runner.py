"""Evaluates expectations: the only place that builds Great Expectations contexts.

Belongs here: one GX context over one in-memory DuckDB, and the way from GX's result to ours.
Does not belong here: what is expected (`suites`), which tables a gate looks at (`gate_1`,
`gate_2`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

import duckdb

from expectations.results import ExpectationResult, Gate, Owner, Severity
from expectations.rules import Expectation
from orchestration.lib.duck import quoted
from orchestration.lib.mapping.private import mask


class Session:
    """One in-memory DuckDB database and one GX context that pushes queries into it.

    Gates attach files and create views through `connection`; nothing else is written. Use it
    as a context manager.
    """

    def __init__(self, gate: Gate, spill: Path) -> None:
        """`spill` is where DuckDB puts what does not fit into memory."""
        self.gate = gate
        # A named in-memory database can be opened twice: by us, and by GX through SQLAlchemy.
        name = f":memory:{gate}_{uuid4().hex}"
        self.connection = duckdb.connect(name)
        self.connection.execute("set autoinstall_known_extensions = false")
        self.connection.execute(f"set temp_directory = {quoted(spill)}")
        self._source = gx_context().data_sources.add_sql(
            gate, connection_string=f"tandem_duckdb:///{name}", create_temp_table=False
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._source.get_execution_engine().close()
        self._source.get_engine().dispose()
        self.connection.close()

    def check(
        self,
        asset: str,
        relation: str,
        expectations: Sequence[Expectation],
        owner: Owner,
    ) -> list[ExpectationResult]:
        """Evaluate expectations on a table or view, in the order given.

        A query that fails gives a result with `raised`, never an exception.
        """
        from great_expectations import ExpectationSuite
        from great_expectations.expectations.metadata_types import FailureSeverity

        from expectations.gx_expectation import ExpectNoFaults

        name = f"{asset} {len(self._source.assets)}"  # GX wants them unique
        batch = (
            self._source.add_query_asset(name, f"select * from {relation}")
            .add_batch_definition_whole_table("all rows")
            .get_batch()
        )
        gx_expectations = [
            ExpectNoFaults(
                rule=each.name,
                faults=each.faults,
                checked=each.checked,
                severity=FailureSeverity(each.severity),
            )
            for each in expectations
        ]
        suite = ExpectationSuite(name=name, expectations=gx_expectations)
        found = {
            result.expectation_config.kwargs["rule"]: result
            for result in batch.validate(suite, result_format="BASIC").results
        }
        results = []
        for ours, theirs in zip(expectations, gx_expectations, strict=True):
            result = found[ours.name]
            if _error(result) is not None:
                # A failure in the shared query is told of all; alone it names the true cause.
                result = batch.validate(theirs, result_format="BASIC")
            results.append(self._result(asset, ours, result, owner))
        return results

    def _result(
        self, asset: str, expectation: Expectation, result: Any, owner: Owner
    ) -> ExpectationResult:
        def told(
            severity: Severity,
            passed: bool,
            counts: tuple[int | None, int | None],
            message: str,
            examples: list[str],
        ) -> ExpectationResult:
            return ExpectationResult(
                self.gate,
                asset,
                expectation.name,
                severity,
                passed,
                *counts,
                message,
                examples,
                datetime.now(UTC).replace(tzinfo=None),
                owner,
                raised=counts[0] is None,
            )

        error = _error(result)
        if error is not None:
            message = f"{expectation.name} on {asset} could not be evaluated: {error}"
            return told("critical", False, (None, None), message, [])
        failed, checked = result.result["observed_value"], result.result["checked"]
        details: list[str] = []
        examples: list[str] = []
        if failed:
            details = self._texts(expectation.details)
            examples = self._examples(expectation.examples)
        message = expectation.say(failed, checked, ", ".join(details))
        return told(expectation.severity, failed == 0, (failed, checked), message, examples)

    def _examples(self, query: str | None) -> list[str]:
        """Up to three examples: masked values, or places with problems (see `Expectation`)."""
        if query is None:
            return []
        rows = self.connection.execute(query).fetchall()[:3]
        return [
            mask(str(row[0])) if len(row) == 1 else f"{row[0]}: {masked(str(row[1]))}"
            for row in rows
        ]

    def _texts(self, query: str | None) -> list[str]:
        if query is None:
            return []
        return [str(text) for (text,) in self.connection.execute(query).fetchall()]


# A value as problems quote it: behind its column's name, with quotes inside it doubled.
_QUOTED_VALUE = re.compile(r"((?:^|; )\w+: ')((?:[^']|'')*)(?=' )")


def masked(problem: str) -> str:
    """A problem, or several joined by '; ', with only the values masked that it quotes.

    Of created_at: '31/31/2020' does not match %d/%m/%Y the date becomes ##/##/####. What a reason
    quotes itself, such as a decimal sign, stays.
    """

    def hidden(match: re.Match[str]) -> str:
        value = match[2].replace("''", "'")
        return match[1] + (mask(value) if value else "")

    text, found = _QUOTED_VALUE.subn(hidden, problem)
    if not found and "'" in problem:  # quoted in another way: nothing is shown from there on
        head, quote, rest = problem.partition("'")
        return head + quote + mask(rest)
    return text


def gx_context() -> Any:
    """A GX context in memory: no files, no sites, no progress bars, no analytics.

    Importing GX takes two to four seconds, the first time in a process.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    from expectations import dialect, gx_expectation  # noqa: F401 - GX learns it by the import

    dialect.register()
    context: Any = great_expectations.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            data_docs_sites={},
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )
    # Nobody reads what GX would save for each asset: all of its settings, as YAML, in memory.
    context._save_project_config = lambda: None
    return context


def _error(result: Any) -> str | None:
    """The first line of what GX caught while it evaluated, None if nothing was raised.

    GX gives one report, or one per metric; values that the text quotes are left out.
    """
    info: dict[str, Any] = result.exception_info or {}
    reports: Iterable[Any] = [info] if "raised_exception" in info else info.values()
    for report in reports:
        if report["raised_exception"]:
            first = str(report["exception_message"]).strip().splitlines()[0]
            return re.sub(r"'[^']*'", "'…'", first)
    return None
