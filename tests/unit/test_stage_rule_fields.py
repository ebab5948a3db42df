"""The columns a stage rule may look at are those of the entities."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest

from orchestration.lib.entities import ENTITIES
from orchestration.settings import PROJECT_ROOT

# Personal values never reach dbt, and what is deleted or merged is judged by its survivor.
NOT_STAGED = {"email", "phone", "name", "first_name", "last_name"}
NOT_JUDGED = {"merged_into_id", "is_deleted"}
GROUPS = {
    "number": "number",
    "money": "number",
    "integer": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


def _fields(object_type: str) -> dict[str, list[str]]:
    """What the macro returns, in dbt's own template language."""
    returned: list[Any] = []
    text = (PROJECT_ROOT / "dbt_project" / "macros" / "funnel.sql").read_text(encoding="utf-8")
    start = text.index("{% macro stage_rule_fields")
    macro = text[start : text.index("{% endmacro %}", start)] + "{% endmacro %}"
    environment = jinja2.Environment()
    environment.globals["return"] = returned.append
    environment.from_string(macro + "{{ stage_rule_fields('" + object_type + "') }}").render()
    fields: dict[str, list[str]] = returned[0]
    return fields


@pytest.mark.parametrize("object_type", ["lead", "opportunity", "activity"])
def test_a_stage_rule_may_look_at_every_staged_column(object_type: str) -> None:
    columns = [
        column
        for column in ENTITIES[object_type].columns
        if column.name not in NOT_STAGED | NOT_JUDGED
    ]
    expected: dict[str, set[str]] = {group: set() for group in _fields(object_type)}
    for column in columns:
        expected[GROUPS.get(column.kind, "text")].add(column.name)
    if any(column.name == "email" for column in ENTITIES[object_type].columns):
        expected["text"].add("email_domain")
    assert {group: set(names) for group, names in _fields(object_type).items()} == expected
