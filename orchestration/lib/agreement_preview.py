"""What a changed agreement would do to the KPIs, before anyone signs it.

Belongs here: building the marts with another agreement beside the installation, and comparing
them. Does not belong here: the words of the change (`company.agreement_diff`).

The build lives in a temporary folder under `$TANDEM_HOME`: the lake's entities by links, a
manifest that accepts just the loads that the published release read, and an agreement of its own.
Loads, as-of and models are the same on both sides, so that only the agreement differs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.lib import dbt, duck
from orchestration.lib.agreement_versions import rows_of
from orchestration.lib.compaction import finish_interrupted
from orchestration.lib.company.agreement import Agreement
from orchestration.lib.company.agreement_tables import TABLES
from orchestration.lib.durable import make_folder, scratch
from orchestration.lib.errors import TandemError
from orchestration.lib.lake.files import AGREEMENT, loads_file, manifest_file
from orchestration.lib.lake.lake import Lake
from orchestration.lib.lock import previewing
from orchestration.lib.release import releases
from orchestration.lib.release.files import DATABASE
from orchestration.settings import Settings

_SCRATCH = "preview"
_MODELS = ("kpi_scorecard", "sla_ledger")


@dataclass(frozen=True)
class Move:
    """A KPI of a period and a segment, before and after; None where it has no value."""

    kpi_id: str
    unit: str
    period_grain: str
    period_start: date
    segment: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class PromiseMove:
    """A promise of a period whose verdict changes; None where it was not judged."""

    promise_id: str
    period_grain: str
    period_start: date
    segment: str | None
    region: str | None
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Preview:
    """Both versions, and what differs between them: months, quarters and years."""

    release_id: str
    as_of: datetime
    version_before: str
    version_after: str
    moves: list[Move]
    unchanged: int
    promises: list[PromiseMove]
    promises_unchanged: int


def preview_agreement(settings: Settings, agreement: Agreement) -> Preview:
    """Compare the published release with what another agreement would make of its loads.

    Changes nothing of the installation and waits for no run. Raises TandemError before the first
    release, DbtError where the models do not build, Busy while another preview is at work.
    """
    release = releases.current(settings)
    if release is None:
        raise TandemError("No release is published yet: `tandem run` makes one to compare with.")
    folder = settings.home / _SCRATCH
    with previewing(settings, "preview the agreement"), scratch(folder):
        finish_interrupted(settings)
        before = release.path / DATABASE
        if not _is_built_by_this_code(release):
            old = {
                name: pa.Table.from_pylist(rows, schema=TABLES[name].arrow_schema)
                for name, rows in rows_of(settings, release.agreement_version).items()
            }
            before = _build(settings, folder / "before", release, old, release.agreement_version)
        after = _build(settings, folder / "after", release, agreement.tables, agreement.version)
        with duck.connect(settings) as connection:
            for name, path in (("before", before), ("after", after)):
                connection.execute(f"attach {duck.quoted(path)} as {name}_build (read_only)")
            moves, unchanged = _compare_kpis(connection)
            promises, promises_unchanged = _compare_promises(connection)
    return Preview(
        release.release_id,
        release.as_of,
        release.agreement_version,
        agreement.version,
        moves,
        unchanged,
        promises,
        promises_unchanged,
    )


def _is_built_by_this_code(release: releases.Release) -> bool:
    """Whether the release's own numbers are what these models make of its agreement."""
    here = (releases.git_revision(), releases.tandem_version())
    return (release.git_revision, release.tandem_version) == here and "-dirty" not in here[0]


def _build(
    settings: Settings,
    home: Path,
    release: releases.Release,
    tables: Mapping[str, pa.Table],
    version: str,
) -> Path:
    """Build the KPI marts from the release's loads with these tables; return the warehouse."""
    aside = Settings(home, settings.company)
    make_folder(aside.lake)
    make_folder(aside.warehouse_file.parent)
    for entry in settings.lake.iterdir():
        if entry.is_dir() and entry.name not in (AGREEMENT, loads_file(settings).parent.name):
            (aside.lake / entry.name).symlink_to(entry)
    with (
        closing(sqlite3.connect(manifest_file(settings))) as source,
        closing(sqlite3.connect(manifest_file(aside))) as copy,
    ):
        source.backup(copy)
    lake = Lake(aside)
    for load in lake.manifest.loads("accepted"):
        if load.source == AGREEMENT or load.load_id not in release.loads:
            lake.manifest.update(load.load_id, expected="accepted", state="rejected")
    lake.write_agreement(tables, version, _SCRATCH)
    lake.export_loads()
    models = [name for name in _MODELS if any(settings.dbt_project.rglob(f"models/**/{name}.sql"))]
    dbt.run_models(aside, models, dbt.build_environment(release.as_of, _SCRATCH, version))
    return aside.warehouse_file


def _compare_kpis(connection: duckdb.DuckDBPyConnection) -> tuple[list[Move], int]:
    """Values in total and by segment that differ, and how many do not. Doubles at 1e-9."""
    part = """
        select kpi_id, unit, period_grain, period_start, segment, value, true as is_there
        from {}_build.marts.kpi_scorecard
        where channel_id = '(all)' and region = '(all)'
            and period_grain in ('month', 'quarter', 'year')
    """
    rows = connection.execute(f"""
        select
            kpi_id, coalesce(after.unit, before.unit), period_grain, period_start, segment,
            before.value, after.value,
            case
                -- A slice in which nothing is counted may have no row at all.
                when before.is_there is null then after.value <> 0
                when after.is_there is null then before.value <> 0
                when before.value is null or after.value is null
                    then before.value is distinct from after.value
                else abs(after.value - before.value)
                    > 1e-9 * greatest(1, abs(before.value), abs(after.value))
            end as is_changed
        from ({part.format("before")}) as before
        full join ({part.format("after")}) as after
            using (kpi_id, period_grain, period_start, segment)
        order by
            kpi_id, segment <> '(all)', segment,
            case period_grain when 'year' then 1 when 'quarter' then 2 else 3 end,
            period_start desc
    """).fetchall()
    moves = [Move(*row[:-1]) for row in rows if row[-1]]
    return moves, len(rows) - len(moves)


def _compare_promises(connection: duckdb.DuckDBPyConnection) -> tuple[list[PromiseMove], int]:
    """Promises whose status in a period differs, and how many are as before."""
    shown = ("promise_id", "period_grain", "period_start", "segment", "region")
    # A promise without a segment or region is the same promise on both sides.
    key = (*shown, "valid_from")
    same = " and ".join(f"before.{name} is not distinct from after.{name}" for name in key)
    either = ", ".join(f"coalesce(before.{name}, after.{name}) as {name}" for name in shown)
    rows = connection.execute(f"""
        select {either}, before.status, after.status
        from before_build.marts.sla_ledger as before
        full join after_build.marts.sla_ledger as after on {same}
        order by {", ".join(shown)}, coalesce(before.valid_from, after.valid_from)
    """).fetchall()
    moves = [PromiseMove(*row) for row in rows if row[-1] != row[-2]]
    return moves, len(rows) - len(moves)
