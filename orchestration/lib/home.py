"""Whose data a `$TANDEM_HOME` holds: one company's, so that two are never mixed."""

from __future__ import annotations

from orchestration.lib.company.folder import Company
from orchestration.lib.durable import make_folder, whole_file
from orchestration.lib.errors import TandemError
from orchestration.settings import Settings


class OtherCompanyError(TandemError):
    """The home holds another company's data; the message says what to do."""


def claim(settings: Settings, company: Company) -> None:
    """Mark the home as this company's on first use; OtherCompanyError if it is another's."""
    marker = settings.home / "company.txt"
    name = company.agreement.company.company_name
    if not marker.exists():
        make_folder(settings.home)
        with whole_file(marker) as temporary:
            temporary.write_text(f"{name}\n", encoding="utf-8")
    owner = marker.read_text(encoding="utf-8").strip()
    if owner != name:
        raise OtherCompanyError(
            f"{settings.home} holds the data of '{owner}', and {settings.company} is '{name}'."
            f" Name another folder with TANDEM_HOME. If only the name has changed, write the"
            f" new one into {marker}."
        )
