"""The one Great Expectations expectation that all suites are written with.

Belongs here: its metrics, its verdict and what Data Docs tell of it. Imports GX, which takes
seconds: only `runner` and `data_docs` import this module, inside their functions, and
`data_docs_views`.

GX computes aggregate metrics of one batch together, so that a table costs one query however
many expectations it has; its own query expectations cost one each.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy
from great_expectations.core import ExpectationValidationResult
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.render import LegacyDiagnosticRendererType
from great_expectations.render.renderer.renderer import renderer

# What Data Docs show of an expectation's meta, in columns after GX's own three.
META_COLUMNS = ("status", "severity", "examples")


class TableFaults(TableMetricProvider):
    """The number of faults, by the aggregate that the expectation gives."""

    metric_name = "table.faults"
    value_keys = ("faults",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(
        cls,  # noqa: N805 - GX calls it with the class
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        return sqlalchemy.literal_column(metric_value_kwargs["faults"]), metric_domain_kwargs, {}


class TableChecked(TableMetricProvider):
    """The number of things that were checked, by the aggregate that the expectation gives."""

    metric_name = "table.checked"
    value_keys = ("checked",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(
        cls,  # noqa: N805 - GX calls it with the class
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        return sqlalchemy.literal_column(metric_value_kwargs["checked"]), metric_domain_kwargs, {}


class ExpectNoFaults(BatchExpectation):
    """A table has none of the faults that an aggregate counts."""

    rule: str
    faults: str
    checked: str

    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.faults", "table.checked")
    success_keys: ClassVar[tuple[str, ...]] = ("rule", "faults", "checked")
    args_keys: ClassVar[tuple[str, ...]] = ("rule",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        faults = int(metrics["table.faults"])
        return {
            "success": faults == 0,
            "result": {"observed_value": faults, "checked": int(metrics["table.checked"])},
        }

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.META_PROPERTIES)
    def _diagnostic_meta_properties_renderer(
        cls, result: ExpectationValidationResult | None = None
    ) -> list[list[Any]]:
        # GX's own takes the columns from the suite, and breaks an expectation with a description.
        config = result.expectation_config if result is not None else None
        meta = (config.meta if config is not None else None) or {}
        return [[meta.get(column, "")] for column in META_COLUMNS]
