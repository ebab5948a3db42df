"""The dbt project as assets: staging, intermediate and marts, in one invocation."""

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_dbt import dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from orchestration.defs.partitions import ONE_RUN
from orchestration.defs.resources import (
    FULL_REFRESH_TAG,
    WAREHOUSE_POOL,
    DbtResource,
    TandemResource,
    failure,
)
from orchestration.defs.transform.translator import TandemTranslator
from orchestration.lib import dbt as dbt_lines
from orchestration.lib.company.folder import Company
from orchestration.lib.durable import make_folder
from orchestration.lib.errors import TandemError
from orchestration.lib.lock import exclusive
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.lib.lake.lake import Lake
    from orchestration.lib.warehouse import TableDescription


class ManifestMissingError(TandemError):
    """dbt's manifest is not there; the asset graph cannot be known without it."""


def build_dbt_assets(
    settings: Settings, company: Company, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """All models of the project; raises ManifestMissingError with the one thing to do about it."""
    if not settings.dbt_manifest.exists():
        raise ManifestMissingError("dbt's manifest is missing: run `make manifest`.")

    @dbt_assets(
        manifest=settings.dbt_manifest,
        dagster_dbt_translator=TandemTranslator(company),
        name="dbt_models",
        partitions_def=partitions,
        backfill_policy=ONE_RUN,
        pool=WAREHOUSE_POOL,
    )
    def dbt_models(
        context: dg.AssetExecutionContext, dbt: DbtResource, tandem: TandemResource
    ) -> Iterator[Any]:
        from orchestration.lib.erasure.erase import finish_interrupted
        from orchestration.lib.lake.lake import Lake
        from orchestration.lib.warehouse import describe_tables

        settings = tandem.settings
        with exclusive(settings, "dbt"):
            company = tandem.company()
            finish_interrupted(settings)
            lake = Lake(settings)
            lake.ensure()
            lake.clean_orphans()
            lake.export_loads(company.tables)
            # dbt runs as a child of this process, which does nothing else meanwhile.
            os.environ.update(dbt_lines.environment(settings))
            os.environ.update(
                dbt_lines.build_environment(
                    tandem.as_of(context, company), context.run_id, company.agreement.version
                )
            )
            full_refresh = context.run.tags.get(FULL_REFRESH_TAG) == "true"
            # Private: dbt's logs may quote values that a query stumbled over.
            target = make_folder(settings.home / "dbt" / "target")
            make_folder(settings.warehouse_file.parent)
            invocation = dbt.cli(
                dbt_lines.run_args(full_refresh), context=context, target_path=target
            )
            events = []
            try:
                for some in _by_the_second(invocation.stream()):
                    context.log.info(dbt_lines.built_line([_name(event) for event in some]))
                    events += some
            except DagsterDbtCliRuntimeError:
                _require_whole(lake)
                raise
        # dbt has let go of the warehouse: only now can the tables be counted.
        tables = describe_tables(settings.warehouse_file)
        for event in events:
            table = tables.get(_name(event))
            yield event if table is None else _with_table(event, table)

    return dbt_models


def _require_whole(lake: "Lake") -> None:
    """Say what to do about the lake, if it is a damaged file that dbt has failed on."""
    try:
        lake.require_whole()
    except TandemError as error:
        raise failure(error) from None


def _by_the_second(events: Iterator[Any]) -> Iterator[list[Any]]:
    """The events in order, those of about a second together: each line of a log costs a write."""
    some: list[Any] = []
    began = time.monotonic()
    for event in events:
        some.append(event)
        if time.monotonic() - began >= 1:
            yield some
            some, began = [], time.monotonic()
    if some:
        yield some


def _name(event: Any) -> str:
    """The model's name: the last part of its asset key, or of the op's output name."""
    if isinstance(event, dg.AssetMaterialization):
        return event.asset_key.path[-1]
    return str(event.metadata["unique_id"].value).split(".")[-1]


def _with_table(event: Any, table: "TableDescription") -> Any:
    schema = dg.TableSchema(
        [
            dg.TableColumn(column.name, column.type, description=column.description)
            for column in table.columns
        ]
    )
    metadata = {"dagster/row_count": table.rows, "dagster/column_schema": schema}
    return event.with_metadata({**event.metadata, **metadata})
