"""Data Docs: a page for each gate and asset, in the words of the results."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from expectations.data_docs import build_data_docs
from expectations.results import ExpectationResult

RESULT = ExpectationResult(
    "gate_2",
    "fct_ad_spend",
    "spend_is_not_negative",
    "critical",
    False,
    12,
    4310,
    "12 of 4,310 rows of fct_ad_spend have a negative spend.",
    ["a*****"],
    datetime(2025, 6, 1, 12),
    "marketing",
)


def test_a_result_survives_its_dictionary() -> None:
    assert ExpectationResult.from_dict(RESULT.to_dict()) == RESULT


def test_the_site_tells_every_result(tmp_path: Path) -> None:
    results = [
        RESULT,
        replace(RESULT, expectation="ad_is_unique", passed=True, message="All are unique."),
        replace(RESULT, expectation="broken", raised=True, message="It could not be evaluated."),
        replace(RESULT, gate="gate_1", asset="ads__report", message="The load is empty."),
    ]
    index = build_data_docs(results, tmp_path / "site")
    text = index.read_text()
    assert "gate_2.fct_ad_spend" in text and "gate_1.ads__report" in text
    pages = [page.read_text() for page in (tmp_path / "site" / "validations").rglob("*.html")]
    assert len(pages) == 2
    (page,) = (page for page in pages if "gate_2.fct_ad_spend" in page)
    assert "12 of 4,310 rows of fct_ad_spend have a negative spend." in page
    assert "(critical, team:marketing)" in page
    assert "It could not be evaluated." in page


def test_a_site_without_results_is_a_site(tmp_path: Path) -> None:
    assert build_data_docs([], tmp_path / "site").exists()
