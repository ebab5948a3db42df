"""Which message is due: one per failed run, one per cause and hour, one when it works again.

The age of the release that BI reads is told likewise: once when it is late, once when it is not.

Belongs here: pure functions over what is remembered. Does not belong here: words, sending, files.

Whoever reads the messages must be able to trust their silence: a failure that is not told
because its cause was told within the hour is told later, unless it is over by then; a recovery is
told only of a failure that was told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from orchestration.lib.alerts.causes import Cause, RunEnd

PER_CAUSE = timedelta(hours=1)
# Runs that are known to be reported: more than can end between two looks at them.
_REMEMBERED_RUNS = 100
_LATE = "release:late"


@dataclass(frozen=True)
class OpenCause:
    """A cause of the newest failure; `is_told` says that a message named it."""

    cause: Cause
    is_told: bool


@dataclass(frozen=True)
class Failing:
    """The runs that have failed since the last success. `newest` is the last of them."""

    since: datetime
    newest: RunEnd
    runs: int
    open: tuple[OpenCause, ...]
    is_told: bool = False


@dataclass(frozen=True)
class Memory:
    """What is remembered: the open failure, when each cause was told, which runs were reported.

    `is_late` says that the release was told to be.
    """

    failing: Failing | None = None
    told_at: dict[str, datetime] = field(default_factory=dict)
    run_ids: tuple[str, ...] = ()
    is_late: bool = False


@dataclass(frozen=True)
class Told:
    """What a message is about: the causes of a failure, or none if it is a recovery."""

    end: RunEnd
    causes: tuple[Cause, ...]
    failing: Failing


@dataclass(frozen=True)
class ToldAge:
    """A message is about the age of the release: late, or no longer."""

    age: timedelta
    allowed: timedelta

    @property
    def is_late(self) -> bool:
        return self.age > self.allowed


def after(memory: Memory, end: RunEnd, now: datetime) -> tuple[Memory, Told | None]:
    """What to remember of a run that has ended, and what to tell of it at once."""
    if end.run_id:
        if end.run_id in memory.run_ids:
            return memory, None
        memory = replace(memory, run_ids=(*memory.run_ids, end.run_id)[-_REMEMBERED_RUNS:])
    before = memory.failing
    if end.how == "published":
        told = Told(end, (), before) if before is not None and before.is_told else None
        return replace(memory, failing=None), told
    known = {each.cause.key for each in before.open if each.is_told} if before else set()
    causes = {cause.key: cause for cause in end.causes}.values()
    failing = Failing(
        since=before.since if before else now,
        newest=end,
        runs=(before.runs if before else 0) + 1,
        # A cause told within the hour and during this failure need not be told again.
        open=tuple(
            OpenCause(cause, cause.key in known and not _may_tell(memory, cause.key, now))
            for cause in causes
        ),
        is_told=before.is_told if before else False,
    )
    return due(replace(memory, failing=failing), now)


def due(memory: Memory, now: datetime) -> tuple[Memory, Told | None]:
    """What is still to be told of the open failure, now that time has passed."""
    failing = memory.failing
    if failing is None:
        return memory, None
    causes = tuple(
        each.cause
        for each in failing.open
        if not each.is_told and _may_tell(memory, each.cause.key, now)
    )
    if not causes:
        return memory, None
    failing = replace(failing, open=_as_told(failing.open, causes), is_told=True)
    memory = _noted(memory, [cause.key for cause in causes], now)
    return replace(memory, failing=failing), Told(failing.newest, causes, failing)


def aged(
    memory: Memory, age: timedelta, allowed: timedelta, now: datetime
) -> tuple[Memory, ToldAge | None]:
    """What to tell of the age of the release."""
    told = ToldAge(age, allowed)
    if told.is_late == memory.is_late:
        return memory, None
    if told.is_late:
        if not _may_tell(memory, _LATE, now):
            return memory, None
        memory = _noted(memory, [_LATE], now)
    return replace(memory, is_late=told.is_late), told


def _noted(memory: Memory, keys: Iterable[str], now: datetime) -> Memory:
    recent = {key: at for key, at in memory.told_at.items() if now - at < PER_CAUSE}
    return replace(memory, told_at={**recent, **dict.fromkeys(keys, now)})


def _may_tell(memory: Memory, key: str, now: datetime) -> bool:
    at = memory.told_at.get(key)
    # A time to come was noted by a clock that was wrong.
    return at is None or not timedelta() <= now - at < PER_CAUSE


def _as_told(each: Iterable[OpenCause], told: tuple[Cause, ...]) -> tuple[OpenCause, ...]:
    return tuple(replace(one, is_told=True) if one.cause in told else one for one in each)
