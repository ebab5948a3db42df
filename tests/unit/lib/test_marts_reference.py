"""docs/marts.md says of every mart what dbt's contract says."""

from __future__ import annotations

import re

import pytest

from orchestration.lib import marts_reference
from orchestration.lib.company.reference import part_names
from orchestration.settings import PROJECT_ROOT, Settings

MANIFEST = Settings(PROJECT_ROOT, PROJECT_ROOT).dbt_manifest


@pytest.fixture(scope="module")
def text() -> str:
    return marts_reference.DOCUMENT.read_text(encoding="utf-8")


def test_the_columns_are_those_of_the_contract(text: str) -> None:
    marts = marts_reference.read_marts(MANIFEST)
    assert marts_reference.with_columns(text, marts) == text, (
        "run python -m orchestration.lib.marts_reference"
    )


def test_every_mart_has_its_own_section_and_an_example(text: str) -> None:
    marts = marts_reference.read_marts(MANIFEST)
    assert sorted(part_names(text)) == sorted(marts)
    for name in marts:
        section = re.search(rf"^### `{name}`$(.*?)<!-- generated: {name} -->", text, re.M | re.S)
        assert section and "```sql" in section[1], name


def test_a_part_that_is_no_mart_is_an_error() -> None:
    with pytest.raises(KeyError):
        marts_reference.with_columns("<!-- generated: fct_nothing -->\n<!-- end -->", {})


def test_a_description_stays_in_its_cell() -> None:
    column = {"name": "a", "data_type": "string", "description": "one | two\nthree"}
    marts = {"m": {"description": "Mart.", "columns": {"a": column}}}
    found = marts_reference.with_columns("<!-- generated: m -->\n<!-- end -->\n", marts)
    assert "| `a` | string | one \\| two three |" in found
