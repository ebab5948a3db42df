"""What the demo's teams agreed to reach: targets, promises and the size of their market.

Belongs here: the ordinary course of a company of these rates, and what follows from it. Does
not belong here: the rates, what really happens.

A target is what the rates give on average, so that a company without stories is near its
targets. The average is one over several companies of scale 1 that differ by chance only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from orchestration.demo.generator.agreement import DOLLAR, write_lines
from orchestration.demo.generator.clock import DAY, NEVER, Floats, Ints, day_number, wall_clock
from orchestration.demo.generator.export_marketing import months
from orchestration.demo.generator.funnel import draw_passes, draw_person_companies
from orchestration.demo.generator.marketing import draw_ads, expected_cost
from orchestration.demo.generator.opportunities import draw_opportunities
from orchestration.demo.generator.rates import Rates
from orchestration.demo.generator.records import draw_contact_persons
from orchestration.demo.generator.world import (
    Setting,
    draw_campaigns,
    draw_companies,
    draw_products,
    draw_reps,
)

SEEDS = range(900_001, 900_007)
MONEY = ("pipeline_created", "won_value", "spend")
BY_SEGMENT = ("leads", "won_value")
# Promises leave this much room below what the rates give.
PROMISED_MQLS, PROMISED_ACCEPTANCE = 0.8, 0.85
MARKET_PER_COMPANY = 4  # companies in the market for each one that the demo ever meets


@dataclass(frozen=True)
class Month:
    """A month's days of history, as days since 1970; `end` is the day after the last one."""

    first: date
    begin: int
    end: int


def write_plan(setting: Setting, plain: Rates, folder: Path) -> None:
    """Write targets.csv, promises.csv and target_market.csv; `plain` are the rates in peace."""
    spans = _spans(setting)
    course = _course(setting, plain, spans)
    write_lines(
        folder / "targets.csv",
        "kpi_id,period_grain,period_start,segment,channel_id,region,target_value",
        _targets(setting, spans, course),
    )
    write_lines(
        folder / "promises.csv",
        "promise_id,promise_name,promised_by,measure,threshold,required_share,period_grain,"
        "calendar,segment,region,valid_from,valid_to,description",
        _promises(setting, plain, spans, course["mqls", ""]),
    )
    write_lines(
        folder / "target_market.csv",
        "segment,region,valid_from,companies,annual_value",
        _target_market(setting),
    )


def _spans(setting: Setting) -> list[Month]:
    spans = []
    for first in months(setting):
        after = (first + timedelta(days=32)).replace(day=1)
        begin = max(day_number(first), day_number(setting.start))
        spans.append(Month(first, begin, day_number(after)))
    return spans


def _course(setting: Setting, plain: Rates, spans: list[Month]) -> dict[tuple[str, str], Floats]:
    """Expected values per month, by KPI and segment (empty: all), at the scale of `setting`."""
    sums: dict[tuple[str, str], Floats] = {}
    for seed in SEEDS:
        for key, values in _one_course(replace(setting, rates=plain, scale=1.0, seed=seed), spans):
            sums[key] = sums.get(key, np.zeros(len(spans))) + values
    days = np.array([span.end - span.begin for span in spans], np.float64)
    course = {
        key: _smooth(values / days) * days * setting.scale / len(SEEDS)
        for key, values in sums.items()
    }
    # Marketing knows the campaigns it has planned, those of a story among them.
    campaigns = draw_campaigns(setting)
    day, cost = expected_cost(setting, campaigns, draw_ads(setting, campaigns), DOLLAR)
    course["spend", ""] = _per_month(spans, day, cost)
    return course


def _one_course(setting: Setting, spans: list[Month]) -> list[tuple[tuple[str, str], Floats]]:
    companies, reps = draw_companies(setting), draw_reps(setting)
    person_company = draw_person_companies(setting, companies)
    passes, _ = draw_passes(setting, companies, draw_campaigns(setting), reps, person_company)
    contacts = draw_contact_persons(setting, companies, passes)
    first_contact = len(person_company) + contacts.first_contact
    deals, _ = draw_opportunities(setting, companies, passes, reps, draw_products(), first_contact)
    zone = setting.rates.reporting_timezone
    in_dollars = np.array([team.currency == "USD" for team in setting.rates.teams])[deals.region]
    value: Floats = deals.amount / 100 * np.where(in_dollars, DOLLAR, 1.0)
    is_mql = ~passes.skips_mql | (passes.sal < NEVER)
    won, kept = deals.is_won, ~deals.is_deleted
    events = {
        "leads": (passes.created, passes.segment, np.ones(len(passes))),
        "mqls": (np.where(is_mql, passes.mql, NEVER), passes.segment, np.ones(len(passes))),
        "opportunities_created": (deals.created, deals.segment, kept.astype(np.float64)),
        "pipeline_created": (deals.created, deals.segment, kept * value),
        "closed": (deals.closed, deals.segment, kept.astype(np.float64)),
        "wins": (deals.closed, deals.segment, (kept & won).astype(np.float64)),
        "won_value": (deals.closed, deals.segment, kept * won * value),
    }
    found = []
    for kpi, (times, segment, weight) in events.items():
        day = wall_clock(times, zone) // DAY
        found.append(((kpi, ""), _per_month(spans, day, weight)))
        for index, entry in enumerate(setting.rates.segments if kpi in BY_SEGMENT else ()):
            mine = segment == index
            found.append(((kpi, entry.name), _per_month(spans, day[mine], weight[mine])))
    return found


