"""Ads day by day, marketing emails, and members of webinars and trade shows.

Belongs here: what campaigns do. Does not belong here: the campaigns themselves (`world`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.demo.generator.clock import (
    DAY,
    HOUR,
    Bools,
    Floats,
    Ints,
    day_number,
    visiting_times,
)
from orchestration.demo.generator.funnel import Passes
from orchestration.demo.generator.world import PLATFORMS, Campaigns, Setting, chance

# Days after which a platform no longer changes what it reports.
SPEND_SETTLES, CONVERSIONS_SETTLE = 3, 14
EVENT_TYPES = ("sent", "open", "click", "unsubscribe", "bounce", "webinar_attended")
SENT, OPEN, CLICK, UNSUBSCRIBE, BOUNCE, ATTENDED = range(len(EVENT_TYPES))


@dataclass(frozen=True)
class Ads:
    """The ads; `campaign` indexes the campaigns."""

    campaign: Ints
    number: Ints  # of the ad in its campaign, from 1


@dataclass(frozen=True)
class AdDays:
    """One row per ad and day with impressions, as known on the day the exports were made.

    `micros` is the cost in millionths, `settled` the cost that the platform ends up with.
    """

    ad: Ints
    campaign: Ints
    day: Ints
    impressions: Ints
    clicks: Ints
    micros: Ints
    settled: Ints
    conversions: Ints
    conversion_cents: Ints


@dataclass(frozen=True)
class EmailEvents:
    """One row per event of a marketing email or webinar, in order of time."""

    at: Ints
    kind: Ints
    person: Ints
    campaign: Ints


@dataclass(frozen=True)
class Members:
    """One row per person in a webinar or trade show."""

    campaign: Ints
    person: Ints
    joined: Ints
    responded: Bools


def draw_ads(setting: Setting, campaigns: Campaigns) -> Ads:
    """One or two ads per ad campaign."""
    own = campaigns.of_kind("ad")
    count = 1 + (np.arange(len(own)) % 2)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + 1
    return Ads(np.repeat(own, count), number)


def draw_ad_days(setting: Setting, campaigns: Campaigns, ads: Ads) -> AdDays:
    """Draw what each ad cost each day, then show it as the platforms did when asked.

    For some days a platform reports less than it will in the end, and rows of the newest day
    are still missing.
    """
    rng = setting.rng("ads")
    ad, day = _ad_days(setting, ads)
    campaign = ads.campaign[ad]
    clicks = rng.poisson(_expected_clicks(setting, campaigns, campaign, day))
    through = rng.uniform(0.01, 0.04, len(ad))
    impressions = np.ceil((clicks + rng.random(len(ad))) / through).astype(np.int64)
    price = _click_prices(campaigns)
    cost = clicks * price[campaign] * rng.uniform(0.7, 1.3, len(ad))
    settled = np.rint(cost).astype(np.int64) * 10_000
    # Only LinkedIn reports fractions of a cent.
    fraction = rng.integers(10_000, size=len(ad))
    is_fine = np.array([name == "LinkedIn Ads" for name in campaigns.platform])[campaign]
    settled += np.where(is_fine & (settled > 0), fraction, 0)
    conversions = rng.binomial(clicks, 0.09)
    worth = rng.integers(5_000, 40_000, len(ad)) * conversions

    age = day_number(setting.seen_on) - day
    known_share = np.where(age < SPEND_SETTLES, 0.93 + 0.02 * age, 1.0)
    micros = np.rint(settled * known_share / 10_000).astype(np.int64) * 10_000
    micros = np.where(age < SPEND_SETTLES, micros, settled)
    conversions = np.where(age < CONVERSIONS_SETTLE, conversions * (age + 1) // 14, conversions)
    is_late = (age == 0) & chance(rng, setting.rates.dirt.late_ad_rows, len(ad))
    kept = np.flatnonzero(campaigns.runs(campaign, day) & (age >= 0) & ~is_late & (impressions > 0))
    kept = kept[np.lexsort((ad[kept], day[kept]))]
    return AdDays(
        ad[kept], campaign[kept], day[kept], impressions[kept], clicks[kept], micros[kept],
        settled[kept], conversions[kept], np.where(conversions > 0, worth, 0)[kept],
    )  # fmt: skip


def expected_cost(
    setting: Setting, campaigns: Campaigns, ads: Ads, dollar: float
) -> tuple[Ints, Floats]:
    """Day and expected cost, in reporting currency, of each ad on each day that it runs."""
    ad, day = _ad_days(setting, ads)
    campaign = ads.campaign[ad]
    in_dollars = np.array(
        [PLATFORMS.get(name, (0, "", "", 0))[2] == "USD" for name in campaigns.platform]
    )
    price = _click_prices(campaigns) / 100 * np.where(in_dollars, dollar, 1.0)
    cost = _expected_clicks(setting, campaigns, campaign, day) * price[campaign]
    return day, np.where(campaigns.runs(campaign, day), cost, 0.0)


def _ad_days(setting: Setting, ads: Ads) -> tuple[Ints, Ints]:
    """Each ad on each day of the history."""
    days = np.arange(day_number(setting.start), day_number(setting.end) + 1)
    return np.repeat(np.arange(len(ads.campaign)), len(days)), np.tile(days, len(ads.campaign))


def _expected_clicks(setting: Setting, campaigns: Campaigns, campaign: Ints, day: Ints) -> Floats:
    first, last = day_number(setting.start), day_number(setting.end)
    growth = 0.3 * (day - first) / (last - first + 1)
    season: Floats = 1 + 0.25 * np.sin(2 * np.pi * day / 365) + growth
    weekday = np.where((day + 3) % 7 >= 5, 0.45, 1.0)
    mean = setting.rates.clicks_per_ad_day * setting.scale * campaigns.volume[campaign]
    return mean * season * weekday


def _click_prices(campaigns: Campaigns) -> Ints:
    """Cents per click of each campaign."""
    return np.array([PLATFORMS.get(name, (0, "", "", 0))[3] for name in campaigns.platform])


def draw_email_events(setting: Setting, campaigns: Campaigns, passes: Passes) -> EmailEvents:
    """Newsletters to everybody who became a lead, and what came of them."""
    rng = setting.rng("emails")
    letters = campaigns.of_kind("Newsletter")
    firsts = np.flatnonzero(~passes.is_second)
    count = rng.poisson(3.0, len(firsts))
    person = np.repeat(passes.person[firsts], count)
    sent = np.repeat(passes.created[firsts], count)
    sent = sent + rng.integers(HOUR, 200 * DAY, len(sent))
    campaign = letters[rng.integers(len(letters), size=len(sent))]
    draw = rng.random(len(sent))
    parts = [(sent, np.full(len(sent), SENT), person, campaign)]
    # Opens contain clicks and unsubscribes; bounces are at the other end.
    for event, share in ((OPEN, 0.30), (CLICK, 0.07), (UNSUBSCRIBE, 0.004)):
        rows = np.flatnonzero(draw < share)
        at = sent[rows] + 60 + (draw[rows] / 0.30 * 2 * DAY).astype(np.int64) + 30 * event
        parts.append((at, np.full(len(rows), event), person[rows], campaign[rows]))
    rows = np.flatnonzero(draw > 0.985)
    parts.append((sent[rows] + 5, np.full(len(rows), BOUNCE), person[rows], campaign[rows]))
    parts.append(_attendance(setting, campaigns, passes))
    at, kind, person, campaign = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((campaign, person, kind, at))
    order = order[at[order] < setting.end_second]
    return EmailEvents(at[order], kind[order], person[order], campaign[order])


def _attendance(
    setting: Setting, campaigns: Campaigns, passes: Passes
) -> tuple[Ints, Ints, Ints, Ints]:
    rng = setting.rng("webinars")
    webinars = campaigns.of_kind("Webinar")
    guests = passes.person[np.flatnonzero(~passes.is_second & chance(rng, 0.12, len(passes)))]
    at = visiting_times(rng, len(guests), setting.first_second, setting.end_second)
    which = webinars[rng.integers(len(webinars), size=len(guests))]
    return at, np.full(len(guests), ATTENDED), guests, which


def draw_members(
    setting: Setting, campaigns: Campaigns, passes: Passes, events: EmailEvents
) -> Members:
    """Those who attended a webinar, and the leads that a trade show brought."""
    rng = setting.rng("members")
    shows = campaigns.of_kind("Trade Show")
    labels = np.array([channel.channel_id for channel in setting.rates.channels])
    met = np.flatnonzero((labels[passes.channel] == "events") & ~passes.is_second)
    attended = np.flatnonzero(events.kind == ATTENDED)
    return Members(
        campaign=np.concatenate(
            [shows[rng.integers(len(shows), size=len(met))], events.campaign[attended]]
        ),
        person=np.concatenate([passes.person[met], events.person[attended]]),
        joined=np.concatenate(
            [passes.created[met] - rng.integers(HOUR, 4 * DAY, len(met)),
             events.at[attended] - rng.integers(HOUR, 9 * DAY, len(attended))]
        ),
        responded=np.concatenate([chance(rng, 0.7, len(met)), np.ones(len(attended), bool)]),
    )  # fmt: skip
