"""The gates' results as Great Expectations' own static site, one for each release.

Belongs here: turning results into the site. It is made from results alone, so that those of
several loads and processes come together, and no value of any row can be in it but the masked
examples that the results hold. Does not belong here: how a page looks (`data_docs_views`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from expectations.results import ExpectationResult, blocking
from expectations.runner import gx_context


def build_data_docs(results: Iterable[ExpectationResult], target: Path) -> Path:
    """Write the site into a folder, and return its index page.

    Each gate and asset is one suite with one validation. The pages need nothing but each other.
    About half a second for all loads and marts.
    """
    context = gx_context()
    from great_expectations.core.run_identifier import RunIdentifier

    ordered = sorted(results, key=lambda result: (result.gate, result.asset))
    last = max((result.checked_at for result in ordered), default=datetime.now(UTC))
    run = RunIdentifier(run_name="gates", run_time=last.replace(tzinfo=UTC))
    suites = {
        f"{gate}.{asset}": list(group)
        for (gate, asset), group in groupby(ordered, key=lambda each: (each.gate, each.asset))
    }
    for name, group in suites.items():
        _add_validation(context, name, group, run)
    title = f"Tandem data quality, release of {last:%Y-%m-%d %H:%M} UTC"
    assets = {name: _counts(group) for name, group in suites.items()}
    context.add_data_docs_site("release", _site(target, {"title": title, "assets": assets}))
    context.build_data_docs()
    shutil.rmtree(target / "static")  # fonts and images of GX's own templates
    index = target / "index.html"
    pages = len(list((target / "validations").rglob("*.html")))
    if pages != len(suites) or not index.stat().st_size:
        raise RuntimeError("GX could not render all pages of the Data Docs; its log tells why.")
    return index


def _site(target: Path, shown: dict[str, Any]) -> dict[str, Any]:
    def view(class_name: str) -> dict[str, Any]:
        return {"module_name": "expectations.data_docs_views", "class_name": class_name, **shown}

    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(target),
        },
        "site_section_builders": {
            "validations": {"view": view("AssetPageView")},
            "expectations": "None",  # a validation's page has all that a suite's page would
            "profiling": "None",
        },
        "site_index_builder": {
            "class_name": "DefaultSiteIndexBuilder",
            "show_cta_footer": False,
            "view": view("IndexPageView"),
        },
    }


def _counts(results: list[ExpectationResult]) -> dict[str, Any]:
    told = [_status(result) for result in results]
    return {
        "status": next(each for each in ("failed", "warning", "held") if each in told),
        "expectations": len(told),
        "held": told.count("held"),
        "warnings": told.count("warning"),
        "failed": told.count("failed"),
        "owner": ", ".join(sorted({result.owner for result in results})),
    }


def _status(result: ExpectationResult) -> str:
    if result.passed:
        return "held"
    return "failed" if result.blocks else "warning"


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
                    description=result.expectation,
                    meta={
                        "status": _status(result),
                        "severity": result.severity,
                        "examples": result.examples,
                    },
                )
                for result in results
            ],
        )
    )
    held = sum(result.passed for result in results)
    validation = ExpectationSuiteValidationResult(
        success=not blocking(results),
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
