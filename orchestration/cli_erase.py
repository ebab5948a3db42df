"""`tandem erase`: the words around erasing a person.

Belongs here: asking, telling what will be and what was done. Does not belong here: the work
(`lib.erasure`). Nothing here prints the address.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from orchestration.settings import settings_of_command

FROM_INPUT = "-"


def erase(
    email: Annotated[
        str | None,
        typer.Option(help="The person's address; - reads it from the input. Asked for if missing."),
    ] = None,
    record: Annotated[
        str | None,
        typer.Option(help="Instead: a record of theirs, as SOURCE/lead/ID or SOURCE/contact/ID."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on.")] = False,
    why: Annotated[
        str, typer.Option("--why", help="The reason, for the log, without the person's name.")
    ] = "",
    by: Annotated[
        str, typer.Option("--by", help="Who decides; default: the user's login name.")
    ] = "",
) -> None:
    """Erase a person from the lake, the quarantine and every kept release. There is no way back."""
    from orchestration.lib.company.folder import load_company
    from orchestration.lib.erasure import erase as lib
    from orchestration.lib.lock import exclusive

    if email and record:
        raise typer.BadParameter("give --email or --record, not both")
    subject = lib.parse_record(record) if record else lib.parse_address(_address(email))
    _forget_arguments(email, record)
    settings = settings_of_command()
    company = load_company(settings.company, os.environ)
    with exclusive(settings, "tandem erase"):
        since = lib.erased_at(settings, subject)
        if since is not None:
            typer.echo(f"This person was erased on {since[:10]}. Nothing is left to do.")
            return
        typer.echo("Looking for all that is of this person ...")
        planned = lib.plan(settings, company, subject)
        typer.echo(f"To be replaced by tombstones: {_counted(planned.rows, planned.quarantined)}.")
        typer.echo(
            f"In {planned.loads} load(s) of the lake, and in every release that is kept. Numbers"
            " stay; who it was is gone for good, from everything but your sources and backups."
        )
        if not yes:
            if not sys.stdin.isatty() or email == FROM_INPUT:
                raise lib.ErasureError("Nothing was erased: add --yes to go on.")
            typer.confirm("Erase this person?", abort=True)
        if not why and sys.stdin.isatty():
            why = typer.prompt("Why (without the person's name)")
        by = by or getpass.getuser()
        done = lib.erase(settings, company, planned, by, why or "no reason given")
    typer.echo(f"Erased as {done.erasure_id}: {_counted(done.rows, done.quarantined)}.")
    typer.echo(f"Rewritten: {', '.join(done.releases) or 'no release'}. Next: `tandem run`.")


def _address(email: str | None) -> str:
    if email is None and sys.stdin.isatty():
        return str(typer.prompt("Address", hide_input=True))
    return sys.stdin.readline() if email in (None, FROM_INPUT) else str(email)


def _forget_arguments(*words: str | None) -> None:
    """The lock's file names its holder's command line, and whoever waits is shown it."""
    said = [word for word in words if word and word != FROM_INPUT]
    for place, argument in enumerate(sys.argv):
        for word in said:
            sys.argv[place] = argument.replace(word, "(hidden)")


def _counted(rows: Mapping[str, int], quarantined: int) -> str:
    parts = [f"{count:,} of {entity}" for entity, count in sorted(rows.items())]
    return ", ".join([*parts, f"{quarantined:,} in quarantine"])
