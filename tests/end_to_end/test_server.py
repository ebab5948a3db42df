"""An installation as a server has it: runs in PostgreSQL, services, secrets, a group of readers.

One small company: a run whose database, webhook and mail server all fail, one that publishes, and
one of a single table that the daemon takes from the queue.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.dagster_home import opened
from orchestration.defs.sources import assets
from orchestration.settings import EVENT_BATCH_SIZE, POSTGRES_URL, load_settings
from tests.end_to_end.small_company import SmallCompany
from tests.fixtures.access import opened_to, some_group
from tests.fixtures.network import free_port
from tests.fixtures.postgres import Server
from tests.fixtures.ui import Ui, running, running_ui
from tests.fixtures.words import texts_of

# Each is the password of something, or a part of an address that nobody else may know.
SECRETS = {
    "runs": "sesameruns71",
    "source": "sesamesource72",
    "wrong": "sesamewrong73",
    "webhook": "sesamehook74",
    "mail": "sesamemail75",
}

_INVOICES = """\
source: erp
type: sql
owner: sales
url: ${ERP_URL}
tables:
  invoices:
    query: select id, customer, issued, total from invoices
    entities:
      - entity: invoice
        columns:
          source_id: id
          account_id: customer
          issued_on: issued
          amount: total
          currency: {constant: EUR}
"""
_AUTOMATION = """\
alerts:
  webhook_url_env: TEST_HOOK
  email:
    host: 127.0.0.1
    port: {port}
    user: tandem
    password_env: TEST_MAIL
    sender: tandem@example.com
    recipients: [data@example.com]
"""
_LAUNCH = """mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
} }"""
_RUN = """query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"""
_INSTANCE = "{ instance { info } }"


@dataclass
class Site:
    """The installation, what its commands said, and the runs by their order."""

    folder: Path
    environment: dict[str, str]
    database: str
    said: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    listening: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def type(self, *words: str, code: int = 0, **env: str) -> str:
        """Type a command as a server's user would, in this process."""
        with mock.patch.dict(os.environ, {**self.environment, **env}):
            done = CliRunner().invoke(app, words)
        self.said.append(f"{done.output}{done.exception!r}")
        assert done.exit_code == code, self.said[-1]
        return self.said[-1]

    def instance(self) -> Any:
        settings = load_settings(self.environment)
        return opened(settings)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("server")
    company = SmallCompany(folder / "company").write()
    (company.folder / "sources" / "erp.yaml").write_text(_INVOICES, encoding="utf-8")
    text = _AUTOMATION.format(port=free_port())
    (company.folder / "automation.yaml").write_text(text, encoding="utf-8")
    database = postgres.new_database()
    _set_up(database)
    environment = {
        "TANDEM_HOME": str(folder / "home"),
        "TANDEM_COMPANY": str(company.folder),
        "TANDEM_READERS_GROUP": some_group(),
        "DAGSTER_HOME": str(folder / "home" / "dagster"),
        "DAGSTER_EVENT_BATCH_SIZE": EVENT_BATCH_SIZE,
        POSTGRES_URL: _as_role(database, "runs", SECRETS["runs"]),
        "ERP_URL": _as_role(database, "source", SECRETS["source"]),
        "TEST_HOOK": f"http://127.0.0.1:{free_port()}/services/{SECRETS['webhook']}",
        "TEST_MAIL": SECRETS["mail"],
    }
    site = Site(folder, environment, database)
    umask = os.umask(0o022)
    try:
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(assets, "_RETRY", dg.RetryPolicy(max_retries=2, delay=0.1)),
        ):
            wrong = _as_role(database, "runs", SECRETS["wrong"])
            assert "cannot be read" in site.type("run", code=1, **{POSTGRES_URL: wrong})
            wrong = _as_role(database, "source", SECRETS["wrong"])
            assert "password authentication failed" in site.type("run", code=1, ERP_URL=wrong)
            site.type("run")
            with site.instance() as instance:
                site.runs = [run.run_id for run in reversed(instance.get_runs())]
            with (
                running(["daemon"], dict(os.environ), folder / "daemon.log"),
                running_ui(free_port(), os.environ, folder / "ui.log", "--no-daemon") as ui,
            ):
                site.runs.append(_launched(ui))
                site.said.append(str(ui.ask(_INSTANCE)))
                site.listening = ui.addresses
        yield site
    finally:
        os.umask(umask)


