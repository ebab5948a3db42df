"""The `tandem` command: a thin door to the same jobs that the UI runs.

Belongs here: arguments, exit codes, one readable message per error. Does not belong here:
the work itself (`launch`, `lib`) and how it is drawn (`console`). Heavy imports are inside the
commands, so that `tandem --help` answers at once.
"""

from __future__ import annotations

import getpass
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated, Literal

import typer

from orchestration.cli_agreement import agreement_app
from orchestration.cli_alerts import alerts_app
from orchestration.cli_erase import erase
from orchestration.cli_server import daemon, ui
from orchestration.lib.errors import TandemError
from orchestration.settings import NO_TELEMETRY, load_settings
from orchestration.settings import settings_of_command as _settings

PUBLISHED, ERROR, USAGE, BLOCKED = 0, 1, 2, 3

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="One funnel, one set of KPIs and one written agreement for marketing and sales.",
)
quarantine_app = typer.Typer(no_args_is_help=True, help="Rows that a gate kept out of the lake.")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(agreement_app, name="agreement")
app.add_typer(alerts_app, name="alerts")
app.command()(erase)
app.command()(ui)
app.command()(daemon)

Why = Annotated[str, typer.Option("--why", help="The reason, for the log; asked for if missing.")]
By = Annotated[str, typer.Option("--by", help="Who decides; default: the user's login name.")]


