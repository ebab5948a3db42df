"""YAML read with the place of every value, and with `${ENV_VAR}` filled in.

Belongs here: syntax, lines, duplicate keys, environment variables. Does not belong here: what
the keys mean (`source_config`, `company`).

The scalars are those of YAML 1.2: only `true` and `false` are booleans (not `yes` or `no`),
dates and times stay text, and keys are always text as written, so that a value map can say
`No: lost` and `1: won`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from orchestration.lib.company.problems import Problem

Path = tuple[str | int, ...]

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PREFIX = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """Only composes; knows the scalars of YAML 1.2 and no tag of its own."""


_Loader.yaml_implicit_resolvers = {}  # instead of those of YAML 1.1, which it inherits
for _tag, _pattern, _first in (
    ("null", r"(~|null|Null|NULL|)", ["~", "n", "N", ""]),
    ("bool", r"(true|True|TRUE|false|False|FALSE)", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_PREFIX + _tag, re.compile(f"^{_pattern}$"), _first)


@dataclass
class Document:
    """A YAML file as plain values, and for each path its line, its text, its variables."""

    file: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    written: dict[Path, str] = field(default_factory=dict)
    variables: dict[Path, dict[str, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int | None:
        """The line of a path, or of the nearest path above it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def problem(self, path: Path, message: str, fix: str) -> Problem:
        """A problem at a path; resolved variables in the message become their names again."""
        for at, variables in self.variables.items():
            if at[: len(path)] == path:
                for name, value in variables.items():
                    if value:
                        message = message.replace(value, f"${{{name}}}")
                        fix = fix.replace(value, f"${{{name}}}")
        return Problem(
            self.file, path_text(path), self.written.get(path), message, fix, self.line(path)
        )


def path_text(path: Path) -> str:
    """`tables.deals.entities[0]` for ("tables", "deals", "entities", 0)."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_yaml(file: str, content: bytes, env: Mapping[str, str]) -> Document:
    """Read one YAML document; what is wrong with it is in `.problems`, never raised."""
    document = Document(file)
    try:
        text = content.decode("utf-8-sig")
        root = yaml.compose(text, Loader=_Loader)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        document.problems.append(
            Problem(file, "", None, "is not UTF-8", "save the file as UTF-8", line)
        )
        return document
    except yaml.YAMLError as error:
        document.problems.append(_syntax_problem(file, error))
        return document
    if root is None:
        document.problems.append(
            Problem(file, "", None, "is empty", "write the settings into it, or remove the file")
        )
        return document
    document.data = _Reader(document, env).read(root, ())
    return document


def _syntax_problem(file: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    return Problem(
        file,
        "",
        None,
        f"is no valid YAML: {said}",
        "look at this line and the one before it: indent with spaces and not tabs, put a space"
        " after each colon, and put text with : # { } [ ] * & or % in quotes",
        None if mark is None else mark.line + 1,
    )


class _Reader:
    """Turns nodes into plain values and writes down where each was."""

    def __init__(self, document: Document, env: Mapping[str, str]) -> None:
        self._document = document
        self._env = env
        self._open: list[yaml.Node] = []

    def read(self, node: yaml.Node, path: Path) -> Any:
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        if any(node is parent for parent in self._open):
            self._problem(path, "refers to itself", "remove the alias")
            return None
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.read(item, (*path, i)) for i, item in enumerate(node.value)]
            return self._scalar(node, path)
        finally:
            self._open.pop()

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._problem(path, "a key must be text", "put the key in quotes", line)
                continue
            at = (*path, key.value)
            if key.value in values:
                self._problem(
                    at,
                    f"is given twice, first in line {self._document.lines[at]}",
                    "keep one of the two",
                    line,
                )
                continue
            self._document.lines[at] = line
            values[key.value] = self.read(value, at)
        return values

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        text: str = node.value
        self._document.written[path] = text
        kind = node.tag.removeprefix(_PREFIX)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
        if kind != "str":
            self._problem(path, f"has the tag {node.tag}", "remove the tag; none is read here")
        return self._with_variables(text, path)

    def _with_variables(self, text: str, path: Path) -> str:
        used: dict[str, str] = {}

        def value_of(match: re.Match[str]) -> str:
            name = match[1]
            if name is None:
                return "${"
            if not match[0].endswith("}") or not _NAME.fullmatch(name):
                self._problem(
                    path,
                    f"'{match[0]}' names no environment variable",
                    "write ${NAME} with letters, digits and underscores, or $${ for a plain ${",
                )
                return match[0]
            if name not in self._env:
                self._problem(
                    path,
                    f"the environment variable {name} is not set",
                    f"set it before the command, such as `export {name}=…`",
                )
                return match[0]
            used[name] = self._env[name]
            return used[name]

        value = _VARIABLE.sub(value_of, text)
        if used:
            self._document.variables[path] = used
        return value

    def _problem(self, path: Path, message: str, fix: str, line: int | None = None) -> None:
        document = self._document
        document.problems.append(
            Problem(
                document.file,
                path_text(path),
                document.written.get(path),
                message,
                fix,
                line or document.line(path),
            )
        )
