"""Earlier versions of the agreement, as the lake keeps them.

Belongs here: which version a word means, and its rows. Does not belong here: the agreement of the
company folder (`company.agreement`), saying what differs (`company.agreement_diff`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow.parquet as pq

from orchestration.lib.company.agreement import SIGNING_TEAMS, Agreement
from orchestration.lib.company.agreement_tables import TABLES
from orchestration.lib.errors import TandemError
from orchestration.lib.lake.files import AGREEMENT, agreement_folder, manifest_file
from orchestration.lib.lake.manifest import Load, Manifest
from orchestration.lib.release import releases
from orchestration.settings import Settings

PUBLISHED, SIGNED = "published", "signed"


class UnknownVersionError(TandemError):
    """There is no such version of the agreement; the message says which there are."""


def resolve(settings: Settings, agreement: Agreement, against: str | None) -> str | None:
    """The version that `published`, `signed` or a version itself means.

    Without a word it is the published release's, else the one that both teams signed last; None
    where there is neither. Raises UnknownVersionError for a word that means none.
    """
    release = releases.current(settings)
    published = None if release is None else release.agreement_version
    signed = last_signed(agreement)
    if against is None:
        return published or signed
    if against == PUBLISHED:
        if published is None:
            raise UnknownVersionError("No release is published yet. `tandem run` makes one.")
        return published
    if against == SIGNED:
        if signed is None:
            raise UnknownVersionError(
                "Both teams have signed no version yet. `tandem agreement sign` signs."
            )
        return signed
    return against


def last_signed(agreement: Agreement) -> str | None:
    """The version that both teams signed, the one that was complete last; None without one."""
    signed: dict[str, dict[str, date]] = {}
    for row in agreement.rows["signatures"]:
        signed.setdefault(row["agreement_version"], {})[row["team"]] = row["signed_on"]
    complete = [
        (max(days.values()), place, version)
        for place, (version, days) in enumerate(signed.items())
        if set(days) == SIGNING_TEAMS
    ]
    return max(complete)[2] if complete else None


def rows_of(settings: Settings, version: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table of an earlier version, as its newest load has them.

    A table that Tandem did not know then has no rows. Raises UnknownVersionError.
    """
    loads = {load.input_fingerprint: load for load in _loads(settings)}
    load = loads.get(version)
    if load is None:
        kept = ", ".join(f"{known} ({at.extracted_at:%Y-%m-%d})" for known, at in loads.items())
        raise UnknownVersionError(
            f"The lake has no version {version} of the agreement: a run stores it. It has:"
            f" {kept or 'none'}."
        )
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, table in TABLES.items():
        path = agreement_folder(settings, name, load.load_id) / "data.parquet"
        rows[name] = []
        if path.exists():
            found = pq.ParquetFile(path).read().to_pylist()
            rows[name] = [
                {column: row.get(column) for column in table.column_names} for row in found
            ]
    return rows


def _loads(settings: Settings) -> list[Load]:
    if not manifest_file(settings).exists():
        return []
    loads = Manifest(manifest_file(settings)).loads("accepted")
    return [load for load in loads if load.source == AGREEMENT]
