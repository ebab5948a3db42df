"""Processes that die, disks that fail, clocks that go back: nothing published suffers from them.

After each trouble the published release opens and is whole; the next run succeeds, and its marts
are those of an installation where nothing ever happened.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import duckdb
import pytest

from orchestration.dagster_home import opened
from orchestration.defs.automation.busy import why_busy
from orchestration.lib.company.folder import load_company
from orchestration.lib.lake.lake import Lake
from orchestration.lib.release import releases
from orchestration.lib.release.files import file_digests, read_build_id
from orchestration.lib.release.gates import publish_build
from orchestration.settings import Settings
from tests.end_to_end.pipeline import published, run
from tests.end_to_end.small_company import SmallCompany, deals, leads, spend
from tests.fixtures.faults import LAST_PHASES, Crash, cut_in_half, start, tandem
from tests.fixtures.mart_comparison import differing_marts

LAKE = "orchestration.lib.lake"
RELEASE = "orchestration.lib.release"
WHY = ("Kim", "a test")

# In the order in which a run comes to them.
IN_EXTRACT_AND_DBT = {
    "before a load's data is written": Crash(f"{LAKE}.lake:Lake.commit_load", "before"),
    "between a load's data and its row": Crash(f"{LAKE}.manifest:Manifest.update", "before", 2),
    "between two tables": Crash(f"{LAKE}.lake:Lake.commit_load", "after"),
    "while dbt builds": Crash("orchestration.lib.dbt:built_line"),
}
IN_GATE_AND_PUBLISH = {
    "between transform and gate": Crash(f"{RELEASE}.gates:check_build", "before"),
    "between gate and publish": Crash(f"{RELEASE}.gates:publish_build", "before"),
    "when a release is being filled": Crash(f"{RELEASE}.releases:copy_marts"),
    "when a release is complete": Crash(f"{RELEASE}.releases:seal"),
    "between folder and symlink": Crash(f"{RELEASE}.releases:_point_to", "before"),
    "between symlink and ledger": Crash(f"{RELEASE}.releases:_point_to", "after"),
    "before old releases go": Crash(f"{RELEASE}.releases:prune", "before"),
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> SmallCompany:
    return SmallCompany(tmp_path_factory.mktemp("company")).write()


@pytest.fixture(scope="module")
def untroubled(tmp_path_factory: pytest.TempPathFactory, company: SmallCompany) -> Settings:
    """An installation with one release, of the company as it is in the end."""
    settings = Settings(tmp_path_factory.mktemp("untroubled") / "home", company.folder)
    outcome = run(settings)
    assert outcome.success, outcome.errors
    return settings


@pytest.fixture
def settings(tmp_path: Path, untroubled: Settings) -> Settings:
    return copy_of(untroubled, tmp_path / "home")


def copy_of(settings: Settings, home: Path) -> Settings:
    shutil.copytree(settings.home, home, symlinks=True)
    return Settings(home, settings.company)


def move_on(company: SmallCompany) -> None:
    """Every file of the company is another one for a while."""
    company.save("leads", leads()[:191])
    company.save("deals", deals()[:56])
    company.save("spend", spend()[:191])


def assert_whole(settings: Settings) -> None:
    """The published release opens, and each of its files is as its manifest says."""
    folder = settings.published.resolve()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    digests = file_digests(folder)
    del digests["manifest.json"]
    assert digests == manifest["files"]
    with duckdb.connect(str(published(settings)), read_only=True) as connection:
        for name, table in manifest["tables"].items():
            count = connection.execute(f"select count(*) from marts.{name}").fetchone()
            assert count == (table["rows"],), name


def assert_recovered(settings: Settings, untroubled: Settings) -> None:
    """A run has succeeded as if nothing had happened, and nothing is left of what did."""
    assert_whole(settings)
    assert differing_marts(published(settings), published(untroubled)) == {}
    assert not list(settings.home.rglob(".tmp-*"))
    assert not (settings.home / "tmp").exists()
    assert not list((settings.dagster_home / "alive").iterdir())
    assert Lake(settings).manifest.loads("pending") == []


def kill(settings: Settings, word: str, name: str, crash: Crash) -> None:
    done = tandem(settings, word, crash=crash)
    assert done.returncode == -signal.SIGKILL, (name, done.stdout, done.stderr)
    assert_whole(settings)


def fill_the_disk(settings: Settings) -> None:
    """No file may grow beyond some megabytes: the warehouse cannot be written."""
    refused(settings, "tandem.duckdb", "prlimit", "--fsize=8388608")


def refuse_to_write(settings: Settings, name: str) -> None:
    """Another user's folder: what is its own, Tandem would open again."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    folder = settings.home / name
    before = folder.stat()
    os.chown(folder, 65534, 65534)
    folder.chmod(0o555)
    # Root may do everything everywhere, unless it gives that up.
    rights = "--bounding-set=-dac_override,-dac_read_search,-fowner"
    try:
        refused(settings, name, "setpriv", rights)
    finally:
        os.chown(folder, before.st_uid, before.st_gid)
        folder.chmod(before.st_mode)


