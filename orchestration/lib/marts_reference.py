"""The generated parts of docs/marts.md: the columns of each mart, as its dbt contract has them.

Belongs here: marts of dbt's manifest as Markdown. Does not belong here: prose, or the company
folder (`reference`). `python -m orchestration.lib.marts_reference` writes them anew; it reads the
manifest that `make manifest` prepares.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from orchestration.lib.company.reference import with_parts
from orchestration.settings import PROJECT_ROOT, load_settings

DOCUMENT = PROJECT_ROOT / "docs" / "marts.md"
_HEADER = "| column | type | meaning |\n|---|---|---|\n"


def read_marts(manifest: Path) -> dict[str, Mapping[str, Any]]:
    """The models of schema `marts` by name, as dbt's manifest describes them."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    return {
        node["name"]: node
        for node in nodes
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }


def with_columns(text: str, marts: Mapping[str, Mapping[str, Any]]) -> str:
    """The document with the columns of each mart anew; KeyError if it names an unknown mart."""
    parts: dict[str, Callable[[], str]] = {
        name: partial(_mart, node) for name, node in marts.items()
    }
    return with_parts(text, parts)


def _mart(node: Mapping[str, Any]) -> str:
    rows = "".join(
        f"| `{column['name']}` | {column['data_type']} | {_in_a_cell(column['description'])} |\n"
        for column in node["columns"].values()
    )
    return f"{node['description'].strip()}\n\n{_HEADER}{rows}"


def _in_a_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the generated parts of the document anew."""
    marts = read_marts(load_settings().dbt_manifest)
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(with_columns(text, marts), encoding="utf-8")


if __name__ == "__main__":
    main()
