"""Erased persons at extraction: their rows are dropped before any gate sees them, and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from orchestration.lib.erasure.known import log_extended, read
from orchestration.lib.erasure.rows import owner_of_text, without_erased
from orchestration.lib.extract.model import MalformedRow
from orchestration.settings import Settings


@dataclass(frozen=True)
class Left:
    """What is left of an input, and how many rows were dropped, over all entities."""

    candidates: Mapping[str, pa.Table]
    malformed: Sequence[MalformedRow]
    count: int


def drop_erased(
    settings: Settings,
    source: str,
    candidates: Mapping[str, pa.Table],
    malformed: Sequence[MalformedRow],
) -> Left:
    """The candidate rows of a source, by entity, without those of erased persons.

    A lead or contact that is only now seen of such a person is remembered, so that what names it
    is dropped from then on too.
    """
    erased = read(settings)
    if not erased:
        return Left(candidates, malformed, 0)
    results = {
        name: without_erased(rows, name, source, erased) for name, rows in candidates.items()
    }
    for result in results.values():
        for place, records in result.records.items():
            log_extended(settings, erased.erasures[place], records)
    readable = [row for row in malformed if owner_of_text(row.raw, erased) < 0]
    return Left(
        {name: result.rows for name, result in results.items()},
        readable,
        sum(result.erased for result in results.values()) + len(malformed) - len(readable),
    )
