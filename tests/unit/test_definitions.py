"""The asset graph as Dagster loads it: complete, described, in its pools, and without side effects.

What the assets do when they run is tested in `end_to_end`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from expectations.registry import expected_assets, owner_of
from orchestration.definitions import build
from orchestration.defs.resources import WAREHOUSE_POOL, TandemResource
from orchestration.defs.sources.keys import AGREEMENT_KEY, table_key
from orchestration.defs.transform import translator
from orchestration.defs.transform.assets import ManifestMissingError
from orchestration.lib.company.folder import load_company
from orchestration.lib.entities import ENTITIES
from orchestration.lib.errors import TandemError
from orchestration.settings import DEMO_TEMPLATE, PROJECT_ROOT, Settings
from tests.end_to_end.small_company import SmallCompany

TEAMS = {"team:marketing", "team:sales", "team:data"}


@pytest.fixture(scope="module", params=["demo", "small"])
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Settings of the demo, and of a company that feeds three entities only."""
    folder = tmp_path_factory.mktemp("definitions")
    if request.param == "demo":
        return Settings(folder / "home", DEMO_TEMPLATE)
    return Settings(folder / "home", SmallCompany(folder / "company").write().folder)


@pytest.fixture(scope="module")
def definitions(installation: Settings) -> dg.Definitions:
    return build(installation)


@pytest.fixture(scope="module")
def manifest(installation: Settings) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(installation.dbt_manifest.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def marts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["schema"] == "marts"]


def ops(definitions: dg.Definitions) -> Iterator[dg.AssetsDefinition]:
    """What runs: every asset and check definition has one op."""
    for found in [*(definitions.assets or []), *(definitions.asset_checks or [])]:
        assert isinstance(found, dg.AssetsDefinition)
        yield found


def specs(definitions: dg.Definitions) -> list[dg.AssetSpec]:
    return [spec for found in ops(definitions) for spec in found.specs]


def test_every_source_table_is_an_asset_and_no_two_share_a_key(
    definitions: dg.Definitions, installation: Settings, manifest: dict[str, Any]
) -> None:
    keys = [spec.key for spec in specs(definitions)]
    assert len(keys) == len(set(keys))
    tables = {
        table_key(source.source, table)
        for source in load_company(installation.company).sources
        for table in source.tables
    }
    assert {key for key in keys if key.path[0] == "lake"} == {*tables, AGREEMENT_KEY}
    models = {
        (node["schema"], node["name"])
        for node in manifest["nodes"].values()
        # An inlined one is no table of its own.
        if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
    }
    assert {tuple(key.path) for key in keys if key.path[0] not in ("lake", "release")} == models


def test_every_dbt_source_is_written_by_an_asset(
    definitions: dg.Definitions, installation: Settings, manifest: dict[str, Any]
) -> None:
    """And an entity that no table feeds is still one that the lake has a file for."""
    sources = {(node["source_name"], node["name"]) for node in manifest["sources"].values()}
    assert {name for layer, name in sources if layer == "lake"} == set(ENTITIES)
    assert {layer for layer, _ in sources} == {"lake", "agreement", "manifest"}
    depends_on = {spec.key: {dep.asset_key for dep in spec.deps} for spec in specs(definitions)}
    written = {key for key in depends_on if key.path[0] == "lake"}
    readers = {
        source_id.rpartition(".")[2]: dg.AssetKey([node["schema"], node["name"]])
        for node in manifest["nodes"].values()
        for source_id in node["depends_on"]["nodes"]
        if source_id.startswith("source.tandem.lake.")
    }
    for source in load_company(installation.company).sources:
        for table_name, table in source.tables.items():
            for mapping in table.entities:
                assert table_key(source.source, table_name) in depends_on[readers[mapping.entity]]
    loads = depends_on[dg.AssetKey(["staging", "stg_lake__loads"])]
    assert loads == written
    # Whatever is depended on is an asset of this graph: no dbt source hangs in the air.
    assert {dep for deps in depends_on.values() for dep in deps} <= set(depends_on)


def test_every_mart_has_a_suite_a_contract_and_words(
    marts: list[dict[str, Any]], definitions: dg.Definitions
) -> None:
    assert {node["name"] for node in marts} == set(expected_assets())
    for node in marts:
        assert node["config"]["contract"]["enforced"], node["name"]
        assert node["description"], node["name"]
        assert node["columns"], node["name"]
        for column in node["columns"].values():
            assert column["data_type"] and column["description"], (node["name"], column["name"])
    checked = {
        spec.asset_key
        for found in ops(definitions)
        for spec in found.check_specs
        if spec.name == "gate_2"
    }
    assert checked == {dg.AssetKey(["marts", node["name"]]) for node in marts}


def test_every_gate_blocks_and_every_load_has_one(definitions: dg.Definitions) -> None:
    checks = [spec for found in ops(definitions) for spec in found.check_specs]
    assert all(spec.description for spec in checks)
    assert {spec.name for spec in checks if not spec.blocking} == {"publishing_is_not_held"}
    loads = {spec.key for spec in specs(definitions) if spec.key.path[0] == "lake"}
    gate_1 = {spec.asset_key for spec in checks if spec.name == "gate_1"}
    assert gate_1 == loads - {AGREEMENT_KEY}


def test_what_touches_the_warehouse_is_in_its_pool_and_a_source_in_its_own(
    definitions: dg.Definitions,
) -> None:
    pools = {found.node_def.name: found.op.pool for found in ops(definitions)}
    in_warehouse = {name for name, pool in pools.items() if pool == WAREHOUSE_POOL}
    assert in_warehouse == {"dbt_models", "gate_2", "release__published"}
    (compacting,) = definitions.resolve_job_def("compact_lake").nodes
    assert compacting.definition.pool == WAREHOUSE_POOL
    for name, pool in pools.items():
        if name not in in_warehouse:
            layer, source = name.split("__")[:2]
            assert (layer, pool) == ("lake", f"source_{source}")


