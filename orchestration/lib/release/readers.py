"""Who may read releases: the user who runs Tandem, and one group of the machine if it is named.

Belongs here: modes and groups of releases and of the way to them. Does not belong here: anything
else in `$TANDEM_HOME`, which is private.
"""

from __future__ import annotations

import os
from pathlib import Path

from orchestration.lib.durable import PRIVATE_FOLDER
from orchestration.settings import Settings

_SEALED_FILE = 0o400
_SEALED_FOLDER = 0o500
# A group may go through the home, which it cannot list, and list and read releases.
_PASS, _READ_FILE, _READ_FOLDER = 0o010, 0o040, 0o050


def seal_path(settings: Settings, path: Path) -> None:
    """Make a file or folder of a release read-only, and readable to the readers."""
    if path.is_dir():
        _give(settings, path, _SEALED_FOLDER, _READ_FOLDER)
    else:
        _give(settings, path, _SEALED_FILE, _READ_FILE)


def open_the_way(settings: Settings) -> None:
    """Let the readers reach the releases that are kept; let nobody where no group is named."""
    _give(settings, settings.home, PRIVATE_FOLDER, _PASS)
    _give(settings, settings.releases, PRIVATE_FOLDER, _READ_FOLDER)
    for release in settings.releases.glob("r*"):
        for path in (release, *release.rglob("*")):
            seal_path(settings, path)


def _give(settings: Settings, path: Path, own: int, group: int) -> None:
    if settings.readers_gid is None:
        path.chmod(own)
        return
    os.chown(path, -1, settings.readers_gid)
    path.chmod(own | group)
