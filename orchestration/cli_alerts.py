"""`tandem alerts …`: whether messages about failed runs would arrive.

Belongs here: arguments and exit codes. Does not belong here: sending (`lib.alerts`).
"""

from __future__ import annotations

import os

import typer

from orchestration.lib.errors import TandemError
from orchestration.settings import settings_of_command

alerts_app = typer.Typer(no_args_is_help=True, help="Messages about runs that fail or recover.")


@alerts_app.callback()
def alerts() -> None:
    """Keeps `test` a command of its own: typer would make a single command the group itself."""


@alerts_app.command()
def test() -> None:
    """Send a test message to every channel that automation.yaml declares."""
    from orchestration.lib.alerts.delivery import DeliveryError, channels
    from orchestration.lib.alerts.messages import test_message
    from orchestration.lib.company.automation_config import FILE
    from orchestration.lib.company.folder import load_automation

    settings = settings_of_command()
    declared = load_automation(settings.company).alerts
    if declared is None:
        raise TandemError(f"{settings.company / FILE} declares no alerts. Add the key alerts.")
    message, failed = test_message(settings), False
    for name, send in channels(declared, os.environ).items():
        try:
            problem = send(message)
            typer.echo(f"{name}: sent")
        except DeliveryError as error:
            problem = str(error)
        if problem:
            failed = True
            typer.echo(f"error: {problem}", err=True)
    if failed:
        raise typer.Exit(1)
