"""One writer at a time: a lock on a file, with the name of its holder inside.

Belongs here: taking, holding and explaining the lock. Does not belong here: what is done
under it.

The operating system frees the lock when its process ends, however it ends, so that a crash
never leaves a stale one behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from orchestration.lib.durable import PRIVATE_FILE, make_folder
from orchestration.lib.errors import TandemError
from orchestration.settings import Settings


class Busy(TandemError):  # noqa: N818 (a state, not a fault)
    """Somebody else holds the lock; the message names them."""


# Descriptor and depth of each lock that this process holds: it is reentrant within a process.
_held: dict[Path, tuple[int, int]] = {}
_guard = threading.Lock()


@contextmanager
def exclusive(settings: Settings, what: str) -> Iterator[None]:
    """Hold `$TANDEM_HOME/lock`, which every command that changes the lake or warehouse takes.

    `what` names the work, for whoever finds the lock taken. Raises Busy at once if another
    process holds it.
    """
    with locked(settings.home / "lock", what):
        yield


@contextmanager
def previewing(settings: Settings, what: str) -> Iterator[None]:
    """Hold what keeps the lake's files in place for a preview, which waits for no run."""
    with locked(settings.home / "preview.lock", what):
        yield


@contextmanager
def locked(path: Path, what: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock on a file; wait for it up to `wait_seconds`, then raise Busy."""
    _take(path, what, wait_seconds)
    try:
        yield
    finally:
        _release(path)


def is_taken_again(path: Path) -> bool:
    """Whether this process has taken the lock that it holds on a file more than once."""
    return _held[path][1] > 1


def holder(settings: Settings) -> str | None:
    """Who holds `$TANDEM_HOME/lock`, in words, or None; takes nothing that others wait for."""
    name, is_held = _look(settings.home / "lock")
    return _named(name) if is_held else None


def is_abandoned(path: Path) -> bool:
    """Whether the process that held the lock on a file ended without letting go."""
    name, is_held = _look(path)
    return bool(name) and not is_held


def _look(path: Path) -> tuple[bytes, bool]:
    """The name of the last holder, and whether they still hold the lock.

    A holder writes its name and takes it away when it lets go: only a crash leaves it behind.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return b"", False
    try:
        name = os.pread(descriptor, 4096, 0)
        if name:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return name, False
    except BlockingIOError:
        return name, True
    finally:
        os.close(descriptor)


def _take(path: Path, what: str, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        with _guard:
            if path in _held:
                descriptor, depth = _held[path]
                _held[path] = (descriptor, depth + 1)
                return
            make_folder(path.parent)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                found = os.pread(descriptor, 4096, 0)
                os.close(descriptor)
            else:
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, _describe(what), 0)
                _held[path] = (descriptor, 1)
                return
        if time.monotonic() >= deadline:
            raise Busy(
                f"Busy: {_named(found)} is at work. Wait until it has ended, then try again."
            )
        time.sleep(0.05)


def _release(path: Path) -> None:
    with _guard:
        descriptor, depth = _held[path]
        if depth > 1:
            _held[path] = (descriptor, depth - 1)
            return
        del _held[path]
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


def _describe(what: str) -> bytes:
    holder = {
        "pid": os.getpid(),
        "what": what,
        "command": " ".join(sys.argv)[:500],
        "since": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
    }
    return json.dumps(holder).encode()


def _named(holder: bytes) -> str:
    try:
        who = json.loads(holder)
        return f"{who['what']} (pid {who['pid']}, since {who['since']}: {who['command']})"
    except (ValueError, KeyError, TypeError):  # just being taken or given back
        return "another tandem process"