def cut_a_file(settings: Settings) -> None:
    """The newest file of a table; its source still has what it held."""
    newest = Lake(settings).newest("crm", "leads")
    assert newest is not None
    (path,) = settings.lake.glob(f"crm/leads/*/load={newest.load_id:09}/data.parquet")
    cut_in_half(path)
    remedy = f"tandem reload {newest.load_id}"
    assert remedy in refused(settings, str(path))
    done = tandem(settings, "reload", str(newest.load_id), "--why", "a bad disk")
    assert done.returncode == 0, done.stderr


def refused(settings: Settings, named: str, *under: str) -> str:
    """A run fails and says what it stumbled over, in words."""
    done = tandem(settings, "run", under=under)
    assert done.returncode == 1, (done.stdout, done.stderr)
    said = " ".join(done.stderr.split())
    assert named in said, said
    assert "Traceback" not in said and "fault in Tandem" not in said, said
    assert_whole(settings)
    return said


def run_two_at_once(settings: Settings) -> None:
    """On a machine whose clock has gone back by more than a year: one of the two does it."""
    both = [start(settings, "run", clock_moved=timedelta(days=-400)) for _ in range(2)]
    said = [process.communicate() for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], said
    (loser,) = (err for process, (_, err) in zip(both, said, strict=True) if process.returncode)
    assert "tandem run (run_daily)" in loser and "is at work" in loser, loser


@pytest.mark.timeout(1200)
def test_one_trouble_after_the_other(
    settings: Settings, company: SmallCompany, untroubled: Settings
) -> None:
    """With no run in between that could tidy up. The last phases are those of the build that is
    there: a run takes long to come to them."""
    (verdict,) = (settings.warehouse_file.parent / "gates").iterdir()
    verdict.unlink()
    for name, crash in IN_GATE_AND_PUBLISH.items():
        kill(settings, LAST_PHASES, name, crash)
    # One was whole and never current; after that one the symlink moved twice.
    assert settings.published.resolve().name == "r000004"
    move_on(company)
    for name, crash in IN_EXTRACT_AND_DBT.items():
        kill(settings, "run", name, crash)
    company.write()
    refuse_to_write(settings, "lake")
    fill_the_disk(settings)
    cut_a_file(settings)
    run_two_at_once(settings)
    assert_recovered(settings, untroubled)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_killed_at_every_boundary_of_a_run(
    settings: Settings, company: SmallCompany, untroubled: Settings
) -> None:
    move_on(company)
    for name, crash in {**IN_EXTRACT_AND_DBT, **IN_GATE_AND_PUBLISH}.items():
        kill(settings, "run", name, crash)
    company.write()
    outcome = run(settings)
    assert outcome.success, outcome.errors
    assert_recovered(settings, untroubled)


@pytest.mark.long
@pytest.mark.parametrize("folder", ["warehouse", "releases"])
def test_a_folder_that_is_read_only(folder: str, settings: Settings, untroubled: Settings) -> None:
    refuse_to_write(settings, folder)
    outcome = run(settings)
    assert outcome.success, outcome.errors
    assert_recovered(settings, untroubled)


