"""Schedules and sensors: when they start a run, and why they do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from orchestration.dagster_home import prepare_dagster_home
from orchestration.dead_runs import marked_alive
from orchestration.defs.automation.compaction import compact_lake
from orchestration.defs.automation.schedules import build_schedules
from orchestration.defs.automation.sensors import build_sensors
from orchestration.defs.resources import TandemResource
from orchestration.lib.company.folder import load_automation, load_company
from orchestration.lib.ingest import ingest_table
from orchestration.lib.lock import exclusive, holder
from orchestration.settings import Settings
from tests.end_to_end.small_company import SmallCompany

BERLIN = ZoneInfo("Europe/Berlin")
# The company's own as-of would decide what the last week is.
_COMPANY = """\
key,value
company_name,Small
timezone,Europe/Berlin
reporting_currency,EUR
history_start,2025-01-01
"""
_AUTOMATION = """\
daily: {enabled: true, hour: 4}
review: {enabled: true, weekday: thursday, hour: 8}
new_files: {enabled: true}
compaction: {enabled: true, weekday: saturday, hour: 2}
"""


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    company = SmallCompany(tmp_path / "company").write()
    (company.folder / "agreement" / "company.csv").write_text(_COMPANY, encoding="utf-8")
    (company.folder / "automation.yaml").write_text(_AUTOMATION, encoding="utf-8")
    return company


@pytest.fixture
def settings(tmp_path: Path, company: SmallCompany) -> Settings:
    return Settings(tmp_path / "home", company.folder)


@pytest.fixture(scope="module")
def one_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """On disk, as a schedule's context wants it; making one takes a second or two."""
    folder = tmp_path_factory.mktemp("instance")
    home = prepare_dagster_home(Settings(folder, folder))
    with (
        mock.patch.dict(os.environ, DAGSTER_HOME=str(home)),
        dg.DagsterInstance.from_config(str(home)) as instance,
    ):
        yield instance


@pytest.fixture
def instance(one_instance: dg.DagsterInstance) -> Iterator[dg.DagsterInstance]:
    yield one_instance
    one_instance.wipe()


Schedules = dict[str, dg.ScheduleDefinition]


def schedules_of(settings: Settings) -> Schedules:
    company, automation = load_company(settings.company), load_automation(settings.company)
    return {each.name: each for each in build_schedules(settings, company, automation)}


@pytest.fixture
def schedules(settings: Settings) -> Schedules:
    return schedules_of(settings)


def evaluate(
    schedules: Schedules, instance: dg.DagsterInstance, name: str, at: datetime
) -> dg.RunRequest | str:
    """The run that a schedule starts at a time, or why it starts none."""
    found = schedules[name](
        dg.build_schedule_context(instance=instance, scheduled_execution_time=at)
    )
    if isinstance(found, dg.SkipReason):
        return found.skip_message or ""
    assert isinstance(found, dg.RunRequest)
    return found


def thursday(hour: int) -> datetime:
    return datetime(2026, 3, 5, hour, tzinfo=BERLIN)


def test_schedules_are_at_the_hours_and_in_the_timezone_that_the_company_says(
    schedules: Schedules,
) -> None:
    found = {
        schedule.name: (schedule.cron_schedule, schedule.execution_timezone, schedule.job_name)
        for schedule in schedules.values()
    }
    assert found == {
        "run_daily": ("0 4 * * *", "Europe/Berlin", "run_daily"),
        "close_week": ("0 8 * * 4", "Europe/Berlin", "run_daily"),
        "compact_lake": ("0 2 * * 6", "Europe/Berlin", "compact_lake"),
    }
    running = dg.DefaultScheduleStatus.RUNNING
    assert all(schedule.default_status == running for schedule in schedules.values())


def test_sunday_is_sunday_to_cron(settings: Settings) -> None:
    text = "review: {enabled: true, weekday: sunday}"
    (settings.company / "automation.yaml").write_text(text, encoding="utf-8")
    assert schedules_of(settings)["close_week"].cron_schedule == "0 6 * * 0"
    assert schedules_of(settings)["compact_lake"].cron_schedule == "0 3 * * 0"  # the default


def test_the_lake_is_compacted_once_a_week_unless_the_warehouse_is_held(
    settings: Settings, schedules: Schedules, instance: dg.DagsterInstance
) -> None:
    at = datetime(2026, 3, 7, 2, tzinfo=BERLIN)
    request = evaluate(schedules, instance, "compact_lake", at)
    assert isinstance(request, dg.RunRequest)
    with exclusive(settings, "load a table"):
        assert "load a table" in str(evaluate(schedules, instance, "compact_lake", at))