def _per_month(spans: list[Month], day: Ints, weight: Floats) -> Floats:
    edges = np.array([span.begin for span in spans] + [spans[-1].end])
    month = np.searchsorted(edges, day, side="right") - 1
    inside = (month >= 0) & (month < len(spans))
    return np.bincount(month[inside], weight[inside], len(spans)).astype(np.float64)


def _smooth(values: Floats) -> Floats:
    """A plan has no chance in it: a cubic through the months."""
    nth = np.arange(len(values))
    curve = np.polyval(np.polyfit(nth, values, min(3, len(values) - 1)), nth)
    return np.maximum(curve, 0.0)


def _targets(
    setting: Setting, spans: list[Month], course: dict[tuple[str, str], Floats]
) -> list[str]:
    ratios = {
        "lead_to_win": ("wins", "leads"),
        "win_rate": ("wins", "closed"),
        "cost_per_lead": ("spend", "leads"),
    }
    lines = []
    for nth, span in enumerate(spans):
        for (kpi, segment), values in course.items():
            if kpi != "closed":
                # Nobody plans single euros, nor less than one of anything.
                unit = 100 if kpi in MONEY else 1
                target = max(round(values[nth] / unit), 1) * unit
                lines.append(f"{kpi},month,{span.first},{segment},,,{target}")
        for kpi, (above, below) in ratios.items():
            if course[below, ""][nth] > 0:
                ratio = course[above, ""][nth] / course[below, ""][nth]
                lines.append(f"{kpi},month,{span.first},,,,{ratio:.3f}")
    return lines


def _promises(setting: Setting, plain: Rates, spans: list[Month], mqls: Floats) -> list[str]:
    since = setting.start.replace(day=1)
    weight = sum(team.share for team in plain.teams)
    accepted = sum(t.share * t.follow_up_rate * t.acceptance_rate for t in plain.teams) / weight
    lines = [
        f"enough_mqls,Enough qualified leads,marketing,mqls,{_least(mqls, nth)},,month,,,,"
        f"{span.first},,Marketing qualifies at least so many leads a month."
        for nth, span in enumerate(spans)
        if nth == 0 or span.first.month % 3 == 1
    ]
    return [
        *lines,
        f"good_mqls,Leads that sales accepts,marketing,acceptance_rate,"
        f"{accepted * PROMISED_ACCEPTANCE:.2f},,month,,,,{since},,"
        "Sales accepts at least this share of the leads that marketing hands over.",
        f"answer_fast,Leads are answered fast,sales,response_minutes,480,0.85,month,business,,,"
        f"{since},,Sales answers 85 of 100 leads within eight working hours.",
        f"decide_soon,Leads are decided on,sales,decision_hours,60,0.8,month,business,,,"
        f"{since},,Sales accepts or rejects 80 of 100 leads within 60 working hours.",
        f"say_why,Each rejection has a reason,sales,rejection_reason,1,0.95,month,,,,"
        f"{since},,Sales says why for each lead that it rejects.",
    ]


def _least(mqls: Floats, nth: int) -> int:
    """The promise for a quarter, from the months that are left of it."""
    return max(int(mqls[nth : nth + 3].min() * PROMISED_MQLS), 1)


def _target_market(setting: Setting) -> list[str]:
    rates, since = setting.rates, setting.start.replace(day=1)
    companies = rates.companies * setting.scale * MARKET_PER_COMPANY
    lines = []
    for segment in rates.segments:
        for team in rates.teams:
            count = max(round(companies * segment.share * team.share), 1)
            lines.append(
                f"{segment.name},{team.region},{since},{count},{count * segment.deal_size:.0f}"
            )
    return lines
