"""Releases: refusal, what is copied, atomic swaps, crashes, retention, rollback."""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from expectations.results import ExpectationResult
from orchestration.lib import ledger
from orchestration.lib.lock import Busy
from orchestration.lib.release import releases
from orchestration.lib.release.files import ReleaseError
from orchestration.lib.release.gate_files import read_gate_file, write_gate_file
from orchestration.lib.release.releases import BuildInfo, PublishRefused, Release
from orchestration.settings import Settings
from tests.fixtures.access import gid_of, some_group

AS_OF = datetime(2024, 3, 1, 12)
ASSETS = ("marts/dim_stage", "marts/fct_funnel")
WHY = ("Ops", "wrong numbers")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", tmp_path / "company")


def result(
    passed: bool = True, severity: str = "critical", gate: str = "gate_2"
) -> ExpectationResult:
    return ExpectationResult(
        gate=gate,  # type: ignore[arg-type]
        asset=ASSETS[0],
        expectation="stage_id is unique",
        severity=severity,  # type: ignore[arg-type]
        passed=passed,
        failed_rows=0 if passed else 2,
        checked_rows=3,
        message="Each stage is there once.",
        examples=[] if passed else ["l***"],
        checked_at=datetime(2024, 3, 1, 12, 30),
    )


def build(settings: Settings, build_id: str = "b1", results: tuple = (result(),)) -> BuildInfo:
    """A small warehouse as dbt would leave it, and its gate results."""
    settings.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    settings.warehouse_file.unlink(missing_ok=True)
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.execute(f"""
            create schema marts; create schema build; create schema staging;
            create table build.build_info as select '{build_id}' as build_id;
            create table staging.stg_leads (email varchar);
            create table marts.dim_stage (stage_id varchar not null, share decimal(18, 8));
            insert into marts.dim_stage values ('won', 1), ('lead', 0.5), ('mql', null);
            comment on table marts.dim_stage is 'The company''s stages.';
            comment on column marts.dim_stage.stage_id is 'stage';
            create table marts.fct_funnel as
                select '{build_id}' as build_id, i as journey_id from range(50000) as r(i);
            create view marts.fct_attribution as
                select * from "tandem"."marts"."dim_stage" where share is not null;
            comment on view marts.fct_attribution is 'Credit by touch.';
            comment on column marts.fct_attribution.stage_id is 'its stage';
            create view marts.attribution_share as
                with shares as (select * from "tandem"."marts"."fct_attribution")
                select stage_id from shares where share = 1;
            create view marts.from_outside as select * from "tandem"."staging"."stg_leads";
            create table marts.release_info (
                release_id varchar, published_at timestamp, as_of timestamp,
                agreement_version varchar, is_signed boolean, git_revision varchar,
                tandem_version varchar);
            create table marts.data_quality (
                gate varchar, asset varchar, expectation varchar, severity varchar,
                passed boolean, failed_rows bigint, checked_rows bigint, message varchar,
                checked_at timestamp);
            create table marts.kpi_scorecard (
                period_grain varchar, period_start date, kpi_id varchar, segment varchar,
                channel_id varchar, region varchar, numerator decimal(38, 6),
                denominator decimal(38, 6), value double);
            create table marts.kpi_restatements (
                release_id varchar, published_at timestamp, kpi_id varchar,
                period_grain varchar, period_start date, segment varchar, channel_id varchar,
                region varchar, first_value double, first_release_id varchar,
                first_published_at timestamp, previous_value double, value double,
                cause varchar, agreement_version varchar, previous_agreement_version varchar,
                details varchar);
        """)
    write_gate_file(settings, build_id, ASSETS, results)
    return BuildInfo(build_id, AS_OF, "a1b2c3", is_signed=False)


def publish(settings: Settings, info: BuildInfo, **more: object) -> Release:
    arguments = {"expected_assets": ASSETS, "loads": {"crm/leads": [1, 2]}, **more}
    return releases.publish(settings, info, **arguments)  # type: ignore[arg-type]


def query(settings: Settings, sql: str) -> list[tuple]:
    file = settings.published / "tandem.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def published_build(settings: Settings) -> str:
    return query(settings, "select distinct build_id from marts.fct_funnel")[0][0]


