"""Where things are: the only reader of the environment.

`TANDEM_HOME` holds all state (default `data/` in the checkout), `TANDEM_COMPANY` names the
company folder (default: the demo company). A server sets three more: `TANDEM_READERS_GROUP`,
`TANDEM_DAGSTER_POSTGRES_URL` and `TANDEM_KEEP_DAYS` (docs/deployment.md).
"""

from __future__ import annotations

import grp
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.lib.errors import TandemError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DEMO_TEMPLATE = PROJECT_ROOT / "orchestration" / "demo" / "company"

# How many events Dagster hands to the storage at once, where it has many; see `event_log`.
EVENT_BATCH_SIZE = "1000"

# Names the database of Dagster's runs. Its value is a secret, so it stays in the environment.
POSTGRES_URL = "TANDEM_DAGSTER_POSTGRES_URL"
# A password that is not percent-encoded would be read as part of the host, and named in errors.
_POSTGRES_URL = re.compile(
    r"postgresql(\+psycopg2)?://[^:/?#@\s]+(:[^:/?#@\s]*)?@([\w.-]*|\[[0-9a-fA-F:]+\])(:\d+)?"
    r"/[\w-]+(\?[^#@\s]*)?"
)

# What a command creates is for its user alone; releases are opened to their readers.
_UMASK = 0o077
_KEEP_DAYS = 90

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
    """Folders of one installation, every path absolute, and what a server sets.

    The group of `readers_gid` may read releases beside the user; `keep_days` is how long a run's
    history stays; `is_history_in_postgres` says where it is.
    """

    home: Path
    company: Path
    readers_gid: int | None = None
    keep_days: int = _KEEP_DAYS
    is_history_in_postgres: bool = False

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
    """The settings, told to this process's children too (dbt, the UI's code server).

    From here on, files that this process creates are private to its user.
    """
    settings = load_settings()
    os.umask(_UMASK)
    os.environ["TANDEM_HOME"] = str(settings.home)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENT_BATCH_SIZE)
    return settings


def postgres_url() -> str:
    """The address of the database of Dagster's runs, with its password."""
    return os.environ[POSTGRES_URL]


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment (`os.environ` by default).

    Raises SettingsError where one of them cannot be used: a character in `TANDEM_HOME` that the
    engines read as a pattern, a `TANDEM_COMPANY` that is no folder, a group that is not there.
    """
    env = os.environ if env is None else env
    home = Path(env.get("TANDEM_HOME") or PROJECT_ROOT / "data").expanduser().resolve()
    if any(character in str(home) for character in "*?[]{}'\"\\\n"):
        raise SettingsError(
            f"TANDEM_HOME is '{home}': quotes, backslashes and * ? [ ] {{ }} cannot be part of it."
            " Choose another folder."
        )
    return Settings(
        home,
        _company(home, env.get("TANDEM_COMPANY")),
        readers_gid=_readers_gid(env.get("TANDEM_READERS_GROUP")),
        keep_days=_keep_days(env.get("TANDEM_KEEP_DAYS")),
        is_history_in_postgres=_is_in_postgres(env.get(POSTGRES_URL)),
    )


def _company(home: Path, named: str | None) -> Path:
    if not named:
        # The demo's sources are the same before and after its data is generated, so that the
        # asset graph loads from the template until `tandem demo` has written the company.
        demo = home / "demo"
        return demo if demo.is_dir() else DEMO_TEMPLATE
    company = Path(named).expanduser().resolve()
    if not company.is_dir():
        raise SettingsError(
            f"TANDEM_COMPANY is '{named}', which is no folder."
            " Create one with `tandem init DIR`, or unset it to use the demo company."
        )
    return company


def _readers_gid(name: str | None) -> int | None:
    """The group's number; a container, which has no name for a group of its host, is given it."""
    if not name:
        return None
    try:
        gid = int(name) if name.isascii() and name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise SettingsError(
            f"TANDEM_READERS_GROUP is '{name}', which is no group of this machine."
            f" Create it with `groupadd {name}`, or unset it to keep releases to this user."
        ) from None
    if os.geteuid() != 0 and gid not in (os.getegid(), *os.getgroups()):
        raise SettingsError(
            f"TANDEM_READERS_GROUP is '{name}', and this user is no member of it: nobody but a"
            f" member can give it a file. Add the user with `usermod -aG {name} USER`."
        )
    return gid


def _keep_days(text: str | None) -> int:
    if not text:
        return _KEEP_DAYS
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise SettingsError(f"TANDEM_KEEP_DAYS is '{text}'. Write a whole number of days, from 1.")
    return int(text)


def _is_in_postgres(url: str | None) -> bool:
    """Whether the database's address is given; it is never kept, shown or passed on."""
    if url and not _POSTGRES_URL.fullmatch(url):
        raise SettingsError(
            f"{POSTGRES_URL} is no address of a PostgreSQL database. Write it as"
            " postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the"
            " password percent-encoded."
        )
    return bool(url)
