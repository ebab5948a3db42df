"""Files in the formats that vendors export, byte for byte the same for the same table.

Belongs here: formats. Does not belong here: what the columns hold. Nothing here writes the
current time, which gzip and Excel files would otherwise carry.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from orchestration.demo.generator.text import concat


def write_bytes(path: Path, content: Any) -> None:
    """Write a file, compressed if its name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as packed:
                packed.write(content)
        else:
            raw.write(content)


def write_csv(
    table: pa.Table,
    path: Path,
    delimiter: str = ",",
    encoding: str = "utf-8",
    preface: str = "",
    footer: str = "",
) -> None:
    """Write a delimited file; `preface` and `footer` are lines around the table."""
    sink = io.BytesIO()
    pa_csv.write_csv(table, sink, pa_csv.WriteOptions(delimiter=delimiter))
    content = sink.getvalue()
    if encoding != "utf-8" or preface or footer:
        content = (preface + content.decode() + footer).encode(encoding)
    write_bytes(path, content)


def write_json_lines(table: pa.Table, path: Path) -> None:
    """Write one JSON object per row; nulls are left as null."""
    write_bytes(path, _json_lines(table))


def _json_lines(table: pa.Table) -> Any:
    parts: list[Any] = []
    for position, name in enumerate(table.column_names):
        column = table.column(name)
        if pa.types.is_string(column.type):
            for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\t", "\\t"), ("\n", "\\n")):
                column = pc.replace_substring(column, raw, escaped)
            column = concat('"', column, '"')
        text = pc.fill_null(column.cast(pa.string()), "null").combine_chunks()
        parts += [f'{"," if position else "{"}"{name}":', text]
    if not len(table):
        return b""
    # The strings of one array lie one behind the other, so that its buffer is the file.
    lines = concat(*parts, "}\n")
    return memoryview(lines.buffers()[2])[: pc.sum(pc.binary_length(lines)).as_py()]


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pa_parquet.write_table(table, path, compression="zstd")


def write_workbook(sheets: dict[str, list[list[Any]]], path: Path) -> None:
    """Write an Excel file; each sheet is a list of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    sink = io.BytesIO()
    book.save(sink)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(sink) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2000-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
