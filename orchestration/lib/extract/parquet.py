"""Parquet: typed columns, nested ones flattened with dots.

Belongs here: Parquet to flat Arrow. Does not belong here: casts (`mapping`).
"""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.lib.extract.delimited import check_header
from orchestration.lib.extract.inputs import InputFile
from orchestration.lib.extract.model import ExtractError, FileCount, FilePart


def read_parquet(file: InputFile) -> FilePart:
    """Read one Parquet file with its types; lists and maps become JSON text."""
    try:
        data = pq.ParquetFile(file.read() if file.compression else file.path).read()
    except (pa.ArrowException, OSError) as error:
        raise ExtractError(
            file.name,
            "",
            f"is no readable Parquet file ({error})",
            "Fetch it again, or correct `format`.",
        ) from error
    while any(pa.types.is_struct(field.type) for field in data.schema):
        data = data.flatten()
    for place, field in enumerate(data.schema):
        if pa.types.is_nested(field.type):
            data = data.set_column(place, field.name, _json_text(data.column(place)))
        elif pa.types.is_dictionary(field.type):
            data = data.set_column(
                place, field.name, data.column(place).cast(field.type.value_type)
            )
    data = data.rename_columns(check_header(file, data.column_names))
    rows = data.num_rows
    count = FileCount(file.name, lines=rows, row_lines=rows, rows=rows)
    return FilePart(
        data.append_column("_line", pa.array(range(1, rows + 1), pa.int64())), [], count
    )


def _json_text(column: pa.ChunkedArray) -> pa.Array:
    texts = [
        None if item is None else json.dumps(item, default=str, ensure_ascii=False)
        for item in column.to_pylist()
    ]
    return pa.array(texts, pa.string())
