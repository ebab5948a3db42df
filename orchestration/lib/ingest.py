"""One load of one table: read, map, check, write. No Dagster in here.

Belongs here: the order of the steps between an input and its accepted or rejected load.
Does not belong here: how each step works (`extract`, `mapping`, `expectations`, `lake`).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from expectations.gate_1 import GateOneOutcome, check_load
from expectations.results import ExpectationResult
from expectations.suites.loads import LoadContext
from orchestration.lib.company.folder import Company
from orchestration.lib.company.quality_limits import limits_for
from orchestration.lib.company.source_config import Source
from orchestration.lib.durable import make_folder
from orchestration.lib.entities import ENTITIES
from orchestration.lib.erasure.erase import finish_interrupted
from orchestration.lib.erasure.extraction import drop_erased
from orchestration.lib.extract import RawTable, input_fingerprint, read_table
from orchestration.lib.extract.model import MalformedRow
from orchestration.lib.lake import quarantine
from orchestration.lib.lake.duplicates import UNIQUE_RULE, split_duplicates
from orchestration.lib.lake.lake import Counts, Lake
from orchestration.lib.lake.manifest import Load
from orchestration.lib.lock import exclusive
from orchestration.lib.mapping.mapping import map_entity, remap_record
from orchestration.lib.mapping.private import load_hash_key
from orchestration.settings import Settings

# Raise it when the same input and settings would now be read or mapped differently.
MAPPING_VERSION = 1


@dataclass(frozen=True)
class Ingested:
    """What an ingest came to: the load that now stands for the table, and its gate's results.

    `is_unchanged` says that the input is the one of an earlier load, which was left as it is.
    """

    load: Load
    results: list[ExpectationResult]
    is_unchanged: bool

    @property
    def summary(self) -> str:
        """One line for progress and logs."""
        load = self.load
        if self.is_unchanged:
            return f"{load.rows:,} rows, unchanged since load {load.load_id}"
        aside = [
            f"{count:,} {word}"
            for count, word in (
                (load.rows_quarantined, "quarantined"),
                (load.rows_duplicate, "duplicates"),
                (load.rows_filtered, "left out by where"),
                (load.rows_erased, "of erased persons"),
            )
            if count
        ]
        return ", ".join([f"{load.rows:,} rows", *aside])


def ingest_table(
    settings: Settings,
    company: Company,
    source: Source,
    table_name: str,
    as_of: datetime,
    run_id: str,
) -> Ingested:
    """Load one table of a source, unless its input and settings are those of its newest load.

    `as_of` is naive UTC; freshness is judged against it. Raises TandemError where the input
    cannot be read or mapped at all; then nothing was written.
    """
    with exclusive(settings, f"load {source.source}.{table_name}"):
        finish_interrupted(settings)
        lake = Lake(settings)
        lake.ensure()
        exemptions = quarantine.exemptions(settings, source.source, table_name)
        found = input_fingerprint(source, table_name, company.folder)
        configured = _config_fingerprint(company, source, table_name, exemptions, as_of)
        newest = lake.newest(source.source, table_name)
        if (
            found is not None
            and newest is not None
            and (newest.input_fingerprint, newest.config_fingerprint) == (found, configured)
        ):
            return Ingested(newest, standing_results(newest), is_unchanged=True)
        raw = read_table(source, table_name, company.folder, None)
        return _load(
            settings, company, source, table_name, raw, as_of, run_id, exemptions, found, configured
        )


def _load(
    settings: Settings,
    company: Company,
    source: Source,
    table_name: str,
    raw: RawTable,
    as_of: datetime,
    run_id: str,
    exemptions: set[quarantine.Exemption],
    input_fingerprint: str | None,
    config_fingerprint: str,
) -> Ingested:
    lake = Lake(settings)
    table = source.tables[table_name]
    hash_key = load_hash_key(settings, os.environ)
    mapped = {
        mapping.entity: map_entity(raw, source, table_name, mapping, hash_key)
        for mapping in table.entities
    }
    columns = {mapping.entity: mapping.columns for mapping in table.entities}
    left = drop_erased(
        settings,
        source.source,
        {name: entity.candidate for name, entity in mapped.items()},
        raw.malformed,
    )
    splits = {
        name: split_duplicates(
            candidate,
            name,
            table.load,
            is_id_mapped="source_id" in columns[name],
        )
        for name, candidate in left.candidates.items()
    }
    previous = lake.manifest.last(source.source, table_name, ("accepted",))
    context = LoadContext(
        source=source.source,
        table=table_name,
        load_mode=table.load,
        rows_read=raw.data.num_rows,
        malformed=len(left.malformed),
        conflicting=sum(split.conflicting.num_rows for split in splits.values()),
        columns_found=tuple(raw.columns),
        previous_columns=tuple(previous[0].columns_found) if previous else (),
        missing_columns=tuple(
            sorted({name for entity in mapped.values() for name in entity.missing_columns})
        ),
        history=tuple(lake.history(source.source, table_name)) if table.load == "snapshot" else (),
        as_of=as_of,
        warn_after_days=table.freshness.warn_after_days,
        error_after_days=table.freshness.error_after_days,
        limits=limits_for(company.agreement, source.source, table_name),
        allow_empty=table.allow_empty,
        owner=source.owner,
    )
    make_folder(settings.home / "tmp")
    with tempfile.TemporaryDirectory(dir=settings.home / "tmp") as folder:
        candidates = {}
        for name, split in splits.items():
            candidates[name] = Path(folder) / f"{name}.parquet"
            pq.write_table(split.kept, candidates[name], compression="zstd")
        outcome = check_load(candidates, context, exemptions)
    good: dict[str, pa.Table] = {}
    bad: dict[str, pa.Table] = {"": _malformed_rows(left.malformed)}
    for name, split in splits.items():
        good[name], broken = _apart(split.kept, name, outcome)
        bad[name] = pa.concat_tables([broken, _conflicting_rows(split.conflicting)])
    carried = {
        name: _carried(lake, source, table_name, name, good[name], bad[name]["source_id"])
        for name in good
        if table.load == "snapshot"
    }
    load_id = lake.begin_load(source.source, table_name, table.load, None, run_id)
    load = lake.commit_load(
        load_id,
        good,
        bad,
        "accepted" if outcome.accepted else "rejected",
        Counts(
            rows_read=raw.data.num_rows,
            rows_duplicate=sum(split.exact_duplicates for split in splits.values()),
            rows_filtered=sum(entity.filtered_rows for entity in mapped.values()),
            malformed=len(left.malformed),
            rows_erased=left.count,
        ),
        carried=carried,
        results=outcome.results,
        columns_found=raw.columns,
        input_fingerprint=input_fingerprint or "",
        config_fingerprint=config_fingerprint,
    )
    return Ingested(load, outcome.results, is_unchanged=False)


def standing_results(load: Load) -> list[ExpectationResult]:
    """The gate's results as they stand: an accepted load is not blocked by what was overruled."""
    results = [ExpectationResult.from_dict(result) for result in load.results]
    if load.state == "rejected":
        return results
    return [
        replace(
            result,
            severity="warning",
            message=f"{result.message} Load {load.load_id} was accepted all the same.",
        )
        if result.blocks
        else result
        for result in results
    ]


