"""The settings of a source: the shape of `sources/*.yaml`, as pydantic models.

Belongs here: keys, types, defaults and rules that concern one key or one table. Does not
belong here: reading YAML, resolving `${ENV_VAR}`, rules between files (`company`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, Strict, field_validator, model_validator

from orchestration.lib.company.currencies import CURRENCIES
from orchestration.lib.company.problems import did_you_mean
from orchestration.lib.company.timezones import is_timezone
from orchestration.lib.entities import ENTITIES
from orchestration.lib.schema import Column

# No two underscores in a row: `<source>__<table>` names a table everywhere.
NAME = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
Name = Annotated[str, Field(pattern=NAME)]
# Only true and false: YAML reads yes and no as text, and text is no answer.
Boolean = Annotated[bool, Strict()]
# The keys that say what a table reads.
INPUT_KEYS = ("files", "table", "query")
# Days before its window that a table reads again: for late rows, and for reports, whose past
# days ad platforms restate.
LAG_DAYS, REPORT_LAG_DAYS = 3, 30
_WINDOW_PARAMETER = re.compile(r":window_(start|end)\b")
NAMED_FORMATS = ("iso", "epoch_s", "epoch_ms", "excel")
LoadMode = Literal["append", "upsert", "snapshot"]
FileFormat = Literal["csv", "tsv", "jsonl", "parquet", "excel"]


class Complaint(NamedTuple):
    """What is wrong with one key below the model that found it."""

    path: tuple[str | int, ...]
    message: str
    fix: str


class ComplaintsError(ValueError):
    """Several complaints at once, so that each can be told with its own line."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = list(complaints)
        super().__init__(
            "; ".join(
                f"{'.'.join(map(str, path))}: {message} ({fix})"
                for path, message, fix in self.complaints
            )
        )

    @classmethod
    def of(cls, message: str, fix: str) -> ComplaintsError:
        """One complaint about the very key that a validator looks at."""
        return cls([Complaint((), message, fix)])


class Settings(BaseModel):
    """Base of all settings: an unknown key is an error, never ignored.

    Errors never show the input, which may hold a resolved secret.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class CsvDialect(Settings):
    """How a delimited file is written. Nothing is guessed."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    escape: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str = "utf-8"
    skip_lines: int = Field(default=0, ge=0)  # lines before the header
    skip_footer: int = Field(default=0, ge=0)  # lines after the last row, such as a total
    header: list[str] | None = None  # column names of a file that has none

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            codecs.lookup(value)
        except LookupError:
            raise ComplaintsError.of(
                "no such encoding", "usual ones are utf-8, cp1252 and utf-16"
            ) from None
        return value


class ExcelSheet(Settings):
    """Which part of a workbook to read."""

    sheet: str | int = 0
    skip_rows: int = Field(default=0, ge=0)  # rows before the header


class NumberFormat(Settings):
    """How numbers are written in a column or source."""

    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'", ""] | None = None  # default: the other of , and .
    suffixes: Boolean = True  # read 342.09K, 1.2M, 3B
    percent: Boolean = False  # read 12.5% (and 12.5) as 0.125
    divide_by: int = Field(default=1, gt=0)  # 100 for amounts in cents, 1000000 for micros
    multiply_by: int = Field(default=1, gt=0)  # 1000 for amounts in thousands

    @model_validator(mode="after")
    def _tell_apart(self) -> NumberFormat:
        if self.thousands == self.decimal:
            raise ComplaintsError.of(
                "decimal and thousands are the same", "1.234,56 has decimal , and thousands ."
            )
        if {"divide_by", "multiply_by"} <= self.model_fields_set:
            raise ComplaintsError.of("has both divide_by and multiply_by", "keep one of the two")
        return self


class ColumnMapping(Settings):
    """Where one entity column comes from. Exactly one of column, columns, constant."""

    column: str | None = None
    columns: list[str] | None = None  # joined by `join`, nulls left out
    join: str = " "
    constant: str | int | float | bool | None = None
    formats: list[str] | None = None  # strptime formats; or iso, epoch_s, epoch_ms, excel
    timezone: str | None = None  # of times without an offset; default: the source's
    number: NumberFormat | None = None  # default: the source's
    values: dict[str, str | int | float | bool | None] | None = None  # value map
    unmapped: Literal["keep", "null", "error"] = "keep"  # values that the map lacks
    extract: str | None = None  # regular expression; its first group (or match) is the value
    nulls: list[str] | None = None  # more null markers for this column

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """`target: Name` is short for `target: {column: Name}`; `format` for one of `formats`."""
        if isinstance(value, str):
            return {"column": value}
        if isinstance(value, dict) and "format" in value:
            rest = {key: item for key, item in value.items() if key != "format"}
            return {**rest, "formats": [value["format"], *rest.get("formats", [])]}
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str | None) -> str | None:
        return check_timezone(value)

    @field_validator("unmapped", mode="before")
    @classmethod
    def _null_is_a_word(cls, value: Any) -> Any:
        """YAML reads an unquoted `null` as no value."""
        return "null" if value is None else value

    @field_validator("formats")
    @classmethod
    def _known_formats(cls, value: list[str] | None) -> list[str] | None:
        for text in value or []:
            if text not in NAMED_FORMATS and "%" not in text:
                raise ComplaintsError.of(
                    f"'{text}' is no date format",
                    f"use {', '.join(NAMED_FORMATS)}, or a strptime format such as %d/%m/%Y",
                )
        return value

    @field_validator("extract")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ComplaintsError.of(
                f"is no regular expression: {error}",
                "escape . ( ) [ ] * + ? with a backslash where they stand for themselves",
            ) from None
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMapping:
        given = [
            name for name in ("column", "columns", "constant") if name in self.model_fields_set
        ]
        if len(given) != 1:
            raise ComplaintsError.of(
                f"has {' and '.join(given) or 'no origin'}",
                "give exactly one of column, columns, constant",
            )
        return self

    @property
    def source_columns(self) -> list[str]:
        """The raw columns that this mapping reads."""
        return [self.column] if self.column is not None else list(self.columns or [])


