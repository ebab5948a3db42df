"""One agreement table read from its CSV file, strictly.

Belongs here: encoding, header, cells and keys of one file. Does not belong here: the tables
themselves (`agreement_tables`), rules between tables (`agreement`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from orchestration.lib.company.agreement_tables import AgreementTable
from orchestration.lib.company.currencies import CURRENCIES
from orchestration.lib.company.problems import Problem, closest, did_you_mean
from orchestration.lib.schema import Column

_ID = re.compile(r"[a-z][a-z0-9_]*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INTEGER = re.compile(r"[-+]?\d{1,9}")
_SCALES = {"number": 6, "rate": 8}
_KEY_VALUE = ("key", "value")


class CellError(ValueError):
    """A cell that cannot be read: what is wrong, and the fix."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


@dataclass
class Rows:
    """The typed rows of one table, the line and the text of each, and what is wrong.

    `values[i][column]` is a Python value of the column's kind, or None. `is_default` says that the
    company has no such file, and the rows are those that are shipped. What could not be read is
    told once: `unread` holds the names that it may have meant, and `is_torn` says that it may
    have meant any, so that nothing else is called unknown because of it.
    """

    table: AgreementTable
    file: str
    is_default: bool = False
    values: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, int]] = field(default_factory=list)
    written: list[dict[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    is_torn: bool = False

    def complain(self, index: int, column: str, message: str, fix: str) -> None:
        """Add a problem of one cell."""
        self.problems.append(
            Problem(
                self.file,
                column,
                self.written[index].get(column),
                message,
                fix,
                self.lines[index].get(column) or self.lines[index].get(""),
            )
        )

    def complain_of_table(self, column: str, message: str, fix: str) -> None:
        """Add a problem of the table as a whole."""
        self.problems.append(Problem(self.file, column, None, message, fix))

    def check_known(self, index: int, column: str, known: Iterable[str]) -> None:
        """Complain of a value that is none of the known ones."""
        value, names = self.values[index][column], list(known)
        if value is not None and value not in names:
            self.complain(index, column, "is not known", did_you_mean(value, names))

    def check_named(
        self, index: int, column: str, others: Rows, name: str, also: Iterable[str] = ()
    ) -> None:
        """Complain of a value that no line of another table has as its `name`.

        Those that count `also` are no line's, or a line's whose lack is told elsewhere.
        """
        value, names = self.values[index][column], dict.fromkeys([*others.known(name), *also])
        if value is not None and value not in names and others.lacks(name, value):
            self.complain(index, column, "is not known", did_you_mean(value, names))

    def check_unique(self, column: str) -> None:
        """Complain of a value that an earlier line has too."""
        seen: dict[Any, int] = {}
        for index, row in self:
            value, line = row[column], self.lines[index][""]
            if value is not None and value in seen:
                self.complain(
                    index, column, f"is the same as in line {seen[value]}", "give another"
                )
            seen.setdefault(value, line)

    def check_above(self, index: int, column: str, limit: int = 0) -> None:
        """Complain of a number that is not above the limit."""
        value = self.values[index].get(column)
        if value is not None and value <= limit:
            self.complain(index, column, f"is not above {limit}", f"write more than {limit}")

    def check_share(self, index: int, column: str) -> None:
        """Complain of a number that is no share."""
        value = self.values[index].get(column)
        if value is not None and not 0 <= value <= 1:
            self.complain(index, column, "is no share", "write 0 to 1, such as 0.02 for 2 %")

    def known(self, column: str) -> list[str]:
        """The values of a column."""
        return [row[column] for row in self.values if row[column] is not None]

    def lacks(self, column: str, name: str) -> bool:
        """Whether no line has that name in a column, nor may have meant it."""
        is_read = not self.is_torn and _plain(name) not in self.unread
        return is_read and name not in self.known(column)

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        return iter(enumerate(self.values))


def read_rows(
    table: AgreementTable, file: str, content: bytes, *, is_default: bool = False
) -> Rows:
    """Read one file; what is wrong is in `.problems`, and a wrong cell is None in `.values`."""
    rows = Rows(table, file, is_default)
    lines = _cells(rows, content)
    if not lines:
        return rows
    if table.is_vertical:
        _read_vertical(rows, lines)
    else:
        _read_horizontal(rows, lines)
        _check_key(rows)
    return rows


def parse_cell(column: Column, text: str) -> Any:
    """The value of a cell's trimmed text (None if empty); raises CellError.

    Timestamps come back naive UTC; a date without a time stays a `date`, because what it
    stands for depends on a timezone that this function does not know.
    """
    if not text:
        if column.required:
            raise CellError("is empty", f"give {column.description}")
        return None
    match column.kind:
        case "enum":
            if text.lower() not in column.allowed:
                raise CellError("is not allowed", did_you_mean(text, column.allowed))
            return text.lower()
        case "id":
            if not _ID.fullmatch(text):
                raise CellError(
                    "is no id", "use lower-case letters, digits and _, beginning with a letter"
                )
            return text
        case "currency":
            if text.upper() not in CURRENCIES:
                raise CellError(
                    "is no ISO 4217 currency", "use a three-letter code such as USD or EUR"
                )
            return text.upper()
        case "boolean":
            if text.lower() not in ("true", "false"):
                raise CellError("is neither true nor false", "write true or false")
            return text.lower() == "true"
        case "integer":
            if not _INTEGER.fullmatch(text):
                raise CellError("is no whole number", "write digits only, such as 12")
            return int(text)
        case "number" | "rate":
            return _decimal(text, _SCALES[column.kind])
        case "date":
            return _date(text)
        case "timestamp":
            return _date(text) if _DATE.fullmatch(text) else _timestamp(text)
        case _:
            return text


def _decimal(text: str, scale: int) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise CellError("is no number", "write digits with a decimal point, such as 1250.5")
    if value != round(value, scale) or abs(value) >= Decimal(10) ** (18 - scale):
        raise CellError(
            "does not fit", f"give at most {18 - scale} digits before and {scale} after the point"
        )
    return value


def _date(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise CellError("is no date", "write YYYY-MM-DD, such as 2026-01-31")


def _timestamp(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise CellError(
            "is no date or time", "write YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS in UTC"
        ) from None
    if value.utcoffset() is None:
        return value
    return (value - (value.utcoffset() or timedelta(0))).replace(tzinfo=None)


def _plain(name: str) -> str:
    """A name as an id that was meant by it: `paid_search` for "Paid Search"."""
    return re.sub(r"\W+", "_", name.strip().casefold())


def _cells(rows: Rows, content: bytes) -> list[tuple[int, list[str]]]:
    """The trimmed cells of each line that has any, with its line number; header first.

    What follows a broken line is read all the same, so that its problems are told too.
    """

    def fail(message: str, fix: str, line: int | None) -> None:
        rows.problems.append(Problem(rows.file, "", None, message, fix, line))
        rows.is_torn = True

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        fail("is not UTF-8", "save it as CSV UTF-8", line)
        if b"\0" in content:
            return []
        text = content.decode("cp1252", errors="replace")  # what spreadsheets write instead
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[tuple[int, list[str]]] = []
    line, is_read = 1, False
    while not is_read:
        try:
            cells = [cell.strip() for cell in next(reader)]
            if any(cells):
                found.append((line, cells))
        except csv.Error as error:
            fail(f"cannot be read as CSV: {error}", "check the quotes in this line", line)
        except StopIteration:
            is_read = True
        line = reader.line_num + 1
    if not found and not rows.is_torn:
        names = _KEY_VALUE if rows.table.is_vertical else rows.table.column_names
        fail("is empty", f"begin with the header {','.join(names)}", None)
    return found


def _header(
    rows: Rows, header: list[str], line: int, expected: tuple[Column, ...]
) -> list[str] | None:
    """The header as it was meant; None if the lines below cannot be read with it."""
    names = tuple(column.name for column in expected)

    def fail(value: str, message: str, fix: str) -> None:
        rows.problems.append(Problem(rows.file, "header", value, message, fix, line))

    if len(header) == 1 and len(names) > 1 and re.search(r"[;\t|]", header[0]):
        fail(header[0], "is not separated by commas", "save it with commas between the columns")
        rows.is_torn = True
        return None
    header = list(header)
    for position, name in enumerate(header):
        if name not in names:
            fail(name, "no such column", did_you_mean(name, names))
            meant = closest(name, set(names).difference(header))
            header[position] = meant or name
    twice = sorted({name for name in header if header.count(name) > 1})
    for name in twice:
        fail(name, "is given twice", "keep one of the columns")
    missing = [column.name for column in expected if column.required and column.name not in header]
    for name in missing:
        fail(",".join(header), f"has no column {name}", f"add the column {name}")
    if twice or missing:
        rows.is_torn = True
    return None if twice else header


def _read_horizontal(rows: Rows, lines: list[tuple[int, list[str]]]) -> None:
    (first, written), *body = lines
    header = _header(rows, written, first, rows.table.columns)
    if header is None:
        return
    absent = set(rows.table.column_names).difference(header)
    for line, cells in body:
        if len(cells) != len(header):
            rows.problems.append(
                Problem(
                    rows.file,
                    "",
                    ",".join(cells),
                    f"has {len(cells)} columns, the header has {len(header)}",
                    "put text with a comma in double quotes; add or remove commas",
                    line,
                )
            )
            rows.unread.update(map(_plain, cells))
            continue
        found = {name: (line, cell) for name, cell in zip(header, cells, strict=True)}
        _add(rows, found, line, absent)


def _read_vertical(rows: Rows, lines: list[tuple[int, list[str]]]) -> None:
    (first, written), *body = lines
    expected = tuple(Column(name, "text", "", True) for name in _KEY_VALUE)
    header = _header(rows, written, first, expected)
    if header is None or set(header) != set(_KEY_VALUE):
        return
    names = rows.table.column_names
    found: dict[str, tuple[int, str]] = {}
    told = set(names) if rows.is_torn else set()

    def fail(key: str, message: str, fix: str, line: int) -> None:
        rows.problems.append(Problem(rows.file, "key", key, message, fix, line))

    for line, cells in body:
        if len(cells) != 2:
            fail(",".join(cells), "is not key,value", "write one key and one value", line)
            told.add(cells[0])
            continue
        cell = dict(zip(header, cells, strict=True))
        key = cell["key"]
        if key not in names:
            fail(key, "no such key", did_you_mean(key, names), line)
            told.add(closest(key, names) or "")
        elif key in found:
            fail(key, f"is given twice, first in line {found[key][0]}", "keep one line", line)
        else:
            found[key] = (line, cell["value"])
    _add(rows, found, None, told)


def _add(
    rows: Rows, cells: dict[str, tuple[int, str]], line: int | None, told: Collection[str]
) -> None:
    """Add a row; a column among the `told` that it lacks has had its complaint already."""
    index = len(rows.values)
    rows.values.append({})
    rows.lines.append({name: at for name, (at, _) in cells.items()})
    if line is not None:
        rows.lines[index][""] = line
    rows.written.append({name: text for name, (_, text) in cells.items()})
    for column in rows.table.columns:
        text = rows.written[index].get(column.name, "")
        rows.values[index][column.name] = None
        if column.name in told and column.name not in cells:
            continue
        try:
            rows.values[index][column.name] = parse_cell(column, text)
        except CellError as error:
            rows.unread.add(_plain(text))
            rows.complain(index, column.name, str(error), error.fix)


def _check_key(rows: Rows) -> None:
    """Two lines with one key; text is compared as labels are, without regard to case."""
    seen: dict[tuple[Any, ...], int] = {}
    key = rows.table.key
    for index, row in rows:
        written = rows.written[index]
        if not written.keys() >= set(key):
            return  # the header lacks a part of it
        parts = (row[name] if row[name] is not None else written.get(name) for name in key)
        value = tuple(part.casefold() if isinstance(part, str) else part for part in parts)
        line = rows.lines[index][""]
        if value in seen:
            rows.complain(
                index,
                ", ".join(key),
                f"is the same as in line {seen[value]}",
                "keep one of the two lines",
            )
        seen.setdefault(value, line)
