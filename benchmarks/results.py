"""What was measured beside what was promised: the table on the terminal, and `results.json`.

    python -m benchmarks.results docs/performance.md    # put the last results into the page

Belongs here: the shape of a result and how it is shown and kept. Does not belong here: measuring.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("results.json")
BEGIN, END = "<!-- measured -->\n", "<!-- end -->"
_KEYS = ("name", "unit", "measured", "budget")


@dataclass(frozen=True)
class Result:
    """One line: `budget` is the most that was promised, None where the figure stands beside one.

    `measured` is None where it could not be had; `note` then says why.
    """

    name: str
    unit: str
    measured: float | None
    budget: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the budget was met; None where there is none, or nothing was measured."""
        if self.measured is None or self.budget is None:
            return None
        return self.measured <= self.budget

    def to_dict(self) -> dict[str, Any]:
        fields = {"name": self.name, "unit": self.unit, "measured": _rounded(self.measured)}
        return {**fields, "budget": _rounded(self.budget), "met": self.met}


def table(results: Sequence[Result]) -> str:
    """The lines as a table for people; it is Markdown too."""
    rows = [("what", "unit", "measured", "budget", "")]
    rows += [
        (each.name, each.unit, _text(each.measured), _text(each.budget), _verdict(each))
        for each in results
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        f"| {row[0]:<{widths[0]}} | {row[1]:<{widths[1]}} | {row[2]:>{widths[2]}} |"
        f" {row[3]:>{widths[3]}} | {row[4]:<{widths[4]}} |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def write(path: Path, scale: float, results: Sequence[Result]) -> None:
    """Write the lines as JSON; those of an earlier run of this scale stay where none is new."""
    budgets = {each.name: each.to_dict() for each in results}
    if path.exists():
        earlier = json.loads(path.read_text())
        if (earlier["machine"], earlier["scale"]) == (machine(), scale):
            budgets = {each["name"]: each for each in earlier["budgets"]} | budgets
    found = {"machine": machine(), "scale": scale, "budgets": list(budgets.values())}
    path.write_text(json.dumps(found, indent=2) + "\n")


def page(text: str, path: Path) -> str:
    """The page with the written results between its two marks."""
    found = json.loads(path.read_text())
    lines = [Result(*(each[key] for key in _KEYS)) for each in found["budgets"]]
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    head = f"Machine: {found['machine']}. Scale: {found['scale']:g}."
    return f"{before}{BEGIN}{head}\n\n{table(lines)}\n{END}{after}"


def machine() -> str:
    """What the figures depend on: cores, memory, processor, system."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.machine()
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {processor}, {memory:.0f} GiB, {platform.system()}"


def _verdict(result: Result) -> str:
    if result.met is None:
        return result.note
    if result.met:
        return "met"
    assert result.measured is not None and result.budget is not None
    return f"missed by {_text(result.measured - result.budget)}"


def _text(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def main() -> None:
    target = Path(sys.argv[1])
    target.write_text(page(target.read_text(), FILE))


if __name__ == "__main__":
    main()