def test_a_run_that_ends_while_it_is_created_is_in_nobodys_way(settings: Settings) -> None:
    create = dg.DagsterInstance.create_run_for_job

    def interrupted(*arguments: Any, **keywords: Any) -> None:
        create(*arguments, **keywords)
        raise KeyboardInterrupt

    with (
        mock.patch.object(dg.DagsterInstance, "create_run_for_job", interrupted),
        pytest.raises(KeyboardInterrupt),
    ):
        run(settings)
    kill(settings, "run", "creation", Crash("dagster:DagsterInstance.create_run_for_job"))
    environment = {"DAGSTER_HOME": str(settings.dagster_home)}
    with mock.patch.dict(os.environ, environment), opened(settings) as instance:
        assert why_busy(instance, settings) is None
        ended = instance.get_runs(limit=2)
    assert [each.status for each in ended] == [dg.DagsterRunStatus.FAILURE] * 2


@dataclass
class Victim:
    """One home for all kills: each begins where the recovery from the last one has ended."""

    settings: Settings
    run_seconds: float  # as long as the last run took on this machine


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory, untroubled: Settings) -> Victim:
    return Victim(copy_of(untroubled, tmp_path_factory.mktemp("victim") / "home"), 30)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(50))
def test_killed_at_any_moment(
    seed: int, victim: Victim, company: SmallCompany, untroubled: Settings
) -> None:
    settings = victim.settings
    move_on(company)
    process = start(settings, "run")
    time.sleep(random.Random(seed).uniform(1, victim.run_seconds + 5))
    process.kill()
    process.communicate()
    company.write()
    assert_whole(settings)
    began = time.monotonic()
    outcome = run(settings)
    victim.run_seconds = time.monotonic() - began
    assert outcome.success, outcome.errors
    assert_recovered(settings, untroubled)


READER = """
import os, sys, time, duckdb
file, stop = sys.argv[1:]
def stamps(connection):
    found = connection.execute(
        "select release_id[2:] from marts.release_info union all"
        " select min(clicks) from marts.fct_ad_spend union all"
        " select max(clicks) from marts.fct_ad_spend union all"
        " select min(value) from marts.kpi_scorecard union all"
        " select max(value) from marts.kpi_scorecard").fetchall()
    return {int(float(stamp)) for stamp, in found}
seen = []
while not os.path.exists(stop):
    with duckdb.connect(file, read_only=True) as connection:
        stamp, = stamps(connection)
        time.sleep(0.2)
        assert stamps(connection) == {stamp}
    if stamp not in seen[-1:]:
        seen.append(stamp)
        print(stamp, flush=True)
"""


@pytest.mark.parametrize(
    "publishes, rollbacks",
    [(3, 1), pytest.param(20, 3, marks=[pytest.mark.long, pytest.mark.timeout(1200)])],
)
def test_readers_notice_nothing(
    publishes: int, rollbacks: int, settings: Settings, tmp_path: Path
) -> None:
    """Each release bears its number in two of its tables: no connection ever sees two numbers."""
    company, stop = load_company(settings.company), tmp_path / "stop"
    build, as_of = read_build_id(settings), company.agreement.company.as_of
    assert build and as_of

    def publish(number: int) -> None:
        with duckdb.connect(str(settings.warehouse_file)) as warehouse:
            warehouse.execute(f"update marts.fct_ad_spend set clicks = {number}")
            warehouse.execute(f"update marts.kpi_scorecard set value = {number}")
        release = publish_build(settings, company, build, as_of)
        assert release.release_id == f"r{number:06}"

    publish(2)
    command = [sys.executable, "-c", READER, str(published(settings)), str(stop)]
    readers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "2\n"
    for number in range(3, publishes + 3):
        publish(number)
        time.sleep(0.5)
        if number < rollbacks + 3:
            releases.rollback(settings, f"r{number - 1:06}", *WHY)
            time.sleep(0.5)
            releases.resume(settings, *WHY)
    stop.touch()
    ends = [reader.communicate(timeout=60) for reader in readers]
    assert [error for _, error in ends] == [""] * 8
    assert [reader.returncode for reader in readers] == [0] * 8
    seen = {stamp for said, _ in ends for stamp in said.split()}
    assert seen >= {str(number) for number in range(3, publishes + 3)}
    # Whoever was sent back had seen the newer release before.
    assert any("3\n2\n" in said for said, _ in ends)
