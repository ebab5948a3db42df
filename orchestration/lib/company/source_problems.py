"""A source from its YAML document, and pydantic's errors in plain words.

Belongs here: what went wrong in one file, told with line, value, what is allowed and the fix.
Does not belong here: the settings themselves (`source_config`, `automation_config`), rules between
files (`company`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from orchestration.lib.company import yaml_text
from orchestration.lib.company.problems import Problem, did_you_mean
from orchestration.lib.company.source_config import (
    INPUT_KEYS,
    ColumnMapping,
    ComplaintsError,
    Source,
    column_complaints,
    input_complaints,
)
from orchestration.lib.company.yaml_text import Document
from orchestration.lib.entities import ENTITIES

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# What each kind of pydantic error means, for somebody who has never seen Python.
_WORDS = {
    "string_type": ("must be text", "put it in quotes"),
    "int_type": ("must be a whole number", "write digits only"),
    "int_parsing": ("must be a whole number", "write digits only"),
    "int_from_float": ("must be a whole number", "write digits only"),
    "greater_than": ("must be above 0", "write a whole number of 1 or more"),
    "greater_than_equal": ("must not be below 0", "write 0 or a whole number above it"),
    "float_type": ("must be a number", "write it with a decimal point and without quotes"),
    "float_parsing": ("must be a number", "write it with a decimal point and without quotes"),
    "bool_type": ("must be true or false", "write true or false, without quotes"),
    "bool_parsing": ("must be true or false", "write true or false, without quotes"),
    "list_type": ("must be a list", "write [one, two], or one line with - for each"),
    "dict_type": ("must be a block of keys", "write key: value lines below it, indented"),
    "model_type": ("must be a block of keys", "write key: value lines below it, indented"),
    "too_short": ("is empty", "give at least one"),
    "string_too_long": ("must be one character", "write one character"),
    "string_too_short": ("must be one character", "write one character"),
    "string_pattern_mismatch": (
        "is no name",
        "use lower-case letters, digits and single underscores, beginning with a letter",
    ),
}


def settings_problems(
    document: Document, model: type[BaseModel], error: ValidationError
) -> Iterator[Problem]:
    """Pydantic's errors in plain words; the branches of a union at one path become one."""
    details = error.errors(include_url=False, include_input=False)
    by_path: dict[yaml_text.Path, list[ErrorDetails]] = defaultdict(list)
    for detail in details:
        path = _existing(document.data, detail["loc"])
        if detail["type"] == "missing":
            path = (*path, detail["loc"][-1])
        by_path[path].append(detail)
    for path, found in by_path.items():
        kinds = {detail["type"] for detail in found}
        cause = found[0].get("ctx", {}).get("error")
        if isinstance(cause, ComplaintsError):
            for below, message, fix in cause.complaints:
                yield document.problem((*path, *below), message, fix)
        elif cause is not None:
            yield document.problem(path, str(cause), "see docs/company-folder.md")
        elif len(kinds) > 1:
            yield document.problem(path, "must be one value", "write text, a number, true or false")
        else:
            written = document.written.get(path, "")
            yield document.problem(path, *_in_words(model, path, written, found[0]))


