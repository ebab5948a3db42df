"""Whether the inputs that a company names are there and look as its mappings say.

Belongs here: what `tandem check` finds out before a run, cheaply. Does not belong here: reading
whole inputs (`extract`), judging rows (`expectations`), connecting to databases.
"""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orchestration.lib.company.problems import Problem, did_you_mean
from orchestration.lib.company.source_config import Source, Table
from orchestration.lib.company.yaml_text import Document
from orchestration.lib.extract import ExtractError
from orchestration.lib.extract.columns import mapped_columns
from orchestration.lib.extract.files import file_format, read_files
from orchestration.lib.extract.inputs import InputFile, find_files
from orchestration.lib.extract.model import RawTable

# Text is judged by its beginning; workbooks and Parquet files are read whole, up to a size.
# Lines of JSON name only the keys they have, so more of them are looked at.
SAMPLE_BYTES = 1 << 18
WHOLE_BYTES = 8 << 20
_TEXT_FORMATS = ("csv", "tsv", "jsonl")
# The keys of a table that say how its files are read.
_READING = ("files", "format", "csv", "excel")
# A table must have a mapping; this one stands in for those that may be wrong.
_ANY_MAPPING = {"entity": "lead", "columns": {"source_id": "id"}}


@dataclass(frozen=True)
class Inputs:
    """What a source reads, as far as its file is right.

    `url` is that of a database; `tables` holds each table of files with the raw columns that its
    mappings name.
    """

    source: str
    url: str | None
    tables: dict[str, tuple[Table, set[str]]]


def inputs_of(document: Document, source: Source | None) -> Inputs:
    """The inputs that a source's file names, whatever else is wrong with it.

    A table whose files, or the way to read them, are told already is left out; one with another
    problem comes without its mappings.
    """
    data = document.data if isinstance(document.data, dict) else {}
    told = {problem.where for problem in document.problems}
    url = data.get("url") if data.get("type") == "sql" and "url" not in told else None
    url = source.url if source is not None and url is not None else url
    tables: dict[str, tuple[Table, set[str]]] = {}
    blocks = data.get("tables")
    for name, block in blocks.items() if isinstance(blocks, dict) else ():
        if not isinstance(block, dict) or "files" not in block or _is_unreadable(name, told):
            continue
        if source is not None:
            table = source.tables[name]
            tables[name] = table, mapped_columns(table)
            continue
        reading = {key: block[key] for key in _READING if key in block}
        try:
            table = Table.model_validate({**reading, "entities": [_ANY_MAPPING]})
        except ValidationError:
            continue  # told of the table as a whole
        tables[name] = table.model_copy(update={"entities": []}), _columns_named_in(block)
    return Inputs(str(data.get("source")), url if isinstance(url, str) else None, tables)


def _is_unreadable(name: str, told: Collection[str]) -> bool:
    table = f"tables.{name}"
    parts = tuple(f"{table}.{key}" for key in _READING)
    return any(where == table or where.startswith(parts) for where in told)


def _columns_named_in(block: dict[str, Any]) -> set[str]:
    """The raw columns that the mappings of a table name, right or wrong."""
    mappings = block.get("entities")
    found: set[str] = set()
    for mapping in mappings if isinstance(mappings, list) else ():
        columns = mapping.get("columns") if isinstance(mapping, dict) else None
        for value in columns.values() if isinstance(columns, dict) else ():
            named = value.get("columns", value.get("column")) if isinstance(value, dict) else value
            names = named if isinstance(named, list) else [named]
            found.update(name for name in names if isinstance(name, str))
    return found


@dataclass(frozen=True)
class Look:
    """What a glance at a source's inputs gives.

    `notes` are what the beginning of a long file suggests, and only the whole file can tell;
    `samples` are the raw rows that were looked at, by table, and whether they are all of them.
    """

    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    samples: dict[str, tuple[RawTable, bool]] = field(default_factory=dict)


def look_at(inputs: Inputs, folder: Path) -> Look:
    """Globs that match nothing, files that cannot be read as declared, columns that are missing.

    Looks at the beginning of each file only, and at databases not at all.
    """
    look = Look()
    if inputs.url is not None:
        look.problems.extend(_check_url(inputs.source, inputs.url))
    for name, (table, columns) in inputs.tables.items():
        _look_at_files(look, inputs.source, name, table, columns, folder)
    return look


