"""What gate 2 found for a build, kept beside the warehouse until that build is published.

Belongs here: writing and reading that one file. Does not belong here: evaluating
expectations, deciding to publish (`releases`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from expectations.results import ExpectationResult
from orchestration.lib.durable import make_folder, write_json
from orchestration.settings import Settings


@dataclass(frozen=True)
class GateFile:
    """The gate results of one build; `assets` are all that gate 2 checked, passed or not."""

    build_id: str
    assets: tuple[str, ...]
    results: tuple[ExpectationResult, ...]


def write_gate_file(
    settings: Settings,
    build_id: str,
    assets: Iterable[str],
    results: Iterable[ExpectationResult],
) -> Path:
    """Write the results of a build, of gate 1 too where a release shall show them.

    Removes those of earlier builds: the warehouse no longer holds what they speak of.
    """
    path = gate_path(settings, build_id)
    make_folder(path.parent)
    content = {
        "build_id": build_id,
        "assets": sorted(set(assets)),
        "results": [result.to_dict() for result in results],
    }
    write_json(path, content)
    for other in path.parent.glob("*.json"):
        if other != path:
            other.unlink()
    return path


def read_gate_file(settings: Settings, build_id: str) -> GateFile | None:
    """The stored results of a build, or None if the gate has not run on it."""
    path = gate_path(settings, build_id)
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    results = tuple(map(ExpectationResult.from_dict, content["results"]))
    return GateFile(content["build_id"], tuple(content["assets"]), results)


def gate_path(settings: Settings, build_id: str) -> Path:
    return settings.warehouse_file.parent / "gates" / f"{build_id}.json"
