"""What of a table's input a run reads, a part for each load, and how far it has come.

Belongs here: choosing the files and windows of a run, and reading one part of them. Does not
belong here: which days a run asks for (`windows`), how an input is read (`extract`), what
becomes of its rows (`ingest`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from orchestration.lib.company.folder import Company
from orchestration.lib.company.source_config import Source
from orchestration.lib.extract import RawTable, read_table
from orchestration.lib.lake.lake import Lake
from orchestration.lib.lake.manifest import Load, Window
from orchestration.lib.windows import BEGINNING, RunDays, midnight, windows_to_read

# What one load reads of many files at most, so that a long history fits into memory: about a
# million rows of Parquet. A file is never divided.
PART_BYTES = 64 << 20


@dataclass(frozen=True)
class Part:
    """What one load reads: a window of a database, some files, or the input as a whole.

    `files` are those that the load reads, with their fingerprints. `is_addition` says that
    the table has other rows beside it, so that it may well have none of its own.
    """

    window: Window | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    is_addition: bool = False


def parts_to_read(
    lake: Lake,
    source: Source,
    table_name: str,
    files: Mapping[str, str],
    days: RunDays | None,
    first_day: date,
    mapping_fingerprint: str,
    company: Path,
) -> list[Part]:
    """What a run reads of a table, oldest first, one load each.

    `files` are the fingerprints of those that are there now, by name relative to the folder
    `company`. What was mapped otherwise than `mapping_fingerprint` says is read again.
    """
    table = source.tables[table_name]
    if table.load == "snapshot":
        return [Part(files=files)]
    if files:
        read = lake.read_files(source.source, table_name)
        changed = {
            name: content
            for name, content in files.items()
            if name not in read
            or (read[name].files[name], read[name].mapping_fingerprint)
            != (content, mapping_fingerprint)
        }
        parts = _by_size(changed, company)
        return [Part(files=part, is_addition=bool(read) or len(parts) > 1) for part in parts]
    if not table.is_windowed or days is None:
        return [Part()]
    loads = [
        load
        for load in lake.manifest.loads_of(source.source, table_name, "accepted")
        if load.mapping_fingerprint == mapping_fingerprint
    ]
    windows = windows_to_read(days, table.lag, loads, first_day)
    is_addition = bool(loads) or len(windows) > 1 or windows[0][0] > BEGINNING
    return [Part(window, is_addition=is_addition) for window in windows]


def _by_size(files: Mapping[str, str], company: Path) -> list[dict[str, str]]:
    """The files in the order of their names, as many together as `PART_BYTES` allow."""
    parts: list[dict[str, str]] = [{}]
    room = PART_BYTES
    for name in sorted(files):
        size = (company / name).stat().st_size
        if size > room and parts[-1]:
            parts.append({})
            room = PART_BYTES
        parts[-1][name] = files[name]
        room -= size
    return parts


def read_part(
    lake: Lake, company: Company, source: Source, table_name: str, part: Part
) -> RawTable:
    """The rows of one part, unmapped; raises ExtractError where it cannot be read."""
    if source.type == "files" and not part.files:
        # No file is new: there are no rows, and their age and the limits are judged anew.
        last = lake.manifest.last(source.source, table_name, ("accepted",))
        columns = last[0].columns_found if last else []
        schema = pa.schema([*((name, pa.string()) for name in (*columns, "_file"))])
        data = schema.append(pa.field("_line", pa.int64())).empty_table()
        return RawTable(data, [], [], columns)
    return read_table(source, table_name, company.folder, part.window, part.files or None)


class Progress:
    """How far several loads of a table have come, as lines for people."""

    def __init__(self, parts: Sequence[Part], first_day: date) -> None:
        self._unit = "files" if parts[0].window is None else "days"
        self._amounts = [_amount(part, midnight(first_day)) for part in parts]
        self._began = time.monotonic()

    def line(self, loads: Sequence[Load]) -> str:
        """What is done, how fast, and how long the rest will take at that pace."""
        seconds = time.monotonic() - self._began
        rows = sum(load.rows_read for load in loads)
        done, total = sum(self._amounts[: len(loads)]), sum(self._amounts)
        left = seconds * (total - done) / max(done, 1)
        return (
            f"{done:,} of {total:,} {self._unit}, {len(loads)} of {len(self._amounts)} loads,"
            f" {rows:,} rows, {rows / max(seconds, 1e-9):,.0f} rows/s, {_duration(left)} left"
        )


def _amount(part: Part, first_day: datetime) -> int:
    """How much a part reads: the days of its window, or its files."""
    if part.window is None:
        return len(part.files)
    start, end = part.window
    return (end - max(start, first_day)).days


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
