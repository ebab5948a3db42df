"""The demo company: a believable B2B company, generated with the ground truth beside it.

Belongs here: the one function that writes it. Does not belong here: what is in it
(`generator`), its sources and agreement (`company/`, the shipped template).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestration.demo.generator.rates import Rates

DEFAULT_END = date(2026, 6, 30)


@dataclass(frozen=True)
class DemoSummary:
    """What was written. `rows` counts the exported rows per table (`source.table`)."""

    folder: Path
    rows: dict[str, int]
    leads: int
    opportunities: int
    wins: int

    def __str__(self) -> str:
        return (
            f"Wrote the demo company to {self.folder}: {sum(self.rows.values()):,} rows in"
            f" {len(self.rows)} tables, {self.leads:,} leads, {self.opportunities:,}"
            f" opportunities, {self.wins:,} won. The truth is in {self.folder / 'truth'}."
        )


def generate_demo(
    target: Path,
    scale: float = 1.0,
    seed: int = 7,
    days: int = 540,
    end: date = DEFAULT_END,
    rates: Rates | None = None,
    seen_on: date | None = None,
    stories: bool = True,
) -> DemoSummary:
    """Write a complete company folder: sources/, agreement/, data/ and truth/.

    The same arguments give the same bytes. `days` of history end with `end`; `seen_on` (default
    `end`) is the day whose evening the exports show: the same company, but without what happens
    later, and with ad costs that platforms still correct. With `stories` the seed plants four
    troubles into the company (`generator.stories`), told in truth/stories.json. What an earlier
    call wrote to `target` is replaced; other files there are left alone.
    """
    from orchestration.demo.generator.write import write_company

    return write_company(target, scale, seed, days, end, rates, seen_on or end, stories)
