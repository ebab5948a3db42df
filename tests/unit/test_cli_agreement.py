"""`tandem agreement diff` and `sign` on the folder that `tandem init` writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.lib.company.folder import load_company, write_template
from orchestration.lib.errors import TandemError
from orchestration.lib.lake.lake import Lake
from orchestration.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings(tmp_path / "home", tmp_path / "company")
    write_template(settings.company)
    monkeypatch.setenv("TANDEM_HOME", str(settings.home))
    monkeypatch.setenv("TANDEM_COMPANY", str(settings.company))
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    Lake(settings).ensure()
    return settings


def store(settings: Settings) -> str:
    """Load the folder's agreement into the lake, as a run does."""
    agreement = load_company(settings.company).agreement
    Lake(settings).write_agreement(agreement.tables, agreement.version, "test")
    return agreement.version


def edit(settings: Settings, table: str, old: str, new: str) -> None:
    path = settings.company / "agreement" / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def type_(*words: str) -> Result:
    return CliRunner().invoke(app, ["agreement", *words])


def said(*words: str) -> str:
    result = type_(*words)
    assert result.exit_code == 0, result.output
    return result.output


def test_signing_by_both_teams_and_changing_again(settings: Settings) -> None:
    assert "nothing to compare it with" in said("diff")
    version = store(settings)
    assert "this would be the first" in said("sign", "marketing", "--on", "2025-03-01")
    assert not load_company(settings.company).agreement.is_signed
    assert "Both teams have signed it" in said("sign", "sales", "--on", "2025-03-02")
    assert "has signed" in said("sign", "sales")

    signed = load_company(settings.company).agreement
    # Signing changes no version, and the file has the two lines and nothing else.
    assert (signed.version, signed.is_signed) == (version, True)
    text = (settings.company / "agreement" / "signatures.csv").read_text(encoding="utf-8")
    assert text == (
        "team,agreement_version,signed_on\n"
        f"marketing,{version},2025-03-01\nsales,{version},2025-03-02\n"
    )
    assert "no change" in said("diff")
    assert "no change" in said("diff", "--against", "signed")

    edit(settings, "promises", ",240,", ",120,")
    assert not load_company(settings.company).agreement.is_signed
    words = "promise answer_fast from 2025-01-01: threshold 240 -> 120 minutes"
    assert words in said("diff")
    assert words in said("diff", "--against", version)
    told = said("sign", "marketing")
    assert words in told and "stay provisional" in told


def test_a_version_that_no_run_has_stored_can_be_signed(settings: Settings) -> None:
    said("sign", "marketing")
    said("sign", "sales")
    edit(settings, "promises", ",240,", ",120,")
    assert "What is new cannot be shown" in said("sign", "sales")
    result = type_("diff")
    assert isinstance(result.exception, TandemError)
    assert "has no version" in str(result.exception)


@pytest.mark.parametrize(
    ("against", "says"),
    [("published", "No release"), ("signed", "no version yet"), ("0123456789ab", "has no version")],
)
def test_a_version_that_is_not_there(settings: Settings, against: str, says: str) -> None:
    store(settings)
    result = type_("diff", "--against", against)
    assert isinstance(result.exception, TandemError)
    assert says in str(result.exception)


def test_problems_are_not_signed(settings: Settings) -> None:
    (settings.company / "data" / "leads.csv").unlink()
    result = type_("sign", "marketing")
    assert isinstance(result.exception, TandemError)
    assert "not signed" in str(result.exception)
    text = (settings.company / "agreement" / "signatures.csv").read_text(encoding="utf-8")
    assert text == "team,agreement_version,signed_on\n"


def test_a_file_keeps_its_own_order_and_its_lines(settings: Settings) -> None:
    path = settings.company / "agreement" / "signatures.csv"
    path.write_bytes(b"\xef\xbb\xbfsigned_on,team,agreement_version\n2024-01-01,sales,0123456789ab")
    version = load_company(settings.company).agreement.version
    said("sign", "marketing", "--on", "2025-03-01")
    assert path.read_text(encoding="utf-8") == (
        "signed_on,team,agreement_version\n2024-01-01,sales,0123456789ab\n"
        f"2025-03-01,marketing,{version}\n"
    )
    said("sign", "sales", "--on", "2025-03-01")
    assert load_company(settings.company).agreement.is_signed


def test_a_company_without_the_file_gets_one(settings: Settings) -> None:
    (settings.company / "agreement" / "signatures.csv").unlink()
    said("sign", "marketing")
    said("sign", "sales")
    assert load_company(settings.company).agreement.is_signed
