"""Excel workbooks (.xlsx): one sheet, cells to canonical text.

Belongs here: cells to text. Does not belong here: reading numbers or dates out of text
(`mapping`).
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from orchestration.lib.company.source_config import ExcelSheet
from orchestration.lib.extract.delimited import check_header
from orchestration.lib.extract.inputs import InputFile, empty_file
from orchestration.lib.extract.jsonl import unambiguous
from orchestration.lib.extract.model import ExtractError, FileCount, FilePart, MalformedRow

Cell = str | int | float | None


def read_excel(file: InputFile, options: ExcelSheet) -> FilePart:
    """Read one sheet; `_line` is the row number that Excel shows.

    Dates become ISO text (without a time if the cell shows none), whole numbers lose `.0`;
    a column of nothing but numbers stays numeric. A row with cells beyond the header is
    malformed. Raises ExtractError for a sheet that does not exist and for a formula that was
    never calculated.
    """
    content = file.read()
    sheet = _sheet(file, content, options, values=True)
    formulas = (
        _sheet(file, content, options, values=False).iter_rows() if _has_formulas(content) else None
    )
    count = FileCount(file.name)
    malformed: list[MalformedRow] = []
    columns: list[str] = []
    rows: list[list[Cell]] = []
    numbers: list[int] = []
    for number, cells in enumerate(sheet.iter_rows(), 1):
        count.lines += 1
        values = [_canonical(cell) for cell in cells]
        if formulas is not None:
            _refuse_uncalculated(file, values, next(formulas))
        while values and values[-1] is None:
            values.pop()
        if number <= options.skip_rows:
            count.skipped_lines += 1
        elif not values:
            count.blank_lines += 1
        elif not columns:
            columns = check_header(file, ["" if item is None else str(item) for item in values])
            count.header_lines += 1
        elif len(values) > len(columns):
            count.malformed_lines += 1
            reason = f"cells beyond the {len(columns)} columns of the header"
            raw = json.dumps(values, ensure_ascii=False)
            malformed.append(MalformedRow(file.name, number, reason, raw))
        else:
            rows.append(values + [None] * (len(columns) - len(values)))
            numbers.append(number)
            count.row_lines += 1
            count.rows += 1
    if not columns:
        raise empty_file(file)
    by_column = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = [*map(_array, by_column), pa.array(numbers, pa.int64())]
    return FilePart(pa.table(arrays, names=[*columns, "_line"]), malformed, count)


def _sheet(file: InputFile, content: io.BytesIO, options: ExcelSheet, values: bool) -> Any:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content.getbuffer()), read_only=True, data_only=values)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, EOFError, ValueError) as error:
        raise ExtractError(
            file.name,
            "",
            f"is no readable .xlsx workbook ({error})",
            "Save it as .xlsx without a password.",
        ) from error
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    try:
        wanted = options.sheet
        sheet = book.worksheets[wanted] if isinstance(wanted, int) else sheets[wanted]
    except (KeyError, IndexError):
        raise ExtractError(
            file.name,
            "",
            f"has no sheet {options.sheet!r}; its sheets are {', '.join(sheets)}",
            "Correct excel.sheet (a name, or a number from 0).",
        ) from None
    sheet.reset_dimensions()  # some tools write a wrong size, which would cut rows off
    return sheet


def _has_formulas(content: io.BytesIO) -> bool:
    with zipfile.ZipFile(content) as archive:
        return any(
            re.search(rb"<f[ >/]", archive.read(name))
            for name in archive.namelist()
            if name.startswith("xl/worksheets/")
        )


def _refuse_uncalculated(file: InputFile, values: list[Cell], formulas: tuple[Any, ...]) -> None:
    for value, cell in zip(values, formulas, strict=True):
        if value is None and cell.value is not None:
            raise ExtractError(
                file.name,
                f"cell {cell.coordinate}",
                "holds a formula without a calculated value",
                "Open the workbook in a spreadsheet program and save it.",
            )


def _canonical(cell: Any) -> Cell:
    value = cell.value
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, int):
        return value if abs(value) < 1e15 else str(value)
    if isinstance(value, datetime):
        shows_time = "h" in re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", cell.number_format.lower())
        has_time = shows_time or value.time() != datetime.min.time()
        return value.isoformat() if has_time else value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _array(values: tuple[Cell, ...]) -> pa.Array:
    """Numbers stay numbers only if the whole column is numeric; else all becomes text."""
    given = {type(value) for value in values} - {type(None)}
    if given and given <= {int, float}:
        return pa.array(values, pa.int64() if given == {int} else pa.float64())
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: str | int | float) -> str:
    if isinstance(value, float):
        return unambiguous(format(Decimal(repr(value)), "f"))
    return str(value)