class RowFilter(Settings):
    """One condition on a raw row; all given tests must hold."""

    column: str
    equals: str | None = None
    one_of: list[str] | None = None
    none_of: list[str] | None = None
    is_null: Boolean | None = None  # true: only rows without a value; false: only rows with one


class EntityMapping(Settings):
    """How the rows of a table become rows of one entity."""

    entity: str
    where: list[RowFilter] = []
    columns: dict[str, ColumnMapping]

    @field_validator("entity")
    @classmethod
    def _known_entity(cls, value: str) -> str:
        if value not in ENTITIES:
            raise ComplaintsError.of("no such entity", did_you_mean(value, sorted(ENTITIES)))
        return value

    @model_validator(mode="after")
    def _known_columns(self) -> EntityMapping:
        entity = ENTITIES[self.entity]
        complaints = list(column_complaints(self.entity, self.columns))
        for name, mapping in self.columns.items():
            if name in entity.column_names:
                complaints += _constant_complaints(entity.column(name), mapping)
        if complaints:
            raise ComplaintsError(complaints)
        return self


def column_complaints(entity_name: str, mapped: Iterable[str]) -> Iterator[Complaint]:
    """Columns that the entity lacks, and those that a mapping to it lacks."""
    entity, names = ENTITIES[entity_name], set(mapped)
    for name in sorted(names.difference(entity.column_names)):
        yield Complaint(
            ("columns", name),
            f"{entity.name} has no column {name}",
            did_you_mean(name, entity.column_names),
        )
    for column in entity.columns:
        if column.required and column.name not in names:
            yield Complaint(
                ("columns",),
                f"{entity.name} needs {column.name}: {column.description}",
                f"map {column.name} to a column of the input",
            )
    money = [c.name for c in entity.columns if c.kind == "money" and c.name in names]
    if money and "currency" in entity.column_names and "currency" not in names:
        yield Complaint(
            ("columns",),
            f"{', '.join(money)} needs a currency",
            "map currency to a column of the input, or give a constant such as"
            " currency: {constant: USD}",
        )


def _constant_complaints(column: Column, mapping: ColumnMapping) -> Iterator[Complaint]:
    """Values written in the mapping itself that the column cannot hold."""
    written: dict[tuple[str, ...], Any] = {("constant",): mapping.constant}
    written |= {("values", key): value for key, value in (mapping.values or {}).items()}
    for path, value in written.items():
        if value is None:
            continue
        at, text = ("columns", column.name, *path), str(value)
        if column.kind == "enum" and re.sub(r"[\s-]+", "_", text.lower()) not in column.allowed:
            fix = did_you_mean(text, column.allowed)
            yield Complaint(at, f"{column.name} has no value {text}", fix)
        if column.kind == "currency" and text.upper() not in CURRENCIES:
            fix = "use a three-letter code such as USD or EUR"
            yield Complaint(at, f"no ISO 4217 currency: {text}", fix)


class Freshness(Settings):
    """How old the newest row may be, in days before the run's as-of."""

    warn_after_days: float | None = Field(default=None, gt=0)
    error_after_days: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _warn_first(self) -> Freshness:
        warn, error = self.warn_after_days, self.error_after_days
        if warn and error and warn > error:
            raise ComplaintsError.of(
                "warn_after_days is more than error_after_days", "warn before the error"
            )
        return self


