"""Reading one table of a source as it is: nothing is cast, guessed, padded or dropped.

Belongs here: choosing between files and SQL. Does not belong here: meaning of columns
(`mapping`), what a row must satisfy (`expectations`), where rows go (`lake`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from orchestration.lib.company.source_config import Source
from orchestration.lib.extract.files import files_fingerprint, read_files
from orchestration.lib.extract.model import ExtractError, FileCount, MalformedRow, RawTable

__all__ = [
    "ExtractError",
    "FileCount",
    "MalformedRow",
    "RawTable",
    "input_fingerprint",
    "read_table",
]


def read_table(
    source: Source,
    table_name: str,
    company: Path,
    window: tuple[datetime, datetime] | None = None,
) -> RawTable:
    """Read one table of a source.

    `window` (naive UTC, end excluded) reaches only queries that name `:window_start` and
    `:window_end`; files and whole tables are always read in full. Raises ExtractError.
    """
    if source.type == "files":
        return read_files(source.tables[table_name], company)
    from orchestration.lib.extract.sql import read_sql  # imports dlt, which takes a second

    return read_sql(source, table_name, company, window)


def input_fingerprint(source: Source, table_name: str, company: Path) -> str | None:
    """Fingerprint of the input before it is read; None for SQL, where reading is needed.

    Equals `RawTable.fingerprint` of the same files. Raises ExtractError where a file is
    missing.
    """
    if source.type == "files":
        return files_fingerprint(source.tables[table_name], company)
    return None
