"""Regular expressions of the agreement: the part of them that every engine reads alike.

Belongs here: what a pattern may hold, and how one is compared in Python as the warehouse does.
Does not belong here: which columns hold patterns (`agreement_checks`, `agreement_channels`).
"""

from __future__ import annotations

import re
from functools import cache

from orchestration.lib.company.agreement_csv import Rows

MISSING = "(none)"  # as a pattern: only a missing value matches


def check_pattern(rows: Rows, index: int, column: str) -> bool:
    """Complain of a cell that is no portable regular expression; True if it can be used."""
    pattern = rows.values[index][column]
    if pattern is None or pattern == MISSING:
        return True
    try:
        compiled(pattern)
    except re.error as error:
        rows.complain(
            index,
            column,
            f"is no regular expression: {error}",
            "escape . ( ) [ ] * + ? with a backslash where they stand for themselves",
        )
        return False
    bare = re.sub(r"\\.", "", pattern)
    if re.search(r"\\[1-9AZGQE]", pattern) or re.search(r"\(\?(?!:)|\[\[:|[*+?}]\+", bare):
        rows.complain(
            index,
            column,
            "uses a part of regular expressions that not every engine knows",
            "use only . [ ] ( ) (?: ) | * + ? { } ^ $ and escapes such as \\d and \\.",
        )
        return False
    return True


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, whatever the case; re.error if it is none."""
    return re.compile(pattern, re.IGNORECASE)


def holds(pattern: str, value: str | None) -> bool:
    """Whether the whole value matches; a missing value matches `(none)` alone."""
    if value is None or pattern == MISSING:
        return value is None and pattern == MISSING
    return compiled(pattern).fullmatch(value) is not None
