"""Warehouses that several test modules read."""

from __future__ import annotations

import pytest

from tests.fixtures.lake_builder import WORKSPACE, Warehouse
from tests.integration.dbt import identity_lake


@pytest.fixture(scope="session", autouse=True)
def _workspace(tmp_path_factory: pytest.TempPathFactory) -> None:
    WORKSPACE.path = tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="session")
def identity_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The identity lake in its own order."""
    return identity_lake.build(tmp_path_factory.mktemp("identity"))
