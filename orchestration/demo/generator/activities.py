"""What the sales teams do and what they hear: activities and feedback.

Belongs here: calls, emails, meetings and tasks; feedback of reps. Does not belong here: when
leads and deals move on (`funnel`, `opportunities`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestration.demo.generator import text
from orchestration.demo.generator.clock import (
    DAY,
    HOUR,
    NEVER,
    Bools,
    Ints,
    Random,
    in_office_hours,
    visiting_times,
)
from orchestration.demo.generator.funnel import MARKETING_REJECTED, Passes, pick_rep
from orchestration.demo.generator.opportunities import Lines, Opportunities
from orchestration.demo.generator.records import Records
from orchestration.demo.generator.world import Companies, Reps, Setting, chance

KINDS = ("Call", "Email", "Meeting", "Task")
CALL, EMAIL, MEETING, TASK = range(len(KINDS))
OUTCOMES = ("Connected", "No answer", "Left voicemail", "Replied", "Held", "Done")
TOPICS = {
    "need": ("Shorter reports", "One source of truth", "Less manual work"),
    "feature": ("Offline mode", "Export to spreadsheets", "Approval flow", "Single sign-on"),
    "price": ("Too expensive", "No monthly plan", "Discount expected"),
    "competitor": ("Rival A", "Rival B", "In-house tool"),
}


@dataclass(frozen=True)
class Activities:
    """One row per activity, in order of time. -1 where it is about no such record."""

    at: Ints
    kind: Ints
    outcome: Ints
    is_inbound: Bools
    rep: Ints
    region: Ints
    lead: Ints
    contact: Ints
    account: Ints
    opportunity: Ints
    minutes: Ints
    is_deleted: Bools


@dataclass(frozen=True)
class Feedback:
    """One row per remark of a rep; `topic` is (type, index into its topics)."""

    at: Ints
    rep: Ints
    lead: Ints
    opportunity: Ints
    product: Ints
    campaign: Ints  # that brought the lead; -1 without
    kind: Ints
    topic: Ints


def draw_activities(
    setting: Setting, companies: Companies, passes: Passes, deals: Opportunities, reps: Reps,
    contacts: Records, accounts: Records, contact_company: Ints,
) -> Activities:  # fmt: skip
    """Draw the follow-up of leads, the work on deals, and calls to contacts without a deal.

    The first activity of a lead that was handed over is at its response time exactly.
    """
    rng = setting.rng("activities")
    parts = (
        _follow_up(rng, passes),
        _deal_work(rng, deals, contacts),
        _outbound(rng, setting, companies, reps, contacts, contact_company),
    )
    work = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    total = len(work["at"])
    is_first, is_lead = work["is_first"], work["lead"] >= 0
    region = companies.region[work["company"]]
    at = in_office_hours(rng, work["at"], setting.timezones, region)
    kind = rng.choice(len(KINDS), total, p=[0.46, 0.34, 0.12, 0.08])
    kind = np.where(is_lead & (kind == TASK), CALL, kind)
    outcome = np.select(
        [kind == CALL, kind == EMAIL, kind == MEETING],
        [rng.choice(3, total, p=[0.4, 0.4, 0.2]), np.where(rng.random(total) < 0.3, 3, -1), 4],
        5,
    )
    talks = (kind == CALL) | (kind == MEETING)
    columns: tuple[Any, ...] = (
        np.where(is_first, work["at"], at),
        kind,
        outcome,
        (kind != TASK) & ~is_first & chance(rng, 0.12, total),
        work["rep"],
        region,
        work["lead"],
        work["contact"],
        np.where(is_lead, -1, accounts.by_subject[work["company"]]),
        work["opportunity"],
        np.where(talks, rng.integers(1, 60, total), -1),
        ~is_first & chance(rng, setting.rates.dirt.deleted, total),
    )
    order = np.argsort(columns[0], kind="stable")
    order = order[columns[0][order] < setting.end_second]
    return Activities(*(column[order] for column in columns))


def _follow_up(rng: Random, passes: Passes) -> dict[str, Any]:
    """The first response to a lead, then more attempts."""
    answered = np.flatnonzero(passes.response < NEVER)
    tries = 1 + rng.poisson(1.6, len(answered))
    of = np.repeat(answered, tries)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(tries) - tries, tries)
    wait = np.where(nth == 0, 0, nth * DAY + rng.integers(HOUR, 2 * DAY, len(nth)))
    none = np.full(len(of), -1)
    return {
        "at": passes.response[of] + wait,
        "is_first": nth == 0,
        "company": passes.company[of],
        "rep": passes.owner[of],
        "lead": passes.lead[of],
        "contact": none,
        "opportunity": none,
    }


def _deal_work(rng: Random, deals: Opportunities, contacts: Records) -> dict[str, Any]:
    """Work spread over the time a deal is open, 45 days where it stays so."""
    moving = np.flatnonzero(~deals.is_backdated)
    often = 3 + rng.poisson(5.0, len(moving))
    of = np.repeat(moving, often)
    length = np.minimum(deals.closed, deals.created + 45 * DAY) - deals.created
    return {
        "at": deals.created[of] + (rng.random(len(of)) * length[of]).astype(np.int64),
        "is_first": np.zeros(len(of), bool),
        "company": deals.company[of],
        "rep": deals.owner[of],
        "lead": np.full(len(of), -1),
        "contact": contacts.by_subject[deals.person[of]],
        "opportunity": of,
    }


def _outbound(
    rng: Random, setting: Setting, companies: Companies, reps: Reps, contacts: Records,
    contact_company: Ints,
) -> dict[str, Any]:  # fmt: skip
    """Calls to contacts without a deal."""
    count = setting.count(setting.rates.outbound_activities)
    who = rng.integers(int((~contacts.is_duplicate).sum()), size=count)
    at = visiting_times(rng, count, setting.first_second, setting.end_second)
    company, none = contact_company[who], np.full(count, -1)
    return {
        "at": np.maximum(at, contacts.created[who] + DAY),
        "is_first": np.zeros(count, bool),
        "company": company,
        "rep": pick_rep(rng, reps.sellers, companies.region[company]),
        "lead": none,
        "contact": who,
        "opportunity": none,
    }


def draw_feedback(setting: Setting, passes: Passes, deals: Opportunities, lines: Lines) -> Feedback:
    """What reps noted about lost deals and rejected leads; the reason colours the remark."""
    rng = setting.rng("feedback")
    lost = np.flatnonzero((deals.closed < NEVER) & ~deals.is_won & chance(rng, 0.7, len(deals)))
    left = np.minimum(passes.disqualified, passes.recycled)
    by_sales = (passes.reason >= 0) & (passes.reason < MARKETING_REJECTED)
    rejected = np.flatnonzero(by_sales & chance(rng, 0.25, len(passes)))
    reason = deals.lost_reason[lost]
    names = np.array(text.LOST_REASONS)[reason]
    kinds = list(TOPICS)
    kind = np.concatenate(
        [
            np.select(
                [names == "Price", names == "Competitor", names == "Missing feature"],
                [kinds.index("price"), kinds.index("competitor"), kinds.index("feature")],
                rng.integers(len(kinds), size=len(lost)),
            ),
            rng.integers(2, size=len(rejected)),
        ]
    )
    first_line = np.zeros(len(deals), np.int64)
    first_line[lines.opportunity[::-1]] = np.arange(len(lines.opportunity))[::-1]
    origin = deals.pass_index[lost]
    brought_by = np.where(origin >= 0, passes.campaign[origin], -1)
    topics = np.array([len(TOPICS[name]) for name in kinds])[kind]
    at = np.concatenate([deals.closed[lost], left[rejected]])
    at = at + rng.integers(60, 2 * HOUR, len(at))
    order = np.argsort(at, kind="stable")
    columns = (
        at,
        np.concatenate([deals.owner[lost], passes.owner[rejected]]),
        np.concatenate([np.full(len(lost), -1), passes.lead[rejected]]),
        np.concatenate([lost, np.full(len(rejected), -1)]),
        np.concatenate([lines.product[first_line[lost]], np.full(len(rejected), -1)]),
        np.concatenate([brought_by, passes.campaign[rejected]]),
        kind,
        (rng.random(len(at)) * topics).astype(np.int64),
    )
    return Feedback(*(column[order] for column in columns))
