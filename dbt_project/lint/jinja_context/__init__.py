"""What sqlfluff renders models with: the project's own macros, as dbt would call them.

sqlfluff's plain Jinja renders without dbt, a warehouse or a manifest, but its macros can only give
text, where dbt's `return` gives lists too. Here each macro of `dbt_project/macros` becomes a Python
function; all of them are names that a model may use. `ref`, `source` and `config` in models are
sqlfluff's own.

Belongs here: dbt's words as far as the macros use them. Does not belong here: SQL.
"""

import re
from pathlib import Path
from types import SimpleNamespace

from jinja2 import Environment

_MACROS = Path(__file__).resolve().parents[2] / "macros"
_MACRO = re.compile(r"\{%-?\s*macro (\w+)\(.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)


class _ReturnError(Exception):
    """How `return` leaves a macro; it never leaves this module."""

    def __init__(self, value):
        self.value = value


def _return(value):
    raise _ReturnError(value)


def _refuse(message):
    raise ValueError(message)


def _function(name, source):
    """The macro as a function. Each is a template of its own, so that all meet as functions."""

    def call(*arguments, **named):
        macro = getattr(_environment.from_string(source).module, name)
        try:
            return str(macro(*arguments, **named))
        except _ReturnError as returned:
            return returned.value

    return call


def _dispatch(name, *_):
    return _environment.globals[f"duckdb__{name}"]


_environment = Environment(extensions=["jinja2.ext.do"], autoescape=False)
_functions = {
    found[1]: _function(found[1], found[0])
    for path in sorted(_MACROS.glob("*.sql"))
    for found in _MACRO.finditer(path.read_text(encoding="utf-8"))
}
_environment.globals.update(
    _functions,
    **{"return": _return, "zip": zip},
    ref=lambda name: name,
    source=lambda source, name: f"{source}_{name}",
    env_var=lambda name, default="": default,
    execute=False,
    adapter=SimpleNamespace(dispatch=_dispatch),
    exceptions=SimpleNamespace(raise_compiler_error=_refuse),
)
globals().update(_functions, env_var=_environment.globals["env_var"])