def _check_url(source: str, written: str) -> Iterator[Problem]:
    """Whether the URL can be understood and its driver is installed; no message shows it."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        message, fix = "is no SQLAlchemy URL", "write it as dialect://user:password@host/database"
    else:
        try:
            url.get_dialect().import_dbapi()
            return
        except (NoSuchModuleError, ImportError):
            message = f"needs a driver for {url.drivername}, which is not installed"
            fix = "install the driver into .venv, or name another one in the URL"
    yield Problem(f"source {source}", "url", None, message, fix)


def _look_at_files(
    look: Look, source: str, name: str, table: Table, columns: set[str], folder: Path
) -> None:
    place = f"{source}.{name}"
    try:
        files = find_files(table.files or [], folder)
    except ExtractError as error:
        look.problems.append(_told(error, place, {}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        try:
            samples = [
                _sample(file, table, Path(scratch), number) for number, file in enumerate(files)
            ]
        except ExtractError as error:
            look.problems.append(_told(error, place, {}))
            return
        names = {path: file.name for (path, _), file in zip(samples, files, strict=True) if path}
        found, errors = _read(table, list(names), folder)
    look.problems.extend(_told(error, place, names) for error in errors)
    if found is None:
        return
    text = "".join(error.message for error in errors)
    missing = [column for column in columns.difference(found.columns) if f"'{column}'" not in text]
    if columns and columns.isdisjoint(found.columns):
        if not errors:
            message = f"has none of the columns that are mapped; it has {', '.join(found.columns)}"
            fix = "correct the mapping, or say how to read the file: csv.delimiter, csv.skip_lines"
            look.problems.append(Problem(files[0].name, place, None, message, fix))
        return
    is_json = any(file_format(file, table) == "jsonl" for file in files)
    is_whole = all(is_whole for _, is_whole in samples)
    message = "is mapped, but the file has no such column"
    if is_json:
        lines = "line" if is_whole else "line at the beginning of the file"
        message = f"is mapped, but no {lines} has such a key"
    for column in sorted(missing):
        problem = Problem(
            files[0].name, place, column, message, did_you_mean(column, found.columns)
        )
        (look.problems if is_whole or not is_json else look.notes).append(problem)
    if not errors:
        look.samples[name] = found, is_whole


def _read(
    table: Table, samples: list[str], folder: Path
) -> tuple[RawTable | None, list[ExtractError]]:
    """The samples as one table, and everything that is wrong with any of them.

    Where only columns are missing that the mappings cannot do without, the rest is read.
    """
    if not samples:
        return None, []

    def read(files: list[str], **changes: Any) -> RawTable:
        return read_files(table.model_copy(update={"files": files, **changes}), folder)

    try:
        return read(samples), []
    except ExtractError as error:
        errors = [error]
    if len(samples) > 1:
        own = [_read(table, [sample], folder)[1] for sample in samples]
        errors = [error for found in own for error in found] or errors
    try:
        return read(samples, entities=[]), errors
    except ExtractError:
        return None, errors


def _told(error: ExtractError, place: str, names: Mapping[str, str]) -> Problem:
    """An error about a sample as a problem of the file that the sample stands for."""
    where = f"{place}, {error.where}" if error.where else place
    file = names.get(error.file, error.file)
    return Problem(file, where, None, _renamed(error.message, names), error.fix)


def _sample(file: InputFile, table: Table, scratch: Path, number: int) -> tuple[str, bool]:
    """The path of a file that stands for the input, and whether it is all of it; '' for none."""
    if file_format(file, table) not in _TEXT_FORMATS:
        is_whole = file.path.stat().st_size <= WHOLE_BYTES
        return (str(file.path) if is_whole else ""), is_whole
    size = WHOLE_BYTES if file_format(file, table) == "jsonl" else SAMPLE_BYTES
    with file.open() as stream:
        content = stream.read(size)
    is_whole = len(content) < size
    if not is_whole:
        content = _whole_lines(content, table.csv.encoding)
    path = scratch / f"{number:06}{file.ending}"
    path.write_bytes(content)
    return str(path), is_whole


def _whole_lines(content: bytes, encoding: str) -> bytes:
    """The content up to its last line end; unchanged where it is not in that encoding."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(content)
    except UnicodeError:
        return content
    return text[: text.rfind("\n") + 1].encode(encoding) or content


def _renamed(message: str, names: Mapping[str, str]) -> str:
    for sample, name in names.items():
        message = message.replace(sample, name)
    return message
