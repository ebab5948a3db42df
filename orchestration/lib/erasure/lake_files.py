"""An erasure in the lake and in quarantine: the one time that their files are rewritten.

Belongs here: which files hold a person, and replacing each as a whole. Does not belong here:
what becomes of a row (`rows`).

A file is written beside the old one and takes its name in one step. Doing it again finds nobody
any more, so that a crash in between does no harm.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.lib import duck
from orchestration.lib.company.folder import Company
from orchestration.lib.entities import ENTITIES
from orchestration.lib.erasure.known import PSEUDONYM_PREFIX, Erased
from orchestration.lib.erasure.rows import (
    Known,
    owner_of_text,
    person_kind,
    references,
    scrubbed,
    with_tombstones,
)
from orchestration.lib.lake.files import AGREEMENT, TOMBSTONE, write_parquet
from orchestration.lib.lake.lake import Lake
from orchestration.settings import Settings


@dataclass
class Rewritten:
    """What an erasure replaces: tombstones by entity, quarantined rows, loads concerned."""

    rows: Counter[str] = field(default_factory=Counter)
    quarantined: int = 0
    loads: set[int] = field(default_factory=set)


def rewrite_lake(
    settings: Settings, company: Company, erased: Erased, known: Known, *, is_trial: bool = False
) -> Rewritten:
    """Replace the person's rows everywhere; `is_trial` only counts them."""
    done = Rewritten()
    replaced = Lake(settings).superseded_files()
    for path, source, entity in _entity_files(settings):
        # Not `read_table`: it would make columns of the folders' names.
        rows = pq.ParquetFile(path).read()
        result = with_tombstones(rows, entity, source, erased, known, replaced)
        if result.erased:
            done.rows[entity] += result.erased
        if not result.rows.equals(rows):
            done.loads |= _loads_changed(rows, result.rows)
            if not is_trial:
                write_parquet(path, result.rows)
    mapped = _mapped_columns(company)
    for path in sorted(settings.quarantine.glob("*/*/load=*.parquet")):
        rows = pq.ParquetFile(path).read()
        old = rows.to_pylist()
        new = [_quarantined(row, mapped, erased, known) for row in old]
        if new != old:
            done.quarantined += sum(row["file"] == TOMBSTONE for row in new)
            done.quarantined -= sum(row["file"] == TOMBSTONE for row in old)
            done.loads.add(int(path.stem.partition("=")[2]))
            if not is_trial:
                write_parquet(path, pa.Table.from_pylist(new, schema=rows.schema))
    return done


def _entity_files(settings: Settings) -> Iterator[tuple[Path, str, str]]:
    for path in sorted(settings.lake.glob("[!_]*/*/entity=*/load=*/*.parquet")):
        source, _, entity, _, _ = path.relative_to(settings.lake).parts
        entity = entity.partition("=")[2]
        if source != AGREEMENT and entity in ENTITIES:
            yield path, source, entity


def _loads_changed(old: pa.Table, new: pa.Table) -> set[int]:
    """The loads whose rows differ."""
    loads = set(old["_load_id"].unique().to_pylist())
    if len(loads) == 1:
        return loads
    with duck.connect() as connection:
        connection.register("old", old)
        connection.register("new", new)
        changed = "select distinct _load_id from (from old except all from new)"
        return set(duck.fetch(connection, changed)["_load_id"].to_pylist())


def _mapped_columns(company: Company) -> dict[tuple[str, str, str], dict[str, str]]:
    """The raw column of each column that names a person, by source, table and entity."""
    found = {}
    for source in company.sources:
        for table_name, table in source.tables.items():
            for mapping in table.entities:
                found[source.source, table_name, mapping.entity] = {
                    name: column.source_columns[0]
                    for name, column in mapping.columns.items()
                    if name in references(mapping.entity) and len(column.source_columns) == 1
                }
    return found


def _quarantined(
    row: dict[str, Any],
    mapped: Mapping[tuple[str, str, str], Mapping[str, str]],
    erased: Erased,
    known: Known,
) -> dict[str, Any]:
    """A quarantined row as it shall be; the same where it names no erased person."""
    if row["file"] == TOMBSTONE:
        return row
    place = _owner(row, mapped, erased, known)
    if place < 0:
        return {
            **row,
            "raw": scrubbed(row["raw"], erased, known.texts),
            "message": scrubbed(row["message"], erased, known.texts),
        }
    source_id = row["source_id"]
    if source_id is not None:
        source_id = PSEUDONYM_PREFIX + erased.erasures[place].pseudonym("quarantined", source_id)
    return {
        **row,
        "file": TOMBSTONE,
        "line": None,
        "message": "of an erased person",
        "raw": "{}",
        "row_hash": secrets.token_hex(16),
        "source_id": source_id,
    }


def _owner(
    row: dict[str, Any],
    mapped: Mapping[tuple[str, str, str], Mapping[str, str]],
    erased: Erased,
    known: Known,
) -> int:
    place = owner_of_text(row["raw"], erased)
    if place >= 0:
        return place
    entity, source = row["entity"], row["source"]
    kind = person_kind(entity)
    if kind is not None and row["source_id"]:
        place = erased.of_record(kind, source, row["source_id"])
    try:
        raw = json.loads(row["raw"])
    except ValueError:
        raw = {}
    if not isinstance(raw, dict):
        raw = {}
    for name, column in mapped.get((source, row["table_name"], entity), {}).items():
        value = raw.get(column)
        if place < 0 and value not in (None, ""):
            place = erased.of_record(references(entity)[name], source, str(value).strip())
    # First and last name are often two values, one after the other.
    told = " ".join([row["raw"], *map(str, raw.values())])
    if place < 0 and entity != "opportunity" and scrubbed(told, erased, known.texts) != told:
        place = 0
    return place
