"""The parts of the demo's agreement that depend on its dates and size.

Belongs here: company.csv, segments.csv, working_hours.csv, holidays.csv, fx_rates.csv. Does not
belong here: what the teams agreed to reach (`plan`), and what is the same in every demo company;
that is shipped in the template.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

import numpy as np

from orchestration.demo.generator.clock import CLOSES, HOUR, MINUTE, OPENS, Ints, day_number
from orchestration.demo.generator.export_marketing import EPOCH
from orchestration.demo.generator.holidays import holidays
from orchestration.demo.generator.world import Setting

# Reporting currency per US dollar moves around this value.
DOLLAR = 0.92
RATE_SCALE = 10**8


@dataclass(frozen=True)
class DollarRates:
    """Weekly rates: EUR per USD in units of 1e-8, from each day on."""

    days: Ints
    rates: Ints

    def on(self, days: Ints) -> Ints:
        """The rate that applies on each day (days since 1970)."""
        return self.rates[np.searchsorted(self.days, days, side="right") - 1]


def draw_dollar_rates(setting: Setting) -> DollarRates:
    """Draw one rate per week, from well before the first day, as old deals need one too."""
    rng = setting.rng("fx rates")
    first = day_number(setting.start) - 1600
    days = np.arange(first, day_number(setting.end) + 1, 7)
    walk = np.cumsum(rng.normal(0, 0.004, len(days)))
    rates = DOLLAR * (1 + 0.05 * np.tanh(walk * 10))
    # Four digits after the point, as banks publish them.
    return DollarRates(days, np.rint(rates * 10_000).astype(np.int64) * (RATE_SCALE // 10_000))


def write_agreement(setting: Setting, dollar: DollarRates, folder: Path) -> None:
    """Write the dated tables into the agreement that the template brought."""
    as_of = datetime.combine(setting.seen_on + timedelta(days=1), time(6))
    settings = {
        "company_name": "Tandem Demo",
        "timezone": setting.rates.reporting_timezone,
        "reporting_currency": setting.rates.reporting_currency,
        "fiscal_year_start_month": 1,
        "gross_margin_share": 0.8,
        "contract_months": 12,
        "customer_lifetime_months": 36,
        "history_start": setting.start.isoformat(),
        "as_of": as_of.isoformat(sep=" "),
    }
    write_lines(folder / "company.csv", "key,value", [f"{k},{v}" for k, v in settings.items()])
    known = dollar.days <= day_number(setting.seen_on)
    write_lines(
        folder / "fx_rates.csv",
        "rate_date,currency,rate",
        [
            f"{EPOCH + timedelta(days=int(day))},USD,{rate / RATE_SCALE:.4f}"
            for day, rate in zip(dollar.days[known], dollar.rates[known], strict=True)
        ],
    )
    regions = setting.rates.teams
    write_lines(
        folder / "working_hours.csv",
        "region,weekday,opens_at,closes_at,timezone",
        [
            f"{region},{weekday},{_clock(OPENS)},{_clock(CLOSES)},{timezone}"
            for region, timezone in [
                *((team.region, team.timezone) for team in regions),
                ("*", setting.rates.reporting_timezone),
            ]
            for weekday in range(1, 6)
        ],
    )
    write_lines(
        folder / "holidays.csv",
        "region,holiday_date,holiday_name",
        [
            f"{team.region},{day},{name}"
            for team in regions
            for year in range(setting.start.year, setting.end.year + 1)
            for day, name in holidays(team.region, year)
        ],
    )
    write_lines(
        folder / "segments.csv",
        "segment,position,labels,min_employees,max_employees,industry,country,description",
        [f"{s.name},{n},,,,,," for n, s in enumerate(setting.rates.segments, start=1)],
    )


def _clock(seconds: int) -> str:
    return f"{seconds // HOUR:02d}:{seconds % HOUR // MINUTE:02d}"


def write_lines(path: Path, header: str, lines: list[str]) -> None:
    """Write a table of the agreement."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8", newline="\n")
