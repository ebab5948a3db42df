"""Delimited text (CSV, TSV): every physical line ends up in exactly one place.

Belongs here: splitting lines into records by the declared dialect. Does not belong here:
decoding (`inputs`), meaning of values (`mapping`).
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import pyarrow as pa

from orchestration.lib.company.source_config import CsvDialect
from orchestration.lib.extract.inputs import InputFile, text_lines
from orchestration.lib.extract.model import (
    ROW_COLUMNS,
    ExtractError,
    FileCount,
    FilePart,
    MalformedRow,
)

CHUNK_ROWS = 50_000
MOST_MALFORMED = 10_000  # with more, and fewer rows than that, the settings are wrong
OTHER_DELIMITERS = {",": ",", ";": ";", "\t": "\\t", "|": "|"}


def read_delimited(file: InputFile, dialect: CsvDialect) -> FilePart:
    """Read one delimited file: columns as text, and `_line`, the first line of each row.

    A record of another width than the header's, or one that breaks the quoting, is malformed,
    never padded or shifted. Of such a record only the first physical line is: reading goes on
    with the next, so an unclosed quote swallows no rows. Lines of nothing but delimiters are
    blank. Raises ExtractError for a header that cannot be used and what `text_lines` raises.
    """
    count = FileCount(file.name)
    source = text_lines(file, dialect.encoding, count, newline="")
    if dialect.skip_footer:
        source = _hold_footer(source, dialect.skip_footer, count)
    lines = _Lines(source)
    for _ in range(dialect.skip_lines):
        count.skipped_lines += lines.skip()
    header = dialect.header or _read_header(file, lines, dialect, count)
    columns = check_header(file, header)
    malformed: list[MalformedRow] = []
    chunks = list(_chunks(file, lines, columns, dialect, count, malformed))
    schema = pa.schema([*((name, pa.string()) for name in columns), ("_line", pa.int64())])
    data = pa.Table.from_batches(chunks, schema=schema)
    return FilePart(data, malformed, count)


def other_delimiter(header: Sequence[str], delimiter: str) -> str | None:
    """Another usual delimiter that the header's names hold, as one writes it in YAML."""
    for other, written in OTHER_DELIMITERS.items():
        if other != delimiter and any(other in name for name in header):
            return written
    return None


def header_below(file: InputFile, dialect: CsvDialect, wanted: Iterable[str]) -> int | None:
    """How many lines to skip so that the header is a line that holds all wanted names.

    None where none of the first lines does. For a file that lacks names where its header is.
    """
    needed = set(wanted)
    try:
        lines = list(islice(text_lines(file, dialect.encoding, FileCount(""), newline=""), 50))
        for number, line in enumerate(lines):
            names = next(csv.reader([line], delimiter=dialect.delimiter, quotechar=dialect.quote))
            if needed and needed <= {name.strip() for name in names}:
                return number
    except (ExtractError, csv.Error, StopIteration):
        return None
    return None


def check_header(file: InputFile, header: Sequence[str]) -> list[str]:
    """The header's names, trimmed. Raises ExtractError if one is empty, double or reserved."""
    names = [name.strip().strip("\ufeff") for name in header]
    fix = "Mend the header, or name the columns in csv.header and skip it with csv.skip_lines."
    empty = [str(place) for place, name in enumerate(names, 1) if not name]
    if empty:
        raise ExtractError(file.name, "header", f"column {', '.join(empty)} has no name", fix)
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ExtractError(
            file.name, "header", f"more than one column is named {', '.join(double)}", fix
        )
    reserved = [name for name in names if name in ROW_COLUMNS]
    if reserved:
        raise ExtractError(file.name, "header", f"{', '.join(reserved)} is a reserved name", fix)
    return names


