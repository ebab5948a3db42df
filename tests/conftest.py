"""What all tests share: folders of their own, and real data where it is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.settings import NO_TELEMETRY, POSTGRES_URL, PROJECT_ROOT, Settings
from tests.fixtures.postgres import Server, require_programs, running_server

REAL_DATA = PROJECT_ROOT.parent / "shared" / "data"
IN_CI = os.environ.get("CI") == "true"

_STATUS = pytest.StashKey[int]()

os.environ.update(NO_TELEMETRY)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real data; without it the test is skipped, except in CI."""
    if REAL_DATA.is_dir():
        return REAL_DATA
    if IN_CI:
        pytest.fail(f"CI must have the real data, but {REAL_DATA} is no folder")
    pytest.skip(f"real data is not here: {REAL_DATA} is no folder")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation of the test's own, with an empty company folder."""
    (tmp_path / "company").mkdir()
    return Settings(tmp_path / "home", tmp_path / "company")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server for all tests of this process; each makes the databases that it wants."""
    with running_server(require_programs()) as server:
        yield server


@pytest.fixture(params=["files", "postgres"])
def stored(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """An installation whose runs are kept in files, and one where they are in a database."""
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    if request.param == "files":
        return settings
    server: Server = request.getfixturevalue("postgres")
    monkeypatch.setenv(POSTGRES_URL, server.new_database())
    return replace(settings, is_history_in_postgres=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave without tearing the interpreter down.

    DuckDB's bindings would print pages about leaked references after the summary.
    """
    if _STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_STATUS])
