"""The floor: what dbt compiled for a run, executed by a bare DuckDB connection on the same files.

Belongs here: executing the models in their order, with nothing around them: no dbt, no Dagster, no
gates, no contracts, no release. Does not belong here: comparing.
"""

from __future__ import annotations

import importlib.util
import json
import re
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import jinja2
import yaml

from orchestration.lib.duck import quoted
from orchestration.settings import Settings


def build_floor(settings: Settings, warehouse: Path) -> float:
    """Build the models of the home's last run into a new warehouse; the seconds that it took.

    That run must have built all models anew: an incremental model's SQL is that of its last run.
    `warehouse` has the name of the home's own, by which compiled SQL calls its catalog.
    """
    manifest = json.loads(settings.dbt_manifest.read_text())
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    warehouse.unlink(missing_ok=True)
    began = time.monotonic()
    with duckdb.connect(warehouse) as connection:
        for name, value in _profile_settings(settings).items():
            connection.execute(f"set {name} = {quoted(str(value))}")
        for node in _in_order(manifest):
            connection.execute(f'create schema if not exists "{node["schema"]}"')
            _build(connection, settings, node)
    return time.monotonic() - began


def _profile_settings(settings: Settings) -> dict[str, Any]:
    """The settings of the engine that dbt's profile has, with the default of each variable."""
    text = (settings.dbt_project / "profiles.yml").read_text()
    plain = re.sub(r"\{\{ env_var\('[^']*', '([^']*)'\) \}\}", r"\1", text)
    found: dict[str, Any] = yaml.safe_load(plain)["tandem"]["outputs"]["warehouse"]["settings"]
    return found


def _in_order(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The models that are tables or views, each after those that it reads."""
    models = {
        key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"
    }
    ordered: dict[str, dict[str, Any]] = {}

    def add(key: str) -> None:
        if key in models and key not in ordered:
            for parent in sorted(models[key]["depends_on"]["nodes"]):
                add(parent)
            ordered[key] = models[key]

    for key in sorted(models):
        add(key)
    return [node for node in ordered.values() if node["config"]["materialized"] != "ephemeral"]


def _build(connection: duckdb.DuckDBPyConnection, settings: Settings, node: dict[str, Any]) -> None:
    target = settings.home / "dbt" / "target"
    relation = node["relation_name"]
    path = Path(node["package_name"]) / "models" / node["path"]
    if node["language"] == "python":
        module = _module(target / "run" / path)
        found = module.model(module.dbtObj(connection.table), connection)
        connection.register("found", found)
        connection.execute(f"create table {relation} as from found")
        connection.unregister("found")
        return
    sql = (target / "compiled" / path).read_text()
    match node["config"]["materialized"]:
        case "view":
            connection.execute(f"create view {relation} as {sql}")
        case "connected_components":
            _connect_components(connection, settings, relation, sql)
        case _:
            connection.execute(f"create table {relation} as {sql}")


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _connect_components(
    connection: duckdb.DuckDBPyConnection, settings: Settings, relation: str, edges: str
) -> None:
    """The rounds of the materialization `connected_components`, by the SQL of its own macros."""
    text = (settings.dbt_project / "macros" / "connected_components.sql").read_text()
    text = text.partition("{% endmaterialization %}")[2]
    sql: Any = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(text).module

    def build(name: str, query: str) -> None:
        connection.execute(f"create or replace temp table {name} as {query}")

    def count(query: str) -> int:
        return int(connection.execute(f"select count(*) from {query}").fetchall()[0][0])

    build("numbers", sql.components_numbers_sql(edges))
    build("edges", sql.components_numbered_edges_sql(edges, "numbers"))
    build("labels", "select node_number, node_number as label from numbers")
    while count("edges"):
        build("hooks", "select high as node_number, min(low) as parent from edges group by high")
        while True:
            build("jumped", sql.components_jump_sql("hooks"))
            build("hooks", "from jumped")
            if not count("hooks where has_moved"):
                break
        build("labels", sql.components_relabel_sql("labels", "hooks"))
        build("edges", sql.components_redraw_sql("edges", "hooks"))
    connection.execute(
        f"create table {relation} as {sql.components_result_sql('numbers', 'labels')}"
    )
