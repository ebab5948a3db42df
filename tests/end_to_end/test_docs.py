"""What the guides show is true: every query of README.md and docs/marts.md runs on a release."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.lib.dbt import dbt_executable, environment
from orchestration.settings import PROJECT_ROOT, Settings
from tests.end_to_end.pipeline import query, run
from tests.end_to_end.small_company import DEALS, LEADS, SmallCompany

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(document: str, language: str) -> Iterator[Any]:
    """The document's fenced blocks in a language, each named by its line."""
    text = (PROJECT_ROOT / document).read_text(encoding="utf-8")
    for found in _FENCED.finditer(text):
        if found[1] == language:
            line = text.count("\n", 0, found.start()) + 1
            yield pytest.param(found[2], id=f"{document}:{line}")


QUERIES = [*blocks("README.md", "sql"), *blocks("docs/marts.md", "sql")]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("docs")
    company = SmallCompany(folder / "company").write()
    settings = Settings(folder / "data", company.folder)
    outcome = run(settings)
    assert outcome.success, (outcome.errors, outcome.blocked)
    return settings


def test_there_are_examples() -> None:
    assert len(QUERIES) > 20


@pytest.mark.parametrize("sql", QUERIES)
def test_an_example_query_runs(settings: Settings, sql: str) -> None:
    rows = query(settings, sql)
    if "where not passed" in sql:
        return  # this company has nothing to warn of, or little
    # Where this company has nothing of what is asked, the query runs and finds no row.
    marts = set(re.findall(r"\bmarts\.(\w+)", sql))
    if all(query(settings, f"select 1 from marts.{name} limit 1") for name in marts):
        assert rows


@pytest.mark.parametrize("code", blocks("README.md", "python"))
def test_an_example_in_python_runs(
    settings: Settings,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(settings.home.parent)
    exec(compile(code, "README.md", "exec"), {})
    assert "2025-0" in capsys.readouterr().out


def test_dbt_docs_describe_every_mart_and_column_that_is_there(
    settings: Settings, tmp_path: Path
) -> None:
    project = str(settings.dbt_project)
    done = subprocess.run(
        [
            *(dbt_executable(), "--quiet", "docs", "generate"),
            *("--project-dir", project, "--profiles-dir", project),
            *("--target-path", str(tmp_path)),
        ],
        env={**os.environ, **environment(settings), "DBT_LOG_PATH": str(tmp_path / "log")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    nodes = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    catalog = json.loads((tmp_path / "catalog.json").read_text(encoding="utf-8"))["nodes"]
    marts = {name for name, node in catalog.items() if node["metadata"]["schema"] == "marts"}
    in_warehouse = query(
        settings, "select count(*) from duckdb_columns() where schema_name = 'marts'"
    )
    assert [(sum(len(catalog[name]["columns"]) for name in marts),)] == in_warehouse
    undescribed = [
        f"{name}.{column}"
        for name in marts
        for column in ["", *catalog[name]["columns"]]
        if not (nodes[name]["columns"][column] if column else nodes[name])["description"].strip()
    ]
    assert undescribed == []
    # BI tools read them as comments, where there is no dbt.
    uncommented = [
        f"{name}.{column}"
        for name in marts
        for column, found in catalog[name]["columns"].items()
        if not found["comment"]
    ]
    assert uncommented == []


def test_the_first_query_counts_what_the_company_has(settings: Settings) -> None:
    first = next(blocks("README.md", "sql")).values[0]
    rows = {stage: (observed, inferred) for stage, observed, inferred in query(settings, first)}
    assert rows["lead"] == (LEADS, LEADS)
    assert rows["opportunity"] == (DEALS, DEALS)
    assert rows["sql"] == (0, DEALS)


def test_the_links_lead_somewhere() -> None:
    for document in [PROJECT_ROOT / "README.md", *sorted((PROJECT_ROOT / "docs").rglob("*.md"))]:
        text = document.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert Path(document.parent, link).exists(), f"{document.name}: {link}"
