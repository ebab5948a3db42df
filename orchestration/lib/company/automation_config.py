"""What runs by itself, and who is told when it does not: `automation.yaml` of a company folder.

Belongs here: its keys, and reading it. Does not belong here: the schedules and sensors
(`defs.automation`), sending anything (`lib.alerts`).

The file is no part of the agreement: another hour changes no number, so nobody signs it again.
A secret is named by its environment variable and read only when something is sent, so that no
object, log or message of ours can hold it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Strict, ValidationError, model_validator

from orchestration.lib.company.problems import Problem
from orchestration.lib.company.source_config import Boolean, ComplaintsError, Settings
from orchestration.lib.company.source_problems import settings_problems
from orchestration.lib.company.yaml_text import Document, read_yaml

FILE = "automation.yaml"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What a problem may quote; whatever else stands below `alerts` may be a secret, put there in error.
_NO_SECRETS = ("host", "port", "security", "sender", "recipients")


def _hour(value: int) -> int:
    if not 0 <= value <= 23:
        raise ComplaintsError.of("is no hour", "write 0 to 23")
    return value


def _variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        raise ComplaintsError.of(
            "is no name of an environment variable",
            "write the variable's name, such as TANDEM_ALERTS_URL; the secret is its value",
        )
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise ComplaintsError.of("is no e-mail address", "write one such as data@example.com")
    return value


Hour = Annotated[int, Strict(), AfterValidator(_hour)]
VariableName = Annotated[str, AfterValidator(_variable)]
Address = Annotated[str, AfterValidator(_address)]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class DailyRun(Settings):
    """One run a day, at an hour of the agreement's timezone."""

    enabled: Boolean = False
    hour: Hour = 5


class ReviewRun(Settings):
    """One run a week that closes the week, before the two teams meet."""

    enabled: Boolean = False
    weekday: Weekday = "monday"
    hour: Hour = 6


class NewFiles(Settings):
    """A run as soon as the files of a source have changed."""

    enabled: Boolean = False


class Compaction(Settings):
    """The lake is compacted once a week."""

    enabled: Boolean = False
    weekday: Weekday = "sunday"
    hour: Hour = 3


class Email(Settings):
    """A mail server that takes messages, and who gets them."""

    host: str = Field(min_length=1)
    port: Annotated[int, Strict()] | None = Field(default=None, gt=0)  # default: by `security`
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_env: VariableName | None = None
    sender: Address
    recipients: list[Address] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Email:
        if (self.user is None) != (self.password_env is None):
            raise ComplaintsError.of(
                "user and password_env belong together", "give both, or neither"
            )
        if self.user is not None and self.security == "none":
            raise ComplaintsError.of(
                "a password would be sent unencrypted", "write security: starttls, or tls"
            )
        return self


class Alerts(Settings):
    """Where messages about failed runs go: to one of these, or both."""

    webhook_url_env: VariableName | None = None
    email: Email | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Alerts:
        if self.webhook_url_env is None and self.email is None:
            raise ComplaintsError.of("sends nowhere", "give webhook_url_env or email, or both")
        return self

    @property
    def variables(self) -> dict[tuple[str, ...], str]:
        """The environment variables that must be set, by the key that names them."""
        named: dict[tuple[str, ...], str | None] = {("webhook_url_env",): self.webhook_url_env}
        if self.email is not None:
            named["email", "password_env"] = self.email.password_env
        return {path: name for path, name in named.items() if name is not None}


class Automation(Settings):
    """The whole file; without it nothing runs by itself, and nobody is told."""

    daily: DailyRun = DailyRun()
    review: ReviewRun = ReviewRun()
    new_files: NewFiles = NewFiles()
    compaction: Compaction = Compaction()
    alerts: Alerts | None = None
    late_after_days: Annotated[int, Strict()] | None = Field(default=None, gt=0)

    @property
    def late_after(self) -> timedelta | None:
        """How old the release may grow; None where no clock starts runs and no key says it."""
        if self.late_after_days is not None:
            return timedelta(days=self.late_after_days)
        if self.daily.enabled:
            return timedelta(days=2)  # one run may fail
        return timedelta(days=8) if self.review.enabled else None


@dataclass(frozen=True)
class AutomationFile:
    """The file as read. `automation` is None where it has problems."""

    document: Document
    automation: Automation | None
    problems: list[Problem] = field(default_factory=list)

    def unset_variables(self, env: Mapping[str, str]) -> Iterator[Problem]:
        """Variables that alerts need and that the environment lacks: nothing could be sent."""
        if self.automation is None or self.automation.alerts is None:
            return
        for path, name in self.automation.alerts.variables.items():
            if not env.get(name):
                yield self.document.problem(
                    ("alerts", *path),
                    "this environment variable is not set",
                    f"set it before the command, such as `export {name}=…`",
                )


def read_automation(folder: Path, env: Mapping[str, str]) -> AutomationFile:
    """Read `automation.yaml` of a company folder; a missing file is the defaults."""
    path = folder / FILE
    if not path.is_file():
        return AutomationFile(Document(FILE), Automation())
    document = read_yaml(FILE, path.read_bytes(), env)
    for at in list(document.written):
        if at[0] == "alerts" and not _is_shown(at, document.written[at]):
            del document.written[at]
    if document.problems:
        return AutomationFile(document, None, document.problems)
    if not isinstance(document.data, dict):
        fix = "begin with a key such as daily:"
        problem = document.problem((), "is not a block of keys", fix)
        return AutomationFile(document, None, [problem])
    try:
        return AutomationFile(document, Automation.model_validate(document.data))
    except ValidationError as error:
        return AutomationFile(document, None, list(settings_problems(document, Automation, error)))


def _is_shown(path: tuple[Any, ...], written: str) -> bool:
    key = next(part for part in reversed(path) if isinstance(part, str))
    return key in _NO_SECRETS or (key.endswith("_env") and bool(_VARIABLE.fullmatch(written)))
