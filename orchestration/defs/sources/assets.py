"""An asset per source table: its loads in the lake, each behind gate 1."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.automation.freshness import table_freshness
from orchestration.defs.partitions import ONE_RUN, days_of
from orchestration.defs.quality.checks import check_result
from orchestration.defs.resources import TandemResource, failure
from orchestration.defs.sources.keys import AGREEMENT_KEY, table_key
from orchestration.lib.company.folder import Company
from orchestration.lib.company.source_config import Source, Table
from orchestration.lib.entities import ENTITIES
from orchestration.lib.errors import TandemError
from orchestration.lib.lock import exclusive

GATE = "gate_1"
_COUNTS = ("rows_read", "rows_quarantined", "rows_duplicate", "rows_filtered")

# A database may be busy for a moment; a file that cannot be read stays so.
_RETRY = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL)


def build_source_assets(
    company: Company, partitions: dg.PartitionsDefinition, usual: dg.FreshnessPolicy
) -> list[dg.AssetsDefinition]:
    """The assets of all source tables, and the agreement's.

    `usual` is how fresh a table is kept that does not say it itself.
    """
    tables = [
        _table_asset(source, table_name, partitions, usual)
        for source in company.sources
        for table_name in source.tables
    ]
    return [*tables, _agreement_asset(partitions)]


def _table_asset(
    source: Source,
    table_name: str,
    partitions: dg.PartitionsDefinition,
    usual: dg.FreshnessPolicy,
) -> dg.AssetsDefinition:
    table = source.tables[table_name]
    key = table_key(source.source, table_name)
    entities = ", ".join(sorted({mapping.entity for mapping in table.entities}))
    origin = ", ".join(table.files or []) or table.table or "a query"

    @dg.asset(
        key=key,
        partitions_def=partitions,
        backfill_policy=ONE_RUN,
        freshness_policy=table_freshness(table.freshness, usual),
        group_name="sources",
        owners=[f"team:{source.owner}"],
        kinds={"parquet", "file" if source.type == "files" else "sql"},
        description=f"{(source.description or source.source).rstrip('.')}: {origin} as {entities}.",
        metadata={"source": source.source, "entities": entities, "load": table.load},
        retry_policy=_RETRY if source.type == "sql" else None,
        pool=f"source_{source.source}",
        check_specs=[
            dg.AssetCheckSpec(
                GATE,
                asset=key,
                blocking=True,
                description="Keys, types, ranges, freshness and volume of this load hold.",
            )
        ],
    )
    def ingest(
        context: dg.AssetExecutionContext, tandem: TandemResource
    ) -> Iterator[dg.MaterializeResult]:
        from orchestration.lib.ingest import ingest_table

        try:
            company = tandem.company()
            ingested = ingest_table(
                tandem.settings,
                company,
                source,
                table_name,
                as_of=tandem.as_of(context, company),
                run_id=context.run_id,
                days=days_of(context),
                on_progress=context.log.info,
            )
        except TandemError as error:
            # Nothing was read: trying again would only say the same.
            raise failure(error, allow_retries=source.type == "sql") from None
        context.log.info(ingested.summary)
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": ingested.total("rows"),
                "dagster/column_schema": _column_schema(table),
                "load_id": ingested.load.load_id,
                "state": ingested.load.state,
                "is_unchanged": ingested.is_unchanged,
                **{name: ingested.total(name) for name in _COUNTS},
                **{
                    name: str(value)
                    for name, value in (
                        ("window_start", ingested.loads[0].window_start),
                        ("window_end", ingested.load.window_end),
                    )
                    if value is not None
                },
            },
            check_results=[check_result(key, GATE, ingested.results)],
        )

    return ingest


def _column_schema(table: Table) -> dg.TableSchema:
    """The mapped columns of all entities that the table feeds."""
    return dg.TableSchema(
        [
            dg.TableColumn(
                f"{mapping.entity}.{column.name}", column.kind, description=column.description
            )
            for mapping in table.entities
            for column in ENTITIES[mapping.entity].columns
            if column.name in mapping.columns
        ]
    )


def _agreement_asset(partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(
        key=AGREEMENT_KEY,
        partitions_def=partitions,
        backfill_policy=ONE_RUN,
        group_name="agreement",
        owners=["team:marketing", "team:sales"],
        kinds={"csv", "parquet"},
        description="The agreement of both teams, versioned by its content.",
        pool="source_agreement",
    )
    def agreement(
        context: dg.AssetExecutionContext, tandem: TandemResource
    ) -> dg.MaterializeResult:
        from orchestration.lib.lake.lake import Lake

        try:
            current = tandem.company().agreement
            with exclusive(tandem.settings, "load the agreement"):
                lake = Lake(tandem.settings)
                lake.ensure()
                load_id = lake.write_agreement(current.tables, current.version, context.run_id)
        except TandemError as error:
            raise failure(error) from None
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(table.num_rows for table in current.tables.values()),
                "load_id": load_id,
                "agreement_version": current.version,
                "is_signed": current.is_signed,
            }
        )

    return agreement
