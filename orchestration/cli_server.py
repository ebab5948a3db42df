"""`tandem ui` and `tandem daemon`: Dagster's own processes, with the folders and settings of here.

Belongs here: arguments, and becoming those processes. Does not belong here: what they run
(`defs`), Dagster's settings (`dagster_home`).
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Annotated, NoReturn

import typer

from orchestration.lib.errors import TandemError
from orchestration.settings import PROJECT_ROOT, settings_of_command


def ui(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to bind; loopback unless told.")] = "127.0.0.1",
    with_daemon: Annotated[
        bool,
        typer.Option(
            "--daemon/--no-daemon",
            help="Schedules, sensors and the queue in here too; a server has `tandem daemon`.",
        ),
    ] = True,
) -> None:
    """Open the Dagster UI on the same folders."""
    from orchestration.dagster_home import prepare_dagster_home

    prepare_dagster_home(settings_of_command())
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise TandemError(
                f"The UI cannot listen on {host}:{port} ({error.strerror})."
                " Name another port with --port."
            ) from None
    typer.echo(f"Dagster UI on http://{host}:{port} (stop with Ctrl-C)")
    listen = ["--host", host, "--port", str(port)]
    if with_daemon:
        _become("dagster", "dev", *listen)
    _become("dagster_webserver", *listen)


def daemon() -> None:
    """Run schedules, sensors and the queue of runs, beside `tandem ui --no-daemon`."""
    from orchestration.dagster_home import prepare_dagster_home

    prepare_dagster_home(settings_of_command())
    typer.echo("Dagster's daemon (stop with Ctrl-C)")
    _become("dagster._daemon", "run")


def _become(module: str, *words: str) -> NoReturn:
    sys.stdout.flush()
    # A script's background job ignores Ctrl-C, and Dagster would then ignore SIGTERM too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.chdir(PROJECT_ROOT)
    command = [sys.executable, "-W", "ignore", "-m", module, *words]
    os.execv(sys.executable, [*command, "--workspace", "workspace.yaml"])
