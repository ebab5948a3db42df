"""Where things are: the only reader of the environment.

`TANDEM_HOME` holds all state (default `data/` in the checkout), `TANDEM_COMPANY` names the
company folder (default: the demo company).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.lib.errors import TandemError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DEMO_TEMPLATE = PROJECT_ROOT / "orchestration" / "demo" / "company"

# How many events Dagster hands to the storage at once, where it has many; see `event_log`.
EVENT_BATCH_SIZE = "1000"

# Off in every command, every child process and the UI.
NO_TELEMETRY = {
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
}


class SettingsError(TandemError):
    """A setting that cannot be used; the message names it and the fix."""


@dataclass(frozen=True)
class Settings:
    """Folders of one installation; every path is absolute."""

    home: Path
    company: Path

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    @property
    def warehouse_file(self) -> Path:
        return self.home / "warehouse" / "tandem.duckdb"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def published(self) -> Path:
        """The symlink to the current release."""
        return self.home / "published"

    @property
    def ledger(self) -> Path:
        return self.home / "ledger"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def demo(self) -> Path:
        """Where the demo company is generated."""
        return self.home / "demo"

    @property
    def is_demo(self) -> bool:
        return self.company in (self.demo, DEMO_TEMPLATE)

    @property
    def dbt_project(self) -> Path:
        return PROJECT_ROOT / "dbt_project"

    @property
    def dbt_manifest(self) -> Path:
        return self.dbt_project / "target" / "manifest.json"


def settings_of_command() -> Settings:
    """The settings, told to this process's children too (dbt, the UI's code server)."""
    settings = load_settings()
    os.environ["TANDEM_HOME"] = str(settings.home)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENT_BATCH_SIZE)
    return settings


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment (`os.environ` by default).

    Raises SettingsError where `TANDEM_HOME` has a character that the engines read as a
    pattern, or `TANDEM_COMPANY` is no folder.
    """
    env = os.environ if env is None else env
    home = Path(env.get("TANDEM_HOME") or PROJECT_ROOT / "data").expanduser().resolve()
    if any(character in str(home) for character in "*?[]{}'\"\\\n"):
        raise SettingsError(
            f"TANDEM_HOME is '{home}': quotes, backslashes and * ? [ ] {{ }} cannot be part of it."
            " Choose another folder."
        )
    named = env.get("TANDEM_COMPANY")
    if not named:
        # The demo's sources are the same before and after its data is generated, so that the
        # asset graph loads from the template until `tandem demo` has written the company.
        demo = home / "demo"
        return Settings(home, demo if demo.is_dir() else DEMO_TEMPLATE)
    company = Path(named).expanduser().resolve()
    if not company.is_dir():
        raise SettingsError(
            f"TANDEM_COMPANY is '{named}', which is no folder."
            " Create one with `tandem init DIR`, or unset it to use the demo company."
        )
    return Settings(home, company)
