"""A database that runs ask for days: a daily run, then days of the past once more.

In between a person is erased, whom the database and the files go on naming.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

from orchestration.lib.company.folder import load_company
from orchestration.lib.erasure import erase
from orchestration.lib.lake.lake import Lake
from orchestration.lib.windows import BEGINNING
from orchestration.runs import RunRequest
from orchestration.settings import Settings
from tests.end_to_end.pipeline import query, run
from tests.end_to_end.small_company import SmallCompany, leads, spend
from tests.fixtures.words import Person, find_words

_DATABASE = """\
source: ads
type: sql
url: sqlite:///ads.db
owner: marketing
tables:
  people:
    table: people
    cursor: created
    load: upsert
    entities:
      - entity: contact
        columns:
          source_id: id
          created_at: created
          email: email
  spend:
    table: spend
    cursor: day
    load: upsert
    entities:
      - entity: ad_report
        columns:
          report_date: day
          campaign_id: campaign
          campaign_name: campaign
          ad_id: ad
          clicks: clicks
          cost: cost
          currency: {constant: EUR}
"""


ADDRESS = "person100@example.com"


def test_a_backfill_and_a_daily_run_read_what_they_are_asked_for(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path / "company").write()
    (company.folder / "sources/ads.yaml").write_text(_DATABASE, encoding="utf-8")
    execute(company.folder, "create table people (id, created date, email)")
    execute(company.folder, "insert into people values (?, ?, ?)", ["C1", "2025-04-02", ADDRESS])
    _, *rows = spend()
    execute(company.folder, "create table spend (day date, campaign, ad, clicks int, cost numeric)")
    execute(company.folder, "insert into spend values (?, ?, ?, ?, ?)", *rows)
    settings = Settings(tmp_path / "home", company.folder)

    outcome = run(settings, RunRequest(as_of=date(2025, 4, 5)))
    assert outcome.success, outcome.errors
    newest = Lake(settings).newest("ads", "spend")
    assert newest is not None and newest.window == (BEGINNING, datetime(2025, 4, 6))
    assert query(settings, "select count(*), sum(spend) from marts.fct_ad_spend") == [
        (190, 95 * 14.75)
    ]

    # L100 and C1 are erased; then L150 is given their address.
    planned = erase.plan(settings, load_company(settings.company), ADDRESS)
    assert dict(planned.rows) == {"contact": 1, "lead": 1}
    erase.erase(settings, load_company(settings.company), planned, "Kim", "asked for")
    rows = leads()
    assert rows[151][0] == "L150"
    rows[151][2] = ADDRESS
    company.save("leads", rows)

    # Upstream a day is restated and one vanishes; what is older than the lag goes unseen.
    execute(company.folder, "update spend set cost = 100 where day = '2025-04-01'")
    execute(company.folder, "delete from spend where day in ('2025-01-15', '2025-03-31')")
    days = RunRequest(start=date(2025, 4, 1), end=date(2025, 4, 3), as_of=date(2025, 4, 5))
    outcome = run(settings, days)
    assert outcome.success, outcome.errors
    newest = Lake(settings).newest("ads", "spend")
    assert newest is not None
    assert newest.window == (datetime(2025, 3, 2), datetime(2025, 4, 4))
    assert query(settings, "select count(*), sum(spend) from marts.fct_ad_spend") == [
        (188, 94 * 14.75 + 200 - 14.75)
    ]
    # The backfill was shown C1, L100 and L150, and let none of them in. L150 no longer counts.
    dropped = newest_dropped(settings)
    assert {name: count for name, count in dropped.items() if count} == {"people": 1, "leads": 2}
    people = "select count(*), count(distinct person_id) from marts.fct_funnel"
    assert query(settings, people) == [(199, 199)]
    moved = "select distinct cause, first_value, value from marts.kpi_restatements"
    march = "where kpi_id = 'leads' and period_grain = 'month' and channel_id = '(all)'"
    assert query(settings, f"{moved} {march}") == [("erasure", 62, 61)]

    outcome = run(settings, RunRequest(full_refresh=True, as_of=date(2025, 4, 5)))
    assert outcome.success, outcome.errors
    assert query(settings, people) == [(199, 199)]
    files = (path for path in settings.home.rglob("*") if path.is_file())
    assert find_words(files, Person(frozenset({ADDRESS}), frozenset())) == []


def newest_dropped(settings: Settings) -> dict[str, int]:
    """How many rows of erased persons the newest load of each table has dropped."""
    return {load.table_name: load.rows_erased for load in Lake(settings).newest_loads()}


def execute(folder: Path, statement: str, *rows: list[str]) -> None:
    with closing(sqlite3.connect(folder / "ads.db")) as connection, connection:
        if rows:
            connection.executemany(statement, rows)
        else:
            connection.execute(statement)
