"""Data Docs: a page for each gate and asset, in the words of the results."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import unquote

import pytest

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


RESULTS = [
    RESULT,
    replace(RESULT, expectation="ad_is_unique", passed=True, message="All are unique."),
    replace(RESULT, expectation="broken", raised=True, message="It could not be evaluated."),
    replace(RESULT, expectation="is_usual", severity="warning", message="Spend of $5 < $x & ${y}."),
    replace(RESULT, gate="gate_1", asset="ads__report", passed=True, message="3 rows were read."),
    replace(RESULT, gate="gate_1", asset="web__forms", severity="warning", message="2 are bad."),
    replace(RESULT, gate="gate_1", asset="zoo__loads", message="The load is empty."),
    replace(RESULT, gate="freshness", asset="release", passed=True, message="As of today."),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_data_docs(RESULTS, tmp_path_factory.mktemp("docs") / "site").parent


def _page(site: Path, suite: str) -> str:
    (page,) = (site / "validations").rglob(f"{suite}.html")
    return page.read_text(encoding="utf-8")


def test_the_site_tells_every_result(site: Path) -> None:
    for result in RESULTS:
        page = _page(site, f"{result.gate}.{result.asset}")
        assert escape(result.message, quote=False) in page
        assert f"<code>{result.expectation}</code>" in page
        assert "<li>a*****</li>" in page
    assert len(list((site / "validations").rglob("*.html"))) == 5


def test_the_index_counts_and_puts_failed_assets_first(site: Path) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")
    assert "<h1>Tandem data quality, release of 2025-06-01 12:00 UTC</h1>" in text
    rows = [re.findall(r"<td.*?>(.*?)</td>", row) for row in text.split("<tr")]
    told = [[re.sub("<.*?>", "", cell) for cell in row] for row in rows if row]
    assert told == [
        ["✓ held", "release", "marketing", "1", "1", "0", "0"],
        ["✗ failed", "zoo__loads", "marketing", "1", "0", "0", "1"],
        ["⚠\ufe0e warning", "web__forms", "marketing", "1", "0", "1", "0"],
        ["✓ held", "ads__report", "marketing", "1", "1", "0", "0"],
        ["✗ failed", "fct_ad_spend", "marketing", "4", "1", "1", "2"],
    ]


def test_a_failed_warning_does_not_look_failed(site: Path) -> None:
    page = _page(site, "gate_1.web__forms")
    body = page[page.index("<body>") :]
    assert 'class="status warning"' in body and "failed" not in body
    page = _page(site, "gate_2.fct_ad_spend")
    status = re.findall(r'class="status (failed|warning|held)"', page)
    assert status == ["failed", "failed", "warning", "held"]


def test_the_site_needs_nothing_but_itself(site: Path) -> None:
    files = {path for path in site.rglob("*") if path.is_file()}
    assert {path.suffix for path in files} == {".html"}
    reached = set()
    for path in files:
        text = path.read_text(encoding="utf-8")
        for foreign in ("http://", "https://", "<script", "src=", "url(", "@import", "<link"):
            assert foreign not in text, f"{path.name} has {foreign}"
        for link in re.findall(r'href="(.*?)"', text):
            name, _, anchor = unquote(link).partition("#")
            linked = (path.parent / name).resolve()
            assert linked in files, f"{path.name} links to {link}"
            assert not anchor or f'id="{anchor}"' in linked.read_text(encoding="utf-8")
            reached.add(linked)
    assert reached == files


def test_a_page_that_cannot_be_rendered_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GX itself only logs it, and goes on without the page."""
    from expectations.data_docs_views import AssetPageView

    monkeypatch.setattr(AssetPageView, "_template", "absent.html.j2")
    with pytest.raises(RuntimeError, match="could not render"):
        build_data_docs(RESULTS, tmp_path / "site")


def test_a_site_without_results_is_a_site(tmp_path: Path) -> None:
    assert build_data_docs([], tmp_path / "site").exists()
