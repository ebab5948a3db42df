"""How a page of the release's Data Docs looks: our own templates for what GX has rendered.

Belongs here: from GX's rendered document to a template of `templates/`. GX's own templates fetch
styles, scripts and a logo from other hosts whenever a page is opened; these fetch nothing. Does
not belong here: what is shown (`data_docs`). Imports GX: GX itself loads this module, by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from great_expectations.render import RenderedDocumentContent
from great_expectations.render.view import DefaultJinjaIndexPageView, DefaultJinjaPageView
from jinja2 import PackageLoader

from expectations.gx_expectation import META_COLUMNS

GATES = {
    "freshness": {"name": "freshness", "title": "Freshness", "kind": "Age of"},
    "gate_1": {"name": "gate_1", "title": "Gate 1: loads", "kind": "Load of"},
    "gate_2": {"name": "gate_2", "title": "Gate 2: marts", "kind": "Mart"},
}
_WORST_FIRST = ("failed", "warning", "held")
# From a validation's page, below the folders that GX makes of the suite's name.
_FOLDERS = 3


class AssetPageView(DefaultJinjaPageView):
    """The page of one gate and asset."""

    _template = "asset.html.j2"

    def __init__(self, title: str, assets: dict[str, dict[str, Any]]) -> None:
        """`assets` are the counts and the owner of each suite, by its name."""
        super().__init__()
        _use_own_templates(self.env)
        self._title, self._assets = title, assets

    def render(
        self, document: RenderedDocumentContent, template: str | None = None, **kwargs: Any
    ) -> str:
        suite = document.expectation_suite_name
        gate, _, asset = suite.partition(".")
        rows = sorted(_rows(document), key=lambda row: _WORST_FIRST.index(row["status"]))
        text: str = super().render(
            document,
            template,
            title=self._title,
            index="../" * (len(suite.split(".")) + _FOLDERS) + "index.html",
            gate=GATES[gate],
            asset=asset,
            counts=self._assets[suite],
            owner=self._assets[suite]["owner"],
            rows=rows,
        )
        return text


class IndexPageView(DefaultJinjaIndexPageView):
    """The index: for each gate its assets, those that failed first."""

    _template = "index.html.j2"

    def __init__(self, title: str, assets: dict[str, dict[str, Any]]) -> None:
        super().__init__()
        _use_own_templates(self.env)
        self._title, self._assets = title, assets

    def render(
        self, document: RenderedDocumentContent, template: str | None = None, **kwargs: Any
    ) -> str:
        links = dict(_links(document))
        gates = []
        for name, suites in groupby(sorted(self._assets), lambda suite: suite.partition(".")[0]):
            assets = [
                {"name": suite.partition(".")[2], "link": links[suite], **self._assets[suite]}
                for suite in suites
            ]
            assets.sort(key=lambda asset: _WORST_FIRST.index(asset["status"]))
            counts = {
                count: sum(asset[count] for asset in assets)
                for count in ("expectations", "held", "warnings", "failed")
            }
            gates.append({**GATES[name], **counts, "assets": assets})
        text: str = super().render(document, template, title=self._title, gates=gates)
        return text


def _use_own_templates(environment: Any) -> None:
    environment.loader = PackageLoader("expectations", "templates")
    environment.autoescape = True  # GX's has it off for .j2


def _rows(document: RenderedDocumentContent) -> Iterator[dict[str, Any]]:
    """The rows of the tables of results, which are the tables with a header."""
    for block in _blocks(document):
        if "header_row" in block:
            for _icon, expectation, message, *columns in block["table"]:
                shown = zip(META_COLUMNS, (column[0] for column in columns), strict=True)
                yield {
                    "expectation": _text(expectation),
                    "message": _text(message),
                    **dict(shown),
                }


def _text(cell: Any) -> str:
    """The text of a cell; of several contents the first, what follows are GX's own words."""
    while isinstance(cell, list):
        cell = cell[0]
    return str(cell["string_template"]["template"] if isinstance(cell, dict) else cell)


def _links(document: RenderedDocumentContent) -> Iterator[tuple[str, str]]:
    """The page of each suite's validation, as GX's index names it."""
    for block in _blocks(document):
        for tab in block.get("tabs", ()):
            for row in tab["tab_content"]["table_data"]:
                yield row["_expectation_suite_name_sort"], row["_table_row_link_path"]


def _blocks(document: RenderedDocumentContent) -> Iterator[dict[str, Any]]:
    content: dict[str, Any] = document.to_json_dict()
    for section in content["sections"]:
        yield from section["content_blocks"]