class _Lines:
    """Feeds physical lines to a csv reader and remembers those of the record in progress.

    `taken` holds the lines of that record, `number` the count of lines fed so far, `again`
    lines given back to be read once more.
    """

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self.again: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else next(self._source)
        self.taken.append(line)
        self.number += 1
        return line

    def skip(self) -> int:
        """Pass over one line; returns how many there were: 1, or 0 at the end."""
        skipped = next(self, None) is not None
        self.taken.clear()
        return int(skipped)

    def give_back(self) -> None:
        """Have all lines of the record read again, except its first."""
        rest = self.taken[1:]
        self.again.extendleft(reversed(rest))
        self.number -= len(rest)
        del self.taken[1:]


def _reader(lines: _Lines, dialect: CsvDialect) -> Iterator[list[str]]:
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        strict=True,
    )


def _hold_footer(source: Iterator[str], size: int, count: FileCount) -> Iterator[str]:
    """All lines but the last `size` that are not blank."""
    held: deque[str] = deque()
    filled = 0
    for line in source:
        held.append(line)
        filled += bool(line.strip())
        while filled > size:
            first = held.popleft()
            filled -= bool(first.strip())
            yield first
    count.footer_lines += filled
    count.blank_lines += len(held) - filled


def _read_header(
    file: InputFile, lines: _Lines, dialect: CsvDialect, count: FileCount
) -> list[str]:
    try:
        for names in _reader(lines, dialect):
            taken = len(lines.taken)
            is_blank = not any(name.strip() for name in names)
            lines.taken.clear()
            if not is_blank:
                count.header_lines += taken
                return names
            count.blank_lines += taken
    except csv.Error as error:
        raise ExtractError(
            file.name,
            f"line {lines.number - len(lines.taken) + 1}",
            f"the header cannot be read ({error})",
            "Check csv.delimiter, csv.quote and csv.skip_lines.",
        ) from error
    raise ExtractError(
        file.name,
        "",
        "the file has no header",
        "Export it again, or check csv.skip_lines and csv.skip_footer.",
    )


def _chunks(
    file: InputFile,
    lines: _Lines,
    columns: list[str],
    dialect: CsvDialect,
    count: FileCount,
    malformed: list[MalformedRow],
) -> Iterator[pa.RecordBatch]:
    width = len(columns)
    names = [*columns, "_line"]
    rows: list[list[str]] = []
    numbers: list[int] = []
    taken = lines.taken
    reader = _reader(lines, dialect)
    broken, broken_until = 0, 0  # the last broken record: its first line, the last line given back

    def batch() -> pa.RecordBatch:
        arrays = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)]
        return pa.RecordBatch.from_arrays([*arrays, pa.array(numbers, pa.int64())], names)

    while True:
        fields: list[str] = []
        reason = None
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            reason = f"cannot be split into fields ({error})"
        first = lines.number - len(taken) + 1
        if reason is None and len(fields) != width:
            if not fields or (len(taken) == 1 and not taken[0].strip()):
                fields = []
            else:
                reason = f"{len(fields)} fields instead of {width}"
        elif first <= broken_until and len(taken) == 1 and taken[0].count(dialect.quote) % 2:
            # A lone quote among the lines given back most likely closes the broken value.
            reason = f"continues the malformed record of line {broken}"
        if reason is None:
            if any(fields):
                rows.append(fields)
                numbers.append(first)
                count.row_lines += len(taken)
                if len(rows) == CHUNK_ROWS:
                    count.rows += len(rows)
                    yield batch()
                    rows.clear()
                    numbers.clear()
            else:
                count.blank_lines += len(taken)
        else:
            if len(taken) > 1:
                broken, broken_until = first, max(broken_until, lines.number)
                lines.give_back()
                reader = _reader(lines, dialect)
            count.malformed_lines += 1
            malformed.append(MalformedRow(file.name, first, reason, taken[0].rstrip("\r\n")))
            if len(malformed) > max(MOST_MALFORMED, count.rows + len(rows)):
                raise ExtractError(
                    file.name,
                    f"line {malformed[0].line}",
                    f"most lines are malformed; the first: {malformed[0].reason}",
                    "Check csv.delimiter, csv.quote, csv.escape and csv.skip_lines.",
                )
        taken.clear()
    count.rows += len(rows)
    if rows:
        yield batch()
