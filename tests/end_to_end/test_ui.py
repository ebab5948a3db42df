"""The Dagster UI as `tandem ui` opens it: what it lists, shows and launches."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import NO_TELEMETRY
from tests.conftest import IN_CI
from tests.end_to_end.small_company import SmallCompany
from tests.fixtures.network import foreign, free_port, spied
from tests.fixtures.ui import TANDEM, Ui, dom, find_browser, processes_of, running_ui

_ASSETS = """{ assetNodes {
    assetKey { path } groupName kinds description jobNames
    owners { ... on TeamAssetOwner { team } }
    assetChecksOrError { ... on AssetChecks { checks { name blocking description } } }
} }"""

_FUNNEL = """{ assetNodeOrError(assetKey: {path: ["marts", "fct_funnel"]}) { ... on AssetNode {
    assetMaterializations(limit: 1) { runId metadataEntries {
        label
        ... on IntMetadataEntry { intValue }
        ... on TableSchemaMetadataEntry { schema { columns { name type description } } }
    } }
    assetChecksOrError { ... on AssetChecks { checks { executionForLatestMaterialization {
        status evaluation { success description metadataEntries { label } }
    } } } }
} } }"""

_AUTOMATION = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
    name location { name }
    jobs { name description }
    schedules { name cronSchedule executionTimezone pipelineName }
    sensors { name }
} } } }"""

_RUNS = """{ runsOrError { ... on Runs { results {
    runId status jobName tags { key value }
} } } }"""

_LAUNCH = """mutation ($params: LaunchBackfillParams!) {
    launchPartitionBackfill(backfillParams: $params) {
        __typename
        ... on LaunchBackfillSuccess { backfillId }
        ... on PythonError { message }
    }
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company that the command line has published once."""
    folder = tmp_path_factory.mktemp("ui")
    SmallCompany(folder / "company").write()
    done = subprocess.run(
        [TANDEM, "run"], env=_environment(folder), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def ui(folder: Path) -> Iterator[Ui]:
    with running_ui(free_port(), _environment(folder), folder / "ui.log") as ui:
        yield ui


@pytest.fixture(scope="module")
def browser() -> str:
    found = find_browser()
    if found is None:
        if IN_CI:
            pytest.fail("CI must have a browser: apt-get install chromium")
        pytest.skip("no browser is installed (Debian: apt-get install chromium)")
    return found


def _environment(folder: Path) -> dict[str, str]:
    own = {"TANDEM_HOME": str(folder / "home"), "TANDEM_COMPANY": str(folder / "company")}
    # The command itself must see to it that nothing phones home.
    kept = {name: value for name, value in os.environ.items() if name not in NO_TELEMETRY}
    return {**kept, **own, "HOME": str(folder), **spied(folder / "spy")}


def test_every_asset_has_group_owner_kinds_and_description(ui: Ui) -> None:
    assets = {"/".join(a["assetKey"]["path"]): a for a in ui.ask(_ASSETS)["assetNodes"]}
    for name, asset in assets.items():
        assert asset["groupName"] not in ("", "default"), name
        assert {owner["team"] for owner in asset["owners"]} <= {"marketing", "sales", "data"}, name
        assert asset["owners"] and asset["kinds"] and asset["description"], name
        assert "Raw SQL" not in asset["description"], name
        assert "run_daily" in asset["jobNames"], name
    assert {name for name in assets if name.startswith("lake/")} == {
        "lake/crm__leads",
        "lake/crm__deals",
        "lake/ads__spend",
        "lake/agreement",
    }
    assert assets["lake/ads__spend"]["owners"] == [{"team": "marketing"}]
    assert assets["marts/fct_funnel"]["groupName"] == "marts_facts"
    assert "release/published" in assets
    checks = {
        name: [
            (check["name"], check["blocking"]) for check in asset["assetChecksOrError"]["checks"]
        ]
        for name, asset in assets.items()
    }
    assert checks["lake/crm__leads"] == [("gate_1", True)]
    marts = [name for name in assets if name.startswith("marts/")]
    assert len(marts) >= 20 and all(checks[name] == [("gate_2", True)] for name in marts)


def test_jobs_schedules_and_sensors_are_there(ui: Ui) -> None:
    (repository,) = ui.ask(_AUTOMATION)["repositoriesOrError"]["nodes"]
    assert repository["location"]["name"] == "tandem"
    assert {"run_daily", "rebuild_marts"} <= {job["name"] for job in repository["jobs"]}
    schedules = {schedule["name"]: schedule for schedule in repository["schedules"]}
    jobs = {name: schedule["pipelineName"] for name, schedule in schedules.items()}
    assert jobs == {
        "run_daily": "run_daily",
        "close_week": "run_daily",
        "compact_lake": "compact_lake",
    }
    for schedule in schedules.values():
        assert schedule["executionTimezone"] == "Europe/Berlin"
    assert schedules["run_daily"]["cronSchedule"] == "0 5 * * *"
    assert {sensor["name"] for sensor in repository["sensors"]} == {
        "load_new_files",
        "alert_on_runs",
        "remove_old_history",
    }


def test_a_run_of_the_command_line_is_in_the_history_with_its_metadata(ui: Ui) -> None:
    runs = ui.ask(_RUNS)["runsOrError"]["results"]
    run = next(run for run in reversed(runs) if run["jobName"] == "run_daily")
    assert run["status"] == "SUCCESS"
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}
    assert tags["tandem/as_of"].startswith("2025-06-30")
    funnel = ui.ask(_FUNNEL)["assetNodeOrError"]
    (built,) = funnel["assetMaterializations"]
    metadata = {entry["label"]: entry for entry in built["metadataEntries"]}
    assert metadata["dagster/row_count"]["intValue"] == 200
    columns = metadata["dagster/column_schema"]["schema"]["columns"]
    assert len(columns) > 20 and all(column["description"] for column in columns)
    (check,) = funnel["assetChecksOrError"]["checks"]
    execution = check["executionForLatestMaterialization"]
    assert execution["status"] == "SUCCEEDED" and execution["evaluation"]["success"]
    assert "expectations hold" in execution["evaluation"]["description"]
    labels = {entry["label"] for entry in execution["evaluation"]["metadataEntries"]}
    assert {"expectations", "failed_critical", "failed_warning", "table"} <= labels


