"""Whether the inputs that a company names are there and look as its mappings say.

Belongs here: what `tandem check` finds out before a run, cheaply. Does not belong here: reading
whole inputs (`extract`), judging rows (`expectations`), connecting to databases.
"""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Iterator
from pathlib import Path

from orchestration.lib.company.folder import Company
from orchestration.lib.company.problems import Problem, did_you_mean
from orchestration.lib.company.source_config import Source, Table
from orchestration.lib.extract import ExtractError
from orchestration.lib.extract.columns import mapped_columns
from orchestration.lib.extract.files import file_format, read_files
from orchestration.lib.extract.inputs import InputFile, find_files

# Text is judged by its beginning; workbooks and Parquet files are read whole, up to a size.
# Lines of JSON name only the keys they have, so more of them are looked at.
SAMPLE_BYTES = 1 << 18
WHOLE_BYTES = 8 << 20
_TEXT_FORMATS = ("csv", "tsv", "jsonl")


def check_inputs(company: Company) -> list[Problem]:
    """Globs that match nothing, files that cannot be read as declared, columns that are missing.

    Looks at the beginning of each file only, and at databases not at all.
    """
    urls = [_check_url(source) for source in company.sources if source.type == "sql"]
    problems = [problem for found in urls for problem in found]
    return problems + [problem for problem, is_certain in _check_tables(company) if is_certain]


def input_notes(company: Company) -> list[Problem]:
    """What the beginning of a long file suggests, and only the whole file can tell."""
    return [problem for problem, is_certain in _check_tables(company) if not is_certain]


def _check_tables(company: Company) -> Iterator[tuple[Problem, bool]]:
    for source in company.sources:
        if source.type == "files":
            for name, table in source.tables.items():
                yield from _check_files(f"{source.source}.{name}", table, company.folder)


def _check_url(source: Source) -> Iterator[Problem]:
    """Whether the URL can be understood and its driver is installed; no message shows it."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        url = make_url(source.url or "")
    except (ArgumentError, ValueError):
        message, fix = "is no SQLAlchemy URL", "write it as dialect://user:password@host/database"
    else:
        try:
            url.get_dialect().import_dbapi()
            return
        except (NoSuchModuleError, ImportError):
            message = f"needs a driver for {url.drivername}, which is not installed"
            fix = "install the driver into .venv, or name another one in the URL"
    yield Problem(f"source {source.source}", "url", None, message, fix)


def _check_files(name: str, table: Table, folder: Path) -> Iterator[tuple[Problem, bool]]:
    """What is wrong, and whether that is certain."""
    names: dict[str, str] = {}
    try:
        files = find_files(table.files or [], folder)
        with tempfile.TemporaryDirectory() as scratch:
            samples = [
                _sample(file, table, Path(scratch), number) for number, file in enumerate(files)
            ]
            names = {sample: file.name for sample, file in zip(samples, files, strict=True)}
            readable = [sample for sample in samples if sample]
            if not readable:
                return
            found = read_files(table.model_copy(update={"files": readable}), folder).columns
    except ExtractError as error:
        where = f"{name}, {error.where}" if error.where else name
        file = names.get(error.file, error.file)
        yield Problem(file, where, None, _renamed(error.message, names), error.fix), True
        return
    is_json = any(file_format(file, table) == "jsonl" for file in files)
    is_whole = not is_json or all(map(_is_whole, files))
    message = "is mapped, but the file has no such column"
    if is_json:
        lines = "line" if is_whole else "line at the beginning of the file"
        message = f"is mapped, but no {lines} has such a key"
    for column in sorted(mapped_columns(table).difference(found)):
        fix = did_you_mean(column, found)
        yield Problem(files[0].name, name, column, message, fix), is_whole


def _is_whole(file: InputFile) -> bool:
    """Whether the sample of a file of JSON lines is all of it."""
    with file.open() as stream:
        return len(stream.read(WHOLE_BYTES)) < WHOLE_BYTES


def _sample(file: InputFile, table: Table, scratch: Path, number: int) -> str:
    """The path of a file that stands for the input: itself, its beginning, or '' for none."""
    if file_format(file, table) not in _TEXT_FORMATS:
        return str(file.path) if file.path.stat().st_size <= WHOLE_BYTES else ""
    size = WHOLE_BYTES if file_format(file, table) == "jsonl" else SAMPLE_BYTES
    with file.open() as stream:
        content = stream.read(size)
    if len(content) == size:
        content = _whole_lines(content, table.csv.encoding)
    path = scratch / f"{number:06}{file.ending}"
    path.write_bytes(content)
    return str(path)


def _whole_lines(content: bytes, encoding: str) -> bytes:
    """The content up to its last line end; unchanged where it is not in that encoding."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(content)
    except UnicodeError:
        return content
    return text[: text.rfind("\n") + 1].encode(encoding) or content


def _renamed(message: str, names: dict[str, str]) -> str:
    for sample, name in names.items():
        if sample:
            message = message.replace(sample, name)
    return message
