"""A database that runs ask for days: a daily run, then days of the past once more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

from orchestration.lib.lake.lake import Lake
from orchestration.lib.windows import BEGINNING
from orchestration.runs import RunRequest
from orchestration.settings import Settings
from tests.end_to_end.pipeline import query, run
from tests.end_to_end.small_company import SmallCompany, spend

_ADS = """\
source: ads
type: sql
url: sqlite:///ads.db
owner: marketing
tables:
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


def test_a_backfill_and_a_daily_run_read_what_they_are_asked_for(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path / "company").write()
    (company.folder / "sources/ads.yaml").write_text(_ADS, encoding="utf-8")
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


def execute(folder: Path, statement: str, *rows: list[str]) -> None:
    with closing(sqlite3.connect(folder / "ads.db")) as connection, connection:
        if rows:
            connection.executemany(statement, rows)
        else:
            connection.execute(statement)