def test_a_browser_shows_the_pages(ui: Ui, browser: str) -> None:
    run = ui.ask(_RUNS)["runsOrError"]["results"][0]["runId"]
    pages = {
        "asset-groups": ["marts_facts", "staging_generic", "sources"],
        "assets/marts/fct_funnel": ["One row per journey", "journey_id", "marts_facts", "DuckDB"],
        "runs": [run[:8], "run_daily", "Success"],
    }
    for page, words in pages.items():
        shown = dom(browser, f"{ui.url}/{page}")
        for word in words:
            assert word in shown, f"{page} does not show {word}"
        assert "Join the Dagster community" not in shown


def test_the_ui_listens_on_loopback_alone(ui: Ui) -> None:
    with socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.2", ui.port))  # free, so it is not bound to all addresses
    assert ui.addresses == ["127.0.0.1"]


def test_a_port_in_use_is_one_message(ui: Ui, folder: Path) -> None:
    done = subprocess.run(
        [TANDEM, "ui", "--port", str(ui.port)],
        env=_environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "--port" in done.stderr and "Traceback" not in done.stderr


def test_days_materialized_in_the_ui_are_one_run_that_publishes(ui: Ui, folder: Path) -> None:
    before = (folder / "home" / "published").readlink().name
    assets = [asset["assetKey"] for asset in ui.ask(_ASSETS)["assetNodes"]]
    params = {
        "assetSelection": [{"path": key["path"]} for key in assets],
        "partitionNames": ["2025-06-01", "2025-06-02"],
    }
    launched = ui.ask(_LAUNCH, params=params)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    tag = {"key": "dagster/backfill", "value": launched["backfillId"]}
    deadline = time.monotonic() + 300
    runs: list[dict[str, Any]] = []
    while not _have_ended(runs) and time.monotonic() < deadline:
        time.sleep(1)
        runs = [run for run in ui.ask(_RUNS)["runsOrError"]["results"] if tag in run["tags"]]
    assert [run["status"] for run in runs] == ["SUCCESS"]
    assert (folder / "home" / "published").readlink().name > before


def _have_ended(runs: list[dict[str, Any]]) -> bool:
    return bool(runs) and {run["status"] for run in runs} <= {"SUCCESS", "FAILURE", "CANCELED"}


def test_nothing_phones_home(ui: Ui, folder: Path) -> None:
    processes = processes_of(ui.session)
    assert len(processes) >= 4  # the command, the web server, the daemon, the code server
    for pid, command in processes.items():
        environment = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        for name, value in NO_TELEMETRY.items():
            assert f"{name}={value}" in environment, command
    assert foreign(folder / "spy") == []
    assert not list(folder.rglob("*telemetry*"))
