"""The exports of the web analytics tool: visits and form fills as JSON lines.

Belongs here: columns, formats and damage of these files. Does not belong here: who visits when
(`web`). Visits are written month by month, so that memory stays small however many there are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo.generator import text
from orchestration.demo.generator.clock import Ints
from orchestration.demo.generator.company import Company
from orchestration.demo.generator.dirt import Damage, Flaw, spoil, untidy
from orchestration.demo.generator.tracking import evidence_of
from orchestration.demo.generator.world import Setting
from orchestration.demo.generator.writers import write_json_lines

SITE = "https://www.tandem-demo.example"
SESSIONS, FORM_FILLS = "web.sessions", "web.form_fills"


def write_web(company: Company, folder: Path, damage: Damage) -> None:
    """Write one file of visits per month in which they were received, and the form fills."""
    visits, setting = company.visits, company.setting
    rows = np.flatnonzero(visits.received <= setting.cutoff)
    received = pa.array(visits.received[rows], pa.timestamp("s"))
    months = pc.year(received).to_numpy() * 12 + pc.month(received).to_numpy() - 1
    for month in np.unique(months):
        name = f"{month // 12}-{month % 12 + 1:02d}"
        table = _visits(company, rows[months == month], f"visits {name}")
        # One month carries the unusable rows: per month each kind would round up to one.
        flaws = (Flaw("occurred_at_is_given", "ts", None),) if month == months.max() else ()
        table = spoil(setting, damage, SESSIONS, table, "session_id", flaws, repeats=True)
        write_json_lines(table, folder / f"sessions_{name}.jsonl.gz")
    write_json_lines(_forms(company, damage), folder / "form_fills.jsonl")


def visitor_ids(setting: Setting, visitor: Ints) -> pa.Array:
    """Ids as a tracking cookie has them: two numbers."""
    # An odd factor modulo a power of two gives each visitor another number.
    number = visitor * 2_654_435_761 % (1 << 31)
    second = setting.first_second + visitor * 7919 % 31_536_000
    return text.concat(pa.array(number).cast(pa.string()), ".", pa.array(second).cast(pa.string()))


def _visits(company: Company, rows: Ints, purpose: str) -> pa.Table:
    visits, setting = company.visits, company.setting
    rng = setting.rng(purpose)
    campaign = visits.campaign[rows]
    seen = evidence_of(
        rng, setting.rates.channels, company.campaigns, visits.channel[rows], campaign,
        visits.loses_utms[rows],
    )  # fmt: skip
    page = text.pick(text.PAGES, rng.integers(len(text.PAGES), size=len(rows)))
    query = pc.coalesce(
        text.concat("?utm_source=", seen.utm_source, "&utm_campaign=", seen.utm_campaign), ""
    )
    # Links in newsletters that carry the reader's address.
    person = visits.person[rows]
    leaks = (rng.random(len(rows)) < 0.01) & (person >= 0)
    address = company.persons.email.take(pa.array(np.where(person >= 0, person, 0)))
    query = text.where(leaks, text.concat("?email=", address), query)
    return pa.table(
        {
            "session_id": text.numbered("s", rows, 9),
            "client_id": visitor_ids(setting, visits.visitor[rows]),
            "ts": pa.array(visits.at[rows] * 1000),
            "landing_page": text.concat(SITE, page, query),
            "referrer": seen.referrer,
            "utm_source": seen.utm_source,
            "utm_medium": seen.utm_medium,
            "utm_campaign": seen.utm_campaign,
            "utm_content": seen.utm_content,
            "click_id": seen.click_id,
            "click_id_type": seen.click_id_type,
            "pages": pa.array(rng.geometric(0.4, len(rows))),
            "device": text.pick(("desktop", "mobile"), (rng.random(len(rows)) < 0.3).astype(int)),
        }
    )


def _forms(company: Company, damage: Damage) -> pa.Table:
    forms, setting = company.forms, company.setting
    rows = np.flatnonzero(forms.at <= setting.cutoff)
    rng = setting.rng("form export")
    form = rng.integers(len(text.FORMS), size=len(rows))
    table = pa.table(
        {
            "submission_id": text.numbered("f", rows, 8),
            "submitted_at": text.iso_with_offset(forms.at[rows], "UTC"),
            "client_id": visitor_ids(setting, forms.visitor[rows]),
            "form": text.pick(text.FORMS, form),
            "page_url": text.concat(SITE, text.pick(text.PAGES, form)),
            "email": untidy(
                setting, "forms", company.persons.email.take(pa.array(forms.person[rows]))
            ),
        }
    )
    flaws = (Flaw("values_are_readable", "submitted_at", "2026-13-45T00:00:00+0000"),)
    return spoil(setting, damage, FORM_FILLS, table, "submission_id", flaws)
