"""The loads of one table in one run: read, map, check, write. No Dagster in here.

Belongs here: the order of the steps between an input and its accepted or rejected loads. Does
not belong here: what of it a run reads (`reading`), how each step works (`extract`, `mapping`,
`expectations`, `lake`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

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
from orchestration.lib.durable import scratch
from orchestration.lib.entities import ENTITIES
from orchestration.lib.erasure.erase import finish_interrupted
from orchestration.lib.erasure.extraction import drop_erased
from orchestration.lib.extract import RawTable, file_fingerprints
from orchestration.lib.extract.inputs import fingerprint
from orchestration.lib.extract.model import MalformedRow
from orchestration.lib.lake import quarantine
from orchestration.lib.lake.duplicates import UNIQUE_RULE, split_duplicates
from orchestration.lib.lake.lake import Counts, Lake
from orchestration.lib.lake.manifest import Load
from orchestration.lib.lake.standing import standing_results
from orchestration.lib.lock import exclusive
from orchestration.lib.mapping.mapping import map_entity, remap_record
from orchestration.lib.mapping.private import load_hash_key
from orchestration.lib.reading import Part, Progress, parts_to_read, read_part
from orchestration.lib.windows import BEGINNING, RunDays
from orchestration.settings import Settings

# Raise it when the same input and settings would now be read or mapped differently.
MAPPING_VERSION = 2


@dataclass(frozen=True)
class Ingested:
    """What an ingest came to: the loads it added, oldest first.

    `is_unchanged` says that the input is the one of an earlier load, which was left as it is.
    Of several loads all but the last are accepted.
    """

    loads: tuple[Load, ...]
    is_unchanged: bool

    @property
    def results(self) -> list[ExpectationResult]:
        """What gate 1 says of these loads together."""
        return standing_results(self.loads)

    @property
    def load(self) -> Load:
        """The newest load of the table."""
        return self.loads[-1]

    def total(self, count: str) -> int:
        """The sum of one of the counts of `Load`."""
        return sum(getattr(load, count) for load in self.loads)

    @property
    def summary(self) -> str:
        """One line for progress and logs."""
        rows = f"{self.total('rows'):,} rows"
        if self.is_unchanged:
            return f"{rows}, unchanged since load {self.load.load_id}"
        parts = [rows] if len(self.loads) == 1 else [f"{rows} in {len(self.loads)} loads"]
        for count, word in (
            ("rows_quarantined", "quarantined"),
            ("rows_duplicate", "duplicates"),
            ("rows_filtered", "left out by where"),
            ("rows_erased", "of erased persons"),
        ):
            if self.total(count):
                parts.append(f"{self.total(count):,} {word}")
        start, end = self.loads[0].window_start, self.load.window_end
        if start is not None and end is not None:
            first = "up to" if start == BEGINNING else f"{start:%Y-%m-%d} to"
            parts.append(f"{first} {end - timedelta(days=1):%Y-%m-%d}")
        return ", ".join(parts)


def ingest_table(
    settings: Settings,
    company: Company,
    source: Source,
    table_name: str,
    as_of: datetime,
    run_id: str,
    days: RunDays | None = None,
    on_progress: Callable[[str], None] = lambda line: None,
) -> Ingested:
    """Load what a run has to read of one table of a source: see `docs/company-folder.md`.

    `as_of` is naive UTC; freshness is judged against it. `days` are the run's; without them a
    database is read as a whole. Several loads stop at the first that is rejected, and
    `on_progress` is told a line after each. Raises TandemError where the input cannot be read
    or mapped at all; then what was loaded before stands, and the next run goes on after it.
    """
    with exclusive(settings, f"load {source.source}.{table_name}"):
        finish_interrupted(settings)
        lake = Lake(settings)
        lake.ensure()
        exemptions = quarantine.exemptions(settings, source.source, table_name)
        files = file_fingerprints(source, table_name, company.folder)
        fingerprints = {
            "input_fingerprint": fingerprint(files) if files else "",
            "config_fingerprint": _config_fingerprint(
                company, source, table_name, exemptions, as_of
            ),
            "mapping_fingerprint": _mapping_fingerprint(source, table_name),
        }
        newest = lake.newest(source.source, table_name)
        if (
            files
            and newest is not None
            and all(getattr(newest, name) == value for name, value in fingerprints.items())
        ):
            return Ingested((newest,), is_unchanged=True)
        first_day = company.agreement.company.history_start
        parts = parts_to_read(
            lake,
            source,
            table_name,
            files,
            days,
            first_day,
            fingerprints["mapping_fingerprint"],
            company.folder,
        )
        progress = Progress(parts, first_day)
        loads: list[Load] = []
        for part in parts:
            raw = read_part(lake, company, source, table_name, part)
            load = _load(
                settings,
                company,
                source,
                table_name,
                raw,
                as_of,
                run_id,
                exemptions,
                part,
                days,
                # The input as a whole counts as read once its last part is.
                fingerprints if part is parts[-1] else {**fingerprints, "input_fingerprint": ""},
            )
            loads.append(load)
            if len(parts) > 1:
                on_progress(progress.line(loads))
            if load.state == "rejected":
                break
        return Ingested(tuple(loads), is_unchanged=False)


def _load(
    settings: Settings,
    company: Company,
    source: Source,
    table_name: str,
    raw: RawTable,
    as_of: datetime,
    run_id: str,
    exemptions: set[quarantine.Exemption],
    part: Part,
    days: RunDays | None,
    fingerprints: Mapping[str, str],
) -> Load:
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
    accepted = lake.manifest.loads_of(source.source, table_name, "accepted")
    # Loads that hold all there is of something have a usual size; additions have none.
    is_whole = table.load == "snapshot" or (part.window is not None and table.is_report)
    context = LoadContext(
        source=source.source,
        table=table_name,
        load_mode=table.load,
        rows_read=raw.data.num_rows,
        malformed=len(left.malformed),
        conflicting=sum(split.conflicting.num_rows for split in splits.values()),
        columns_found=tuple(raw.columns),
        previous_columns=tuple(accepted[0].columns_found) if accepted else (),
        missing_columns=tuple(
            sorted({name for entity in mapped.values() for name in entity.missing_columns})
        ),
        history=tuple(lake.history(source.source, table_name, part.window)) if is_whole else (),
        is_report_window=part.window is not None,
        newest_event=None if table.load == "snapshot" else _newest_event(accepted),
        as_of=as_of,
        warn_after_days=table.freshness.warn_after_days,
        error_after_days=table.freshness.error_after_days,
        limits=limits_for(company.agreement, source.source, table_name),
        allow_empty=table.allow_empty or part.is_addition,
        is_addition=part.is_addition,
        owner=source.owner,
    )
    with scratch(settings.home / "tmp") as folder:
        candidates = {}
        for name, split in splits.items():
            candidates[name] = folder / f"{name}.parquet"
            pq.write_table(split.kept, candidates[name], compression="zstd")
        outcome = check_load(candidates, context, exemptions)
    good: dict[str, pa.Table] = {}
    bad: dict[str, pa.Table] = {"": _malformed_rows(left.malformed)}
    for name, split in splits.items():
        good[name], broken = _apart(split.kept, name, outcome)
        bad[name] = pa.concat_tables([broken, _conflicting_rows(split.conflicting)])
    carried = {
        name: _carried(
            lake,
            source,
            table_name,
            part,
            name,
            good[name]["source_id"],
            # Ids that are made of a row's content know nothing of an older version of it.
            bad[name]["source_id"] if "source_id" in columns[name] else pa.chunked_array([], "str"),
        )
        for name in good
    }
    load_id = lake.begin_load(
        source.source, table_name, table.load, part.window, run_id, days.window if days else None
    )
    return lake.commit_load(
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
        files=dict(part.files),
        newest_event_at=outcome.newest_event,
        **fingerprints,
    )


def _newest_event(loads: Iterable[Load]) -> datetime | None:
    times = (load.newest_event_at for load in loads)
    return max((at for at in times if at is not None), default=None)


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
    return _digest(
        {
            # An input that no longer changes grows stale: its age is judged anew each day.
            "day": as_of.date().isoformat() if is_aging else None,
            "mapping": _mapping_fingerprint(source, table_name),
            "table": source.tables[table_name].model_dump(mode="json"),
            "exemptions": sorted(exemptions),
            "limits": asdict(limits_for(company.agreement, source.source, table_name)),
        }
    )


def _mapping_fingerprint(source: Source, table_name: str) -> str:
    """Everything beside the input that decides which rows come of it.

    Where it is another than a load's, what that load has read is read again.
    """
    table = source.tables[table_name]
    return _digest(
        {
            "version": MAPPING_VERSION,
            "source": source.model_dump(
                mode="json", exclude={"tables", "url", "description", "owner"}
            ),
            "table": table.model_dump(
                mode="json", exclude={"files", "allow_empty", "freshness", "lag_days"}
            ),
            "entities": {
                mapping.entity: str(ENTITIES[mapping.entity].arrow_schema)
                for mapping in table.entities
            },
        }
    )


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _carried(
    lake: Lake,
    source: Source,
    table_name: str,
    part: Part,
    entity: str,
    good: pa.ChunkedArray,
    bad: pa.ChunkedArray,
) -> pa.Table:
    """What this load would replace of records that are bad in it, by id: it stays current.

    So do tombstones in a snapshot, although the source no longer has what they stand for, or it
    was dropped. In the other modes nothing replaces them: they are of no file and have the
    newest version of their ids. Where versions stand beside each other in the lake, readers find
    the newest good one.
    """
    ids = pc.unique(bad.drop_null())
    lost = ids.filter(pc.invert(pc.is_in(ids, value_set=good.combine_chunks())))
    match source.tables[table_name].load:
        case "snapshot":
            last = lake.manifest.last(source.source, table_name, ("accepted",))
            older = lake.last_versions(last, entity, lost)
            tombstones = lake.last_tombstones(source.source, table_name, entity)
            # An event that was an erased person's may have become another's.
            for known in (good, older["source_id"]):
                ids = tombstones["source_id"]
                is_known = pc.is_in(ids, value_set=known.combine_chunks())
                tombstones = tombstones.filter(pc.invert(is_known))
            return pa.concat_tables([older, tombstones])
        case "append":
            read = lake.read_files(source.source, table_name)
            loads = {read[name].load_id: read[name] for name in part.files if name in read}
            return lake.last_versions(list(loads.values()), entity, lost, list(part.files))
        case "upsert":
            return lake.last_versions([], entity, lost)


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
