"""An input that has not changed is not loaded again, unless its age may now reject it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from orchestration.lib.company.folder import load_company
from orchestration.lib.ingest import Ingested, ingest_table
from orchestration.settings import Settings
from tests.end_to_end.small_company import SmallCompany


def _ingest(tmp_path: Path, as_of: datetime) -> Ingested:
    settings = Settings(tmp_path / "home", tmp_path / "company")
    company = load_company(settings.company, {})
    crm = next(source for source in company.sources if source.source == "crm")
    return ingest_table(settings, company, crm, "leads", as_of, "test")


def test_the_same_input_is_one_load(tmp_path: Path) -> None:
    SmallCompany(tmp_path / "company").write()
    first = _ingest(tmp_path, datetime(2025, 4, 12))
    again = _ingest(tmp_path, datetime(2026, 4, 12))
    assert not first.is_unchanged and again.is_unchanged
    assert again.load == first.load


def test_an_input_that_no_longer_changes_grows_stale(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path / "company").write()
    company.replace(
        "sources/crm.yaml",
        "files: data/leads.csv\n",
        "files: data/leads.csv\n    freshness: {error_after_days: 7}\n",
    )
    fresh = _ingest(tmp_path, datetime(2025, 4, 12))  # the newest lead is of April 10th
    assert fresh.load.state == "accepted"
    stale = _ingest(tmp_path, datetime(2025, 4, 20))
    assert stale.load.state == "rejected"
    assert [result.expectation for result in stale.results if result.blocks] == ["is_not_stale"]
