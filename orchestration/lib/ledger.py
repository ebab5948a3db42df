"""The ledger: what people decided and what was first published, in files that only grow.

Belongs here: appending to and reading `$TANDEM_HOME/ledger/*.jsonl`. Does not belong here:
what a decision does (`lake`, `quarantine`, `releases`).

A line is on disk before the decision takes effect, so that nothing is ever done unlogged.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.lib.durable import PRIVATE_FILE, make_folder, sync
from orchestration.lib.errors import TandemError
from orchestration.settings import Settings

OVERRIDES = "overrides"


class LedgerError(TandemError):
    """A decision without a name or reason, or a ledger file that cannot be read."""


@dataclass(frozen=True)
class Override:
    """A person's decision against, or beyond, what the pipeline decided.

    `action` is the verb (`accept`, `reload`, `release`, `rollback`, `resume`), `target` what it
    acted on (`load`, `quarantine_id`, `release`, …), `at` naive UTC in ISO format.
    """

    action: str
    by: str
    why: str
    target: dict[str, Any] = field(default_factory=dict)
    at: str = ""


def record(settings: Settings, action: str, target: dict[str, Any], by: str, why: str) -> Override:
    """Log a decision and return it once it is on disk.

    Raises LedgerError if `by` or `why` is blank.
    """
    require_reason(action, by, why)
    at = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    override = Override(action, by.strip(), why.strip(), target, at)
    append(settings, OVERRIDES, asdict(override))
    return override


def require_reason(action: str, by: str, why: str) -> None:
    """Raise LedgerError unless the decision says who takes it and why."""
    if not by.strip() or not why.strip():
        raise LedgerError(f"Say who decides and why: {action} is logged with both.")


def overrides(settings: Settings, *actions: str) -> list[Override]:
    """The decisions so far, oldest first; only those of the given actions, if any are given."""
    logged = [Override(**line) for line in read(settings, OVERRIDES)]
    return [override for override in logged if not actions or override.action in actions]


def append(settings: Settings, name: str, line: dict[str, Any]) -> None:
    """Add a line to `ledger/<name>.jsonl`. A torn last line, left by a crash, is removed first."""
    path = _path(settings, name)
    make_folder(path.parent)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        content = file.read()
        torn = _torn_bytes(content)
        if torn:
            file.truncate(len(content) - torn)
        elif content and not content.endswith(b"\n"):
            file.write(b"\n")
        file.write(json.dumps(line, default=str).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync(path.parent)


def read(settings: Settings, name: str) -> list[dict[str, Any]]:
    """The lines of `ledger/<name>.jsonl`, oldest first; none if there is no such file.

    A torn last line is left out: whoever wrote it was never told that it was done. Raises
    LedgerError on any other line that is no JSON object.
    """
    path = _path(settings, name)
    if not path.exists():
        return []
    content = path.read_bytes()
    lines = content[: len(content) - _torn_bytes(content)].splitlines()
    entries = []
    for number, line in enumerate(lines, start=1):
        entry = _parse(line)
        if entry is None:
            raise LedgerError(
                f"{path}, line {number} is no JSON object. The ledger is only appended to:"
                " restore the line from a backup, or remove it if you know what it said."
            )
        entries.append(entry)
    return entries


def _torn_bytes(content: bytes) -> int:
    """The length of a last line that was not written to its end."""
    last = content[content.rfind(b"\n") + 1 :]
    return len(last) if last and _parse(last) is None else 0


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _path(settings: Settings, name: str) -> Path:
    return settings.ledger / f"{name}.jsonl"
