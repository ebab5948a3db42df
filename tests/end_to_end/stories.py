"""The agenda of generated companies, from their files through the real lake and models.

Belongs here: building the agenda of a seed, and comparing it with the stories it planted. Does
not belong here: how many must be found (`test_stories`), or measuring many (`benchmarks`).

Gates and publishing change no mart, so that they are left out: a seed takes about 25 seconds.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from orchestration.demo import DEFAULT_END, generate_demo
from orchestration.lib.company.as_of import moment
from orchestration.lib.company.folder import load_company
from orchestration.lib.dbt import build_environment, run_models
from orchestration.lib.ingest import ingest_table
from orchestration.lib.lake.lake import Lake
from orchestration.settings import Settings

# What the agenda calls the stories of truth/stories.json.
FINDINGS = {
    "lost_on_price": "lost_on_price",
    "slow_response": "slow_response",
    "rejected_campaign": "rejected_leads",
    "unfunded_winner": "wins_without_budget",
}
WEEKS = 26

Item = tuple[str, str, str]  # finding, subject type, subject's name


@dataclass(frozen=True)
class Agenda:
    """The newest week's items in their order, and the findings of each of the last weeks."""

    planted: set[Item]
    newest: list[Item]
    findings_by_week: list[int]

    @property
    def is_found(self) -> bool:
        """Whether the planted stories fill the first places of the newest week."""
        return bool(self.planted) and set(self.newest[: len(self.planted)]) == self.planted


def agenda_of(folder: Path, seed: int, stories: bool, scale: float = 1.0) -> Agenda:
    """Generate a company in `folder`, build its agenda, and remove both again."""
    settings = Settings(folder, folder / "demo")
    try:
        generate_demo(settings.demo, scale=scale, seed=seed, stories=stories)
        build(settings)
        return read_agenda(settings.warehouse_file, settings.demo)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def build(settings: Settings, models: tuple[str, ...] = ("review_agenda",)) -> None:
    """Load all tables of the demo into the lake and build the models with all they read."""
    company = load_company(settings.company, {})
    as_of = moment(DEFAULT_END, company.agreement.company.timezone)
    lake = Lake(settings)
    lake.ensure()
    for source in company.sources:
        for table in source.tables:
            ingest_table(settings, company, source, table, as_of, "stories")
    lake.write_agreement(company.agreement.tables, company.agreement.version, "stories")
    lake.export_loads(company.tables)
    settings.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    run_models(settings, models, build_environment(as_of, "stories", company.agreement.version))


def planted_stories(company: Path) -> set[Item]:
    """What the generator planted, in the agenda's words."""
    told = json.loads((company / "truth" / "stories.json").read_text(encoding="utf-8"))
    return {(FINDINGS[story["kind"]], story["subject_type"], story["subject"]) for story in told}


def read_agenda(warehouse: Path, company: Path) -> Agenda:
    """The agenda of a warehouse or release beside the truth of its company."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        newest = connection.execute(
            "select finding, subject_type, subject_name from marts.review_agenda"
            " where week_start = (select max(week_start) from marts.review_agenda)"
            " order by rank"
        ).fetchall()
        last = DEFAULT_END - timedelta(days=DEFAULT_END.isoweekday())  # a Sunday
        weeks = dict(
            connection.execute(
                "select week_start, count(*) from marts.review_agenda"
                " where item_kind = 'finding' and status <> 'closed' group by week_start"
            ).fetchall()
        )
    starts = [last - timedelta(days=7 * week + 6) for week in range(WEEKS)]
    return Agenda(planted_stories(company), newest, [weeks.get(start, 0) for start in starts])
