"""JSON lines: one object per line, nested objects flattened with dots.

Belongs here: JSON to text columns. Does not belong here: decoding of bytes (`inputs`).
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from orchestration.lib.extract.inputs import InputFile, text_lines
from orchestration.lib.extract.model import (
    ROW_COLUMNS,
    ExtractError,
    FileCount,
    FilePart,
    MalformedRow,
)

CHUNK_ROWS = 50_000
MOST_COLUMNS = 5_000


class _ExactFloat(float):
    """A number that remembers its digits as written, which a float may not hold."""

    text: str

    def __new__(cls, text: str) -> _ExactFloat:
        value = super().__new__(cls, text)
        value.text = text
        return value


def read_jsonl(file: InputFile, encoding: str) -> FilePart:
    """Read one file of JSON lines: all columns as text, in order of first appearance.

    Lists become JSON text, numbers keep their digits, a missing key is null. A line that is
    no JSON object is malformed.
    """
    count = FileCount(file.name)
    malformed: list[MalformedRow] = []
    chunks: list[pa.Table] = []
    columns: dict[str, None] = {}
    rows: list[dict[str, str | None]] = []
    numbers: list[int] = []

    def flush() -> None:
        arrays = [pa.array([row.get(name) for row in rows], pa.string()) for name in columns]
        lines = pa.array(numbers, pa.int64())
        chunks.append(pa.table([*arrays, lines], names=[*columns, "_line"]))
        rows.clear()
        numbers.clear()

    for number, line in enumerate(text_lines(file, encoding, count, newline="\n"), 1):
        if not line.strip():
            count.blank_lines += 1
            continue
        try:
            row = _flat(_parse(line))
        except (ValueError, RecursionError) as error:
            count.malformed_lines += 1
            malformed.append(MalformedRow(file.name, number, str(error), line.rstrip("\r\n")))
            continue
        count.rows += 1
        count.row_lines += 1
        rows.append(row)
        numbers.append(number)
        if not row.keys() <= columns.keys():
            columns.update(dict.fromkeys(row))
            _check_columns(file, number, columns)
        if len(rows) == CHUNK_ROWS:
            flush()
    flush()
    data = pa.concat_tables(chunks, promote_options="default")
    names = [name for name in data.column_names if name != "_line"]
    return FilePart(data.select([*names, "_line"]), malformed, count)


def _check_columns(file: InputFile, number: int, columns: dict[str, None]) -> None:
    reserved = [name for name in columns if name in ROW_COLUMNS or not name]
    if reserved or len(columns) > MOST_COLUMNS:
        problem = (
            f"'{reserved[0]}' cannot be a key" if reserved else f"more than {MOST_COLUMNS} keys"
        )
        raise ExtractError(
            file.name, f"line {number}", problem, "Rename or leave out the keys in the export."
        )


def _parse(line: str) -> dict[str, Any]:
    try:
        value = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON ({error.msg} at character {error.pos + 1})") from error
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"is no JSON ({name} is no number)")


# `json.loads` with these would make a decoder for every line.
_DECODER = json.JSONDecoder(parse_float=_ExactFloat, parse_constant=_refuse)


def _flat(value: dict[str, Any]) -> dict[str, str | None]:
    row: dict[str, str | None] = {}
    _put_leaves(value, "", row)
    return row


def _put_leaves(value: dict[str, Any], prefix: str, row: dict[str, str | None]) -> None:
    for key, item in value.items():
        if isinstance(item, dict) and item:
            _put_leaves(item, f"{prefix}{key}.", row)
            continue
        name = prefix + key
        if name in row:
            raise ValueError(f"has the key '{name}' twice, once nested")
        row[name] = item if item is None or isinstance(item, str) else _text(item)


def _text(item: Any) -> str:
    if isinstance(item, _ExactFloat):
        return unambiguous(item.text)
    return json.dumps(item, ensure_ascii=False)


def unambiguous(number: str) -> str:
    """The number with a zero more if it has three decimals.

    Where a mapping declares decimal commas, 1.234 would pass for one thousand; 1.2340 cannot.
    """
    whole, _, decimals = number.partition(".")
    return f"{number}0" if len(decimals) == 3 and decimals.isdigit() and whole else number