def release_row(
    settings: Settings, company: Company, quarantine_id: str, by: str, why: str
) -> None:
    """Let a quarantined row into its load; see `quarantine.release` for when it is refused."""

    def remap(row: quarantine.QuarantinedRow) -> pa.Table:
        source = next((each for each in company.sources if each.source == row.source), None)
        if source is None or row.table_name not in source.tables:
            raise ValueError(f"the company has no table {row.source}.{row.table_name} any more")
        table = source.tables[row.table_name]
        mapping = next((each for each in table.entities if each.entity == row.entity), None)
        if mapping is None:
            raise ValueError(f"{row.source}.{row.table_name} no longer feeds {row.entity}")
        hash_key = load_hash_key(settings, os.environ)
        return remap_record(
            row.raw,
            source,
            row.table_name,
            mapping,
            hash_key,
            file=row.file,
            line=row.line or 0,
            source_id=row.source_id,
        ).candidate

    quarantine.release(settings, quarantine_id, by, why, remap)


def _config_fingerprint(
    company: Company,
    source: Source,
    table_name: str,
    exemptions: set[quarantine.Exemption],
    as_of: datetime,
) -> str:
    """Everything beside the input that decides what a load holds and whether it is accepted."""
    freshness = source.tables[table_name].freshness
    is_aging = freshness.warn_after_days is not None or freshness.error_after_days is not None
    settings = {
        # An input that no longer changes grows stale: its age is judged anew each day.
        "day": as_of.date().isoformat() if is_aging else None,
        "version": MAPPING_VERSION,
        "source": source.model_dump(mode="json", exclude={"tables", "url", "description", "owner"}),
        "table": source.tables[table_name].model_dump(mode="json"),
        "entities": {
            mapping.entity: str(ENTITIES[mapping.entity].arrow_schema)
            for mapping in source.tables[table_name].entities
        },
        "exemptions": sorted(exemptions),
        "limits": asdict(limits_for(company.agreement, source.source, table_name)),
    }
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def _carried(
    lake: Lake,
    source: Source,
    table_name: str,
    entity: str,
    good: pa.Table,
    bad_ids: pa.ChunkedArray,
) -> pa.Table:
    """What the last load had of records that are bad in this snapshot: it stays current.

    So do the tombstones of erased persons, although the source has them no more, or is not asked
    for them. Other load modes keep every version in the lake, where readers find the newest good
    one.
    """
    tombstones = lake.last_tombstones(source.source, table_name, entity)
    if not ENTITIES[entity].requires_id:
        return tombstones
    ids = pc.unique(bad_ids.drop_null())
    lost = ids.filter(pc.invert(pc.is_in(ids, value_set=good["source_id"].combine_chunks())))
    older = lake.last_versions(source.source, table_name, entity, lost)
    return pa.concat_tables([older, tombstones])