def main() -> None:
    """Run the command; an error that the user can mend is one message and never a traceback."""
    os.environ.update(NO_TELEMETRY)
    code = ERROR
    try:
        code = _run_app()
    except Exception as error:  # a fault of ours: still one message, for a report
        with tempfile.NamedTemporaryFile("w", prefix="tandem-", suffix=".log", delete=False) as log:
            traceback.print_exc(file=log)
        typer.echo(
            f"error: {type(error).__name__}: {error}\n"
            f"This is a fault in Tandem. Its details are in {log.name}.",
            err=True,
        )
    except BaseException:  # Ctrl-C, by whatever name: Dagster has its own
        typer.echo("Stopped.", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    # DuckDB's bindings print pages about leaked references when the interpreter is torn down.
    # Everything is on disk and flushed by now, so there is nothing left to tear down.
    os._exit(code)


def _run_app() -> int:
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except (TandemError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        return ERROR
    return PUBLISHED


def _decision(by: str, why: str) -> tuple[str, str]:
    """Who decides and why, for the ledger. A person is asked for a reason, a script is not."""
    if not why and sys.stdin.isatty():
        why = typer.prompt("Why")
    return by or getpass.getuser(), why or "no reason given"


@app.command()
def init(directory: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Write a new company folder with commented examples."""
    from orchestration.lib.company.folder import write_template

    write_template(directory)
    typer.echo(f"Wrote a company folder to {directory}.")
    typer.echo(
        f"Next: edit it, then `export TANDEM_COMPANY={directory.resolve()}` and `tandem check`."
    )


@app.command()
def check() -> None:
    """Validate the company folder and report every problem at once."""
    from orchestration.lib.company.check import check_company
    from orchestration.lib.company.folder import load_company
    from orchestration.runs import require_company

    settings = _settings()
    require_company(settings)
    found = check_company(settings.company, os.environ)
    for problem in found.problems:
        typer.echo(str(problem), err=True)
    for note in found.notes:
        typer.echo(f"note: {note}", err=bool(found.problems))
    if found.problems:
        typer.echo(f"{len(found.problems)} problem(s) in {settings.company}", err=True)
        raise typer.Exit(ERROR)
    agreement = load_company(settings.company).agreement
    signed = "signed by both teams" if agreement.is_signed else "not signed by both teams"
    typer.echo(f"{settings.company}: no problems. Agreement {agreement.version} ({signed}).")


@app.command()
def demo(
    scale: Annotated[float, typer.Option(min=0.01, help="1 is a company of 6,000 leads.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same company.")] = 7,
    days: Annotated[int, typer.Option(min=60, help="Days of history.")] = 540,
    stories: Annotated[
        bool, typer.Option(help="Plant four troubles for the review agenda to find.")
    ] = True,
) -> None:
    """Generate the demo company, with the ground truth beside it."""
    from orchestration.demo import generate_demo

    settings = _settings()
    summary = generate_demo(settings.demo, scale=scale, seed=seed, days=days, stories=stories)
    typer.echo(f"{summary}")


@app.command()
def run(
    start: Annotated[str | None, typer.Option(help="First day of a range, YYYY-MM-DD.")] = None,
    end: Annotated[str | None, typer.Option(help="Last day of the range, YYYY-MM-DD.")] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild from the lake without extracting.")
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(help="Build the marts as of this day's end, or this UTC time; default: now."),
    ] = None,
    close_week: Annotated[
        bool, typer.Option("--close-week", help="Build the marts as of the end of the last week.")
    ] = False,
    alert: Annotated[
        bool, typer.Option(help="Tell whom automation.yaml names if the run fails, or works again.")
    ] = True,
) -> None:
    """Extract, transform, check and publish. Exit code 3 means: blocked by a gate."""
    from orchestration import console
    from orchestration.alerting import execute_and_alert
    from orchestration.console_progress import progress
    from orchestration.runs import RunRequest

    settings = _settings()
    try:
        request = RunRequest.parse(start, end, full_refresh, as_of, close_week, alert)
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(USAGE) from None
    undelivered: list[str] = []
    try:
        with progress() as on_step:
            outcome = execute_and_alert(settings, request, on_step, undelivered.append)
    finally:
        for problem in undelivered:
            typer.echo(f"note: alerts: {problem}", err=True)
    if outcome.blocked:
        console.print_blocked(settings, outcome)
        raise typer.Exit(BLOCKED)
    if not outcome.success:
        console.print_errors(settings, outcome)
        raise typer.Exit(ERROR)
    console.print_summary(settings, outcome)


@app.command()
def status() -> None:
    """The current release, whether publishing is held, rejected loads and quarantined rows."""
    from orchestration import console

    console.print_status(_settings())


@app.command()
def releases() -> None:
    """The releases that are kept, newest first."""
    from orchestration import console

    console.print_releases(_settings())


@app.command()
def rollback(
    release: Annotated[str, typer.Argument(help="A release id, as `tandem releases` lists it.")],
    why: Why = "",
    by: By = "",
) -> None:
    """Make an older release the current one and hold publishing until `tandem resume`."""
    from orchestration.lib.release import releases as lib

    lib.rollback(_settings(), release, *_decision(by, why))
    typer.echo(f"{release} is published. Publishing is held until `tandem resume`.")
    _show_hold()


@app.command()
def resume(why: Why = "", by: By = "") -> None:
    """Lift the hold that a rollback set; the next run publishes again."""
    from orchestration.lib.release import releases as lib

    lib.resume(_settings(), *_decision(by, why))
    typer.echo("The next run publishes again: `tandem run`.")
    _show_hold()


def _show_hold() -> None:
    """Tell Dagster, whose history is no reason to fail: the decision stands."""
    from orchestration.launch import show_hold
    from orchestration.lib.release.releases import read_hold

    try:
        show_hold(_settings(), read_hold(_settings()))
    except Exception as error:
        typer.echo(f"The UI does not show it before the next run ({type(error).__name__}).")


@app.command()
def accept(
    load: Annotated[int, typer.Argument(help="The number of a rejected load.")],
    why: Why = "",
    by: By = "",
) -> None:
    """Accept a load that gate 1 rejected; the next run reads it."""
    from orchestration.lib.lake.lake import Lake

    Lake(_settings()).accept(load, *_decision(by, why))
    typer.echo(f"Load {load} is accepted. Next: `tandem run`.")


@app.command()
def compact() -> None:
    """Make few files of the lake's many, and drop what no load can bring back. Numbers stay."""
    from orchestration.lib.compaction import compact as compact_lake

    typer.echo(compact_lake(_settings(), typer.echo).summary)


@app.command()
def reload(
    load: Annotated[int, typer.Argument(help="The number of a load whose files are damaged.")],
    why: Why = "",
    by: By = "",
) -> None:
    """Give up a load; the next run reads again from its source what it held."""
    from orchestration.lib.lake.lake import Lake

    gone = Lake(_settings()).give_up(load, *_decision(by, why))
    also = f" and {len(gone) - 1} older ones in the same file" if len(gone) > 1 else ""
    typer.echo(f"Load {load}{also} given up. Next: `tandem run`.")


@quarantine_app.command("list")
def quarantine_list(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows to show.")] = 50,
) -> None:
    """Quarantined rows: where they stand in their file, and the rule they broke."""
    from orchestration import console

    console.print_quarantine(_settings(), source, limit)


@quarantine_app.command("release")
def quarantine_release(
    quarantine_id: Annotated[str, typer.Argument(help="An id, as `tandem quarantine list` shows.")],
    why: Why = "",
    by: By = "",
) -> None:
    """Let a quarantined row into the load it came from, in spite of the rule."""
    from orchestration.lib.company.folder import load_company
    from orchestration.lib.ingest import release_row

    settings = _settings()
    release_row(settings, load_company(settings.company), quarantine_id, *_decision(by, why))
    typer.echo(f"{quarantine_id} is released. Next: `tandem run`.")


@app.command()
def attribute(
    file: Annotated[Path, typer.Argument(help="Delimited text: path, conversions, value, null.")],
    delimiter: Annotated[
        str | None, typer.Option(help="Between columns; default: what the header has.")
    ] = None,
    separator: Annotated[str, typer.Option(help="Between the channels of a path.")] = ">",
    direct: Annotated[
        list[str] | None,
        typer.Option(help="A channel that last_non_direct passes over; default: direct."),
    ] = None,
    output: Annotated[Literal["table", "csv"], typer.Option("--format", help="How to print.")] = (
        "table"
    ),
) -> None:
    """Credit by model and channel for a file of paths."""
    from orchestration import console
    from orchestration.lib.attribution.path_file import LEFT_OUT, attribute_file

    credits = attribute_file(file, delimiter, separator, direct or ["direct"])
    console.print_credits(credits, is_csv=output == "csv")
    typer.echo(f"note: {LEFT_OUT}", err=True)


@app.command()
def manifest() -> None:
    """Prepare dbt's manifest, which the asset graph is read from."""
    from orchestration.lib.dbt import prepare_manifest

    # It belongs to the code, not to the state: whoever runs the code may read it.
    typer.echo(f"Prepared {prepare_manifest(load_settings())}")


if __name__ == "__main__":
    main()
