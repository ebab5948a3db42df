"""The generated parts of docs/company-folder.md, so that guide and code cannot disagree.

Belongs here: tables of entities and agreement as Markdown. Does not belong here: prose, or the
marts (`marts_reference`). `python -m orchestration.lib.company.reference` writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from pydantic import BaseModel

from orchestration.lib.company import automation_config, source_config
from orchestration.lib.company.agreement_tables import TABLES, AgreementTable
from orchestration.lib.company.agreement_words import COMPONENTS, RECORD_MEASURES, SAMPLES, STOCKS
from orchestration.lib.entities import ENTITIES
from orchestration.lib.schema import Column, Entity
from orchestration.settings import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs" / "company-folder.md"
_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """The document with its generated parts anew."""
    return with_parts(text, _PARTS)


def with_parts(text: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """A text with each part between `<!-- generated: x -->` and `<!-- end -->` anew.

    KeyError if the text names a part that is not one of `parts`.
    """
    return _PART.sub(lambda part: f"{part[1]}\n{parts[part[2]]()}\n{part[3]}", text)


def part_names(text: str) -> list[str]:
    """The generated parts of a text, in its order."""
    return [part[2] for part in _PART.finditer(text)]


def undocumented_keys(text: str) -> list[str]:
    """Keys of the YAML settings that the document never names in backticks."""
    return sorted(
        f"{model.__name__}.{key}"
        for module in (source_config, automation_config)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
        for key in model.model_fields
        if not re.search(rf"`([a-z]+\.)*{key}\b[^`]*`", text)
    )


def _entities() -> str:
    return "\n".join(_entity(entity) for entity in ENTITIES.values())


def _entity(entity: Entity) -> str:
    notes = [entity.description]
    if not entity.requires_id:
        notes.append("`source_id` may be left out.")
    if entity.is_windowed:
        notes.append("Days are replaced as a whole by a newer load that covers them.")
    return _section(entity.name, " ".join(notes), entity.columns)


def _agreement() -> str:
    return "\n".join(_agreement_table(table) for table in TABLES.values())


def _agreement_table(table: AgreementTable) -> str:
    description = table.description
    if len(table.key) > 1:
        description += f" Unique by {', '.join(f'`{name}`' for name in table.key)}."
    elif table.key:
        description += f" `{table.key[0]}` is unique."
    return _section(f"{table.name}.csv", description, table.columns)


def _section(name: str, description: str, columns: Iterable[Column]) -> str:
    rows = "".join(_row(column) for column in columns)
    return f"#### `{name}`\n\n{description}\n\n{_HEADER}{rows}"


_HEADER = "| column | kind | required | meaning |\n|---|---|---|---|\n"


def _row(column: Column) -> str:
    values = f": {', '.join(f'`{value}`' for value in column.allowed)}" if column.allowed else ""
    required = "yes" if column.required else ""
    return f"| `{column.name}` | {column.kind} | {required} | {column.description}{values} |\n"


def _counts() -> str:
    """What KPIs are made of, by the kind of KPI that uses it."""
    made_of = (("sum and ratio", COMPONENTS), ("stock", STOCKS), ("percentile", SAMPLES))
    rows = (
        f"| `{name}` | {kinds} | {meaning} |\n"
        for kinds, names in made_of
        for name, meaning in names.items()
    )
    return "| id | kind of KPI | what it is |\n|---|---|---|\n" + "".join(rows)


def _measures() -> str:
    """What promises may measure record by record."""
    rows = (
        f"| `{name}` | {unit} | {meaning} |\n" for name, (unit, meaning) in RECORD_MEASURES.items()
    )
    return "| measure | unit | threshold |\n|---|---|---|\n" + "".join(rows)


_PARTS: dict[str, Callable[[], str]] = {
    "entities": _entities,
    "agreement": _agreement,
    "counts": _counts,
    "measures": _measures,
}


def main() -> None:
    """Write the generated parts of the document anew."""
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