def test_every_asset_is_partitioned_by_day_and_a_range_is_one_run(
    definitions: dg.Definitions, installation: Settings
) -> None:
    company = load_company(installation.company).agreement.company
    for found in ops(definitions):
        if not found.keys:
            continue  # a check follows its asset
        partitions = found.partitions_def
        assert isinstance(partitions, dg.DailyPartitionsDefinition)
        assert partitions.timezone == company.timezone
        assert partitions.start.date() == company.history_start
        assert found.backfill_policy == dg.BackfillPolicy.single_run()


def test_every_asset_is_described_and_owned(definitions: dg.Definitions) -> None:
    for spec in specs(definitions):
        name = spec.key.to_user_string()
        assert spec.description, name
        assert spec.group_name and spec.group_name != "default", name
        assert spec.owners and set(spec.owners) <= TEAMS, name
        assert spec.kinds, name
        if spec.key.path[0] == "marts":
            assert list(spec.owners) == [f"team:{owner_of(spec.key.path[-1])}"]


def test_groups_are_small_enough_to_read(definitions: dg.Definitions) -> None:
    groups: dict[str, set[str]] = {}
    for spec in specs(definitions):
        groups.setdefault(spec.group_name or "", set()).add(spec.key.path[-1])
    metrics = {name: tables for name, tables in groups.items() if name.startswith("metrics")}
    subjects = ("kpi", "sla", "finding", "funnel", "voice")
    assert set(metrics) == {f"metrics_{subject}" for subject in subjects}
    assert {"sla_periods", "sla_records"} <= metrics["metrics_sla"]
    assert groups["build"] == {"build_info"}


def test_source_tables_and_the_release_are_kept_fresh(definitions: dg.Definitions) -> None:
    kept = {spec.key for spec in specs(definitions) if spec.freshness_policy is not None}
    expected = {
        spec.key for spec in specs(definitions) if spec.group_name in ("sources", "release")
    }
    assert kept == expected and len(kept) > 1


def test_jobs_schedules_and_sensors(definitions: dg.Definitions) -> None:
    jobs = {
        name: definitions.resolve_job_def(name).asset_layer.executable_asset_keys
        for name in ("run_daily", "rebuild_marts")
    }
    every_key = {spec.key for spec in specs(definitions)}
    sources = {spec.key for spec in specs(definitions) if spec.group_name == "sources"}
    assert set(jobs["run_daily"]) == every_key
    assert set(jobs["rebuild_marts"]) == every_key - sources
    repository = definitions.get_repository_def()
    assert all(definitions.resolve_job_def(name).description for name in jobs)
    automatic = {each.name: each for each in (*repository.schedule_defs, *repository.sensor_defs)}
    assert set(automatic) == {
        *("run_daily", "close_week", "compact_lake"),
        *("load_new_files", "alert_on_runs", "remove_old_history"),
    }
    assert automatic["run_daily"].cron_schedule == "0 5 * * *"
    assert all(each.description for each in automatic.values())
    # Nothing starts a run or sends a message by itself unless the company says so.
    running = {name for name, each in automatic.items() if each.default_status.value == "RUNNING"}
    assert running == {"remove_old_history"}


def test_a_mart_without_a_suite_is_an_error_that_names_the_file(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def owner(mart: str) -> str:
        if mart == "dim_stage":
            raise KeyError(mart)
        return owner_of(mart)

    monkeypatch.setattr(translator, "owner_of", owner)
    with pytest.raises(TandemError, match=r"dim_stage has no suite.*expectations/suites"):
        build(installation)


def test_resources_can_be_replaced(installation: Settings) -> None:
    other = TandemResource(home="/elsewhere", company_folder=str(installation.company))
    replaced = build(installation, {"tandem": other})
    assert replaced.resources is not None and replaced.resources["tandem"] is other


def test_loading_opens_no_data_and_no_network(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("loading the definitions must not connect to anything")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(duckdb, "connect", refuse)
    build(installation).get_repository_def().load_all_definitions()
    assert not installation.home.exists()


def test_a_missing_manifest_is_one_sentence(
    installation: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Settings, "dbt_manifest", property(lambda self: tmp_path / "none.json"))
    with pytest.raises(ManifestMissingError) as raised:
        build(installation)
    assert str(raised.value) == "dbt's manifest is missing: run `make manifest`."


_IMPORT = """
import sys
opened = []
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
    if event in ("socket.connect", "sqlite3.connect", "subprocess.Popen"):
        raise RuntimeError(event)
sys.addaudithook(hook)
import orchestration.definitions
root = sys.argv[1]
for path in opened:
    if path.startswith(root) and ".venv" not in path and not path.endswith((".py", ".pyc")):
        print("opened", path)
for name in ("pandas", "great_expectations", "dlt", "sqlalchemy"):
    if name in sys.modules:
        print("imported", name)
"""


def test_importing_the_module_reads_nothing_and_stays_light() -> None:
    """Not even the settings, which would refuse this company; what is heavy waits for its op."""
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, f"{PROJECT_ROOT}/"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "TANDEM_COMPANY": "/is/no/folder", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr[-2000:]


def test_publishing_waits_for_every_mart(
    definitions: dg.Definitions, marts: list[dict[str, Any]]
) -> None:
    published = next(spec for spec in specs(definitions) if spec.key.path[0] == "release")
    assert {dep.asset_key.path[-1] for dep in published.deps} == {node["name"] for node in marts}
