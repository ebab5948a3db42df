"""What a changed agreement would do to the KPIs of a small company, worked out by hand.

Six leads of May 2025, as of the end of the month. One is qualified by its own `mql_at`. Three are
"Working", which the old agreement reads as `lead` and the new one as `mql`; two of them are
Large, one Small. So `mqls` of May go from 1 to 4: Large from 1 to 3, Small from 0 to 1.

Promised are 4 MQLs a month, and 7 leads, from 15 May on only 6: the first is broken and then kept,
the second broken and the third kept with both agreements.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from orchestration.lib import agreement_preview, dbt
from orchestration.lib.agreement_preview import Preview, PromiseMove, preview_agreement
from orchestration.lib.company.agreement import Agreement, read_agreement
from orchestration.lib.durable import write_json
from orchestration.lib.lake.lake import Lake
from orchestration.settings import Settings
from tests.fixtures.lake_builder import LakeBuilder

LEADS = [
    {"source_id": "l1", "created_at": "2025-05-01", "segment": "Large", "mql_at": "2025-05-02"},
    *(
        {
            "source_id": source_id,
            "created_at": "2025-05-05",
            "segment": segment,
            "status": status,
            "status_changed_at": "2025-05-08",
        }
        for source_id, segment, status in [
            ("l2", "Large", "Working"),
            ("l3", "Large", "Working"),
            ("l4", "Small", "Working"),
            ("l5", "Small", "New"),
            ("l6", "Small", "New"),
        ]
    ),
]
LATE = {"source_id": "l7", "created_at": "2025-05-09", "status": "Working"}
KPIS = [
    {
        "kpi_id": kpi_id,
        "kpi_name": kpi_id,
        "kind": "sum",
        "numerator": kpi_id,
        "unit": "count",
        "direction": "up",
        "owner_team": "marketing",
        "formula": kpi_id,
    }
    for kpi_id in ("leads", "mqls")
]


PROMISES = [
    {
        "promise_id": promise_id,
        "promise_name": promise_id,
        "promised_by": "marketing",
        "measure": measure,
        "threshold": threshold,
        "period_grain": "month",
        "valid_from": valid_from,
    }
    for promise_id, measure, threshold, valid_from in [
        ("hand_over", "mqls", "4", "2025-05-01"),
        ("bring", "leads", "7", "2025-05-01"),
        ("bring", "leads", "6", "2025-05-15"),
    ]
]


def _labels(working: str) -> list[dict[str, str]]:
    return [
        {"source": "*", "object_type": "lead", "label": label, "stage_id": stage}
        for label, stage in [("Working", working), ("New", "lead")]
    ]


def _files(home: Path) -> dict[str, bytes | None]:
    """Every file of the installation, but for the preview's own lock."""
    found = {str(p.relative_to(home)): p.read_bytes() for p in home.rglob("*") if p.is_file()}
    found.pop("preview.lock", None)
    return {name: None if name.endswith(("-journal", "-wal")) else found[name] for name in found}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a release of other code, so that both sides are built."""
    home = tmp_path_factory.mktemp("preview")
    lake = LakeBuilder(
        home, agreement={"kpis": KPIS, "promises": PROMISES, "stage_labels": _labels("lead")}
    )
    lake.load("crm", "leads", {"lead": LEADS})
    lake.finish()
    settings = Settings(home.resolve(), home.resolve() / "company")
    used = Lake(settings).loads_used()
    release = settings.releases / "r000001"
    release.mkdir(parents=True)
    manifest = {
        "build_id": "b",
        "published_at": "2025-06-01T00:00:00",
        "as_of": "2025-05-31T23:59:59",
        "agreement_version": _agreement(settings).version,
        "is_signed": False,
        "git_revision": "another",
        "tandem_version": "0",
        "tables": {},
        "loads": used,
    }
    write_json(release / "manifest.json", manifest)
    settings.published.symlink_to("releases/r000001")
    # A load that the release did not read counts on neither side.
    lake.load("crm", "leads", {"lead": [*LEADS, LATE]})
    return settings


def _agreement(settings: Settings) -> Agreement:
    files = read_agreement(settings.company)
    assert files.all_problems == []
    return files.build()


@pytest.fixture(scope="module")
def changed(settings: Settings) -> Agreement:
    path = settings.company / "agreement" / "stage_labels.csv"
    path.write_text(path.read_text().replace("Working,lead", "Working,mql"))
    return _agreement(settings)


@pytest.fixture(scope="module")
def preview(settings: Settings, changed: Agreement) -> Iterator[Preview]:
    before = _files(settings.home)
    yield preview_agreement(settings, changed)
    assert _files(settings.home) == before, "the installation is as it was"


def test_which_kpis_move_and_by_how_much(preview: Preview) -> None:
    moves = {
        (move.kpi_id, move.period_grain, str(move.period_start), move.segment): (
            move.before,
            move.after,
        )
        for move in preview.moves
    }
    expected = {("(all)", 1.0, 4.0), ("Large", 1.0, 3.0), ("Small", None, 1.0)}
    assert {key: values for key, values in moves.items() if key[1] == "month"} == {
        ("mqls", "month", "2025-05-01", segment): (before, after)
        for segment, before, after in expected
    }
    # The quarter and the year hold that one month: three slices each. No lead is gained or lost.
    assert len(moves) == 9
    assert {key[0] for key in moves} == {"mqls"}
    assert preview.unchanged > 0


def test_which_promises_are_judged_otherwise(preview: Preview) -> None:
    assert preview.promises == [
        PromiseMove("hand_over", "month", date(2025, 5, 1), None, None, "broken", "kept")
    ]
    # May is judged by the line of its first day, and not by the one that begins within it.
    assert preview.promises_unchanged == 1


def test_it_says_what_was_compared(
    preview: Preview, settings: Settings, changed: Agreement
) -> None:
    assert preview.version_after == changed.version != preview.version_before
    assert (preview.release_id, f"{preview.as_of:%Y-%m-%d}") == ("r000001", "2025-05-31")
    assert not (settings.home / "preview").exists()


def test_a_failure_leaves_nothing_behind(
    settings: Settings, changed: Agreement, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise dbt.DbtError("no")

    monkeypatch.setattr(agreement_preview.dbt, "run_models", fail)
    before = _files(settings.home)
    with pytest.raises(dbt.DbtError):
        preview_agreement(settings, changed)
    assert _files(settings.home) == before
    assert not (settings.home / "preview").exists()


@pytest.mark.parametrize(
    ("revision", "same"), [("abc", True), ("", True), ("abd", False), ("abc-dirty", False)]
)
def test_the_release_is_the_baseline_if_this_code_built_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, revision: str, same: bool
) -> None:
    lib = agreement_preview.releases
    monkeypatch.setattr(lib, "git_revision", lambda: revision)
    monkeypatch.setattr(lib, "tandem_version", lambda: "0")
    release = lib.current(settings)
    assert release is not None
    built = release.__class__(**{**vars(release), "git_revision": "abc" if revision else ""})
    if revision.endswith("-dirty"):
        built = release.__class__(**{**vars(release), "git_revision": revision})
    assert agreement_preview._is_built_by_this_code(built) is same
