"""Files that are written whole or not at all, and are still there after a power cut.

Belongs here: temporary names, fsync, rename, private modes, symlinks. Does not belong here:
what the files hold.

A temporary name starts with `.tmp-` and ends in no known suffix, so that no reader's pattern
matches it and whoever owns a folder can sweep what a crash left in it (`sweep`).
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp-"
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def make_folder(folder: Path, mode: int = PRIVATE_FOLDER) -> Path:
    """Create a folder and its missing parents with `mode`; each is on disk on return."""
    missing = [folder]
    while not missing[-1].exists():
        missing.append(missing[-1].parent)
    for parent, child in zip(missing[:0:-1], missing[-2::-1], strict=True):
        child.mkdir(mode=mode, exist_ok=True)
        child.chmod(mode)  # mkdir's mode is subject to the umask
        sync(parent)
    return folder


@contextmanager
def whole_file(path: Path, mode: int = PRIVATE_FILE) -> Iterator[Path]:
    """Yield a temporary path to write to; it becomes `path` on leaving without an error."""
    temporary = temporary_path(path)
    try:
        yield temporary
        temporary.chmod(mode)
        sync(temporary)
        temporary.rename(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any, mode: int = PRIVATE_FILE) -> None:
    """Write a JSON document, indented and readable; what JSON lacks is written as text."""
    with whole_file(path, mode) as temporary:
        temporary.write_text(json.dumps(value, indent=2, default=str) + "\n", encoding="utf-8")


def repoint(link: Path, target: str) -> None:
    """Make `link` a symlink to `target` in one step: a reader sees the old or the new one."""
    temporary = temporary_path(link)
    try:
        temporary.symlink_to(target)
        temporary.rename(link)
        sync(link.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """An empty private folder that is gone afterwards; whoever asks for it holds a lock.

    What a crash left in it goes first.
    """
    remove_tree(folder)
    make_folder(folder)
    try:
        yield folder
    finally:
        remove_tree(folder)


def remove_tree(folder: Path) -> None:
    """Remove a folder, a read-only one too. Hidden first, so that no half of it is ever seen."""
    if not folder.exists():
        return
    hidden = folder
    if not folder.name.startswith(TEMPORARY):
        hidden = folder.rename(temporary_path(folder))
        sync(folder.parent)
    _make_writable(hidden)
    shutil.rmtree(hidden)


def _make_writable(folder: Path) -> None:
    folder.chmod(PRIVATE_FOLDER)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            _make_writable(path)


def sweep(folder: Path, *, deep: bool = False) -> None:
    """Remove what crashes left in a folder (`deep`: and below). Only while nobody writes there."""
    for path in list(folder.glob(("**/" if deep else "") + TEMPORARY + "*")):
        if path.is_dir() and not path.is_symlink():
            remove_tree(path)
        else:
            path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Force a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Force all files and folders under a folder to disk, many at once: each waits for the disk."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(sync, folder.rglob("*")))
    sync(folder)


def temporary_path(path: Path) -> Path:
    """A new name beside `path` that `sweep` recognizes."""
    return path.with_name(f"{TEMPORARY}{path.name}-{secrets.token_hex(4)}")
