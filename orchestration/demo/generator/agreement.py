"""The parts of the demo's agreement that depend on its dates and size.

Belongs here: company.csv, targets.csv, fx_rates.csv. Does not belong here: what is the same in
every demo company; that is shipped in the template.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from orchestration.demo.generator.clock import Ints, day_number
from orchestration.demo.generator.export_marketing import EPOCH, months
from orchestration.demo.generator.world import Setting

# Reporting currency per US dollar moves around this value.
DOLLAR = 0.92
RATE_SCALE = 10**8
# Per month of a company of scale 1; money in thousands of the reporting currency.
_MONTHLY = {
    "leads": 310.0,
    "mqls": 140.0,
    "opportunities_created": 95.0,
    "wins": 40.0,
    "pipeline_created": 1_700.0,
    "won_value": 700.0,
    "spend": 18.0,
}
_MONEY = ("pipeline_created", "won_value", "spend")
_RATIOS = {"lead_to_win": 0.13, "win_rate": 0.48, "cost_per_lead": 58.0}


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
        "history_start": setting.start.isoformat(),
        "as_of": as_of.isoformat(sep=" "),
    }
    _write(folder / "company.csv", "key,value", [f"{k},{v}" for k, v in settings.items()])
    known = dollar.days <= day_number(setting.seen_on)
    _write(
        folder / "fx_rates.csv",
        "rate_date,currency,rate",
        [
            f"{EPOCH + timedelta(days=int(day))},USD,{rate / RATE_SCALE:.4f}"
            for day, rate in zip(dollar.days[known], dollar.rates[known], strict=True)
        ],
    )
    _write(
        folder / "targets.csv",
        "kpi_id,period_grain,period_start,segment,channel_id,region,target_value",
        _targets(setting),
    )


def _targets(setting: Setting) -> list[str]:
    lines = []
    for nth, first in enumerate(months(setting)):
        for kpi, value in _MONTHLY.items():
            # Targets grow by one percent a month, money is in whole thousands.
            total = value * setting.scale * 1.01**nth
            lines.append(_target(kpi, first, "", total))
            for segment in setting.rates.segments if kpi in ("leads", "won_value") else ():
                lines.append(_target(kpi, first, segment.name, total * segment.share))
        for kpi, ratio in _RATIOS.items():
            lines.append(f"{kpi},month,{first},,,,{ratio}")
    return lines


def _target(kpi: str, first: date, segment: str, value: float) -> str:
    rounded = round(value) * 1_000 if kpi in _MONEY else round(value)
    return f"{kpi},month,{first},{segment},,,{max(rounded, 1)}"


def _write(path: Path, header: str, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8", newline="\n")
