"""Run the whole pipeline in a test, as `tandem run` does, and read what it published."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb

from orchestration.launch import Outcome, Step
from orchestration.runs import RunRequest, execute
from orchestration.settings import EVENT_BATCH_SIZE, Settings


def run(settings: Settings, request: RunRequest | None = None, **env: str) -> Outcome:
    """Execute a run in this process, with `env` beside the environment that is there."""
    steps: list[Step] = []
    here = {
        "TANDEM_HOME": str(settings.home),
        "DAGSTER_HOME": str(settings.dagster_home),
        "DAGSTER_EVENT_BATCH_SIZE": EVENT_BATCH_SIZE,
        **env,
    }
    with mock.patch.dict(os.environ, here):
        return execute(settings, request or RunRequest(), steps.append)


def published(settings: Settings) -> Path:
    """The current release's database."""
    return settings.published / "tandem.duckdb"


def query(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    """Query the published release, read-only, as BI does."""
    with duckdb.connect(str(published(settings)), read_only=True) as connection:
        return connection.execute(sql).fetchall()
