"""Reading one table of a source as it is: nothing is cast, guessed, padded or dropped.

Belongs here: choosing between files and SQL. Does not belong here: meaning of columns
(`mapping`), what a row must satisfy (`expectations`), where rows go (`lake`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from orchestration.lib.company.source_config import Source
from orchestration.lib.extract.files import read_files
from orchestration.lib.extract.inputs import find_files, fingerprint, fingerprints
from orchestration.lib.extract.model import ExtractError, FileCount, MalformedRow, RawTable

__all__ = [
    "ExtractError",
    "FileCount",
    "MalformedRow",
    "RawTable",
    "file_fingerprints",
    "input_fingerprint",
    "read_table",
]


def read_table(
    source: Source,
    table_name: str,
    company: Path,
    window: tuple[datetime, datetime] | None = None,
    files: Collection[str] | None = None,
) -> RawTable:
    """Read one table of a source.

    `window` (midnights of the source's clock, end excluded) is for databases, `files` for
    files: those to read, by name, of the ones that the table names. Without them the input is
    read as a whole. Raises ExtractError.
    """
    if source.type == "files":
        return read_files(source.tables[table_name], company, files)
    from orchestration.lib.extract.sql import read_sql  # imports dlt, which takes a second

    return read_sql(source, table_name, company, window)


def file_fingerprints(source: Source, table_name: str, company: Path) -> dict[str, str]:
    """Fingerprint of each input file, by name, before any is read; none for a database.

    Raises ExtractError where a file is missing.
    """
    if source.type == "files":
        return fingerprints(find_files(source.tables[table_name].files or [], company))
    return {}


def input_fingerprint(source: Source, table_name: str, company: Path) -> str | None:
    """Fingerprint of the input before it is read; None for SQL, where reading is needed.

    Raises ExtractError where a file is missing.
    """
    files = file_fingerprints(source, table_name, company)
    return fingerprint(files) if files else None