class Table(Settings):
    """One extraction: files, a database table or a query, and the entities it feeds."""

    # of sources of type files
    files: list[str] | None = None  # globs, relative to the company folder
    format: FileFormat | None = None  # default: by the file name's ending
    csv: CsvDialect = CsvDialect()
    excel: ExcelSheet = ExcelSheet()
    # of sources of type sql
    table: str | None = None
    query: str | None = None
    cursor: str | None = None  # the column by which windows of days are asked for
    lag_days: int | None = Field(default=None, ge=1)  # default: see LAG_DAYS
    # of both
    load: LoadMode = "snapshot"
    allow_empty: Boolean = False
    freshness: Freshness = Freshness()
    entities: list[EntityMapping] = Field(min_length=1)

    @property
    def is_windowed(self) -> bool:
        """Whether a run asks for the rows of its days; else the input is read as a whole."""
        return self.load != "snapshot" and self.names_window

    @property
    def names_window(self) -> bool:
        """Whether rows can be asked for by day: by a cursor, or by the query itself."""
        return self.cursor is not None or bool(_WINDOW_PARAMETER.search(self.query or ""))

    @property
    def lag(self) -> int:
        """Days before the first day asked for that are read again."""
        return self.lag_days or (REPORT_LAG_DAYS if self.is_report else LAG_DAYS)

    @property
    def is_report(self) -> bool:
        """Whether it feeds an entity whose days are replaced as a whole."""
        return any(ENTITIES[mapping.entity].is_windowed for mapping in self.entities)

    @model_validator(mode="after")
    def _window_is_used(self) -> Table:
        complaints = list(self._window_complaints())
        if complaints:
            raise ComplaintsError(complaints)
        return self

    def _window_complaints(self) -> Iterator[Complaint]:
        if self.cursor is not None and self.table is None:
            yield Complaint(
                ("cursor",),
                "is for a table, and this reads no table",
                "give table; a query names :window_start and :window_end itself",
            )
        elif self.cursor is not None and self.load == "snapshot":
            yield Complaint(
                ("cursor",),
                "a snapshot is read as a whole, so that what it lacks is gone",
                "add load: upsert, or load: append for rows that never change",
            )
        if self.lag_days is not None and not self.names_window:
            yield Complaint(
                ("lag_days",),
                "has no effect: this table is not asked for by day",
                "add cursor, the column that dates a row or its last change",
            )
        for mapping in self.entities if self.cursor is not None else ():
            entity = ENTITIES[mapping.entity]
            day = mapping.columns.get(entity.event_time or "")
            if entity.is_windowed and day is not None and day.column != self.cursor:
                yield Complaint(
                    ("cursor",),
                    f"{entity.name} is replaced by the day, and {self.cursor} is not its day",
                    f"name the column that is mapped to {entity.event_time}",
                )

    @field_validator("files", mode="before")
    @classmethod
    def _one_file(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("entities")
    @classmethod
    def _each_entity_once(cls, value: list[EntityMapping]) -> list[EntityMapping]:
        names = [mapping.entity for mapping in value]
        complaints = [
            Complaint(
                (index, "entity"),
                f"this table feeds {name} already",
                "read the same input as a second table, with a name of its own",
            )
            for index, name in enumerate(names)
            if name in names[:index]
        ]
        if complaints:
            raise ComplaintsError(complaints)
        return value


class Source(Settings):
    """One source system: one YAML file."""

    source: Name
    type: Literal["files", "sql"]
    description: str = ""
    owner: Literal["marketing", "sales", "data"] = "data"
    timezone: str = "UTC"  # of times without an offset
    nulls: list[str] = []  # markers read as null, beside the empty value
    number: NumberFormat = NumberFormat()
    url: str | None = Field(default=None, repr=False)  # SQLAlchemy URL; holds secrets
    tables: dict[Name, Table] = Field(min_length=1)

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        check_timezone(value)
        return value

    @model_validator(mode="after")
    def _fits_type(self) -> Source:
        given = {
            name: {key for key in INPUT_KEYS if getattr(table, key)}
            for name, table in self.tables.items()
        }
        complaints = list(input_complaints(self.type, bool(self.url), given))
        if complaints:
            raise ComplaintsError(complaints)
        return self


def input_complaints(
    source_type: str, has_url: bool, given: Mapping[str, Collection[str]]
) -> Iterator[Complaint]:
    """What a source of that type lacks; `given` holds the `INPUT_KEYS` of each table."""
    if source_type == "sql" and not has_url:
        yield Complaint((), "type sql needs url", "add a line such as url: ${CRM_DATABASE_URL}")
    if source_type == "files" and has_url:
        yield Complaint(("url",), "type files has no url", "remove url, or set type: sql")
    for name, keys in given.items():
        if source_type == "files" and set(keys) != {"files"}:
            yield Complaint(
                ("tables", name),
                "type files needs files, and neither table nor query",
                "name the files, such as files: data/leads.csv",
            )
        if source_type == "sql" and set(keys) not in ({"table"}, {"query"}):
            yield Complaint(
                ("tables", name),
                "type sql needs one of table and query, and no files",
                "name the table, such as table: public.leads",
            )


def check_timezone(value: str | None) -> str | None:
    """Return the IANA timezone name, or raise ValueError if there is no such zone."""
    if value is not None and not is_timezone(value):
        raise ComplaintsError.of("is no IANA timezone", "use one such as Europe/Berlin or UTC")
    return value and ZoneInfo(value).key