def test_the_job_compacts_the_lake(settings: Settings, instance: dg.DagsterInstance) -> None:
    company = load_company(settings.company)
    crm = next(source for source in company.sources if source.source == "crm")
    for _ in range(2):
        ingest_table(settings, company, crm, "leads", datetime(2025, 6, 30), "run")
    done = compact_lake.execute_in_process(
        instance=instance,
        resources={
            "tandem": TandemResource(home=str(settings.home), company_folder=str(settings.company))
        },
    )
    assert done.success
    assert not (settings.lake / "compaction.json").exists()


def test_a_run_holds_the_lock_between_its_steps(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    @dg.op
    def look(tandem: TandemResource) -> str | None:
        return holder(tandem.settings)

    @dg.job
    def looking() -> None:
        look()

    done = looking.execute_in_process(
        instance=instance,
        resources={
            "tandem": TandemResource(home=str(settings.home), company_folder=str(settings.company))
        },
    )
    assert done.run_id in str(done.output_for_node("look"))
    assert holder(settings) is None


def test_the_daily_run_is_of_the_day_that_ended(
    schedules: Schedules, instance: dg.DagsterInstance
) -> None:
    request = evaluate(schedules, instance, "run_daily", thursday(4))
    assert isinstance(request, dg.RunRequest)
    assert (request.partition_key, request.tags.get("tandem/as_of")) == ("2026-03-04", None)


@pytest.mark.parametrize(
    ("at", "sunday", "as_of"),
    [
        (thursday(8), "2026-03-01", "2026-03-01T22:59:59"),
        (datetime(2026, 3, 9, 0, tzinfo=BERLIN), "2026-03-08", "2026-03-08T22:59:59"),
        (datetime(2026, 3, 8, 23, tzinfo=BERLIN), "2026-03-01", "2026-03-01T22:59:59"),
        (datetime(2026, 3, 30, 8, tzinfo=BERLIN), "2026-03-29", "2026-03-29T21:59:59"),
    ],
    ids=["thursday", "monday's first hour", "sunday's last hour", "after the clocks changed"],
)
def test_the_weekly_run_closes_the_last_full_week(
    schedules: Schedules,
    instance: dg.DagsterInstance,
    at: datetime,
    sunday: str,
    as_of: str,
) -> None:
    request = evaluate(schedules, instance, "close_week", at)
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == sunday
    assert request.tags["tandem/closes_week"] == sunday
    assert request.tags["tandem/as_of"] == as_of


def test_a_company_that_fixes_now_closes_the_week_before_it(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    text = f"{_COMPANY}as_of,2025-06-30\n"
    (settings.company / "agreement" / "company.csv").write_text(text, encoding="utf-8")
    schedules = schedules_of(settings)
    weekly = evaluate(schedules, instance, "close_week", thursday(8))
    daily = evaluate(schedules, instance, "run_daily", thursday(4))
    assert isinstance(weekly, dg.RunRequest) and isinstance(daily, dg.RunRequest)
    assert (weekly.partition_key, daily.partition_key) == ("2025-06-29", "2025-06-30")


def test_the_daily_run_leaves_the_review_its_hour(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    text = "daily: {hour: 8}\nreview: {enabled: true, weekday: thursday, hour: 8}"
    (settings.company / "automation.yaml").write_text(text, encoding="utf-8")
    schedules = schedules_of(settings)
    assert evaluate(schedules, instance, "run_daily", thursday(8)) == (
        "close_week runs at this hour."
    )
    friday = datetime(2026, 3, 6, 8, tzinfo=BERLIN)
    assert isinstance(evaluate(schedules, instance, "run_daily", friday), dg.RunRequest)


@pytest.mark.parametrize("name", ["run_daily", "close_week"])
@pytest.mark.parametrize("status", ["STARTING", "STARTED"])
def test_a_schedule_skips_while_a_run_is_at_work(
    schedules: Schedules, instance: dg.DagsterInstance, name: str, status: str
) -> None:
    run_id = start(instance, "rebuild_marts", dg.DagsterRunStatus[status])
    reason = f"The warehouse is held: run {run_id} of rebuild_marts is {status.lower()}."
    assert evaluate(schedules, instance, name, thursday(4)) == reason


@pytest.mark.parametrize(
    ("tags", "name"), [({"dagster/backfill": "abc"}, "backfill"), ({}, "materialization")]
)
def test_a_schedule_skips_while_assets_chosen_in_the_ui_are_at_work(
    schedules: Schedules, instance: dg.DagsterInstance, tags: dict[str, str], name: str
) -> None:
    run_id = start(instance, "__ASSET_JOB", dg.DagsterRunStatus.STARTED, tags)
    reason = f"The warehouse is held: run {run_id} of {name} is started."
    assert evaluate(schedules, instance, "run_daily", thursday(4)) == reason


@pytest.mark.parametrize(("asset", "is_told"), [("release/published", True), ("marts/x", False)])
def test_a_backfill_of_the_ui_is_told_if_it_was_to_publish(
    settings: Settings, instance: dg.DagsterInstance, asset: str, is_told: bool
) -> None:
    chosen = frozenset({dg.AssetKey(asset.split("/"))})
    status, tags = dg.DagsterRunStatus.STARTED, {"dagster/backfill": "abc"}
    run = instance.get_run_by_id(start(instance, "__ASSET_JOB", status, tags, chosen))
    assert run is not None
    instance.report_run_failed(run)
    sensors = build_sensors(settings, load_automation(settings.company))
    sensor = next(sensor for sensor in sensors if sensor.name == "alert_on_runs")
    with mock.patch("orchestration.defs.automation.sensors.tell", return_value=[]) as tell:
        sensor(dg.build_sensor_context(instance=instance, cursor="2000-01-01T00:00:00"))
    ended = [call.args[1] for call in tell.call_args_list if call.args[1] is not None]
    assert [(outcome.job, outcome.success) for outcome in ended] == [("backfill", False)] * is_told


def test_ended_runs_and_other_jobs_are_in_nobodys_way(
    schedules: Schedules, instance: dg.DagsterInstance
) -> None:
    start(instance, "run_daily", dg.DagsterRunStatus.FAILURE)
    start(instance, "another_job", dg.DagsterRunStatus.STARTED)
    assert isinstance(evaluate(schedules, instance, "run_daily", thursday(4)), dg.RunRequest)


def test_a_schedule_skips_while_a_command_holds_the_warehouse(
    schedules: Schedules, instance: dg.DagsterInstance, settings: Settings
) -> None:
    with exclusive(settings, "tandem accept"):
        reason = evaluate(schedules, instance, "run_daily", thursday(4))
    assert isinstance(reason, str)
    assert reason.startswith(f"The warehouse is held: tandem accept (pid {os.getpid()}")
    assert isinstance(evaluate(schedules, instance, "run_daily", thursday(4)), dg.RunRequest)


def test_what_a_crash_left_in_the_lock_holds_nothing(settings: Settings) -> None:
    assert holder(settings) is None
    settings.home.mkdir()
    (settings.home / "lock").write_text(json.dumps({"pid": 1, "what": "x"}), encoding="utf-8")
    assert holder(settings) is None


def test_a_run_whose_process_was_killed_is_ended_and_in_nobodys_way(
    schedules: Schedules, instance: dg.DagsterInstance, settings: Settings
) -> None:
    dead = start(instance, "run_daily", dg.DagsterRunStatus.STARTED)
    storage = instance.event_log_storage
    storage.set_concurrency_slots("warehouse", 1)
    storage.claim_concurrency_slot("warehouse", dead, "dbt_models")
    script = (
        "import os, sys; from pathlib import Path; from orchestration.settings import Settings;"
        " from orchestration.dead_runs import marked_alive; home = Path(sys.argv[1]);\n"
        "with marked_alive(Settings(home, home), sys.argv[2]): print('held', flush=True);"
        " sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(settings.home), dead],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    assert isinstance(evaluate(schedules, instance, "run_daily", thursday(4)), str)
    process.kill()
    process.communicate()
    living = start(instance, "another_job", dg.DagsterRunStatus.STARTED)
    with marked_alive(settings, living):
        assert isinstance(evaluate(schedules, instance, "run_daily", thursday(4)), dg.RunRequest)
    status = {run.run_id: run.status for run in instance.get_runs()}
    assert status == {dead: dg.DagsterRunStatus.FAILURE, living: dg.DagsterRunStatus.STARTED}
    assert storage.get_concurrency_info("warehouse").active_slot_count == 0
    assert list((settings.dagster_home / "alive").iterdir()) == []


def start(
    instance: dg.DagsterInstance,
    job: str,
    status: dg.DagsterRunStatus,
    tags: dict[str, str] | None = None,
    chosen: frozenset[dg.AssetKey] | None = None,
) -> str:
    run_id = str(uuid.uuid4())
    run = dg.DagsterRun(
        job_name=job, run_id=run_id, status=status, tags=tags or {}, asset_selection=chosen
    )
    instance.add_run(run)
    return run.run_id


class Landing:
    """Ticks of the sensor that looks for files, one after the other."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        self._settings, self._instance = settings, instance
        sensors = build_sensors(settings, load_automation(settings.company))
        self._sensor = next(sensor for sensor in sensors if sensor.name == "load_new_files")
        self.cursor: str | None = None

    def tick(self) -> str:
        """What the tick says: 'run', or why not."""
        context = dg.build_sensor_context(instance=self._instance, cursor=self.cursor)
        found = self._sensor(context)
        self.cursor = context.cursor
        if isinstance(found, dg.SkipReason):
            return found.skip_message or ""
        assert isinstance(found, dg.RunRequest) and found.partition_key
        return "run"

    def load(self) -> None:
        """What the run would do with the files."""
        company = load_company(self._settings.company)
        for source in company.sources:
            for table in source.tables:
                ingest_table(self._settings, company, source, table, datetime(2025, 6, 30), "a run")


@pytest.fixture
def landing(settings: Settings, instance: dg.DagsterInstance) -> Landing:
    return Landing(settings, instance)


WAITING = "Files have changed; waiting until they stay as they are."


def test_new_files_start_one_run_once_nobody_writes_them(
    landing: Landing, company: SmallCompany
) -> None:
    assert [landing.tick() for _ in range(4)] == [WAITING, "run", "No new files.", "No new files."]
    for size in (1, 2):  # someone is copying a file
        (company.folder / "data" / "leads.csv").write_text("id,created\n" * size, encoding="utf-8")
        assert landing.tick() == WAITING
    assert [landing.tick() for _ in range(3)] == ["run", "No new files.", "No new files."]


def test_files_that_another_run_has_loaded_start_none(
    landing: Landing, company: SmallCompany
) -> None:
    landing.load()
    assert [landing.tick() for _ in range(2)] == [WAITING, "What has changed is loaded already."]
    os.utime(company.path("leads"), (0, 0))  # touched, and not changed
    assert [landing.tick() for _ in range(3)] == [
        WAITING,
        "What has changed is loaded already.",
        "No new files.",
    ]


def test_a_file_that_is_gone_or_empty_starts_no_storm(
    landing: Landing, company: SmallCompany
) -> None:
    landing.load()
    company.path("leads").unlink()
    company.path("deals").write_bytes(b"")
    ticks = [landing.tick() for _ in range(4)]
    assert ticks[:2] == [WAITING, "What has changed is loaded already."]
    assert set(ticks[2:]) == {"No new files."}


def test_new_files_wait_while_the_warehouse_is_held(
    landing: Landing, instance: dg.DagsterInstance
) -> None:
    landing.tick()
    run_id = start(instance, "run_daily", dg.DagsterRunStatus.STARTED)
    for _ in range(2):
        assert f"the warehouse is held: run {run_id} of run_daily is started" in landing.tick()
    run = instance.get_run_by_id(run_id)
    assert run is not None
    instance.report_run_failed(run)
    assert landing.tick() == "run"


def test_the_cursor_stays_small(landing: Landing, company: SmallCompany) -> None:
    for _ in range(3):
        landing.tick()
    before: Any = landing.cursor
    for number in range(500):
        (company.folder / "data" / f"{number}.csv").write_text("x\n", encoding="utf-8")
    (company.folder / "sources" / "extra.yaml").write_text(
        "source: extra\ntype: files\ntables:\n  many:\n    files: data/*.csv\n    entities:\n"
        "      - entity: account\n        columns: {source_id: x, name: x}\n",
        encoding="utf-8",
    )
    assert landing.tick() == WAITING
    assert len(landing.cursor or "") == len(before) < 200


def test_runs_are_looked_at_again_where_the_clock_was_set_back(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    sensors = build_sensors(settings, load_automation(settings.company))
    sensor = next(each for each in sensors if each.name == "alert_on_runs")
    context = dg.build_sensor_context(instance=instance, cursor="2999-01-01T00:00:00")
    sensor(context)
    assert str(context.cursor) < "2999"


def test_the_daemon_removes_old_runs(settings: Settings, instance: dg.DagsterInstance) -> None:
    start(instance, "run_daily", dg.DagsterRunStatus.FAILURE)
    at_work = start(instance, "run_daily", dg.DagsterRunStatus.STARTED)
    said = []
    for days in (1, 0):
        sensors = build_sensors(
            replace(settings, keep_days=days), load_automation(settings.company)
        )
        sensor = next(each for each in sensors if each.name == "remove_old_history")
        assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
        found = sensor(dg.build_sensor_context(instance=instance))
        assert isinstance(found, dg.SkipReason)
        said.append(found.skip_message)
    assert said == ["0 old runs are removed.", "1 old runs are removed."]
    assert instance.get_run_ids() == [at_work]


def test_a_company_with_problems_is_left_to_check(landing: Landing, company: SmallCompany) -> None:
    (company.folder / "sources" / "crm.yaml").write_text("nothing\n", encoding="utf-8")
    assert landing.tick() == "The company folder has problems: `tandem check`."
