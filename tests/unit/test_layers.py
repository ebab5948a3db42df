"""Which part of the project may know which other: the layering, as a lint.

What is not allowed here makes a later source, entity, mart or engine a change instead of an
addition.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import PROJECT_ROOT, Settings

MODELS = PROJECT_ROOT / "dbt_project" / "models"
MACROS = PROJECT_ROOT / "dbt_project" / "macros"

# Python: a package or module, and what nothing in it may import ------------------------------

_DAGSTER = ("dagster", "dagster_dbt")
_OUTSIDE = tuple(
    f"orchestration.{name}"
    for name in (
        "defs",
        "definitions",
        "launch",
        "runs",
        "report",
        "console",
        "console_progress",
        "cli",
    )
)
_GX = ("great_expectations",)
FORBIDDEN = {
    "orchestration/lib": (*_DAGSTER, *_GX, *_OUTSIDE, "orchestration.demo", "typer", "rich"),
    "orchestration/demo": (*_DAGSTER, *_GX, *_OUTSIDE),
    "orchestration/defs": (*_GX, "dbt", "orchestration.console", "orchestration.cli", "rich"),
    "orchestration/console.py": (*_DAGSTER, *_GX),
    "orchestration/console_progress.py": (*_DAGSTER, *_GX),
    "orchestration/cli.py": (*_DAGSTER, *_GX),
    "orchestration/cli_agreement.py": (*_DAGSTER, *_GX),
    "orchestration/cli_alerts.py": (*_DAGSTER, *_GX),
    "orchestration/alerting.py": (*_DAGSTER, *_GX, "orchestration.console", "orchestration.cli"),
    "orchestration/cli_erase.py": (*_DAGSTER, *_GX),
    "orchestration/report.py": (*_DAGSTER, *_GX),
    "expectations": (*_DAGSTER, *_OUTSIDE, "orchestration.demo"),
}
# Great Expectations is behind one door.
GX_MODULES = {"runner.py", "gx_expectation.py", "data_docs.py", "data_docs_views.py"}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("place", FORBIDDEN)
def test_a_package_knows_only_what_is_below_it(place: str) -> None:
    root = PROJECT_ROOT / place
    files = sorted(root.rglob("*.py")) if root.is_dir() else [root]
    assert files
    wrong = [
        f"{path.relative_to(PROJECT_ROOT)} imports {name}"
        for path in files
        for name in _imports(path)
        if _is_in(name, FORBIDDEN[place])
    ]
    assert not wrong


def test_great_expectations_is_behind_one_door() -> None:
    found = {
        path.name
        for path in (PROJECT_ROOT / "expectations").rglob("*.py")
        if any(_is_in(name, _GX) for name in _imports(path))
    }
    assert found == GX_MODULES


# dbt: which layer a model may read -----------------------------------------------------------

READS = {
    "staging": {"source", "staging"},
    "intermediate": {"staging", "intermediate"},
    # Between the facts and the marts of KPIs: what is worked out for them and not published.
    "metrics": {"staging", "intermediate", "metrics", "marts"},
    "marts": {"staging", "intermediate", "metrics", "marts"},
    "build": set(),
}
# Which marts metrics are made of, and which are made of metrics.
BELOW_METRICS = {"facts", "dimensions", "kpi_components"}
ABOVE_METRICS = {"kpis", "alignment"}
# What the macros of staging need: which loads count, and the timezone of report days.
STAGING_HELPERS = {
    *("stg_lake__loads", "stg_lake__replaced_files", "stg_lake__parts"),
    "stg_agreement__company",
}
# What the parts of a fact are made of is told before the fact is made, and another fact is in it.
PARTS_OF_FACTS = {"int_opportunity_stretches": "fct_opportunities"}
# Marts whose rows are an entity's own: they take its attributes from staging, where another
# model in between would only repeat them. Anything else of a source goes through intermediate.
ROWS_OF_AN_ENTITY = {
    "dim_person": {"leads", "contacts", "conversions"},
    "dim_product": {"products"},
    "dim_rep": {"reps"},
    "fct_ad_spend": {"ad_reports"},
    "fct_opportunities": {"reps"},  # the team of a deal's creator
    "fct_sales_activities": {"activities"},
    "kpi_targets": {"targets"},
    # The calendar begins with the first day of any data.
    "dim_date": {
        "activities",
        "ad_reports",
        "conversions",
        "leads",
        "opportunities",
        "stage_changes",
    },
}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    path = Settings(PROJECT_ROOT, PROJECT_ROOT).dbt_manifest
    assert path.exists(), "run `make manifest`"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _references(manifest: dict[str, Any]) -> Iterator[tuple[str, list[str], str, list[str]]]:
    """(schema, path, schema, path) of each reference of a model to a model or source."""
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model":
            continue
        for unique_id in node["depends_on"]["nodes"]:
            target = manifest["nodes"].get(unique_id) or manifest["sources"][unique_id]
            layer = "source" if unique_id.startswith("source.") else target["schema"]
            yield node["schema"], node["fqn"][2:], layer, target["fqn"][2:]


def test_a_model_reads_only_the_layers_below_it(manifest: dict[str, Any]) -> None:
    wrong = []
    for layer, path, read_layer, read_path in _references(manifest):
        model, read = path[-1], read_path[-1]
        is_allowed = read_layer in READS[layer]
        if layer == "staging" and read_layer == "staging":
            is_allowed = read in STAGING_HELPERS or read.endswith("_versions")
        if layer == "intermediate" and read_layer == "marts":
            is_allowed = PARTS_OF_FACTS.get(model) == read
        if layer in ("metrics", "marts") and read_layer == "staging":
            kind, _, name = read.removeprefix("stg_").partition("__")
            is_allowed = kind == "agreement" or name in ROWS_OF_AN_ENTITY.get(model, set())
        if layer == "metrics" and read_layer == "marts":
            is_allowed = not BELOW_METRICS.isdisjoint(read_path)
        if layer == "marts" and read_layer == "metrics":
            is_allowed = not ABOVE_METRICS.isdisjoint(path)
        if not is_allowed:
            wrong.append(f"{layer}.{model} reads {read_layer}.{read}")
    assert not wrong


def test_the_layer_is_the_folder_and_the_name_says_so(manifest: dict[str, Any]) -> None:
    prefixes = {
        "staging": ("stg_",),
        "intermediate": ("int_",),
        "metrics": ("kpi_", "sla_", "finding_", "voice_", "funnel_"),
        "build": ("build_info",),
        "marts/dimensions": ("dim_", "bridge_"),
        "marts/facts": ("fct_", "attribution_by_channel"),
        "marts/kpis": ("kpi_",),
        "marts/alignment": ("",),  # named by what the two teams look for
        "marts/release": ("release_info", "data_quality", "kpi_restatements"),
    }
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            assert node["schema"] == node["fqn"][1], node["name"]
            layer, group = node["fqn"][1:3]
            place = f"marts/{group}" if layer == "marts" else layer
            assert node["name"].startswith(prefixes[place]), node["name"]
            assert node["description"], node["name"]


# dbt: portable SQL ---------------------------------------------------------------------------

_COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
# What engines spell or understand differently; macros/engine.sql has the one spelling of each.
_FUNCTIONS = """
    any_value approx_quantile arg_max arg_min argmax argmin array_agg bool_and bool_or concat
    concat_ws contains current_timestamp date_add date_diff date_part date_sub date_trunc dateadd
    datediff datepart epoch epoch_ms epoch_us first from_utc_timestamp from_unixtime
    generate_series get_json_object getdate group_concat ifnull iff isodow json_extract
    json_extract_string last last_day len list list_aggregate list_contains listagg log
    make_date make_timestamp max_by median min_by mode months_between now nvl percentile
    percentile_approx percentile_cont quantile quantile_cont range read_csv read_parquet
    regexp_extract regexp_full_match regexp_like regexp_matches regexp_replace rlike safe_cast
    sequence split split_part string_agg string_split string_to_array strftime strptime struct
    struct_pack substring_index timestampdiff timezone to_char to_date to_days to_months
    to_timestamp to_utc_timestamp trunc try_cast unix_timestamp unnest url_decode weekofyear
