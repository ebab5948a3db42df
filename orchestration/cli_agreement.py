"""`tandem agreement …`: what changed, what it does to the KPIs, and signing it.

Belongs here: arguments and exit codes. Does not belong here: the work itself (`lib`) and how it is
drawn (`console`). Heavy imports are inside the commands.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from orchestration.lib.errors import TandemError
from orchestration.settings import Settings, settings_of_command

if TYPE_CHECKING:
    from orchestration.lib.company.agreement import Agreement

agreement_app = typer.Typer(
    no_args_is_help=True,
    help="The agreement of the two teams: what changed, what it does to the KPIs, signing it.",
)


class Team(StrEnum):
    """Who signs."""

    marketing = "marketing"
    sales = "sales"


@agreement_app.command()
def diff(
    against: Annotated[
        str | None,
        typer.Option(
            help="A version, 'published' or 'signed' (by both teams); default: that of the"
            " published release, else the last signed one."
        ),
    ] = None,
) -> None:
    """Say in words how the folder's agreement differs from an earlier version."""
    from orchestration.lib.agreement_versions import resolve

    settings, agreement = _agreement()
    version = resolve(settings, agreement, against)
    if version is None:
        typer.echo(
            f"Agreement {agreement.version}: nothing to compare it with. No release is published,"
            " and both teams have signed no version."
        )
        return
    _print_differences(settings, agreement, version)


@agreement_app.command()
def preview(
    limit: Annotated[int, typer.Option(min=1, help="How many changed values to show.")] = 40,
) -> None:
    """Before anyone signs: which KPIs of the published release would move, and by how much."""
    from orchestration import console
    from orchestration.lib.agreement_preview import preview_agreement

    settings, agreement = _agreement()
    typer.echo("Building the marts with the folder's agreement, beside the installation …")
    console.print_preview(preview_agreement(settings, agreement), limit)


@agreement_app.command()
def sign(
    team: Annotated[Team, typer.Argument(help="The team that signs.")],
    on: Annotated[
        str | None, typer.Option(help="Day of signature, YYYY-MM-DD; default: today.")
    ] = None,
) -> None:
    """Sign the folder's agreement for one team, after showing what is new since the last time."""
    from orchestration.lib.agreement_versions import UnknownVersionError, last_signed
    from orchestration.lib.company.agreement_sign import sign as write_signature
    from orchestration.lib.company.check import check_company
    from orchestration.lib.company.folder import load_company

    settings, agreement = _agreement()
    problems = check_company(settings.company, os.environ).problems
    if problems:
        for problem in problems:
            typer.echo(str(problem), err=True)
        raise TandemError(
            f"{len(problems)} problem(s): an agreement that cannot be used is not signed."
        )
    day = _day(on, agreement.company.timezone)
    version = agreement.version
    signed = {(row["team"], row["agreement_version"]) for row in agreement.rows["signatures"]}
    if (team.value, version) in signed:
        typer.echo(f"{team.value} has signed {version} already.")
        return
    last = last_signed(agreement)
    if last is None:
        typer.echo("Both teams have signed no version yet: this would be the first.")
    else:
        try:
            _print_differences(settings, agreement, last)
        except UnknownVersionError as error:  # signed, and changed before any run
            typer.echo(f"What is new cannot be shown. {error}")
    if sys.stdin.isatty():
        typer.confirm(f"Sign {version} for {team.value}?", abort=True)
    path = write_signature(settings.company, team.value, version, day)
    typer.echo(f"{team.value} signed {version} on {day} ({path}).")
    if load_company(settings.company).agreement.is_signed:
        typer.echo("Both teams have signed it. The next `tandem run` publishes it as signed.")
    else:
        typer.echo("The other team has not: releases stay provisional until it does.")


def _agreement() -> tuple[Settings, Agreement]:
    from orchestration.lib.company.folder import load_company
    from orchestration.runs import require_company

    settings = settings_of_command()
    require_company(settings)
    return settings, load_company(settings.company).agreement


def _print_differences(settings: Settings, agreement: Agreement, version: str) -> None:
    from orchestration.lib.agreement_versions import rows_of
    from orchestration.lib.company.agreement_diff import differences

    if version == agreement.version:
        typer.echo(f"Agreement {agreement.version}: no change.")
        return
    found = differences(rows_of(settings, version), agreement.rows)
    typer.echo(f"Agreement {agreement.version}, against {version}:")
    for table, sentences in found.items():
        typer.echo(f"\n{table}.csv")
        for sentence in sentences:
            typer.echo(f"  {sentence}")


def _day(text: str | None, timezone: str) -> date:
    if text is None:
        return datetime.now(UTC).astimezone(ZoneInfo(timezone)).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise TandemError(f"--on '{text}' is no day; write YYYY-MM-DD") from None
