"""A small company that a test writes, spoils and mends: leads, deals and ad spend as CSV."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

LEADS, DEALS, DAYS = 200, 60, 100
FIRST_DAY = date(2025, 1, 1)

_CRM = """\
source: crm
type: files
owner: sales
tables:
  leads:
    files: data/leads.csv
    entities:
      - entity: lead
        columns:
          source_id: id
          created_at: {column: created, format: "%Y-%m-%d"}
          email: email
          lead_source: origin
  deals:
    files: data/deals.csv
    entities:
      - entity: opportunity
        columns:
          source_id: id
          lead_id: lead
          created_at: {column: created, format: "%Y-%m-%d"}
          closed_at: {column: closed, format: "%Y-%m-%d"}
          stage: stage
          amount: amount
          currency: currency
"""

_ADS = """\
source: ads
type: files
owner: marketing
tables:
  spend:
    files: data/spend.csv
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

_COMPANY = """\
key,value
company_name,Small
timezone,Europe/Berlin
reporting_currency,EUR
history_start,2025-01-01
as_of,2025-06-30
"""


class SmallCompany:
    """The folder, and its files as lists of rows, header first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self) -> SmallCompany:
        """Write the company anew, as it is when nothing is wrong with it."""
        for name, text in (
            ("sources/crm.yaml", _CRM),
            ("sources/ads.yaml", _ADS),
            ("agreement/company.csv", _COMPANY),
            ("agreement/fx_rates.csv", "rate_date,currency,rate\n2024-01-01,USD,0.9\n"),
        ):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for extra in self.folder.glob("sources/extra*.yaml"):
            extra.unlink()
        self.save("leads", leads())
        self.save("deals", deals())
        self.save("spend", spend())
        return self

    def path(self, name: str) -> Path:
        return self.folder / "data" / f"{name}.csv"

    def save(self, name: str, rows: list[list[str]]) -> None:
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        with self.path(name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)

    def replace(self, file: str, old: str, new: str) -> None:
        """Replace text in a settings file; fails if it is not there."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


def _day(number: int) -> str:
    return (FIRST_DAY + timedelta(days=number)).isoformat()


def leads() -> list[list[str]]:
    """200 leads, two a day, of 200 people."""
    origins = ("paid search", "referral", "")
    rows = [[f"L{n}", _day(n // 2), f"person{n}@example.com", origins[n % 3]] for n in range(LEADS)]
    return [["id", "created", "email", "origin"], *rows]


def deals() -> list[list[str]]:
    """60 deals of the first 60 leads: 30 won at 1,000 EUR, 20 lost, 10 open at 100 USD."""
    rows = []
    for n in range(DEALS):
        stage = "Closed Won" if n < 30 else "Closed Lost" if n < 50 else "Negotiation"
        closed = _day(n + 30) if n < 50 else ""
        money = ["1000.00", "EUR"] if n < 50 else ["100.00", "USD"]
        rows.append([f"D{n}", f"L{n}", _day(n // 2 + 5), closed, stage, *money])
    return [["id", "lead", "created", "closed", "stage", "amount", "currency"], *rows]


def spend() -> list[list[str]]:
    """100 days of one ad in each of two campaigns: 10.50 and 4.25 EUR a day."""
    rows = [
        [_day(n), campaign, f"{campaign}-1", "7", cost]
        for n in range(DAYS)
        for campaign, cost in (("brand", "10.50"), ("generic", "4.25"))
    ]
    return [["day", "campaign", "ad", "clicks", "cost"], *rows]
