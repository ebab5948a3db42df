"""What is wrong in a company folder, said so that its owner can mend it.

Belongs here: the shape of a problem and the wording that all problems share. Does not belong
here: finding problems (`folder`, `agreement`, `inputs`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

# A list longer than this is left out where a single name is the likely one.
_MANY = 12


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    `file` is relative to the company folder, `where` a key path (`tables.deals.load`) or a
    column, `line` counts from 1. `value` is the text as written in the file, never what an
    environment variable put in its place; None where nothing is written.
    """

    file: str
    where: str
    value: str | None
    message: str
    fix: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        value = None if self.value is None else _quoted(self.value)
        subject = " = ".join(filter(None, (self.where, value)))
        head = ": ".join(filter(None, (place, subject, self.message)))
        return f"{head}\n    fix: {self.fix}"


def _quoted(value: str, width: int = 80) -> str:
    text = value.replace("\n", "\\n")
    return f"'{text if len(text) <= width else text[: width - 1] + '…'}'"


def did_you_mean(value: str, allowed: Iterable[str]) -> str:
    """A fix for a value that is not allowed: the likely one first, then what is allowed."""
    names = list(allowed)
    close = closest(value, names)
    hint = f"did you mean '{close}'?" if close is not None else ""
    if not names or (hint and len(names) > _MANY):
        return hint or "remove it"
    return f"{hint} allowed: {', '.join(names)}".strip()


def closest(value: str, names: Iterable[str]) -> str | None:
    """The name that a value most likely means: much alike, or holding it as a word, or alike.

    `date` means `rate_date` rather than `rate`, `created` means `created_at`.
    """
    by_lower = {name.lower(): name for name in names}
    wanted = value.lower().strip()
    word = rf"(^|[\W_]){re.escape(wanted)}([\W_]|$)"
    holding = [name for name in by_lower if len(wanted) > 2 and re.search(word, name)]
    for names_left, cutoff in ((list(by_lower), 0.85), (holding, 0.0), (list(by_lower), 0.6)):
        near = difflib.get_close_matches(wanted, names_left, n=1, cutoff=cutoff)
        if near:
            return by_lower[near[0]]
    return None


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """By file and line."""
    return sorted(problems, key=lambda p: (p.file, p.line or 0, p.where))


def report(problems: Iterable[Problem]) -> str:
    """All problems as readable text, ordered by file and line."""
    ordered = in_order(problems)
    count = f"{len(ordered)} problem{'' if len(ordered) == 1 else 's'}"
    return "\n".join([count, *(str(problem) for problem in ordered)])