def _in_words(
    model: type[BaseModel], path: yaml_text.Path, written: str, detail: ErrorDetails
) -> tuple[str, str]:
    """Message and fix of one error."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        allowed, key = _keys(model, detail["loc"][:-1]), str(path[-1])
        for block in _blocks_with(model, detail["loc"][:-1], key):
            return "no such key here", f"put it into {block}, such as {block}: {{{key}: {written}}}"
        return "no such key", did_you_mean(key, allowed)
    if kind == "missing":
        allowed = _keys(model, detail["loc"][:-1])
        return "is missing", f"add it; the keys here are {', '.join(allowed)}"
    if kind == "literal_error":
        allowed = re.findall(r"'(\w+)'", context["expected"])
        if not allowed:
            return "is not allowed", f"write one of {context['expected']}"
        return "is not allowed", did_you_mean(written, allowed)
    if kind == "model_type" and path[-2:-1] == ("columns",):
        return "must name a column", "write the column's name, or a block such as {column: Name}"
    if kind == "greater_than_equal" and path[-1] == "lag_days":
        return "must be at least 1", "a day may end later in the source than where the company is"
    if kind in ("int_from_float", "int_parsing") and path[-1] in ("divide_by", "multiply_by"):
        return _WORDS[kind][0], "divide_by makes numbers smaller, multiply_by makes them larger"
    if kind in _WORDS:
        return _WORDS[kind]
    return detail["msg"], "see docs/company-folder.md"


def _existing(data: Any, location: yaml_text.Path) -> yaml_text.Path:
    """The longest part of a location that is in the file."""
    path: list[str | int] = []
    for part in location:
        if not isinstance(data, dict | list):
            break
        try:
            data = data[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            break
        path.append(part)
    return tuple(path)


def _keys(model: type[BaseModel], location: yaml_text.Path) -> list[str]:
    """The keys that the settings model at a location below `model` knows."""
    annotation: Any = model
    for part in location:
        annotation = _below(annotation, part)
    found = _unwrap(annotation)
    names = list(getattr(found, "model_fields", {}))
    if found is ColumnMapping:
        names.insert(names.index("formats"), "format")  # the short way to write formats
    return names


def _blocks_with(model: type[BaseModel], location: yaml_text.Path, key: str) -> Iterator[str]:
    """The keys at a location whose value is a block that knows another key."""
    return (name for name in _keys(model, location) if key in _keys(model, (*location, name)))


def _below(annotation: Any, part: str | int) -> Any:
    """The type of what stands under a key or index of a value of that type."""
    plain = _unwrap(annotation)
    if get_origin(plain) in (dict, list):
        return get_args(plain)[-1]
    field = getattr(plain, "model_fields", {}).get(part)
    return None if field is None else field.annotation


def _unwrap(annotation: Any) -> Any:
    """`X` for `X | None`."""
    if get_origin(annotation) in (Union, UnionType):
        return next(arg for arg in get_args(annotation) if arg is not NoneType)
    return annotation


def parse_source(document: Document) -> tuple[Source | None, list[Problem]]:
    """The source of a document, or None and what is wrong with it in plain words."""
    if document.data is None:
        return None, []
    if not isinstance(document.data, dict):
        fix = "begin with keys such as source: crm"
        return None, [document.problem((), "is not a block of keys", fix)]
    try:
        return Source.model_validate(document.data), []
    except ValidationError as error:
        found = list(settings_problems(document, Source, error))
    told = {problem.where for problem in document.problems}
    problems = dict.fromkeys([*found, *_rules_unseen(document)])
    return None, [problem for problem in problems if problem.where not in told]


def _rules_unseen(document: Document) -> Iterator[Problem]:
    """The rules over several keys, which pydantic leaves out once a single key is wrong."""
    data = document.data
    tables = data.get("tables")
    if not isinstance(tables, dict):
        return
    blocks = {name: table for name, table in tables.items() if isinstance(table, dict)}
    given = {name: set(INPUT_KEYS).intersection(table) for name, table in blocks.items()}
    for path, message, fix in input_complaints(str(data.get("type")), "url" in data, given):
        yield document.problem(path, message, fix)
    for name, table in blocks.items():
        mappings = table.get("entities")
        for index, mapping in enumerate(mappings if isinstance(mappings, list) else []):
            at = ("tables", name, "entities", index)
            entity, columns = (
                (mapping.get("entity"), mapping.get("columns"))
                if isinstance(mapping, dict)
                else (None, None)
            )
            if isinstance(entity, str) and entity in ENTITIES and isinstance(columns, dict):
                for below, message, fix in column_complaints(entity, columns):
                    yield document.problem((*at, *below), message, fix)
