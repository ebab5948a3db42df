"""Write a demo company: template, exports, agreement and truth.

Belongs here: which files make a company folder, and that none of an earlier one stays. Does not
belong here: what is in the files.
"""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

from orchestration.demo import DemoSummary
from orchestration.demo.generator.agreement import draw_dollar_rates, write_agreement
from orchestration.demo.generator.company import draw_company
from orchestration.demo.generator.dirt import Damage
from orchestration.demo.generator.export_crm import write_crm
from orchestration.demo.generator.export_marketing import write_marketing
from orchestration.demo.generator.export_web import write_web
from orchestration.demo.generator.history import History
from orchestration.demo.generator.plan import write_plan
from orchestration.demo.generator.rates import Rates
from orchestration.demo.generator.stories import plant
from orchestration.demo.generator.truth import write_stories, write_truth
from orchestration.demo.generator.world import Setting
from orchestration.lib.durable import remove_tree, scratch
from orchestration.settings import DEMO_TEMPLATE

FOLDERS = ("sources", "agreement", "data", "truth")


def write_company(
    target: Path,
    scale: float,
    seed: int,
    days: int,
    end: date,
    rates: Rates | None,
    seen_on: date,
    stories: bool,
) -> DemoSummary:
    """Write the company of these arguments to `target`; see `generate_demo`."""
    start = end - timedelta(days=days - 1)
    if scale <= 0 or days < 60:
        raise ValueError(f"scale must be above 0 and days at least 60, not {scale} and {days}")
    if not start < seen_on <= end:
        raise ValueError(f"seen_on must be after {start} and not after {end}, not {seen_on}")
    plain = rates or Rates()
    told, planted = plant(plain, seed) if stories else (plain, [])
    setting = Setting(told, scale, seed, start, end, seen_on)
    company = draw_company(setting)
    dollar = draw_dollar_rates(setting)
    history, damage = History(company), Damage()

    # Beside the target first: a company that is there is taken for a whole one.
    target.parent.mkdir(parents=True, exist_ok=True)
    with scratch(target.with_name(f"{target.name}.new")) as new:
        for name in ("sources", "agreement"):
            shutil.copytree(DEMO_TEMPLATE / name, new / name)
        write_crm(history, new / "data" / "crm", damage)
        write_web(company, new / "data" / "web", damage)
        write_marketing(company, new / "data" / "marketing", damage)
        write_agreement(setting, dollar, new / "agreement")
        write_plan(setting, plain, new / "agreement")
        expected = write_truth(history, dollar, new / "truth", damage)
        write_stories(planted, end, new / "truth")
        target.mkdir(exist_ok=True)
        for name in FOLDERS:
            remove_tree(target / name)
            (new / name).rename(target / name)
    return DemoSummary(
        folder=target,
        rows=expected["rows"],
        leads=expected["leads"]["records"],
        opportunities=expected["opportunities"]["count"],
        wins=expected["opportunities"]["wins"],
    )
