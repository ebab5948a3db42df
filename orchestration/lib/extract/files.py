"""Tables of `type: files`: which reader, and several files as one table.

Belongs here: choosing the reader, bringing files together, counts. Does not belong here: any
one format (its own module).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa

from orchestration.lib.company.source_config import CsvDialect, FileFormat, Table
from orchestration.lib.extract.columns import describe_missing, mapped_columns, needed_columns
from orchestration.lib.extract.delimited import header_below, other_delimiter, read_delimited
from orchestration.lib.extract.inputs import (
    COMPRESSIONS,
    InputFile,
    find_files,
)
from orchestration.lib.extract.model import ExtractError, FilePart, RawTable

TYPED: tuple[FileFormat, ...] = ("parquet", "excel")  # with numbers and dates of their own
FORMATS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".xlsm": "excel",
}


def read_files(table: Table, company: Path, names: Collection[str] | None = None) -> RawTable:
    """Read the files of a table, as one; of all that it names those of these `names` alone.

    Columns may stand in another order from file to file. A column that a mapping names must
    be in all files or in none; others are null where they are missing. Raises ExtractError.
    """
    files = [
        file
        for file in find_files(table.files or [], company)
        if names is None or file.name in names
    ]
    parts = [_read_file(file, table) for file in files]
    columns = list(dict.fromkeys(name for part in parts for name in part.columns))
    _check_columns(files, parts, columns, table)
    tables = []
    for file, part in zip(files, parts, strict=True):
        part.count.reconcile(part.data.num_rows)
        tables.append(part.data.append_column("_file", pa.repeat(file.name, part.data.num_rows)))
    try:
        data = pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ExtractError(
            ", ".join(file.name for file in files),
            "",
            f"the files' column types differ ({error})",
            "Read them as two tables, or export them alike.",
        ) from error
    return RawTable(
        data=data.select([*columns, "_file", "_line"]),
        malformed=[row for part in parts for row in part.malformed],
        counts=[part.count for part in parts],
        columns=columns,
        is_typed=any(file_format(file, table) in TYPED for file in files),
    )


def file_format(file: InputFile, table: Table) -> FileFormat:
    """The declared format, else the one that the file's ending tells. Raises ExtractError."""
    if table.format:
        return table.format
    if file.ending not in FORMATS:
        raise ExtractError(
            file.name,
            "",
            f"the ending '{file.ending}' tells no format",
            f"Set format; endings known are {', '.join(FORMATS)}, each also with"
            f" {', '.join(COMPRESSIONS)}.",
        )
    return FORMATS[file.ending]


def _read_file(file: InputFile, table: Table) -> FilePart:
    match file_format(file, table):
        case "csv" | "tsv":
            try:
                return read_delimited(file, _dialect(file, table))
            except ExtractError as error:
                fix = _other_header(file, table) if "header" in error.where + error.message else ""
                if fix:
                    raise ExtractError(error.file, error.where, error.message, fix) from error
                raise
        case "jsonl":
            from orchestration.lib.extract.jsonl import read_jsonl

            return read_jsonl(file, table.csv.encoding)
        case "parquet":
            from orchestration.lib.extract.parquet import read_parquet

            return read_parquet(file)
        case "excel":
            from orchestration.lib.extract.excel import read_excel

            return read_excel(file, table.excel)


def _dialect(file: InputFile, table: Table) -> CsvDialect:
    if file_format(file, table) == "tsv" and "delimiter" not in table.csv.model_fields_set:
        return table.csv.model_copy(update={"delimiter": "\t"})
    return table.csv


def _other_header(file: InputFile, table: Table) -> str:
    """How to name the line that is the header, where it is another than the settings say."""
    needed = {name for mapping in table.entities for name in needed_columns(mapping)}
    dialect = _dialect(file, table)
    lines = None if dialect.header else header_below(file, dialect, needed)
    if lines is None or lines == dialect.skip_lines:
        return ""
    return f"The header is in line {lines + 1}: set csv.skip_lines: {lines}."


def _check_columns(
    files: list[InputFile], parts: list[FilePart], columns: list[str], table: Table
) -> None:
    """Raise ExtractError if needed columns are nowhere, or mapped ones only in some files."""
    missing = describe_missing(columns, table.entities)
    if missing:
        fix = "Correct the mapping in the source's YAML, or the export."
        if file_format(files[0], table) in ("csv", "tsv"):
            other = other_delimiter(columns, _dialect(files[0], table).delimiter)
            if other:
                fix = f"The header holds '{other}': set csv.delimiter: \"{other}\"."
            fix = _other_header(files[0], table) or fix
        raise ExtractError(files[0].name, "header", missing, fix)
    mapped = mapped_columns(table)
    for file, part in zip(files, parts, strict=True):
        if file_format(file, table) == "jsonl":  # a key may be left out where it has no value
            continue
        lacking = [name for name in columns if name in mapped and name not in part.columns]
        if lacking:
            others = [item.name for item, other in zip(files, parts, strict=True)
                      if set(lacking) <= set(other.columns)]  # fmt: skip
            raise ExtractError(
                file.name,
                "header",
                f"lacks {', '.join(lacking)}, which other files have ({', '.join(others[:5])})",
                "Export the files alike, or read them as two tables.",
            )
