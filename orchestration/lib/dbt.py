"""dbt's command lines: variables, paths and the manifest.

Belongs here: what dbt is called with. Does not belong here: models, or Dagster's events.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from orchestration.lib.errors import TandemError
from orchestration.settings import NO_TELEMETRY, Settings

# How the transform step's log says that models are done; their assets are reported at the end.
_BUILT = "built "

# In dbt's environment: the process that dbt must not outlive (`lifeline`).
PARENT_VARIABLE = "TANDEM_DBT_PARENT"


class DbtError(TandemError):
    """dbt could not parse or build the project; the message holds dbt's own words."""


def dbt_executable() -> str:
    """The dbt of the environment that runs this process, whatever PATH says."""
    beside = Path(sys.executable).with_name("dbt")
    found = str(beside) if beside.exists() else shutil.which("dbt")
    if not found:
        raise DbtError("dbt is not installed here. Run `make install`.")
    return found


def built_line(models: Sequence[str]) -> str:
    """The line of the log that says which models are done."""
    return _BUILT + ", ".join(models)


def models_of_line(line: str) -> list[str]:
    """The models that a line of the log says are done; none if it says something else."""
    return line.removeprefix(_BUILT).split(", ") if line.startswith(_BUILT) else []


def build_environment(as_of: datetime, build_id: str, agreement_version: str) -> dict[str, str]:
    """What tells dbt's models of this build. `as_of` is naive UTC; they know no other clock.

    The environment and not dbt's variables, since a changed variable makes dbt parse the whole
    project anew, which takes longer than a day's models.
    """
    return {
        "TANDEM_AS_OF": as_of.strftime("%Y-%m-%d %H:%M:%S"),
        "TANDEM_BUILD_ID": build_id,
        "TANDEM_AGREEMENT_VERSION": agreement_version,
    }


def run_args(full_refresh: bool) -> list[str]:
    """The arguments of the one dbt invocation of a run.

    Dagster knows how each model went; writing dbt's own reports of it takes seconds.
    """
    arguments = ["run", "--no-write-json"]
    return [*arguments, "--full-refresh"] if full_refresh else arguments


def environment(settings: Settings) -> dict[str, str]:
    """What dbt's process needs in its environment beside what is there.

    Its log has what happened, and not a line for each of some ten thousand steps.
    """
    return {
        **NO_TELEMETRY,
        "TANDEM_HOME": str(settings.home),
        "DBT_LOG_LEVEL_FILE": "info",
        PARENT_VARIABLE: str(os.getpid()),
    }


def is_manifest_current(settings: Settings) -> bool:
    """Whether the manifest is there and no file of the project is newer, as after an upgrade."""
    if not settings.dbt_manifest.exists():
        return False
    parsed_at = settings.dbt_manifest.stat().st_mtime
    project = settings.dbt_project
    files = [project / "dbt_project.yml", project / "profiles.yml"]
    for folder in ("models", "macros", "tests"):
        files += [path for path in (project / folder).rglob("*") if path.is_file()]
    return all(path.stat().st_mtime <= parsed_at for path in files)


def prepare_manifest(settings: Settings) -> Path:
    """Parse the project into `dbt_project/target/manifest.json` and return its path."""
    _dbt(settings, ["parse"], settings.dbt_manifest.parent, {}, "could not parse the project")
    return settings.dbt_manifest


def run_models(settings: Settings, models: Sequence[str], build: Mapping[str, str]) -> None:
    """Build models and all that they read into the settings' warehouse, in a process of its own.

    `build` is what `build_environment` gives. Raises DbtError with dbt's own words.
    """
    select = ["run", "--select", *(f"+{model}" for model in models)]
    _dbt(settings, select, settings.home / "dbt" / "target", build, "could not build the marts")


def _dbt(
    settings: Settings,
    words: Sequence[str],
    target: Path,
    build: Mapping[str, str],
    failure: str,
) -> None:
    done = subprocess.run(
        [
            dbt_executable(),
            "--quiet",
            *words,
            *("--project-dir", str(settings.dbt_project)),
            *("--profiles-dir", str(settings.dbt_project)),
            *("--target-path", str(target)),
        ],
        env={
            **os.environ,
            **environment(settings),
            **build,
            "DBT_LOG_PATH": str(target),
        },
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise DbtError(f"dbt {failure}:\n{done.stdout}{done.stderr}")
