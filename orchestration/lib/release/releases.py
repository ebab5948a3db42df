"""Releases: immutable published versions of the marts, and which of them BI reads.

Belongs here: publishing, the one symlink, rollback and hold, retention. Does not belong here:
what a release's folder holds (`files`), building and checking the marts.

A reader never sees half a release: the folder gets its final name when it is complete and on
disk, and the symlink `published` moves to it in one rename.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb

from orchestration.lib import ledger
from orchestration.lib.durable import (
    TEMPORARY,
    make_folder,
    remove_tree,
    repoint,
    sweep,
    sync,
    write_json,
)
from orchestration.lib.errors import TandemError
from orchestration.lib.lock import exclusive, locked
from orchestration.lib.release import restatements
from orchestration.lib.release.files import (
    MANIFEST,
    ReleaseError,
    TableSchema,
    copy_marts,
    file_digests,
    read_build_id,
    seal,
)
from orchestration.lib.release.gate_files import GateFile, read_gate_file
from orchestration.lib.release.readers import open_the_way
from orchestration.settings import PROJECT_ROOT, Settings

KEEP = 5
_SWAP_SECONDS = 30.0  # a swap takes milliseconds; longer than this and something is stuck
_ID = re.compile(r"r(\d{6,})")


class PublishRefused(TandemError):  # noqa: N818 (a decision, not a fault)
    """This build must not be published; the message says why. The old release stands."""


@dataclass(frozen=True)
class BuildInfo:
    """What a release says about the build it was made from; `as_of` is naive UTC.

    `definitions` are the digests of what KPI values are made by (`restatements`).
    """

    build_id: str
    as_of: datetime
    agreement_version: str
    is_signed: bool
    definitions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """A published version. Times are naive UTC; `rows` counts the rows of each table.

    `erased_at` is when an erasure last rewrote it, None if none did.
    """

    release_id: str
    path: Path
    build_id: str
    published_at: datetime
    as_of: datetime
    agreement_version: str
    is_signed: bool
    git_revision: str
    tandem_version: str
    rows: dict[str, int]
    loads: frozenset[int]
    erased_at: datetime | None
    is_current: bool


@dataclass(frozen=True)
class Hold:
    """Publishing is held since somebody rolled back to `release`."""

    by: str
    why: str
    at: str
    release: str

    @property
    def since(self) -> str:
        return f"{datetime.fromisoformat(self.at):%Y-%m-%d %H:%M} UTC"

    @property
    def told(self) -> str:
        return (
            f"Publishing is held since {self.since}: {self.by} rolled back to {self.release}"
            f" ({self.why})."
        )


def publish(
    settings: Settings,
    build: BuildInfo,
    *,
    expected_assets: Collection[str],
    loads: Mapping[str, Sequence[int]],
    data_docs: Path | None = None,
    keep: int = KEEP,
) -> Release:
    """Make the warehouse's marts the current release, and keep the last `keep` releases.

    Nothing may have the warehouse open for writing. `expected_assets` are the marts that gate 2
    must have checked, `loads` the loads that the build read (`Lake.loads_used`); the folder
    `data_docs` moves into the release.

    Raises PublishRefused unless the stored gate results (`gate_files`) are those of this very
    build, cover all expected assets and hold no critical failure, and while a hold exists;
    ReleaseError if the warehouse cannot be copied. The current release is untouched then.
    """
    with exclusive(settings, "publish a release"):
        _refuse_while_held(settings)
        gate = _passed_gate(settings, build.build_id, expected_assets)
        make_folder(settings.releases)
        open_the_way(settings)
        sweep(settings.releases)
        _settle(settings)
        release_id = _next_id(settings)
        folder = settings.releases / f"{TEMPORARY}{release_id}"
        make_folder(folder)
        try:
            _fill(settings, folder, release_id, build, gate, loads, data_docs)
            seal(settings, folder)
            with _swapping(settings, f"publish {release_id}"):
                _refuse_while_held(settings)  # someone may have rolled back meanwhile
                folder.rename(settings.releases / release_id)
                sync(settings.releases)
                _point_to(settings, release_id)
                restatements.confirm(settings, release_id)
        finally:
            remove_tree(folder)
        release = _read(settings, release_id)
        prune(settings, keep)
        return release


def list_releases(settings: Settings) -> list[Release]:
    """The releases that are kept, newest first."""
    return [_read(settings, release_id) for release_id in reversed(_ids(settings))]


def current(settings: Settings) -> Release | None:
    """The release that BI reads, None before the first one.

    Raises ReleaseError if `published` points to a release that is gone.
    """
    release_id = _current_id(settings)
    return None if release_id is None else _read(settings, release_id)


def rollback(settings: Settings, release_id: str, by: str, why: str) -> Release:
    """Make an older release the current one, and hold publishing until `resume`; logged.

    Works while a run is at work: that run will not publish. Raises ReleaseError if there is no
    such release, LedgerError without a name or reason.
    """
    with _swapping(settings, f"roll back to {release_id}"):
        if release_id not in _ids(settings):
            kept = ", ".join(_ids(settings)) or "none"
            raise ReleaseError(f"There is no release '{release_id}'. Kept are: {kept}.")
        _read(settings, release_id)  # a damaged one is no way back
        restatements.confirm(settings, _current_id(settings) or "")
        target = {"release": release_id, "from": _current_id(settings)}
        logged = ledger.record(settings, "rollback", target, by, why)
        # The hold comes first: a crash in between must not let the next run publish over it.
        hold = Hold(logged.by, logged.why, logged.at, release_id)
        write_json(_hold_file(settings), asdict(hold))
        _point_to(settings, release_id)
        return _read(settings, release_id)


def resume(settings: Settings, by: str, why: str) -> Hold | None:
    """Allow publishing again; logged. Returns the hold that was lifted, None without one."""
    with _swapping(settings, "resume publishing"):
        hold = read_hold(settings)
        if hold is not None:
            ledger.record(settings, "resume", {"release": hold.release}, by, why)
            _hold_file(settings).unlink()
            sync(settings.home)
        return hold


def read_hold(settings: Settings) -> Hold | None:
    """Why publishing is held, None if it is not."""
    try:
        return Hold(**json.loads(_hold_file(settings).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def prune(settings: Settings, keep: int = KEEP) -> list[str]:
    """Remove all but the newest `keep` releases, never the current one; return what went.

    Whoever still reads a removed release through an open connection finishes undisturbed.
    """
    with _swapping(settings, "remove old releases"):
        old = _ids(settings)[: -max(keep, 1)]
        gone = [release_id for release_id in old if release_id != _current_id(settings)]
        for release_id in gone:
            remove_tree(settings.releases / release_id)
        return gone


def _fill(
    settings: Settings,
    folder: Path,
    release_id: str,
    build: BuildInfo,
    gate: GateFile,
    loads: Mapping[str, Sequence[int]],
    data_docs: Path | None,
) -> None:
    release_info: dict[str, Any] = {
        "release_id": release_id,
        "published_at": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        "as_of": build.as_of,
        "agreement_version": build.agreement_version,
        "is_signed": build.is_signed,
        "git_revision": git_revision(),
        "tandem_version": tandem_version(),
    }
    publication = restatements.Publication(
        release_id=release_id,
        published_at=release_info["published_at"],
        as_of=build.as_of,
        agreement_version=build.agreement_version,
        software=release_info["git_revision"] or release_info["tandem_version"],
        loads={name: f"{len(ids)} up to {max(ids)}" for name, ids in loads.items() if ids},
        definitions=build.definitions,
    )
    tables: Mapping[str, TableSchema] = copy_marts(
        settings, folder, release_info, gate.results, publication
    )
    if data_docs is not None:
        shutil.move(data_docs, folder / "data_docs")
    manifest: dict[str, Any] = {
        **release_info,
        "build_id": build.build_id,
        "versions": {"python": platform.python_version(), "duckdb": duckdb.__version__},
        "tables": tables,
        "gates": [result.to_dict() for result in gate.results],
        "loads": dict(loads),
        "files": file_digests(folder),
    }
    write_json(folder / MANIFEST, manifest)


def _passed_gate(settings: Settings, build_id: str, expected: Iterable[str]) -> GateFile:
    built = read_build_id(settings)
    if built != build_id:
        raise PublishRefused(
            f"The warehouse holds build {built or 'none'}, not {build_id}. Run the pipeline again."
        )
    gate = read_gate_file(settings, build_id)
    if gate is None or gate.build_id != build_id:
        raise PublishRefused(
            f"Gate 2 has not checked build {build_id}. Run the pipeline with its checks."
        )
    unchecked = sorted(set(expected) - set(gate.assets))
    if unchecked:
        raise PublishRefused(f"Gate 2 has not checked {', '.join(unchecked)} of this build.")
    failed = [result for result in gate.results if result.gate == "gate_2" and result.blocks]
    if failed:
        said = "; ".join(f"{item.asset}: {item.expectation} ({item.message})" for item in failed)
        raise PublishRefused(f"Gate 2 failed, the old release stands: {said}")
    return gate


def _refuse_while_held(settings: Settings) -> None:
    hold = read_hold(settings)
    if hold is not None:
        raise PublishRefused(f"{hold.told} `tandem resume` lifts the hold.")


def _point_to(settings: Settings, release_id: str) -> None:
    target = settings.releases.relative_to(settings.published.parent) / release_id
    repoint(settings.published, str(target))


def _settle(settings: Settings) -> None:
    """End what a crash interrupted: the current release's values are history, others' are not."""
    with _swapping(settings, "settle what a crash left"):  # or a rollback may be at work
        sweep(settings.home)
        restatements.confirm(settings, _current_id(settings) or "")
        restatements.sweep_pending(settings)


def _hold_file(settings: Settings) -> Path:
    return settings.home / "hold.json"


def _swapping(settings: Settings, what: str) -> AbstractContextManager[None]:
    """The lock around what decides the current release; held for moments, unlike a run's."""
    return locked(settings.home / "publish.lock", what, _SWAP_SECONDS)