""".split()  # noqa: SIM905 - a paragraph of words is easier to read and to extend
NOT_PORTABLE = {
    **{f"{name}()": rf"(?<![\w.\"']){name}\s*\(" for name in _FUNCTIONS},
    "a cast by ::": r"::",
    "a list subscript": r"(?<=[\w)])\[\d",
    "interval": r"\binterval\s+'?\d",
    "qualify": r"\bqualify\b",
    "exclude or replace of columns": r"\*\s*(exclude|except|replace)\b",
    "group by all": r"\b(group|order) by all\b",
    "filter": r"\bfilter\s*\(",
    "ilike": r"\bilike\b",
    "distinct on": r"\bdistinct on\b",
    "is distinct from": r"\bis (not )?distinct from\b",
    "using": r"\busing\s*\(",
    "current_date": r"\bcurrent_date\b",
    "a backslash in a literal": r"'[^'\n]*\\\\[^'\n]*'",
    "dbt's own date functions": r"\bdbt\.\w+",
}


def _sql_files() -> list[Path]:
    macros = [path for path in MACROS.glob("*.sql") if path.name != "engine.sql"]
    return sorted([*MODELS.rglob("*.sql"), *macros])


def _sql(path: Path) -> str:
    """The SQL with comments, statements and calls of macros gone; macros' arguments are kept."""
    text = _COMMENT.sub(" ", path.read_text(encoding="utf-8"))
    text = re.sub(r"\{\{-?\s*return\(.*?\)\s*-?\}\}", " ", _TAG.sub(" ", text), flags=re.DOTALL)
    return re.sub(r"\{\{\s*\w+\s*\(", "{{ call(", text)


