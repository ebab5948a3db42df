"""From the end of a run to messages sent: the one place where that is decided.

Belongs here: what is remembered on disk, what waits to be sent, the order of the steps. Both
`tandem run` and the sensor of Dagster's daemon call `report`; whoever comes second finds the run
reported.

`$TANDEM_HOME/alerts.json` is written before anything is sent, and again for each message that has
arrived. So a message may come twice after a crash in between, and is never lost by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from orchestration.lib.alerts.causes import RunEnd
from orchestration.lib.alerts.decisions import Memory, after, aged, due
from orchestration.lib.alerts.delivery import DeliveryError, channels
from orchestration.lib.alerts.messages import Message, message_of, message_of_age
from orchestration.lib.company.automation_config import Alerts
from orchestration.lib.durable import make_folder, whole_file
from orchestration.lib.errors import TandemError
from orchestration.lib.lock import locked
from orchestration.lib.release import releases
from orchestration.settings import Settings

# A chat that is away for weeks shall not be told of all of them.
_KEPT_MESSAGES = 20
_LOCK_SECONDS = 60.0


@dataclass
class Waiting:
    """A message that some channels have not taken yet."""

    message: Message
    channels: list[str]


@dataclass
class _State:
    memory: Memory = field(default_factory=Memory)
    waiting: list[Waiting] = field(default_factory=list)


_STATE = TypeAdapter(_State)


def report(
    settings: Settings,
    alerts: Alerts,
    end: RunEnd | None,
    now: datetime,
    env: Mapping[str, str],
    late_after: timedelta | None = None,
) -> list[str]:
    """Tell of a run that has ended, of what could not be told before, and of a late release.

    `end` is None where only time has passed; `now` is naive UTC. A release is late when it is
    older than `late_after`; None: never. Returns what went wrong with
    the delivery, in words without secrets; what did not arrive waits for the next call. Raises
    TandemError if the file that remembers cannot be read or is locked.
    """
    with locked(settings.home / "alerts.lock", "send alerts", _LOCK_SECONDS):
        state = _read(settings)
        before = state.memory
        memory, told = due(before, now) if end is None else after(before, end, now)
        ways = channels(alerts, env)
        messages = [] if told is None else [message_of(settings, told)]
        release = releases.current(settings)
        if late_after is not None and release is not None:
            memory, age = aged(memory, now - release.published_at, late_after, now)
            messages += [] if age is None else [message_of_age(settings, age)]
        state.waiting += [Waiting(message, list(ways)) for message in messages]
        state.waiting = state.waiting[-_KEPT_MESSAGES:]
        state.memory = memory
        if memory != before or messages:
            _write(settings, state)
        problems: dict[str, str] = {}
        remarks: list[str] = []
        for waiting in list(state.waiting):
            for name in list(waiting.channels):
                if name in problems:
                    continue  # it is away: the next message would wait for it in vain
                try:
                    # A channel that was taken out of the settings gets nothing any more.
                    remark = ways[name](waiting.message) if name in ways else ""
                except DeliveryError as error:
                    problems[name] = str(error)
                    continue
                if remark:
                    remarks.append(remark)
                waiting.channels.remove(name)
                if not waiting.channels:
                    state.waiting.remove(waiting)
                _write(settings, state)
        return [*problems.values(), *remarks]


def _path(settings: Settings) -> Path:
    return settings.home / "alerts.json"


def _read(settings: Settings) -> _State:
    path = _path(settings)
    if not path.exists():
        return _State()
    try:
        return _STATE.validate_json(path.read_bytes())
    except ValidationError:
        raise TandemError(
            f"{path} cannot be read. Remove it: it only remembers which alerts were sent."
        ) from None


def _write(settings: Settings, state: _State) -> None:
    make_folder(settings.home)
    with whole_file(_path(settings)) as temporary:
        temporary.write_bytes(_STATE.dump_json(state, indent=2))
