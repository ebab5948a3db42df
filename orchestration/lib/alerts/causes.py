"""What a run came to, as far as it may leave the machine.

Belongs here: the shape of a run's end and of its causes. Does not belong here: Dagster's events
(`launch`), the words around a cause (`messages`).

A cause names tables, expectations, files and lines, and counts rows. It never quotes a value or
a message that may quote one: chat rooms and mailboxes keep what they are sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestration.lib.errors import TandemError

How = Literal["published", "blocked", "failed", "not_started"]


@dataclass(frozen=True)
class Cause:
    """One thing that went wrong. `key` is the same whenever it does; `owner` is a team."""

    key: str
    text: str
    owner: str = "data"


@dataclass(frozen=True)
class RunEnd:
    """How a run of a job ended. No `causes`: it published; no `run_id`: nothing ran."""

    job: str
    how: How
    run_id: str = ""
    causes: tuple[Cause, ...] = ()


def not_started(job: str, error: Exception) -> RunEnd:
    """The end of a run that an error kept from starting."""
    what = type(error).__name__
    place = error.place if isinstance(error, TandemError) else ""
    text = f"It could not start ({what}{place and f': {place}'})"
    return RunEnd(job, "not_started", causes=(Cause(f"start:{what}", text),))