def _set_up(database: str) -> None:
    """Two users, as a company would have them, and a table of theirs."""
    engine = sa.create_engine(database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for role in ("runs", "source"):
            connection.exec_driver_sql(f"drop role if exists {role}")
            password = f"login superuser password '{SECRETS[role]}'"
            connection.exec_driver_sql(f"create role {role} {password}")
        connection.exec_driver_sql(
            "create table invoices (id text, customer text, issued date, total numeric(12, 2));"
            "insert into invoices values ('I1', 'A1', '2025-02-01', 100)"
        )
    engine.dispose()


def _as_role(database: str, role: str, password: str) -> str:
    url = sa.make_url(database).set(username=role, password=password)
    return url.render_as_string(hide_password=False)


def _launched(ui: Ui) -> str:
    """Have one table loaded by the UI, wait until it has succeeded, return the id of the run."""
    params = {
        "selector": {
            "repositoryLocationName": "tandem",
            "repositoryName": "__repository__",
            "jobName": "run_daily",
            "assetSelection": [{"path": ["lake", "crm__leads"]}],
        },
        "runConfigData": {},
        "executionMetadata": {"tags": [{"key": "dagster/partition", "value": "2025-06-01"}]},
    }
    launched = ui.ask(_LAUNCH, params=params)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id: str = launched["run"]["runId"]
    deadline, status = time.monotonic() + 300, ""
    while status not in ("SUCCESS", "FAILURE", "CANCELED") and time.monotonic() < deadline:
        time.sleep(1)
        status = ui.ask(_RUN, id=run_id)["runOrError"]["status"]
    assert status == "SUCCESS"
    return run_id


def kinds(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    events = [entry.dagster_event for entry in instance.all_logs(run_id)]
    return [event.event_type_value for event in events if event is not None]


def test_runs_and_materializations_are_in_the_database(site: Site) -> None:
    failed, published, queued = site.runs
    with mock.patch.dict(os.environ, site.environment), site.instance() as instance:
        assert instance.get_run_by_id(failed).status == dg.DagsterRunStatus.FAILURE
        for run_id in (published, queued):
            assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.SUCCESS
            assert "ASSET_MATERIALIZATION" in kinds(instance, run_id)
        for asset, run_id in (("marts/fct_funnel", published), ("lake/crm__leads", queued)):
            newest = instance.get_latest_materialization_event(dg.AssetKey(asset.split("/")))
            assert newest is not None and newest.run_id == run_id
    engine = sa.create_engine(site.database)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("select run_id from runs order by id").all()
    engine.dispose()
    assert [run_id for (run_id,) in found] == site.runs
    assert not (site.home / "dagster" / "history").exists()


def test_a_run_of_the_ui_waits_in_the_queue_of_the_daemon(site: Site) -> None:
    with mock.patch.dict(os.environ, site.environment), site.instance() as instance:
        told = kinds(instance, site.runs[-1])
        assert told.index("PIPELINE_ENQUEUED") < told.index("PIPELINE_STARTING")
        assert told.index("PIPELINE_STARTING") < told.index("PIPELINE_START")
        assert "PIPELINE_ENQUEUED" not in kinds(instance, site.runs[1])


def test_only_the_extraction_that_failed_is_tried_again(site: Site) -> None:
    with mock.patch.dict(os.environ, site.environment), site.instance() as instance:
        again = [
            entry.step_key
            for entry in instance.all_logs(site.runs[0])
            if entry.dagster_event and entry.dagster_event.event_type_value == "STEP_UP_FOR_RETRY"
        ]
        assert again == ["lake__erp__invoices"] * 2
        (last,) = instance.get_runs(limit=1)
        assert len(site.runs) == 3 and last.run_id == site.runs[-1]


def test_no_secret_is_in_any_file_or_message(site: Site) -> None:
    files = [path for path in site.home.rglob("*") if path.is_file()]
    files += [site.folder / "daemon.log", site.folder / "ui.log"]
    texts = {str(path): list(texts_of(path)) for path in files}
    texts["said"] = site.said
    texts["database"] = _texts_of_database(site.database)
    found = {
        (place, secret)
        for place, all_of_it in texts.items()
        for text in all_of_it
        for secret in SECRETS.values()
        if secret in text
    }
    assert found == set()
    # The search sees what is there.
    everything = "".join(text for all_of_it in texts.values() for text in all_of_it)
    assert "password authentication failed" in everything
    assert site.runs[0] in "".join(texts["database"])


def test_the_channels_that_failed_were_told_of_without_their_secrets(site: Site) -> None:
    said = "".join(site.said)
    assert "note: alerts: webhook: " in said and "note: alerts: email: " in said


def test_all_is_private_but_for_the_way_to_the_releases(site: Site) -> None:
    group = site.environment["TANDEM_READERS_GROUP"]
    assert opened_to(site.home) == {
        "": {f"710 {group}"},
        "releases": {f"{mode} {group}" for mode in (750, 550, 440)},
    }


def test_the_ui_is_on_loopback_alone(site: Site) -> None:
    assert site.listening == ["127.0.0.1"]


def _texts_of_database(database: str) -> list[str]:
    """All rows of all tables that Dagster made, as text."""
    engine = sa.create_engine(database)
    with engine.connect() as connection:
        rows = [
            str(row)
            for table in sa.inspect(engine).get_table_names()
            for row in connection.exec_driver_sql(f"select t::text from {table} as t")
        ]
    engine.dispose()
    return rows
