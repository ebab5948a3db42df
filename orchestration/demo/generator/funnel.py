"""Leads and their way through the funnel, up to the opportunity.

Belongs here: passes (one way of one person through the funnel), lead records and their
damage. Does not belong here: what opportunities do (`opportunities`), how it is exported.
All times are drawn without regard to the cutoff; NEVER means that it does not happen.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from orchestration.demo.generator import text
from orchestration.demo.generator.clock import (
    DAY,
    HOUR,
    MINUTE,
    NEVER,
    Bools,
    Ints,
    Random,
    after,
    in_office_hours,
    outside_repeated_hour,
    visiting_times,
)
from orchestration.demo.generator.world import (
    Campaigns,
    Companies,
    Reps,
    Setting,
    chance,
    choose_campaigns,
)

MARKETING_REJECTED = len(text.SALES_REJECTIONS)  # reasons of marketing follow those of sales
REASONS = text.SALES_REJECTIONS + text.MARKETING_REJECTIONS


@dataclass(frozen=True)
class Passes:
    """One row per way of a person through the funnel; `lead` indexes the lead records."""

    person: Ints
    company: Ints
    segment: Ints
    region: Ints
    channel: Ints
    campaign: Ints  # -1 without
    lead: Ints
    owner: Ints  # rep
    created: Ints
    mql: Ints
    response: Ints
    sal: Ints
    sql: Ints
    opportunity: Ints
    disqualified: Ints
    recycled: Ints
    reason: Ints  # of disqualification or recycling; -1 without
    is_second: Bools
    is_reopened: Bools  # second pass of the same lead record
    is_linked: Bools  # the lead was converted into its opportunity
    skips_mql: Bools
    skips_sal: Bools
    skips_sql: Bools

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True)
class Leads:
    """One row per lead record of the CRM; `first_pass` is the pass that it belongs to."""

    first_pass: Ints
    person: Ints
    created: Ints  # as exported; after the MQL where the record was entered late
    merged_into: Ints  # lead; -1 without
    is_duplicate: Bools
    is_deleted: Bools
    is_backdated: Bools

    def __len__(self) -> int:
        return len(self.person)


def draw_person_companies(setting: Setting, companies: Companies) -> Ints:
    """The company of each person who becomes a lead; a few companies have many."""
    rng, count = setting.rng("lead persons"), setting.count(setting.rates.lead_persons)
    known, everybody = companies.customers + companies.prospects, len(companies.segment)
    is_known = chance(rng, 0.13, count)
    cold = known + ((everybody - known) * rng.random(count) ** 1.6).astype(np.int64)
    return np.where(is_known, rng.integers(known, size=count), cold)


def draw_passes(
    setting: Setting, companies: Companies, campaigns: Campaigns, reps: Reps, company: Ints
) -> tuple[Passes, Leads]:
    """Draw all passes and lead records of the persons 0 … len(company) - 1."""
    rng, dirt = setting.rng("passes"), setting.rates.dirt
    count = len(company)
    created = visiting_times(rng, count, setting.first_second, setting.end_second)
    created = outside_repeated_hour(created, setting.rates.reporting_timezone)
    persons = np.arange(count)
    is_deleted = chance(rng, dirt.deleted, count)
    first = _one_pass(rng, setting, companies, campaigns, reps, persons, company, created)
    # Only leads that nothing happened to are deleted.
    first["mql"] = np.where(is_deleted, NEVER, first["mql"])
    first["is_deleted"] = is_deleted
    first = _until_stopped(rng, setting, campaigns, first)

    again = np.flatnonzero(
        (first["recycled"] < NEVER) & chance(rng, setting.rates.reengaged_share, count)
    )
    comes_back = first["recycled"][again] + rng.integers(20 * DAY, 150 * DAY, len(again))
    comes_back = outside_repeated_hour(comes_back, setting.rates.reporting_timezone)
    second = _one_pass(rng, setting, companies, campaigns, reps, again, company[again], comes_back)
    second["is_deleted"] = np.zeros(len(again), bool)
    second = _until_stopped(rng, setting, campaigns, second)
    is_reopened = chance(rng, 0.5, len(again))
    second["is_reopened"], first["is_reopened"] = is_reopened, np.zeros(count, bool)
    second["is_second"], first["is_second"] = np.ones(len(again), bool), np.zeros(count, bool)

    # Lead records: one per first pass, one per second pass that is no reopened lead, duplicates.
    first["lead"] = np.arange(count)
    new_records = np.flatnonzero(~is_reopened)
    second["lead"] = again.copy()
    second["lead"][new_records] = count + np.arange(len(new_records))
    passes = Passes(
        **{f.name: np.concatenate([first[f.name], second[f.name]]) for f in fields(Passes)}
    )
    return passes, _draw_leads(rng, setting, passes, count, count + new_records, is_deleted)


def _one_pass(
    rng: Random, setting: Setting, companies: Companies, campaigns: Campaigns, reps: Reps,
    person: Ints, company: Ints, created: Ints,
) -> dict[str, Any]:  # fmt: skip
    rates, dirt, count = setting.rates, setting.rates.dirt, len(person)
    segment, region = companies.segment[company], companies.region[company]
    shares = np.array([channel.share for channel in rates.channels])
    channel = rng.choice(len(shares), count, p=shares / shares.sum())
    campaign = np.full(count, -1, np.int64)
    for index, entry in enumerate(rates.channels):
        rows = np.flatnonzero(channel == index)
        chosen = choose_campaigns(rng, campaigns, entry.channel_id, segment[rows], created[rows])
        campaign[rows] = chosen
        if entry.channel_id.startswith("paid"):
            # Nobody comes from an ad of a segment that has none: such visitors search.
            channel[rows[chosen < 0]] = 2
    factor = np.array([entry.factor for entry in rates.channels])[channel]
    is_mql = chance(rng, setting.by_segment("mql_rate", segment) * factor, count)
    at_once = chance(rng, 0.3, count)
    mql = after(rng, created, np.where(at_once, 40 * MINUTE, 1.5 * DAY), 0.6)
    # An hour's distance, so that a form sent twice never falls behind the next stage.
    mql = outside_repeated_hour(np.maximum(mql, created + HOUR), rates.reporting_timezone)
    return {
        "person": person,
        "company": company,
        "segment": segment,
        "region": region,
        "channel": channel.astype(np.int64),
        "campaign": campaign,
        "owner": pick_rep(rng, reps.lead_takers, region),
        "created": created,
        "mql": np.where(is_mql, mql, NEVER),
        "skips_mql": chance(rng, dirt.skipped_stage, count),
        "skips_sal": chance(rng, dirt.skipped_stage, count),
        "skips_sql": chance(rng, dirt.skipped_stage, count),
        "is_linked": ~chance(rng, dirt.unlinked_opportunities, count),
    }


def _until_stopped(
    rng: Random, setting: Setting, campaigns: Campaigns, data: dict[str, Any]
) -> dict[str, Any]:
    """Add response, SAL, SQL and opportunity times, and the exits of those who stop."""
    segment, region, count = data["segment"], data["region"], len(data["person"])
    disqualified = np.full(count, NEVER)
    recycled = np.full(count, NEVER)
    reason = np.full(count, -1, np.int64)

    def office(times: Ints) -> Ints:
        return in_office_hours(rng, times, setting.timezones, region)

    def leave(rows: Bools, since: Ints, days: float, disqualify: float, recycle: float) -> None:
        """Let some of `rows` leave the funnel some days after `since`."""
        draw = rng.random(count)
        when = office(after(rng, since, days * DAY, 0.5))
        out, back = rows & (draw < disqualify), rows & (draw >= 1 - recycle)
        disqualified[out], recycled[back] = when[out], when[back]
        reason[out | back] = rng.integers(MARKETING_REJECTED, size=int((out | back).sum()))

    mql = data["mql"]
    is_mql = mql < NEVER
    leave(~is_mql & ~data["is_deleted"], data["created"], 6, 0.12, 0.0)
    own = disqualified < NEVER
    reason[own] = MARKETING_REJECTED + rng.integers(len(text.MARKETING_REJECTIONS), size=own.sum())

    minutes = setting.by_team("response_minutes", region, mql)
    answered = is_mql & chance(rng, setting.by_team("follow_up_rate", region, mql), count)
    response = office(after(rng, np.where(answered, mql, NEVER), minutes * MINUTE, 0.9))
    accepts = setting.by_team("acceptance_rate", region, mql)
    factor = np.where(data["campaign"] >= 0, campaigns.acceptance[data["campaign"]], 1.0)
    accepted = answered & chance(rng, accepts * factor, count)
    sal = office(after(rng, np.where(accepted, response, NEVER), 0.9 * DAY))
    leave(answered & ~accepted, response, 1.5, 0.55, 0.45)
    qualified = accepted & chance(rng, setting.by_segment("sql_rate", segment), count)
    sql = office(after(rng, np.where(qualified, sal, NEVER), 4 * DAY))
    leave(accepted & ~qualified, sal, 9, 0.5, 0.4)
    pursued = qualified & chance(rng, setting.by_segment("opportunity_rate", segment), count)
    opportunity = office(after(rng, np.where(pursued, sql, NEVER), 5 * DAY))
    leave(qualified & ~pursued, sql, 12, 0.4, 0.4)
    return data | {
        "response": response,
        "sal": sal,
        "sql": sql,
        "opportunity": opportunity,
        "disqualified": disqualified,
        "recycled": recycled,
        "reason": reason,
    }


def _draw_leads(
    rng: Random, setting: Setting, passes: Passes, firsts: int, reengaged: Ints, is_deleted: Bools
) -> Leads:
    dirt = setting.rates.dirt
    own = np.concatenate([np.arange(firsts), reengaged])
    created = passes.created[own].copy()
    travels = chance(rng, dirt.time_travel, firsts) & (passes.mql[:firsts] < NEVER)
    travels &= ~passes.skips_mql[:firsts]
    late = passes.mql[:firsts] + rng.integers(HOUR, 60 * HOUR, firsts)
    late = outside_repeated_hour(late, setting.rates.reporting_timezone)
    # Nobody enters a lead that has left the funnel already.
    travels &= late < np.minimum(passes.disqualified[:firsts], passes.recycled[:firsts])
    created[:firsts] = np.where(travels, late, created[:firsts])

    twice = np.flatnonzero(chance(rng, dirt.duplicate_leads, firsts) & ~is_deleted & ~travels)
    twice_created = passes.created[twice] + rng.integers(MINUTE, 20 * MINUTE, len(twice))
    is_merged = chance(rng, dirt.merged_leads, len(twice))
    records, copies = len(own), len(twice)
    return Leads(
        first_pass=np.concatenate([own, twice]),
        person=passes.person[np.concatenate([own, twice])],
        created=np.concatenate(
            [created, outside_repeated_hour(twice_created, setting.rates.reporting_timezone)]
        ),
        merged_into=np.concatenate([np.full(records, -1), np.where(is_merged, twice, -1)]),
        is_duplicate=np.repeat([False, True], [records, copies]),
        is_deleted=np.concatenate([is_deleted, np.zeros(len(reengaged) + copies, bool)]),
        is_backdated=np.concatenate([travels, np.zeros(len(reengaged) + copies, bool)]),
    )


def pick_rep(rng: Random, by_region: tuple[Ints, ...], region: Ints) -> Ints:
    """A rep of each row's region."""
    chosen = np.empty(len(region), np.int64)
    for index, candidates in enumerate(by_region):
        rows = np.flatnonzero(region == index)
        chosen[rows] = candidates[rng.integers(len(candidates), size=len(rows))]
    return chosen
