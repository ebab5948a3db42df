"""What a clone holds: everything that the code needs, and nothing that was generated."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT

GENERATED = {"__pycache__", "target", "logs"}


def _git(*arguments: str, stdin: str = "") -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=PROJECT_ROOT, input=stdin, capture_output=True, text=True
    )
    return done.stdout.splitlines()


@pytest.fixture(autouse=True)
def _in_a_checkout() -> None:
    if not (PROJECT_ROOT / ".git").exists():
        pytest.skip("not a git checkout")


def test_no_source_file_is_ignored_by_git() -> None:
    folders = ("orchestration", "expectations", "dbt_project", "tests", "docs")
    files = [
        path.relative_to(PROJECT_ROOT)
        for folder in folders
        for path in (PROJECT_ROOT / folder).rglob("*")
        if path.is_file() and not GENERATED & set(path.relative_to(PROJECT_ROOT).parts)
    ]
    assert len(files) > 200
    assert _git("check-ignore", "--stdin", stdin="\n".join(map(str, files))) == []


def test_no_generated_file_is_in_git() -> None:
    tracked = [Path(name) for name in _git("ls-files")]
    assert [path for path in tracked if GENERATED & set(path.parts)] == []
    assert [path for path in tracked if path.suffix in (".duckdb", ".parquet", ".db")] == []


def test_the_lock_names_no_registry() -> None:
    lock = (PROJECT_ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock and "--index" not in lock and "--find-links" not in lock
