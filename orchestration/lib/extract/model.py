"""What reading a table gives: raw rows, malformed rows, counts, and the one error.

Belongs here: the shapes that all readers share. Does not belong here: reading (one module
per format), choosing the reader (`files`, `sql`).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from orchestration.lib.errors import TandemError

ROW_COLUMNS = ("_file", "_line")  # where a raw row stands; added to the columns of the input


class ExtractError(TandemError):
    """Input that cannot be read as declared.

    `file` names the input, `where` the place in it ('' if none), `message` what is wrong and
    `fix` how to mend it.
    """

    def __init__(self, file: str, where: str, message: str, fix: str) -> None:
        super().__init__(file, where, message, fix)
        self.file, self.where, self.message, self.fix = file, where, message, fix

    @property
    def place(self) -> str:
        return f"{self.file}, {self.where}" if self.where else self.file

    def __str__(self) -> str:
        return f"{self.place}: {self.message}. {self.fix}"


@dataclass(frozen=True)
class MalformedRow:
    """A line that is no row of the declared shape; `raw` is its text as read."""

    file: str
    line: int
    reason: str
    raw: str


@dataclass
class FileCount:
    """Where every physical line of one input went.

    `row_lines` are the lines that the `rows` take: more than the rows where a quoted value
    spans lines. For sheets a line is a sheet row, for Parquet and SQL a record.
    """

    file: str
    lines: int = 0
    skipped_lines: int = 0
    header_lines: int = 0
    blank_lines: int = 0
    row_lines: int = 0
    malformed_lines: int = 0
    footer_lines: int = 0
    rows: int = 0

    def reconcile(self, data_rows: int) -> None:
        """Raise ExtractError unless each line went to exactly one place and no row is lost."""
        parts = (
            self.skipped_lines + self.header_lines + self.blank_lines
            + self.row_lines + self.malformed_lines + self.footer_lines
        )  # fmt: skip
        if parts != self.lines or data_rows != self.rows:
            raise ExtractError(
                self.file,
                "",
                f"the counts do not add up: {self}, {data_rows} rows read",
                "The file may have changed while it was read: run again; else report this.",
            )


@dataclass(frozen=True)
class FilePart:
    """One file as read: `data` holds the input's columns and `_line`."""

    data: pa.Table
    malformed: list[MalformedRow]
    count: FileCount

    @property
    def columns(self) -> list[str]:
        return [name for name in self.data.column_names if name not in ROW_COLUMNS]


@dataclass(frozen=True)
class RawTable:
    """All rows of one table as the source gave them.

    `data` has the input's columns (`columns`), then `_file` and `_line`. Delimited files and
    JSON lines give text; Parquet, SQL and purely numeric Excel columns keep their types.
    `is_typed` says that dates came as dates: where they had to become text, it is ISO 8601
    whatever the mapping declares.
    """

    data: pa.Table
    malformed: list[MalformedRow]
    counts: list[FileCount]
    columns: list[str]
    is_typed: bool = False
