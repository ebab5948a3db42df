"""The installed `tandem` command as a user types it, on the folder that `tandem init` writes."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from orchestration.lib.lock import exclusive
from orchestration.settings import NO_TELEMETRY, Settings
from tests.fixtures.access import opened_to
from tests.fixtures.network import foreign, spied
from tests.fixtures.ui import TANDEM

ADDRESS = "lead1@customer-one.example.com"


@dataclass(frozen=True)
class Site:
    """A company folder with its state, and the command that is typed there."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def company(self) -> Path:
        return self.folder / "company"

    def environment(self, **more: str) -> dict[str, str]:
        # The command itself must see to it that nothing phones home.
        left_out = {"COLUMNS", *NO_TELEMETRY}
        kept = {name: value for name, value in os.environ.items() if name not in left_out}
        own = {"TANDEM_HOME": str(self.home), "TANDEM_COMPANY": str(self.company), "LANG": "C"}
        user = {"HOME": str(self.folder), **spied(self.folder / "spy")}
        return {**kept, **own, **user, **more}

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [TANDEM, *words],
            cwd=self.folder,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def type(self, *words: str, code: int = 0, **more: str) -> str:
        """Run `tandem WORDS`, expect the exit code, return what was printed."""
        return finished(self.start(*words, **more), code)

    def rows(self, sql: str) -> list[tuple]:
        database = str(self.home / "published" / "tandem.duckdb")
        with duckdb.connect(database, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def current(self) -> str:
        return (self.home / "published").readlink().name

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.company / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


def finished(process: subprocess.Popen[str], code: int) -> str:
    try:
        out, err = process.communicate(timeout=180)
    finally:
        process.kill()  # of no effect on one that has ended
    said = out + err
    assert process.returncode == code, said
    assert "Traceback" not in said, said
    return said


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A company that was published once, while a second run was tried in vain."""
    site = Site(tmp_path_factory.mktemp("cli"))
    said = site.type("init", "company", TANDEM_COMPANY="")
    assert f"export TANDEM_COMPANY={site.company}" in said
    assert "no problems" in site.type("check")
    assert "No release is published yet" in site.type("status")
    assert "No release is published yet" in site.type("releases")

    first = site.start("run")
    lock = site.home / "lock"
    while not (lock.exists() and lock.read_text(encoding="utf-8")):
        assert first.poll() is None, finished(first, 0)
        time.sleep(0.1)
    second = site.type("run", code=1)
    assert "Busy" in second and f"pid {first.pid}" in second and "tandem run" in second

    said = finished(first, 0)
    assert re.search(r"crm__leads: 8 rows +\(\d", said)
    for words in (
        "Published r000001",
        "not signed by both",
        "Marketing qualified lead",
        "KPIs, ",
        "Both teams ",
        "Pipeline created ",
        "have no value: ",
        "Promises, ",
        "Gate 1: ",
        "Gate 2: ",
        "seconds: extract ",
        "tandem quarantine list",
    ):
        assert words in said
    assert "START sql table" not in said  # dbt's own lines are for the UI
    return site


@pytest.fixture
def as_new(site: Site) -> Iterator[Site]:
    """The site, whose input files are put back afterwards."""
    files = {path: path.read_bytes() for path in (site.company / "data").iterdir()}
    yield site
    for path, content in files.items():
        path.write_bytes(content)


def test_all_that_is_created_is_private(site: Site) -> None:
    assert opened_to(site.home) == {}


def test_init_writes_into_no_folder_that_holds_something(tmp_path: Path) -> None:
    site = Site(tmp_path)
    (tmp_path / "company").mkdir()
    (tmp_path / "company" / "mine.txt").write_text("mine", encoding="utf-8")
    said = site.type("init", "company", code=1)
    assert "company" in said and "not an empty folder" in said
    assert [path.name for path in (tmp_path / "company").iterdir()] == ["mine.txt"]


def test_check_tells_every_problem_at_once(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.type("init", "company", TANDEM_COMPANY="")
    site.edit("sources/crm.yaml", "load: snapshot", "load: snapshit")
    site.edit("sources/crm.yaml", "email: Email", "emial: Email")
    site.edit("agreement/company.csv", "Europe/Berlin", "Europe/Bärlin")
    said = site.type("check", code=1)
    for words in (
        "tables.leads.load = 'snapshit'",
        "did you mean 'snapshot'",
        "emial",
        "did you mean 'email'",
        "agreement/company.csv",
        "Europe/Bärlin",
        "3 problem(s) in",
    ):
        assert words in said
    assert re.search(r"^sources/crm\.yaml:\d+: ", said, re.MULTILINE)
    assert "snapshit" in site.type("run", code=1)
    assert not (site.home / "lake").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "--start", "2025-01-01"], "--start and --end belong together"),
        (["run", "--start", "2025-02-01", "--end", "2025-01-01"], "before --start"),
        (["run", "--start", "yesterday", "--end", "2025-01-01"], "write YYYY-MM-DD"),
        (["run", "--as-of", "noon"], "--as-of 'noon'"),
        (["run", "--full-refresh", "--start", "2025-01-01", "--end", "2025-01-02"], "leave out"),
        (["accept", "first"], "valid integer"),
        (["releases", "--nonsense"], "--nonsense"),
        (["publish"], "publish"),
    ],
)
def test_wrong_usage_is_2(tmp_path: Path, words: list[str], says: str) -> None:
    (tmp_path / "company").mkdir()
    assert says in Site(tmp_path).type(*words, code=2).replace("\n", " ")


def test_a_setting_that_cannot_be_used_is_one_message(tmp_path: Path) -> None:
    site = Site(tmp_path)
    said = site.type("status", code=1)
    assert "TANDEM_COMPANY" in said and "tandem init DIR" in said
    said = site.type("status", code=1, TANDEM_HOME=f"{tmp_path}/it's")
    assert "TANDEM_HOME" in said and "it's" in said
    for words in (["run"], ["check"]):
        said = site.type(*words, code=1, TANDEM_COMPANY="")
        assert said.startswith("error: The demo company has no data yet. Run `tandem demo`")


def test_unchanged_input_is_not_loaded_again_and_days_and_as_of_are_taken(site: Site) -> None:
    days = ("--start", "2025-03-01", "--end", "2025-03-03")
    said = site.type("run", *days, "--as-of", "2025-04-01T00:00")
    assert said.count("unchanged since load") == 2
    assert "as of 2025-04-01 00:00 UTC" in said and "KPIs, March 2025" in said
    assert re.search(r"\* r\d{6}", site.type("releases"))
    said = site.type("run", "--start", "2001-01-01", "--end", "2001-01-02", code=1)
    assert "history_start 2015-01-01" in said and "company.csv" in said
    said = site.type("run", "--start", "2025-03-01", "--end", "2999-01-01", code=1)
    assert "--end 2999-01-01" in said


def test_status_says_that_the_agreement_was_changed_and_who_signed(site: Site) -> None:
    file = site.company / "agreement" / "company.csv"
    before = file.read_text(encoding="utf-8")
    assert "The folder's agreement" not in site.type("status")
    site.edit("agreement/company.csv", "Europe/Berlin", "Europe/Vienna")
    assert "signed by no team: `tandem agreement diff`" in site.type("status")
    site.type("agreement", "sign", "sales")
    assert "signed by sales: " in site.type("status")
    site.edit("agreement/company.csv", "Europe/Vienna", "Europe/Nowhere")
    assert "The folder's agreement has problems: `tandem check`" in site.type("status")
    file.write_text(before, encoding="utf-8")
    (site.company / "agreement" / "signatures.csv").unlink()


def test_blocked_by_a_gate_then_accepted_and_released(as_new: Site) -> None:
    site, before = as_new, as_new.current()
    # An address in the wrong column, a date that cannot be, and two of three deals gone.
    site.edit("data/leads.csv", "07.01.2025 09:12", ADDRESS)
    site.edit("data/leads.csv", "09.01.2025 14:30", "09.01.1985 14:30")
    deals = site.company / "data" / "deals.csv"
    lines = deals.read_text(encoding="utf-8").splitlines(keepends=True)
    deals.write_text("".join(lines[:2]), encoding="utf-8")
    said = site.type("run", code=3)
    assert "Blocked by a gate" in said
    assert "crm__leads: bad_rows_are_within_limits  (2 of 8)" in said
    assert re.search(r"e\.g\. data/leads\.csv:2: created_at: 'l\*", said)
    assert "crm__deals: volume_is_as_usual" in said and "66.7 % fewer" in said
    assert ADDRESS not in said and "lead1" not in said
    assert str(site.home / "quarantine") in said
    assert f"Release {before} of" in said and "still stands" in said
    assert site.current() == before
    assert site.rows("select count(*) from marts.fct_funnel") == [(8,)]

    said = site.type("status")
    loads = {
        table: int(load)
        for load, table in re.findall(r"Load (\d+) of crm\.(\w+) is rejected", said)
    }
    assert set(loads) == {"leads", "deals"}
    said = site.type("quarantine", "list")
    assert ADDRESS not in said and "lead.values_are_readable" in said
    ids = dict(re.findall(r"^(\d+-\d+)  crm\.leads  data/leads\.csv:(\d)", said, re.MULTILINE))
    unreadable, implausible = (next(key for key in ids if ids[key] == n) for n in "23")
    assert "is released" not in site.type("quarantine", "release", unreadable, code=1)
    assert "is released" in site.type("quarantine", "release", implausible, "--why", "founded then")
    assert "9999-1" in site.type("quarantine", "release", "9999-1", code=1)
    assert "no load 9999" in site.type("accept", "9999", code=1)
    said = site.type("accept", str(loads["deals"]), "--why", "they were tests", "--by", "tests")
    assert "is accepted" in said and "tandem run" in said

    site.edit("data/leads.csv", ADDRESS, "07.01.2025 09:12")
    assert "Published" in site.type("run")
    assert site.rows("select count(*) from marts.fct_opportunities") == [(1,)]
    assert site.rows(
        "select cast(min(lead_at) as varchar) from marts.fct_funnel where source_lead_id = 'L-2'"
    ) == [("1985-01-09 13:30:00",)]
    ledger = "".join(path.read_text("utf-8") for path in (site.home / "ledger").glob("*.jsonl"))
    assert "they were tests" in ledger and "founded then" in ledger


def test_what_cannot_be_read_is_one_message(as_new: Site) -> None:
    site, before = as_new, as_new.current()
    (site.company / "data" / "leads.csv").write_bytes(b"")
    said = site.type("run", code=1)
    assert said.count("data/leads.csv") == 1 and "empty" in said
    assert f"Release {before} of" in said and "still stands" in said
    assert site.current() == before


def test_a_rollback_holds_publishing_until_it_is_lifted(site: Site) -> None:
    newest = site.current()
    assert "Kept are: r000001" in site.type("rollback", "r999999", code=1)
    said = site.type("rollback", "r000001", "--why", "wrong rates", "--by", "tests")
    assert "r000001 is published" in said and "held" in said
    assert site.current() == "r000001"
    said = site.type("status")
    assert "held since" in said and "wrong rates" in said and "tandem resume" in said
    said = site.type("run", code=1)
    assert "error: Publishing is held" in said and "tests rolled back to r000001" in said
    assert site.current() == "r000001"
    site.type("resume", "--why", "rates are mended")
    assert "held" not in site.type("status")

    shown = on_a_terminal(site, "run", "--full-refresh")
    assert "Published" in shown and "crm__leads" not in shown
    for phase in ("Extract", "Transform", "Gate", "Publish"):
        assert re.search(rf"{phase} +━+ +(\d+)/\1 ", shown)
    assert "START sql table" not in shown
    assert site.current() > newest


def on_a_terminal(site: Site, *words: str) -> str:
    """Run the command on a terminal of 80 columns; return all that appeared there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [TANDEM, *words],
        env=site.environment(TERM="xterm", COLUMNS="80"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # how Linux says that the other end was closed
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0, shown.decode()
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())


def test_nothing_phones_home(site: Site) -> None:
    """After all the runs above: no address was asked for, no tool has left its mark at home."""
    assert foreign(site.folder / "spy") == []
    marks = ("*telemetry*", "*anonymous_id*", ".user.yml", ".dlt", ".dagster", ".dbt", ".gx")
    assert [path for mark in marks for path in site.folder.rglob(mark)] == []


def test_who_is_at_work_is_said_by_every_command_that_writes(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.type("init", "company", TANDEM_COMPANY="")
    with exclusive(Settings(site.home, site.company), "a test"):
        for words in (["run"], ["accept", "1"], ["quarantine", "release", "1-1"]):
            said = site.type(*words, code=1)
            assert "Busy: a test" in said and f"pid {os.getpid()}" in said
