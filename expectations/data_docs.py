"""The gates' results as Great Expectations' own static site, one for each release.

Belongs here: turning results into the site. It is made from results alone, so that those of
several loads and processes come together, and no value of any row can be in it but the masked
examples that the results hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from expectations.results import ExpectationResult
from expectations.runner import gx_context

# A tour of GX's features, three of the site's four megabytes; no page shows it.
_UNUSED = ("glossary_scroller.gif", "validation_failed_unexpected_values.gif")


def build_data_docs(results: Iterable[ExpectationResult], target: Path) -> Path:
    """Write the site into a folder, and return its index page.

    Each gate and asset is one suite with one validation. About half a second for all marts.
    """
    context = gx_context()
    from great_expectations.core.run_identifier import RunIdentifier

    context.add_data_docs_site("release", _site(target))
    ordered = sorted(results, key=lambda result: (result.gate, result.asset))
    last = max((result.checked_at for result in ordered), default=datetime.now(UTC))
    run = RunIdentifier(run_name="gates", run_time=last.replace(tzinfo=UTC))
    for (gate, asset), group in groupby(ordered, key=lambda result: (result.gate, result.asset)):
        _add_validation(context, f"{gate}.{asset}", list(group), run)
    context.build_data_docs()
    for name in _UNUSED:
        (target / "static" / "images" / name).unlink(missing_ok=True)
    return target / "index.html"


def _site(target: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(target),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
    }


def _add_validation(context: Any, name: str, results: list[ExpectationResult], run: Any) -> None:
    from great_expectations import ExpectationSuite
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.core import ExpectationValidationResult as GxResult
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )
    from great_expectations.expectations.metadata_types import FailureSeverity

    from expectations.gx_expectation import ExpectNoFaults

    suite = context.suites.add(
        ExpectationSuite(
            name=name,
            expectations=[
                ExpectNoFaults(
                    rule=result.expectation,
                    faults="",
                    checked="",
                    severity=FailureSeverity(result.severity),
                    description=f"{result.expectation} ({result.severity}, team:{result.owner})",
                )
                for result in results
            ],
        )
    )
    held = sum(result.passed for result in results)
    validation = ExpectationSuiteValidationResult(
        success=held == len(results),
        results=[
            GxResult(
                success=result.passed,
                expectation_config=expectation.configuration,
                result={"observed_value": result.message},
                exception_info={
                    "raised_exception": result.raised,
                    "exception_message": result.message if result.raised else None,
                    "exception_traceback": "",
                },
            )
            for result, expectation in zip(results, suite.expectations, strict=True)
        ],
        suite_name=name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": held,
            "unsuccessful_expectations": len(results) - held,
            "success_percent": 100 * held / len(results),
        },
        meta={"run_id": run, "great_expectations_version": _gx_version()},
    )
    identifier = ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(name),
        run_id=run,
        batch_identifier=name,
    )
    context.validation_results_store.set(identifier, validation)


def _gx_version() -> str:
    from great_expectations import __version__

    return str(__version__)
