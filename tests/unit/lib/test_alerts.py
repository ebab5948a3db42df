"""Alerts: when a message is due, what it says and does not say, and that it arrives once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from orchestration.lib.alerts.causes import Cause, RunEnd, not_started
from orchestration.lib.alerts.delivery import DeliveryError, channels
from orchestration.lib.alerts.messages import test_message as message_for_a_test
from orchestration.lib.alerts.report import report
from orchestration.lib.company.automation_config import Alerts, Email
from orchestration.lib.company.folder import CompanyError
from orchestration.lib.company.problems import Problem
from orchestration.lib.errors import TandemError
from orchestration.lib.extract import ExtractError
from orchestration.lib.release.releases import rollback
from orchestration.settings import Settings
from tests.fixtures.network import free_port
from tests.fixtures.receivers import MailServer, Webhook, running_mail_server, running_webhook
from tests.unit.lib.test_releases import WHY, build, publish

FIVE = datetime(2026, 3, 2, 5, 0)
SPEND = Cause("gate_1:ads__spend:has_rows", "ads__spend: has_rows does not hold", "marketing")
LEADS = Cause("gate_1:crm__leads:has_rows", "crm__leads: has_rows does not hold", "sales")


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with running_webhook() as webhook:
        yield webhook


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with running_mail_server() as server:
        yield server


class Clock:
    """Reports ends of runs, each some minutes after the one before."""

    def __init__(self, settings: Settings, alerts: Alerts, env: dict[str, str]) -> None:
        self.now = FIVE
        self.runs = 0
        self._to = (settings, alerts)
        self.env = env

    def failed(self, *causes: Cause, after: int = 0) -> list[str]:
        return self._end("blocked", causes, after)

    def published(self, after: int = 0) -> list[str]:
        return self._end("published", (), after)

    def tick(self, after: int = 0, late_after: timedelta | None = None) -> list[str]:
        self.now += timedelta(minutes=after)
        return report(*self._to, None, self.now, self.env, late_after)

    def _end(self, how: str, causes: tuple[Cause, ...], after: int) -> list[str]:
        self.now += timedelta(minutes=after)
        self.runs += 1
        end = RunEnd("run_daily", how, f"run{self.runs}", causes)  # type: ignore[arg-type]
        return report(*self._to, end, self.now, self.env)


@pytest.fixture
def clock(settings: Settings, webhook: Webhook) -> Clock:
    return Clock(settings, Alerts(webhook_url_env="HOOK"), {"HOOK": webhook.url})


def test_a_blocked_run_is_one_message_with_cause_owner_and_release(
    clock: Clock, webhook: Webhook
) -> None:
    assert clock.failed(SPEND, LEADS) == []
    (text,) = webhook.texts
    lines = text.splitlines()
    assert lines[0] == "*Tandem, company: run_daily was blocked by a gate*"
    assert "- ads__spend: has_rows does not hold. Accountable: marketing." in lines
    assert "- crm__leads: has_rows does not hold. Accountable: sales." in lines
    assert "No release is published yet." in lines
    assert any("run1" in line for line in lines)


def test_a_run_is_reported_once_whoever_reports_it(
    settings: Settings, clock: Clock, webhook: Webhook
) -> None:
    end = RunEnd("run_daily", "failed", "the run", (SPEND,))
    alerts = Alerts(webhook_url_env="HOOK")
    for minutes in (0, 1, 90):
        report(settings, alerts, end, FIVE + timedelta(minutes=minutes), clock.env)
    assert len(webhook.texts) == 1


def test_a_cause_is_told_once_an_hour(clock: Clock, webhook: Webhook) -> None:
    clock.failed(SPEND)
    for _ in range(11):
        clock.failed(SPEND, after=5)
        clock.tick()
    assert len(webhook.texts) == 1
    clock.failed(SPEND, after=5)  # 12 x 5 minutes after the first
    assert len(webhook.texts) == 2
    clock.failed(SPEND, after=24 * 60)
    assert len(webhook.texts) == 3


def test_a_clock_that_is_set_back_silences_nothing(clock: Clock, webhook: Webhook) -> None:
    clock.failed(SPEND)
    clock.failed(SPEND, after=-365 * 24 * 60)
    assert len(webhook.texts) == 2
    clock.failed(SPEND, after=59)
    assert len(webhook.texts) == 2
    clock.failed(SPEND, after=1)
    assert len(webhook.texts) == 3


def test_another_cause_is_told_at_once_and_alone(clock: Clock, webhook: Webhook) -> None:
    clock.failed(SPEND)
    clock.failed(SPEND, LEADS, after=5)
    assert len(webhook.texts) == 2
    assert "crm__leads" in webhook.texts[1] and "ads__spend" not in webhook.texts[1]


def test_the_first_success_after_a_failure_says_so_once(clock: Clock, webhook: Webhook) -> None:
    clock.published()
    assert webhook.texts == []
    clock.failed(SPEND)
    clock.failed(SPEND, after=10)
    clock.published(after=10)
    clock.published(after=10)
    assert len(webhook.texts) == 2
    assert "run_daily works again" in webhook.texts[1]
    assert "2 runs had failed since 2026-03-02 05:00 UTC." in webhook.texts[1]


def test_flapping_is_no_storm_and_no_silence(clock: Clock, webhook: Webhook) -> None:
    """A failure within the hour waits for its end, and is forgotten if it is over by then."""
    clock.failed(SPEND)
    clock.published(after=5)
    for _ in range(4):
        clock.failed(SPEND, after=5)
        clock.published(after=5)
    assert len(webhook.texts) == 2  # failed, works again
    clock.failed(SPEND, after=5)
    clock.tick(after=5)
    assert len(webhook.texts) == 2
    clock.tick(after=5)  # an hour after the first: it still fails
    clock.tick(after=5)
    assert len(webhook.texts) == 3 and "ads__spend" in webhook.texts[2]
    clock.published(after=5)
    assert "works again" in webhook.texts[3]


def test_a_release_that_grows_old_is_told_once_and_so_is_the_next_one(
    settings: Settings, clock: Clock, webhook: Webhook
) -> None:
    def tick(hours: float) -> int:
        """The number of messages after some hours."""
        assert clock.tick(after=round(hours * 60), late_after=timedelta(days=2)) == []
        return len(webhook.texts)

    assert tick(100) == 0  # there is no release to grow old
    release = publish(settings, build(settings))
    clock.now = release.published_at
    assert tick(47) == 0
    assert tick(2) == tick(0.1) == tick(24) == 1
    lines = webhook.texts[0].splitlines()
    assert lines[0] == "*Tandem, company: the release is late*"
    assert f"Release {release.release_id}" in lines[1]
    assert lines[2] == "Nothing newer was published for 2.0 days; 2 are usual."
    # A new release, then the old one again.
    newer = publish(settings, build(settings, "b2"))
    clock.now = newer.published_at
    assert tick(0) == tick(0.1) == 2
    assert "the release is no longer late" in webhook.texts[1]
    rollback(settings, release.release_id, *WHY)
    clock.now += timedelta(days=3)
    assert tick(0) == tick(0.1) == 3
    assert "Publishing is held since" in webhook.texts[2]


def test_what_was_told_outlives_the_process(
    settings: Settings, clock: Clock, webhook: Webhook
) -> None:
    """Each report reads the file anew: nothing is kept in memory. It is private."""
    clock.failed(SPEND)
    path = settings.home / "alerts.json"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("{", encoding="utf-8")
    with pytest.raises(TandemError, match=r"alerts\.json cannot be read. Remove it"):
        clock.failed(SPEND, after=5)


def test_a_message_that_is_not_taken_waits_and_arrives_once(clock: Clock, webhook: Webhook) -> None:
    webhook.status = 503
    assert clock.failed(SPEND) == ["webhook: answered with status 503"]
    assert clock.failed(LEADS, after=1) == ["webhook: answered with status 503"]
    assert webhook.asked == 2  # the second message was not tried: the first still waits
    webhook.status = 200
    assert clock.tick(after=1) == []
    assert clock.tick(after=1) == []
    assert ["ads__spend" in text for text in webhook.texts] == [True, False]


def mail_to(mail_server: MailServer) -> Email:
    return Email(
        host="127.0.0.1",
        port=mail_server.port,
        security="none",
        sender="tandem@example.com",
        recipients=["data@example.com", "ops@example.com"],
    )


def test_one_refused_recipient_is_no_mail_a_minute_for_the_other(
    settings: Settings, mail_server: MailServer
) -> None:
    clock = Clock(settings, Alerts(email=mail_to(mail_server)), {})
    mail_server.refused = {"ops@example.com"}
    assert clock.failed(SPEND) == ["email: the server refused 1 of the recipients"]
    assert clock.tick(after=1) == clock.tick(after=1) == []
    assert len(mail_server.mails) == 1
    mail_server.refused = {"ops@example.com", "data@example.com"}
    assert clock.failed(LEADS, after=1) == ["email: SMTPRecipientsRefused"]
    mail_server.refused = set()
    assert clock.tick(after=1) == []
    assert len(mail_server.mails) == 2


def test_a_channel_that_is_away_does_not_stop_the_other(
    settings: Settings, webhook: Webhook, mail_server: MailServer
) -> None:
    env = {"HOOK": webhook.url}
    clock = Clock(settings, Alerts(webhook_url_env="HOOK", email=mail_to(mail_server)), env)
    mail_server.code = 451
    (problem,) = clock.failed(SPEND)
    assert problem.startswith("email: ")
    mail_server.code = 250
    mail_server.recipients.clear()
    assert clock.tick() == []
    assert len(webhook.texts) == 1
    (mail_taken,) = mail_server.mails
    assert mail_taken["Subject"] == "Tandem, company: run_daily was blocked by a gate"
    assert mail_taken["To"] == "data@example.com, ops@example.com"
    assert mail_server.recipients == ["data@example.com", "ops@example.com"]
    assert "Accountable: marketing." in mail_taken.get_content()


def test_a_chat_that_was_away_for_weeks_gets_the_newest_messages(
    clock: Clock, webhook: Webhook
) -> None:
    webhook.status = 404
    for day in range(30):
        clock.failed(Cause(f"cause {day}", f"cause {day}"), after=24 * 60)
    webhook.status = 200
    clock.tick()
    assert len(webhook.texts) == 20 and "cause 29" in webhook.texts[-1]


@pytest.mark.parametrize("url", ["", "ftp://example.com/sesame", "sesame", "http://["])
def test_an_address_that_cannot_be_used_is_named_by_its_variable_alone(
    settings: Settings, url: str
) -> None:
    send = channels(Alerts(webhook_url_env="HOOK"), {"HOOK": url})["webhook"]
    with pytest.raises(DeliveryError) as raised:
        send(message_for_a_test(settings))
    assert str(raised.value).startswith("webhook: ")
    assert "sesame" not in str(raised.value)


def test_no_delivery_error_holds_the_address(settings: Settings, webhook: Webhook) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/services/sesame"
    webhook.status = 302  # to a page that would answer 200
    for url in (nobody, webhook.url):
        send = channels(Alerts(webhook_url_env="HOOK"), {"HOOK": url})["webhook"]
        with pytest.raises(DeliveryError) as raised:
            send(message_for_a_test(settings))
        assert "sesame" not in str(raised.value) and url not in str(raised.value)
        assert raised.value.__cause__ is None


def test_markup_of_a_chat_is_escaped(clock: Clock, webhook: Webhook) -> None:
    clock.failed(Cause("x", "<!channel> & co"))
    assert "&lt;!channel&gt; &amp; co" in webhook.texts[0]


def test_a_run_that_could_not_start_names_places_and_no_values(tmp_path: Path) -> None:
    problem = Problem("agreement/stages.csv", "stage_id", "Jane Roe", "is not allowed", "mend", 3)
    end = not_started("run_daily", CompanyError(tmp_path, [problem]))
    (cause,) = end.causes
    assert "agreement/stages.csv" in cause.text and "tandem check" in cause.text
    assert "Jane" not in cause.text
    unreadable = ExtractError("data/leads.csv", "line 3", "has 'Jane Roe'", "Mend it.")
    assert not_started("run_daily", unreadable).causes[0].text.endswith("data/leads.csv, line 3)")
    fault = not_started("run_daily", KeyError("Jane Roe"))
    assert fault.causes[0].text == "It could not start (KeyError)"
