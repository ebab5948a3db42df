"""Which raw columns a table's mappings need, and what to say where one is missing.

Belongs here: the rule and the words, shared by reading and mapping. Does not belong here:
reading or casting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestration.lib.company.problems import closest
from orchestration.lib.company.source_config import EntityMapping, Table
from orchestration.lib.entities import ENTITIES


def named_columns(mappings: Iterable[EntityMapping]) -> set[str]:
    """The raw columns that mappings read as values."""
    return {
        name
        for mapping in mappings
        for column in mapping.columns.values()
        for name in column.source_columns
    }


def needed_columns(mapping: EntityMapping) -> dict[str, str]:
    """The raw columns without which a mapping makes no sense: column → what needs it.

    These feed the entity's required columns or its `source_id` (without it rows would
    silently get other ids), or a filter (without it other rows would come in).
    """
    entity = ENTITIES[mapping.entity]
    needed = {condition.column: f"{entity.name}.where" for condition in mapping.where}
    for target, column in mapping.columns.items():
        if entity.column(target).required or target == "source_id":
            needed |= dict.fromkeys(column.source_columns, f"{entity.name}.{target}")
    return needed


def describe_missing(found: Sequence[str], mappings: Iterable[EntityMapping]) -> str | None:
    """A sentence that names the needed columns the input lacks and those it has, or None."""
    needed: dict[str, str] = {}
    for mapping in mappings:
        needed = needed_columns(mapping) | needed
    missing = {name: use for name, use in needed.items() if name not in found}
    if not missing:
        return None
    parts = []
    for name, use in missing.items():
        meant = closest(name, found)
        parts.append(f"'{name}' (for {use}{f'; is it {meant!r}?' if meant else ''})")
    return f"needed columns are missing: {', '.join(parts)}; columns found: {', '.join(found)}"


def mapped_columns(table: Table) -> set[str]:
    """The raw columns that any mapping or filter of a table names."""
    filters = {condition.column for mapping in table.entities for condition in mapping.where}
    return named_columns(table.entities) | filters
