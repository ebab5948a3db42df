"""Gate results as Dagster asset checks. No personal value is in them: examples are masked."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from expectations.results import ExpectationResult


def check_result(
    key: dg.AssetKey, name: str, results: Sequence[ExpectationResult]
) -> dg.AssetCheckResult:
    """One check for all expectations of an asset: failed if a critical one does not hold.

    Warnings alone pass, with severity WARN, and say so in the description.
    """
    critical = [r for r in results if not r.passed and r.severity == "critical"]
    warnings = [r for r in results if not r.passed and r.severity == "warning"]
    held = sum(r.passed for r in results)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=not critical,
        severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
        description="; ".join(r.message for r in (*critical, *warnings))
        or f"All {held} expectations hold.",
        metadata={
            "expectations": len(results),
            "failed_critical": len(critical),
            "failed_warning": len(warnings),
            "table": dg.MetadataValue.table(
                [
                    dg.TableRecord(
                        {
                            "expectation": r.expectation,
                            "severity": r.severity,
                            "passed": r.passed,
                            "failed_rows": -1 if r.failed_rows is None else r.failed_rows,
                            "checked_rows": -1 if r.checked_rows is None else r.checked_rows,
                            "message": r.message,
                        }
                    )
                    for r in results
                ],
                schema=dg.TableSchema(
                    [
                        dg.TableColumn("expectation", "string"),
                        dg.TableColumn("severity", "string"),
                        dg.TableColumn("passed", "bool"),
                        dg.TableColumn("failed_rows", "int"),
                        dg.TableColumn("checked_rows", "int"),
                        dg.TableColumn("message", "string"),
                    ]
                ),
            ),
            "results": [r.to_dict() for r in results],
        },
    )