def test_a_release_holds_the_marts_and_nothing_else(settings: Settings, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.html").write_text("<html>")
    release = publish(settings, build(settings), data_docs=docs)

    assert release == releases.current(settings)
    assert release.release_id == "r000001"
    assert settings.published.readlink() == Path("releases/r000001")
    assert query(settings, "from marts.dim_stage")[0] == ("won", 1)
    assert query(settings, "select count(*) from marts.fct_attribution") == [(2,)]
    schemas = "select distinct schema_name from duckdb_tables()"
    assert query(settings, schemas) == [("marts",)]
    comments = "select comment from duckdb_{} where table_name = 'dim_stage'"
    assert query(settings, comments.format("tables()")) == [("The company's stages.",)]
    assert query(settings, comments.format("columns()")) == [("stage",), (None,)]
    ((release_id, _, as_of, *rest),) = query(settings, "from marts.release_info")
    assert (release_id, as_of, *rest[:2]) == ("r000001", AS_OF, "a1b2c3", False)
    assert query(settings, "select expectation, passed from marts.data_quality") == [
        ("stage_id is unique", True)
    ]
    stages = pq.read_table(settings.published / "parquet" / "dim_stage.parquet")
    assert stages["stage_id"].to_pylist() == ["won", "lead", "mql"]
    info = pq.read_table(settings.published / "parquet" / "release_info.parquet")
    assert info["release_id"].to_pylist() == ["r000001"]
    assert (settings.published / "data_docs" / "index.html").read_text() == "<html>"


def test_a_view_of_marts_stays_a_view_under_any_name(settings: Settings) -> None:
    release = publish(settings, build(settings))
    views = "select view_name, comment from duckdb_views() where not internal order by all"
    assert query(settings, views) == [
        ("attribution_share", None),
        ("fct_attribution", "Credit by touch."),
    ]
    comments = "select comment from duckdb_columns() where table_name = 'fct_attribution'"
    assert query(settings, comments) == [("its stage",), (None,)]
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{release.path / 'tandem.duckdb'}' as bi (read_only)")
        assert connection.execute("from bi.marts.attribution_share").fetchall() == [("won",)]
    stages = pq.read_table(release.path / "parquet" / "fct_attribution.parquet")
    assert stages["stage_id"].to_pylist() == ["won", "lead"]
    # What a release does not hold cannot be read through a view.
    assert query(settings, "from marts.from_outside") == []


def test_the_manifest_describes_the_release(settings: Settings) -> None:
    release = publish(settings, build(settings))
    manifest = json.loads((release.path / "manifest.json").read_text())
    assert manifest["build_id"] == "b1"
    assert manifest["loads"] == {"crm/leads": [1, 2]}
    assert manifest["gates"][0]["expectation"] == "stage_id is unique"
    assert release.rows == {
        "attribution_share": 1,
        "data_quality": 1,
        "dim_stage": 3,
        "fct_attribution": 2,
        "fct_funnel": 50000,
        "from_outside": 0,
        "kpi_restatements": 0,
        "kpi_scorecard": 0,
        "release_info": 1,
    }
    assert manifest["tables"]["dim_stage"]["columns"][0] == {
        "name": "stage_id",
        "type": "VARCHAR",
        "description": "stage",
    }
    files = {path for path in release.path.rglob("*") if path.is_file()}
    assert len(manifest["files"]) == len(files) - 1
    for name, digest in manifest["files"].items():
        content = (release.path / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            digest["bytes"],
            digest["sha256"],
        )
    assert not any(path.stat().st_mode & 0o222 for path in (*files, release.path))


def modes(settings: Settings) -> dict[str, set[str]]:
    """The modes of what lies on the way to the marts, and the groups that are no user's own."""
    found: dict[str, set[str]] = {}
    for path in (settings.home, settings.releases, *settings.releases.rglob("*")):
        depth = len(path.relative_to(settings.home).parts)
        kind = ("home", "releases")[depth] if depth < 2 else "folder" if path.is_dir() else "file"
        group = "readers" if path.stat().st_gid == settings.readers_gid else "other"
        found.setdefault(kind, set()).add(f"{path.stat().st_mode & 0o7777:o} {group}")
    return found


def test_releases_are_private_until_a_group_may_read_them(settings: Settings) -> None:
    settings.home.mkdir(mode=0o755)  # as a careless hand made it
    publish(settings, build(settings))
    private = {
        "home": {"700 other"},
        "releases": {"700 other"},
        "folder": {"500 other"},
        "file": {"400 other"},
    }
    assert modes(settings) == private
    shared = replace(settings, readers_gid=gid_of(some_group()))
    publish(shared, build(shared, "b2"))
    assert modes(shared) == {
        "home": {"710 readers"},
        "releases": {"750 readers"},
        "folder": {"550 readers"},
        "file": {"440 readers"},
    }
    publish(settings, build(settings, "b3"))
    assert modes(settings) == private


def test_the_order_of_rows_is_that_of_the_warehouse(settings: Settings) -> None:
    publish(settings, build(settings))
    ids = [row[0] for row in query(settings, "select journey_id from marts.fct_funnel")]
    assert ids == list(range(50000))


def test_publishing_needs_the_gate_results_of_this_very_build(settings: Settings) -> None:
    old = build(settings, "b0")
    publish(settings, old)
    info = build(settings, "b1")
    with pytest.raises(PublishRefused, match="holds build b1, not b0"):
        publish(settings, old)
    with pytest.raises(PublishRefused, match="not checked marts/dim_rep"):
        publish(settings, info, expected_assets=[*ASSETS, "marts/dim_rep"])
    write_gate_file(settings, "b2", ASSETS, [result()])
    assert read_gate_file(settings, "b1") is None
    with pytest.raises(PublishRefused, match="Gate 2 has not checked build b1"):
        publish(settings, info)
    write_gate_file(settings, "b1", ASSETS, [result(), result(passed=False)])
    with pytest.raises(PublishRefused, match="stage_id is unique"):
        publish(settings, info)
    settings.warehouse_file.unlink()
    with pytest.raises(PublishRefused, match="holds build none"):
        publish(settings, info)
    assert published_build(settings) == "b0"


def test_warnings_and_quarantined_rows_do_not_stop_a_release(settings: Settings) -> None:
    results = (result(passed=False, severity="warning"), result(passed=False, gate="gate_1"))
    publish(settings, build(settings, results=results))
    assert query(settings, "select count(*) from marts.data_quality where not passed") == [(2,)]


def test_a_warehouse_without_its_release_tables_is_refused(settings: Settings) -> None:
    info = build(settings)
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        connection.execute("drop table marts.release_info")
    with pytest.raises(ReleaseError, match=r"marts\.release_info"):
        publish(settings, info)
    with (
        duckdb.connect(str(settings.warehouse_file)),
        pytest.raises(ReleaseError, match="cannot be opened"),
    ):
        publish(settings, info)


@pytest.mark.parametrize(
    "step", ["copy_marts", "file_digests", "write_json", "seal", "sync", "repoint"]
)
def test_a_crash_at_any_step_leaves_the_old_release(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    publish(settings, build(settings, "b0"))
    info = build(settings, "b1")

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # Nothing is tidied up, as if the process had been killed.
        patch.setattr(releases, "remove_tree", lambda folder: None)
        patch.setattr(releases, step, crash)
        with pytest.raises(KeyboardInterrupt):
            publish(settings, info)
    assert published_build(settings) == "b0"
    (settings.home / ".tmp-published-1").symlink_to("releases/r000001")
    release = publish(settings, info)
    assert published_build(settings) == "b1"
    assert release.is_current
    names = {path.name for path in settings.releases.iterdir()}
    assert {"r000001", release.release_id} <= names
    assert not list(settings.home.rglob(".tmp-*"))


def test_an_error_removes_the_unfinished_folder(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = build(settings)
    monkeypatch.setattr(releases, "seal", lambda settings, folder: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish(settings, info)
    assert list(settings.releases.iterdir()) == []
    assert releases.current(settings) is None


READER = """
import sys, duckdb
file, stop = sys.argv[1:]
held = duckdb.connect(file, read_only=True)
first = held.execute("from marts.release_info").fetchone()
seen, reads = set(), 0
print("ready", flush=True)
import os
while not os.path.exists(stop):
    with duckdb.connect(file, read_only=True) as connection:
        release, = connection.execute("select release_id from marts.release_info").fetchone()
        build, rows = connection.execute(
            "select min(build_id), count(*) from marts.fct_funnel").fetchone()
    assert build == "b" + str(int(release[1:])) and rows == 50000, (release, build, rows)
    seen.add(release)
    reads += 1
assert held.execute("from marts.release_info").fetchone() == first
assert held.execute("select count(*) from marts.fct_funnel").fetchone() == (50000,)
print(reads, len(seen))
"""


def test_readers_are_never_disturbed_by_thirty_swaps(settings: Settings, tmp_path: Path) -> None:
    publish(settings, build(settings, "b1"))
    stop = tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(settings.published / "tandem.duckdb"), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    for number in range(2, 32):
        publish(settings, build(settings, f"b{number}"), keep=3)
    stop.touch()
    out, error = reader.communicate(timeout=60)
    assert reader.returncode == 0, error
    reads, seen = map(int, out.split())
    assert reads > 5
    assert seen > 2
    kept = [release.release_id for release in releases.list_releases(settings)]
    assert kept == ["r000031", "r000030", "r000029"]


def test_retention_keeps_the_last_and_never_removes_the_published_one(settings: Settings) -> None:
    info = build(settings)
    for _ in range(4):
        publish(settings, info, keep=3)
    kept = [release.release_id for release in releases.list_releases(settings)]
    assert kept == ["r000004", "r000003", "r000002"]
    releases.rollback(settings, "r000002", *WHY)
    assert releases.prune(settings, keep=1) == ["r000003"]
    assert query(settings, "select release_id from marts.release_info") == [("r000002",)]


def test_rollback_holds_publishing_until_resume(settings: Settings) -> None:
    publish(settings, build(settings, "b1"))
    info = build(settings, "b2")
    publish(settings, info)
    release = releases.rollback(settings, "r000001", *WHY)
    assert release.is_current
    assert published_build(settings) == "b1"
    hold = releases.read_hold(settings)
    assert hold is not None
    assert (hold.by, hold.why, hold.release) == (*WHY, "r000001")
    with pytest.raises(PublishRefused, match="rolled back to r000001"):
        publish(settings, info)
    assert releases.resume(settings, *WHY) == hold
    assert releases.resume(settings, *WHY) is None
    assert publish(settings, info).release_id == "r000003"
    assert [line.action for line in ledger.overrides(settings)] == ["rollback", "resume"]


def test_a_rollback_during_a_publish_wins(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings, build(settings, "b1"))
    info = build(settings, "b2")
    seal = releases.seal

    def roll_back_meanwhile(settings: Settings, folder: Path) -> None:
        seal(settings, folder)
        releases.rollback(settings, "r000001", *WHY)

    monkeypatch.setattr(releases, "seal", roll_back_meanwhile)
    with pytest.raises(PublishRefused, match="held"):
        publish(settings, info)
    assert published_build(settings) == "b1"
    assert [path.name for path in settings.releases.iterdir()] == ["r000001"]


def test_a_publish_leaves_alone_what_a_rollback_is_writing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings, build(settings, "b1"))
    unfinished = settings.home / ".tmp-hold.json-1"
    unfinished.touch()
    monkeypatch.setattr(releases, "_SWAP_SECONDS", 0)
    with (settings.home / "publish.lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Busy):
            publish(settings, build(settings, "b2"))
    assert unfinished.exists()
    publish(settings, build(settings, "b2"))
    assert not unfinished.exists()


def test_rollback_refuses_what_is_no_release(settings: Settings) -> None:
    with pytest.raises(ReleaseError, match="Kept are: none"):
        releases.rollback(settings, "r000001", *WHY)
    release = publish(settings, build(settings))
    for name in ("r000009", "../lake", ".tmp-r000002"):
        with pytest.raises(ReleaseError, match="Kept are: r000001"):
            releases.rollback(settings, name, *WHY)
    with pytest.raises(ledger.LedgerError):
        releases.rollback(settings, "r000001", "", "")
    assert releases.read_hold(settings) is None
    release.path.chmod(0o700)
    (release.path / "manifest.json").unlink()
    with pytest.raises(ReleaseError, match="cannot be read"):
        releases.rollback(settings, "r000001", *WHY)
    assert releases.read_hold(settings) is None


def test_gate_results_survive_the_file(settings: Settings) -> None:
    results = (result(), result(passed=False))
    write_gate_file(settings, "b1", ASSETS, results)
    stored = read_gate_file(settings, "b1")
    assert stored is not None
    assert (stored.build_id, stored.assets, stored.results) == ("b1", ASSETS, results)
