"""The demo's planted stories fill the first places of the agenda, and little else is found.

The other half of the claim, all twenty seeds of each kind, is measured by `benchmarks.stories`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.stories import WEEKS, agenda_of

SEEDS = range(1, 6)

pytestmark = pytest.mark.long


@pytest.mark.timeout(1800)
def test_planted_stories_come_first(tmp_path: Path) -> None:
    agendas = {seed: agenda_of(tmp_path / str(seed), seed, stories=True) for seed in SEEDS}
    assert all(len(agenda.planted) == 4 for agenda in agendas.values())
    missed = {seed: agenda for seed, agenda in agendas.items() if not agenda.is_found}
    # Eighteen of twenty are promised: of five no more than one may miss.
    assert len(missed) <= 1, missed


@pytest.mark.timeout(1800)
def test_without_stories_next_to_nothing_is_found(tmp_path: Path) -> None:
    agendas = [agenda_of(tmp_path / str(seed), seed, stories=False) for seed in SEEDS]
    assert not any(agenda.planted for agenda in agendas)
    found = sum(sum(agenda.findings_by_week) for agenda in agendas)
    assert found / (len(agendas) * WEEKS) <= 1