def test_what_engines_spell_differently_is_in_one_macro_file() -> None:
    wrong = [
        f"{path.relative_to(PROJECT_ROOT)}: {what}"
        for path in _sql_files()
        for what, pattern in NOT_PORTABLE.items()
        if re.search(pattern, _sql(path), re.IGNORECASE)
    ]
    assert not wrong


def test_every_engine_macro_is_dispatched() -> None:
    """A macro of engine.sql is either dispatched with a DuckDB version, or plain portable SQL."""
    text = (MACROS / "engine.sql").read_text(encoding="utf-8")
    named = set(re.findall(r"\{% macro (\w+)\(", text))
    dispatched = set(re.findall(r"adapter\.dispatch\('(\w+)', 'tandem'\)", text))
    assert dispatched
    assert {f"duckdb__{name}" for name in dispatched} <= named
    bodies = re.findall(r"\{% macro (\w+)\(.*?\) -?%\}(.*?)\{%-? endmacro", text, re.DOTALL)
    for name, body in bodies:
        if name not in dispatched and not name.startswith("duckdb__"):
            for what, pattern in NOT_PORTABLE.items():
                assert not re.search(pattern, body), f"{name}: {what}"


def _windows(sql: str) -> Iterator[str]:
    """What stands between the parentheses of each `over (…)`."""
    for match in re.finditer(r"\bover\s*\(", sql):
        depth, position = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[position], 0)
            position += 1
        yield sql[match.end() : position - 1]


def _terms(text: str) -> list[str]:
    """Split at the commas outside of parentheses."""
    terms, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            terms.append("")
        else:
            terms[-1] += character
    return [" ".join(term.split()) for term in terms]


def test_every_window_says_where_nulls_go() -> None:
    wrong = []
    for path in _sql_files():
        for window in _windows(_sql(path)):
            _, found, ordering = window.partition("order by")
            ordering = re.split(r"\brows between\b", ordering)[0]
            for term in _terms(ordering) if found else []:
                if not re.search(r"\b(asc|desc) nulls (first|last)$", term):
                    wrong.append(f"{path.relative_to(PROJECT_ROOT)}: order by {term}")
    assert not wrong


def test_staging_joins_nothing() -> None:
    """Staging is one table in, one table out; the macros of current rows join the loads.

    stg_lake__loads joins the manifest with an aggregate of itself: which load is newest.
    """
    for path in (MODELS / "staging").rglob("*.sql"):
        if path.stem != "stg_lake__loads":
            assert not re.search(r"\bjoin\b", _sql(path), re.IGNORECASE), path.name