def _apart(rows: pa.Table, entity: str, outcome: GateOneOutcome) -> tuple[pa.Table, pa.Table]:
    """The good rows of an entity's candidate, and its bad rows as the quarantine keeps them."""
    bad = outcome.bad_rows.filter(pc.equal(outcome.bad_rows["entity"], entity))
    if not bad.num_rows:
        return rows, _quarantined(rows.slice(0, 0), [], [])
    broken: dict[int, list[tuple[str, str]]] = {}
    for number, rule, message in zip(
        *(bad[name].to_pylist() for name in ("row_number", "rule", "message")), strict=True
    ):
        broken.setdefault(number, []).append((rule, message))
    is_good = np.ones(rows.num_rows, dtype=bool)
    is_good[list(broken)] = False
    taken = rows.take(list(broken))
    return rows.filter(pa.array(is_good)), _quarantined(
        taken,
        [quarantine.RULE_SEPARATOR.join(rule for rule, _ in each) for each in broken.values()],
        ["; ".join(message for _, message in each) for each in broken.values()],
    )


def _conflicting_rows(rows: pa.Table) -> pa.Table:
    message = "has the source_id of another row of this load"
    return _quarantined(rows, [UNIQUE_RULE] * rows.num_rows, [message] * rows.num_rows)


def _quarantined(rows: pa.Table, rules: Sequence[str], messages: Sequence[str]) -> pa.Table:
    columns = [rows["_file"], rows["_line"], list(rules), list(messages), rows["_raw"]]
    return pa.table(columns, schema=quarantine.BAD_ROWS).append_column(
        "source_id", rows["source_id"]
    )


def _malformed_rows(malformed: Sequence[MalformedRow]) -> pa.Table:
    rows = [
        {
            "file": row.file,
            "line": row.line,
            "rule": "rows_are_well_formed",
            "message": row.reason,
            "raw": row.raw,
        }
        for row in malformed
    ]
    return pa.Table.from_pylist(rows, schema=quarantine.BAD_ROWS)
