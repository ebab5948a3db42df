"""`automation.yaml`: what it may say, what it says by default, and that no secret is shown."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.lib.company.automation_config import Automation, read_automation
from orchestration.lib.company.check import check_company
from orchestration.lib.company.folder import CompanyError, load_automation
from tests.end_to_end.small_company import SmallCompany

FULL = """\
daily: {enabled: true, hour: 4}
review: {enabled: true, weekday: thursday, hour: 8}
new_files: {enabled: true}
alerts:
  webhook_url_env: ALERTS_URL
  email:
    host: smtp.example.com
    user: tandem
    password_env: ALERTS_PASSWORD
    sender: tandem@example.com
    recipients: [data@example.com, sales-ops@example.com]
"""


def write(folder: Path, text: str) -> Path:
    (folder / "automation.yaml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_file_nothing_runs_by_itself(tmp_path: Path) -> None:
    automation = load_automation(tmp_path, {})
    assert automation == Automation()
    assert not (automation.daily.enabled or automation.review.enabled)
    assert not automation.new_files.enabled and automation.alerts is None
    assert automation.late_after is None


def test_a_full_file(tmp_path: Path) -> None:
    automation = load_automation(write(tmp_path, FULL), {})
    assert (automation.daily.hour, automation.review.hour) == (4, 8)
    assert automation.review.weekday == "thursday"
    assert automation.alerts is not None and automation.alerts.email is not None
    assert automation.alerts.email.security == "starttls"
    assert set(automation.alerts.variables.values()) == {"ALERTS_URL", "ALERTS_PASSWORD"}


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily: {enabled: true}\nreview: {enabled: true}", 2),
        ("review: {enabled: true}", 8),
        ("new_files: {enabled: true}", None),  # nothing may come for months
        ("new_files: {enabled: true}\nlate_after_days: 40", 40),
    ],
)
def test_when_the_release_is_late_follows_from_what_runs(
    tmp_path: Path, text: str, days: int | None
) -> None:
    late_after = load_automation(write(tmp_path, text), {}).late_after
    assert late_after == (None if days is None else timedelta(days=days))


@pytest.mark.parametrize(
    ("text", "line", "where", "message"),
    [
        ("daily: {hour: 24}", 1, "daily.hour", "is no hour"),
        ("daily:\n  enabled: yes", 2, "daily.enabled", "must be true or false"),
        ("review: {weekday: mon}", 1, "review.weekday", "is not allowed"),
        ("late_after_days: 0", 1, "late_after_days", "must be above 0"),
        ("weekly: {}", 1, "weekly", "no such key"),
        ("alerts: {}", 1, "alerts", "sends nowhere"),
        ("- daily", 1, "", "is not a block of keys"),
        (
            "alerts:\n  email: {host: h, user: u, sender: a@b.c, recipients: [a@b.c]}",
            2,
            "alerts.email",
            "user and password_env belong together",
        ),
        (
            "alerts:\n  email: {host: h, sender: nobody, recipients: [a@b.c]}",
            2,
            "alerts.email.sender",
            "is no e-mail address",
        ),
        (
            "alerts:\n  email:\n    host: h\n    user: u\n    password_env: P\n    security: none\n"
            "    sender: a@b.c\n    recipients: [a@b.c]",
            2,
            "alerts.email",
            "a password would be sent unencrypted",
        ),
    ],
)
def test_a_problem_names_file_line_key_and_fix(
    tmp_path: Path, text: str, line: int, where: str, message: str
) -> None:
    (problem,) = read_automation(write(tmp_path, text), {}).problems
    assert (problem.file, problem.where, problem.message) == ("automation.yaml", where, message)
    assert problem.line == line
    assert problem.fix


@pytest.mark.parametrize(
    "text",
    [
        "alerts: {webhook_url_env: https://example.com/sesame}",
        "alerts: {webhook_url: https://example.com/sesame}",
        "alerts: https://example.com/sesame",
        "alerts: {email: {host: h, password: sesame, sender: a@b.c, recipients: [a@b.c]}}",
        "alerts: {email: {host: h, user: u, password_env: sesame!, sender: a@b.c,"
        " recipients: [a@b.c]}}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(CompanyError) as raised:
        load_automation(write(tmp_path, text), {})
    assert "sesame" not in str(raised.value)


def test_check_names_variables_that_are_not_set(tmp_path: Path) -> None:
    folder = write(SmallCompany(tmp_path).write().folder, FULL)
    missing = check_company(folder, {"ALERTS_URL": "https://example.com/sesame"}).problems
    assert [(problem.where, problem.value) for problem in missing] == [
        ("alerts.email.password_env", "ALERTS_PASSWORD")
    ]
    assert "export ALERTS_PASSWORD" in missing[0].fix
    assert not check_company(folder, {"ALERTS_URL": "x", "ALERTS_PASSWORD": "y"}).problems
    # A run goes on without them: only sending needs them.
    assert load_automation(folder, {}).alerts is not None


def test_check_and_runs_name_what_is_wrong_in_the_file(tmp_path: Path) -> None:
    folder = write(SmallCompany(tmp_path).write().folder, "daily: {hour: noon}")
    (problem,) = check_company(folder, {}).problems
    assert (problem.file, problem.where, problem.value) == ("automation.yaml", "daily.hour", "noon")
