"""What a person sees while a run goes on.

Belongs here: progress, and the consoles that all output goes through. Does not belong here: what
is said once a run has ended (`console`). In a terminal the phases are bars that fill; elsewhere
every line is plain text, so that a log can be searched.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from orchestration.launch import PHASES, Phase, Step

# Of a log: wide enough that no table of ours is folded.
_LOG_WIDTH = 160


def new_console(stream: IO[str] | None = None, *, stderr: bool = False) -> Console:
    """A console on a stream; default: standard output, or standard error."""
    is_terminal = (stream or (sys.stderr if stderr else sys.stdout)).isatty()
    width = None if is_terminal else _LOG_WIDTH
    return Console(file=stream, stderr=stderr, width=width, highlight=False)


WORDS = {"extract": "Extract", "transform": "Transform", "gate": "Gate", "publish": "Publish"}
_STARTING = {"transform": "starting dbt", "gate": "checking", "publish": "writing the release"}


@contextmanager
def progress() -> Iterator[Callable[[Step], None]]:
    """Show steps as they happen; yields the function to call with each of them."""
    with _own_stream() as stream:
        console = new_console(stream)
        if not console.is_terminal:
            yield _Lines(console).show
            return
        with Progress(
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[count]:>7}"),
            _Elapsed(),
            TextColumn("{task.fields[at]}", table_column=_REST_OF_LINE),
            console=console,
            expand=True,
            redirect_stdout=False,  # what steps write is for the UI's logs
            redirect_stderr=False,
        ) as bars:
            yield _Bars(bars).show


@contextmanager
def _own_stream() -> Iterator[IO[str]]:
    """Standard output for progress alone.

    Dagster captures what steps write to standard output and error into the logs that its UI
    shows, and mirrors it to the terminal, where it would drown the progress.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {number: os.dup(number) for number in (1, 2)}
    try:
        with Path(os.devnull).open("wb") as nowhere:
            for number in kept:
                os.dup2(nowhere.fileno(), number)
        with os.fdopen(os.dup(kept[1]), "w", encoding="utf-8") as stream:
            yield stream
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)


_REST_OF_LINE = Column(ratio=1, no_wrap=True, overflow="ellipsis")


class _Elapsed(ProgressColumn):
    """Seconds since a phase began, until it has ended."""

    def render(self, task: Task) -> Text:
        seconds = task.finished_time if task.finished else task.elapsed
        return Text("" if seconds is None else f"{seconds:.0f} s".rjust(6))


class _Bars:
    """A bar per phase that fills as its tables, models and gates are done."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks = {
            phase: bars.add_task(WORDS[phase], total=None, start=False, at="", count="")
            for phase in PHASES
        }
        self._show(PHASES[0], at="preparing")

    def show(self, step: Step) -> None:
        if step.state == "planned":
            self._show(step.phase, total=step.count)
            return
        self._bars.start_task(self._tasks[step.phase])
        if step.state == "started":
            self._show(step.phase, at=_STARTING.get(step.phase, _name(step.name)))
        elif step.state == "failed":
            self._bars.console.print(f"[red]failed[/red]  {_name(step.name)}")
        elif step.state == "note":
            self._show(step.phase, at=_note(step))
        elif step.state == "item" and step.phase == "gate":
            self._show(step.phase, advance=1)  # the note tells of all of them
        elif step.state == "item":
            self._show(step.phase, advance=1, at=step.name)
        elif step.state == "done" and step.phase in ("extract", "publish"):
            self._show(step.phase, advance=1)

    def _show(self, phase: Phase, **changes: Any) -> None:
        number = self._tasks[phase]
        self._bars.update(number, **changes)
        task = self._bars.tasks[number]
        if task.total is not None:
            self._bars.update(number, count=f"{task.completed:.0f}/{task.total:.0f}")


class _Lines:
    """A line for each table, model and phase that is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._notes: dict[str, str] = {}
        self._models = 0

    def show(self, step: Step) -> None:
        if step.state == "note":
            # The last note is told with the step's end; one before it was progress.
            if step.phase == "extract" and step.name in self._notes:
                self._print(step.phase, self._notes[step.name])
            self._notes[step.name] = _note(step)
        elif step.state == "done":
            what = self._notes.get(step.name, _name(step.name))
            self._print(step.phase, f"{what}  ({step.seconds:.1f} s)")
        elif step.state == "item" and step.phase == "transform":
            self._models += 1
            self._notes["dbt_models"] = f"{self._models} models"
            self._print(step.phase, step.name)
        elif step.state == "failed":
            self._print(step.phase, f"failed: {_name(step.name)}")

    def _print(self, phase: Phase, what: str) -> None:
        self._console.print(f"{phase:<10} {what}", soft_wrap=True, markup=False)


def _name(step: str) -> str:
    return step.removeprefix("lake__")


def _note(step: Step) -> str:
    """What a step says of itself; a table's name goes before it."""
    return f"{_name(step.name)}: {step.message}" if step.phase == "extract" else step.message
