"""Runs of the real pipeline, each in a process of its own, with its times and its memory.

Belongs here: one run and what it took. Does not belong here: which runs are compared (`bench`).
Called as a program it is the run's process: that of `tandem run`, with gate 1 timed apart.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from orchestration.settings import PROJECT_ROOT, Settings

SAMPLE_SECONDS = 0.5
IDENTITY = ("identity", "accounts")  # folders of models


@dataclass(frozen=True)
class Run:
    """What a run took. All times are in seconds, memory in GiB.

    `seconds` is the process as a whole, `phases` are those of the run's last line; gate 1 is part
    of `extract` there. `publish_began` and `publish_ended` are times of the wall clock.
    """

    seconds: float
    peak_memory: float
    phases: Mapping[str, float]
    gate_1: float
    models: Mapping[str, float] = field(default_factory=dict)
    publish_began: float = 0.0
    publish_ended: float = 0.0

    @property
    def gates(self) -> float:
        return self.gate_1 + self.phases["gate"]

    @property
    def work(self) -> float:
        """Extract, transform and gates."""
        return sum(self.phases[name] for name in ("extract", "transform", "gate"))

    def of_models(self, folders: tuple[str, ...]) -> float:
        """Seconds of the models of some folders of `intermediate`, as if one ran at a time."""
        inside = [PROJECT_ROOT / "dbt_project/models/intermediate" / name for name in folders]
        names = {path.stem for folder in inside for path in folder.glob("*.sql")}
        return sum(seconds for name, seconds in self.models.items() if name in names)


def run(settings: Settings, last_day: date, *arguments: str) -> Run:
    """Run the pipeline as on the morning after a day, when all of the day is there.

    Raises CalledProcessError where it does not publish.
    """
    as_of = f"{last_day + timedelta(days=1)}T04:00"
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "run.json"
        command = [sys.executable, "-m", "benchmarks.run", str(result), "--as-of", as_of]
        seconds, peak = measured([*command, *arguments], environment(settings))
        found: dict[str, Any] = json.loads(result.read_text())
    return Run(seconds=seconds, peak_memory=peak, **found)


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a command that works in these folders."""
    own = {"TANDEM_HOME": str(settings.home), "TANDEM_COMPANY": str(settings.company)}
    return {**os.environ, **own}


def measured(command: list[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Run a command to its end: its seconds, and the peak memory of its processes in GiB.

    Memory that processes share counts once (PSS). Raises CalledProcessError with its output.
    """
    began, peak = time.monotonic(), 0
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(
            command, env=env, cwd=PROJECT_ROOT, stdout=output, stderr=subprocess.STDOUT
        ) as process:
            while process.poll() is None:
                peak = max(peak, sum(map(_memory, _with_children(process.pid))))
                time.sleep(SAMPLE_SECONDS)
        if process.returncode:
            output.seek(0)
            sys.stderr.write(output.read())
            raise subprocess.CalledProcessError(process.returncode, command)
    return time.monotonic() - began, peak / 2**20


def _with_children(pid: int) -> list[int]:
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _with_children(int(child))
    except OSError:  # it has just ended
        pass
    return found


def _memory(pid: int) -> int:
    """The proportional set size of a process in KiB, 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _timed(work: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        began = time.monotonic()
        try:
            return work(*arguments, **named)
        finally:
            seconds.append(time.monotonic() - began)

    return timed


def main() -> None:
    """The process of one run: as `tandem run`, writing what it took to a file."""
    from orchestration import runs
    from orchestration.launch import Step
    from orchestration.lib import ingest
    from orchestration.settings import NO_TELEMETRY, settings_of_command

    parser = argparse.ArgumentParser()
    parser.add_argument("result", type=Path)
    parser.add_argument("--as-of")
    parser.add_argument("--start")
    parser.add_argument("--end")
    parser.add_argument("--full-refresh", action="store_true")
    given = parser.parse_args()
    os.environ.update(NO_TELEMETRY)
    settings = settings_of_command()
    gate_1: list[float] = []
    ingest.check_load = _timed(ingest.check_load, gate_1)
    publish: list[float] = []

    def on_step(step: Step) -> None:
        if step.phase == "publish" and step.state in ("started", "done"):
            publish.append(time.time())

    request = runs.RunRequest.parse(
        given.start, given.end, given.full_refresh, given.as_of, alert=False
    )
    outcome = runs.execute(settings, request, on_step)
    code = 0 if outcome.success else 1
    if outcome.success:
        found = {
            "phases": outcome.seconds,
            "gate_1": sum(gate_1),
            "models": _model_seconds(settings, outcome.run_id),
            "publish_began": min(publish),
            "publish_ended": max(publish),
        }
        given.result.write_text(json.dumps(found))
    else:
        print(*outcome.errors, *map(str, outcome.blocked), asdict(outcome), sep="\n")
    sys.stdout.flush()
    os._exit(code)  # as `tandem` does: nothing is left to tear down


def _model_seconds(settings: Settings, run_id: str) -> dict[str, float]:
    """Seconds of each model, from the events that Dagster keeps of the run."""
    import dagster as dg

    materialized = {dg.DagsterEventType.ASSET_MATERIALIZATION}
    seconds = {}
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        for entry in instance.all_logs(run_id, of_type=materialized):
            event = entry.dagster_event
            if event is None:
                continue
            found = event.step_materialization_data.materialization
            if "Execution Duration" in found.metadata:
                value = found.metadata["Execution Duration"].value
                seconds[found.asset_key.path[-1]] = float(str(value))
    return seconds


if __name__ == "__main__":
    main()
