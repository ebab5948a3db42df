"""Web visits and form fills: of people before and after they are known, and of strangers.

Belongs here: visitors, visits and forms. Does not belong here: what a visit carries
(`tracking`), how events are exported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.demo.generator.clock import (
    DAY,
    HOUR,
    MINUTE,
    NEVER,
    Bools,
    Ints,
    Random,
    visiting_times,
)
from orchestration.demo.generator.funnel import Leads, Passes
from orchestration.demo.generator.rates import Channel
from orchestration.demo.generator.records import ContactPersons
from orchestration.demo.generator.world import Campaigns, Setting, chance, choose_campaigns

CONTACTS_WHO_VISIT = 0.25


@dataclass(frozen=True)
class Visits:
    """One row per web session, in order of time. `person` is -1 for strangers."""

    at: Ints
    received: Ints
    visitor: Ints
    person: Ints
    channel: Ints
    campaign: Ints
    loses_utms: Bools

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True)
class Forms:
    """One row per form fill, in order of time; it ties a visitor to a person's address."""

    at: Ints
    visitor: Ints
    person: Ints
    is_lead: Bools  # else a known contact signs up for something

    def __len__(self) -> int:
        return len(self.at)


def draw_web(
    setting: Setting, campaigns: Campaigns, passes: Passes, leads: Leads, segment: Ints,
    contacts: ContactPersons, lead_persons: int,
) -> tuple[Visits, Forms]:  # fmt: skip
    """Draw all visits and form fills. `segment` is that of each person."""
    rng, channels = setting.rng("web"), setting.rates.channels
    has_web = np.array([channel.visit_share > 0 for channel in channels])

    own = np.flatnonzero(has_web[passes.channel] & ~passes.is_reopened)
    person, created = passes.person[own], passes.created[own]
    # One person in five comes back on a second device, which no form fill has tied to them.
    convert = created - rng.integers(MINUTE, 15 * MINUTE, len(own))
    before = rng.poisson(2.0, len(own))
    after = rng.poisson(1.0 + 2.5 * (passes.opportunity[own] < NEVER))
    earlier = np.repeat(created, before) - _days(rng, 18, before.sum()) - HOUR
    later = np.repeat(created, after) + _days(rng, 25, after.sum()) + HOUR
    visiting = np.flatnonzero(chance(rng, CONTACTS_WHO_VISIT, contacts.known))
    often = 1 + rng.poisson(3.0, len(visiting))
    visiting_at = visiting_times(rng, often.sum(), setting.first_second, setting.end_second)
    strangers = setting.count(setting.rates.anonymous_visitors)
    sessions = rng.geometric(0.45, strangers)
    first_seen = visiting_times(rng, strangers, setting.first_second, setting.end_second)
    gaps = np.where(_is_first(sessions), 0, _days(rng, 12, sessions.sum()))
    stranger_at = np.repeat(first_seen, sessions) + gaps

    known = np.concatenate(
        [person, np.repeat(person, before), np.repeat(person, after),
         np.repeat(lead_persons + visiting, often)]
    )  # fmt: skip
    persons = lead_persons + len(contacts.company)
    second_device = np.flatnonzero(chance(rng, 0.2, persons))
    device = persons + strangers + np.searchsorted(second_device, known)
    moves = np.isin(known, second_device) & chance(rng, 0.4, len(known))
    moves[: len(own)] = False
    visitor = np.concatenate(
        [np.where(moves, device, known), np.repeat(persons + np.arange(strangers), sessions)]
    )
    at = np.concatenate([convert, earlier, later, visiting_at, stranger_at])
    who = np.concatenate([known, np.full(sessions.sum(), -1)])
    its_segment = np.where(
        who >= 0, segment[who], rng.integers(len(setting.rates.segments), size=len(who))
    )
    channel = _channels(rng, channels, len(at))
    campaign = np.full(len(at), -1)
    for index, entry in enumerate(channels):
        rows = np.flatnonzero(channel == index)
        chosen = choose_campaigns(rng, campaigns, entry.channel_id, its_segment[rows], at[rows])
        campaign[rows] = chosen
        if entry.channel_id.startswith("paid"):
            channel[rows[chosen < 0]] = 2
    channel[: len(own)], campaign[: len(own)] = passes.channel[own], passes.campaign[own]
    late = chance(rng, setting.rates.dirt.late_events, len(at))
    delay = np.where(late, rng.integers(DAY, 3 * DAY, len(at)), 0)
    loses_utms = chance(rng, setting.rates.dirt.missing_utms, len(at))

    kept = np.flatnonzero((at >= setting.first_second) & (at < setting.end_second))
    kept = kept[np.argsort(at[kept], kind="stable")]
    visits = Visits(
        at[kept], (at + delay)[kept], visitor[kept], who[kept], channel[kept], campaign[kept],
        loses_utms[kept],
    )  # fmt: skip
    return visits, _draw_forms(
        rng, setting, passes, leads, own, lead_persons + visiting, visiting_at, often
    )


def _draw_forms(
    rng: Random, setting: Setting, passes: Passes, leads: Leads, own: Ints, visiting: Ints,
    visiting_at: Ints, often: Ints,
) -> Forms:  # fmt: skip
    """A form fill stands behind each lead from the web, its duplicates, and some contacts."""
    has_web = np.zeros(len(passes), bool)
    has_web[own] = True
    twice = np.flatnonzero(leads.is_duplicate & has_web[leads.first_pass])
    contact_at = visiting_at[np.cumsum(often) - 1] + MINUTE
    person = np.concatenate([passes.person[own], leads.person[twice], visiting])
    at = np.concatenate([passes.created[own] - 20, leads.created[twice] - 20, contact_at])
    is_lead = np.repeat([True, False], [len(own) + len(twice), len(visiting)])
    order = np.argsort(at, kind="stable")
    order = order[at[order] < setting.end_second]
    return Forms(at[order], person[order], person[order], is_lead[order])


def _channels(rng: Random, channels: tuple[Channel, ...], count: int) -> Ints:
    share = np.array([channel.visit_share for channel in channels])
    return rng.choice(len(channels), count, p=share / share.sum()).astype(np.int64)


def _days(rng: Random, mean: float, count: int) -> Ints:
    return (rng.exponential(mean * DAY, int(count))).astype(np.int64)


def _is_first(lengths: Ints) -> Bools:
    """Marks the first of each run of rows."""
    first = np.zeros(int(lengths.sum()), bool)
    first[np.cumsum(lengths) - lengths] = True
    return first
