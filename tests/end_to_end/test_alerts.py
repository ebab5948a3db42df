"""Runs that fail, are blocked and work again, and the messages that arrive of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import dagster as dg
import pytest
from typer.testing import CliRunner

from orchestration.alerting import execute_and_alert
from orchestration.cli import app
from orchestration.defs.automation.sensors import build_sensors
from orchestration.launch import Outcome
from orchestration.lib.company.folder import CompanyError, load_automation
from orchestration.runs import RunRequest
from orchestration.settings import Settings
from tests.end_to_end.pipeline import query
from tests.end_to_end.small_company import SmallCompany
from tests.fixtures.receivers import Webhook, running_webhook


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with running_webhook() as webhook:
        yield webhook


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    company = SmallCompany(tmp_path / "company").write()
    text = "alerts: {webhook_url_env: TEST_HOOK}\n"
    (company.folder / "automation.yaml").write_text(text, encoding="utf-8")
    return company


@pytest.fixture
def settings(tmp_path: Path, company: SmallCompany, webhook: Webhook) -> Iterator[Settings]:
    settings = Settings(tmp_path / "home", company.folder)
    here = {
        "TANDEM_HOME": str(settings.home),
        "TANDEM_COMPANY": str(settings.company),
        "DAGSTER_HOME": str(settings.dagster_home),
        "TEST_HOOK": webhook.url,
    }
    with mock.patch.dict(os.environ, here):
        yield settings


def run(settings: Settings, *, alert: bool = True) -> Outcome:
    undelivered: list[str] = []
    request = RunRequest(alert=alert)
    outcome = execute_and_alert(settings, request, lambda _: None, undelivered.append)
    assert undelivered == []
    return outcome


def tick(settings: Settings) -> str:
    """What the daemon's sensor says when it looks at all runs of the last hour."""
    sensors = build_sensors(settings, load_automation(settings.company))
    sensor = next(sensor for sensor in sensors if sensor.name == "alert_on_runs")
    an_hour_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        found = sensor(dg.build_sensor_context(instance=instance, cursor=an_hour_ago.isoformat()))
    assert isinstance(found, dg.SkipReason)
    return found.skip_message or ""


def test_from_a_blocked_run_to_one_that_works_again(
    settings: Settings, company: SmallCompany, webhook: Webhook
) -> None:
    leads = company.path("leads").read_text(encoding="utf-8")
    # Of ten rows two have no date: more than the agreement allows.
    spoiled = [line.split(",") for line in leads.splitlines()[:11]]
    spoiled[1][1] = spoiled[2][1] = "sesame"
    company.save("leads", spoiled)
    assert run(settings).blocked
    (text,) = webhook.texts
    assert "*Tandem, Small: run_daily was blocked by a gate*" in text
    assert "crm__leads: bad_rows_are_within_limits does not hold (2 of 10 rows)" in text
    assert "Accountable: sales." in text
    assert "No release is published yet." in text
    # The daemon sees the same run, and has nothing to add.
    assert tick(settings) == "All that is to be told is told."
    assert len(webhook.texts) == 1

    company.path("leads").unlink()
    assert not run(settings).success
    assert "crm__leads could not be loaded (data/leads.csv)" in webhook.texts[1]
    assert "Accountable: sales." in webhook.texts[1]

    company.write()
    assert run(settings).success
    assert "run_daily works again" in webhook.texts[2]
    assert "2 runs had failed" in webhook.texts[2] and "Release r000001" in webhook.texts[2]
    assert len(webhook.texts) == 3
    for text in webhook.texts:
        assert "sesame" not in text and "@" not in text and "L1" not in text


def test_a_run_of_the_daemon_is_told_by_the_sensor(
    settings: Settings, company: SmallCompany, webhook: Webhook
) -> None:
    """No command waits for such a run: whoever launched it, its events say what it came to."""
    company.save("leads", [["id", "created", "email", "origin"]])
    with mock.patch("orchestration.alerting.tell", return_value=[]):
        assert run(settings).blocked
    assert webhook.texts == []
    webhook.status = 500
    assert tick(settings) == "webhook: answered with status 500"
    webhook.status = 200
    tick(settings)
    tick(settings)
    (text,) = webhook.texts
    assert "crm__leads: has_rows does not hold. Accountable: sales." in text


def test_whoever_asks_for_no_alert_gets_none(
    settings: Settings, company: SmallCompany, webhook: Webhook
) -> None:
    company.save("leads", [["id", "created", "email", "origin"]])
    assert run(settings, alert=False).blocked
    tick(settings)
    assert webhook.texts == []


def test_a_run_that_cannot_start_is_told_and_alerts_fail_no_run(
    settings: Settings, company: SmallCompany, webhook: Webhook
) -> None:
    stages = company.folder / "agreement" / "stage_labels.csv"
    stages.write_text("source,label\ncrm,Jane Roe\n", encoding="utf-8")
    with pytest.raises(CompanyError):
        run(settings)
    (text,) = webhook.texts
    assert "run_daily could not start" in text and "agreement/stage_labels.csv" in text
    assert "Jane" not in text

    stages.unlink()
    (settings.home / "alerts.json").write_text("{", encoding="utf-8")
    undelivered: list[str] = []
    request = RunRequest(close_week=True)
    outcome = execute_and_alert(settings, request, lambda _: None, undelivered.append)
    assert outcome.success
    assert len(undelivered) == 1 and "alerts.json cannot be read" in undelivered[0]
    # The newest week of the agenda is the one that was closed: 2025-06-30 is a Monday.
    weeks = query(settings, "select max(week_start) from marts.review_agenda")
    assert str(weeks[0][0]) == "2025-06-23"
    assert query(settings, "select as_of from marts.release_info") == [
        (datetime(2025, 6, 29, 21, 59, 59),)
    ]


def test_the_command_sends_a_test_message(
    settings: Settings, company: SmallCompany, webhook: Webhook
) -> None:
    done = CliRunner().invoke(app, ["alerts", "test"])
    assert (done.exit_code, done.stdout) == (0, "webhook: sent\n")
    assert "this one is a test" in webhook.texts[0]
    webhook.status = 403
    done = CliRunner().invoke(app, ["alerts", "test"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "error: webhook: answered with status 403\n"
    (company.folder / "automation.yaml").unlink()
    done = CliRunner().invoke(app, ["alerts", "test"])
    assert "declares no alerts" in str(done.exception)