def _ids(settings: Settings) -> list[str]:
    """The ids of all releases, oldest first."""
    if not settings.releases.is_dir():
        return []
    names = [path.name for path in settings.releases.iterdir() if _ID.fullmatch(path.name)]
    return sorted(names, key=_number)


def _next_id(settings: Settings) -> str:
    known = restatements.release_ids(settings)  # it outlives the releases
    used = [*_ids(settings), *known, _current_id(settings) or "r000000"]
    return f"r{max(map(_number, used)) + 1:06d}"


def _number(release_id: str) -> int:
    return int(release_id.removeprefix("r"))


def _current_id(settings: Settings) -> str | None:
    return settings.published.readlink().name if settings.published.is_symlink() else None


def _read(settings: Settings, release_id: str) -> Release:
    path = settings.releases / release_id
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReleaseError(
            f"Release {release_id} cannot be read ({error})."
            f" Restore {path} from a backup, or roll back to another release and remove it."
        ) from error
    erased_at = manifest.get("erased_at")
    return Release(
        release_id=release_id,
        path=path,
        build_id=manifest["build_id"],
        published_at=datetime.fromisoformat(manifest["published_at"]),
        as_of=datetime.fromisoformat(manifest["as_of"]),
        agreement_version=manifest["agreement_version"],
        is_signed=manifest["is_signed"],
        git_revision=manifest["git_revision"],
        tandem_version=manifest["tandem_version"],
        rows={name: table["rows"] for name, table in manifest["tables"].items()},
        loads=frozenset(number for loads in manifest["loads"].values() for number in loads),
        erased_at=None if erased_at is None else datetime.fromisoformat(erased_at),
        is_current=release_id == _current_id(settings),
    )


def git_revision() -> str:
    """The checkout's commit, with `-dirty` if files differ from it; '' outside a checkout."""
    if not (PROJECT_ROOT / ".git").exists():
        return ""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(
            command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=30, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def tandem_version() -> str:
    """The installed version, 'unknown' if the code runs without being installed."""
    try:
        return metadata.version("tandem")
    except metadata.PackageNotFoundError:
        return "unknown"
