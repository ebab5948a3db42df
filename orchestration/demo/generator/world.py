"""Who and what exists: companies, persons, reps, products, campaigns and ads.

Belongs here: things and their attributes, as one array per attribute. Does not belong here:
what happens to them (`funnel`, `opportunities`, `web`, `marketing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo.generator import text
from orchestration.demo.generator.clock import (
    DAY,
    Bools,
    Floats,
    Ints,
    Random,
    day_number,
    day_start,
    generator,
)
from orchestration.demo.generator.rates import Rates


@dataclass(frozen=True)
class Setting:
    """The frame of one demo company. What happens after `cutoff` is not exported.

    The world is drawn for all days up to `end`, so that exports with an earlier `seen_on` show
    the same company on that day.
    """

    rates: Rates
    scale: float
    seed: int
    start: date
    end: date
    seen_on: date

    def rng(self, purpose: str) -> Random:
        return generator(self.seed, purpose)

    def count(self, at_scale_1: int) -> int:
        return max(round(at_scale_1 * self.scale), 3)

    @cached_property
    def first_second(self) -> int:
        return day_start(self.start, self.rates.reporting_timezone)

    @cached_property
    def end_second(self) -> int:
        return day_start(self.end + timedelta(days=1), self.rates.reporting_timezone)

    @cached_property
    def cutoff(self) -> int:
        """The last UTC second that the exports know of."""
        return day_start(self.seen_on + timedelta(days=1), self.rates.reporting_timezone) - 1

    @property
    def timezones(self) -> tuple[str, ...]:
        """One timezone per region."""
        return tuple(team.timezone for team in self.rates.teams)

    def by_segment(self, attribute: str, index: Ints, times: Ints | None = None) -> Floats:
        """A rate of each row's segment, as it was at `times` (default: at the end)."""
        return self._rate("segments", attribute, index, times)

    def by_team(self, attribute: str, index: Ints, times: Ints | None = None) -> Floats:
        """A rate of each row's team, as it was at `times` (default: at the end)."""
        return self._rate("teams", attribute, index, times)

    def _rate(self, kind: str, attribute: str, index: Ints, times: Ints | None) -> Floats:
        def of(rates: Rates) -> Floats:
            return np.array([getattr(s, attribute) for s in getattr(rates, kind)], np.float64)

        now = of(self.rates)[index]
        if times is None or self.rates.before is None:
            return now
        changed = self.end_second - self.rates.changed_days_ago * DAY
        return np.where(times < changed, of(self.rates.before)[index], now)


@dataclass(frozen=True)
class Companies:
    """Customers of old come first, then prospects, then companies nobody knows yet."""

    segment: Ints
    region: Ints
    country: pa.Array
    name: pa.Array
    domain: pa.Array
    industry: pa.Array
    employees: Ints
    customers: int
    prospects: int


@dataclass(frozen=True)
class Persons:
    """Humans; `company` indexes the companies."""

    company: Ints
    first_name: pa.Array
    last_name: pa.Array
    email: pa.Array
    other_email: pa.Array
    phone: pa.Array
    job_title: pa.Array


@dataclass(frozen=True)
class Reps:
    """Marketing's two first, then per team the ones who take leads and the ones who sell."""

    name: tuple[str, ...]
    email: tuple[str, ...]
    team: tuple[str, ...]
    region: tuple[str, ...]
    lead_takers: tuple[Ints, ...]  # per region
    sellers: tuple[Ints, ...]  # per region


@dataclass(frozen=True)
class Products:
    name: tuple[str, ...]
    family: tuple[str, ...]
    price: Ints  # cents per unit, EUR


@dataclass(frozen=True)
class Campaigns:
    """Campaigns on ad platforms, then the others. `starts` and `ends` are days since 1970."""

    name: tuple[str, ...]
    utm: tuple[str, ...]
    platform: tuple[str, ...]
    kind: tuple[str, ...]
    channel: tuple[str, ...]
    segment: Ints
    region: Ints
    starts: Ints
    ends: Ints
    volume: Floats
    acceptance: Floats

    def runs(self, campaign: Ints, day: Ints) -> Bools:
        """Whether each campaign runs on that day (days since 1970)."""
        return (self.starts[campaign] <= day) & (day <= self.ends[campaign])

    def of_kind(self, *kinds: str) -> Ints:
        return np.flatnonzero(np.isin(self.kind, kinds)).astype(np.int64)


MARKETING_REPS = 2
LEAD_TAKERS_SHARE = 1 / 3
PLATFORMS = {
    # platform: campaigns, channel, currency, cost per click in cents
    "Google Ads": (14, "paid_search", "EUR", 520),
    "Microsoft Ads": (6, "paid_search", "USD", 410),
    "Meta Ads": (8, "paid_social", "EUR", 260),
    "LinkedIn Ads": (12, "paid_social", "USD", 910),
}
OTHER_CAMPAIGNS = {"Webinar": (4, "email"), "Trade Show": (3, "events"), "Newsletter": (3, "email")}
# Names that have broken pipelines: formulas, SQL, quotes, letters outside ASCII.
HOSTILE_NAMES = {
    3: '=HYPERLINK("http://ads.example/x";"Sale")',
    9: "Robert'); DROP TABLE leads;--",
    12: "Größe zählt: Frühjahr & Herbst",
    22: "+SUM(1+1)*cmd|' /C calc'!A0",
    27: "成長 🚀 “Growth”",
    33: 'Say "hello", again\\',
}


def draw_companies(setting: Setting) -> Companies:
    """Draw all companies. Names and domains are unique."""
    rng, rates = setting.rng("companies"), setting.rates
    customers, prospects = setting.count(rates.customers), setting.count(rates.prospects)
    count = max(setting.count(rates.companies), customers + prospects + 10)
    segment = _choose(rng, [s.share for s in rates.segments], count)
    region = _choose(rng, [t.share for t in rates.teams], count)
    country = np.empty(count, object)
    for index, team in enumerate(rates.teams):
        rows = np.flatnonzero(region == index)
        country[rows] = np.array(team.countries)[rng.integers(len(team.countries), size=len(rows))]
    number = np.arange(count)
    # A stride that shares no factor with the number of pairs visits each pair once.
    pair = number * 1657 % (len(text.COMPANY_STARTS) * len(text.COMPANY_ENDS))
    first = text.pick(text.COMPANY_STARTS, pair % len(text.COMPANY_STARTS))
    last = text.pick(text.COMPANY_ENDS, pair // len(text.COMPANY_STARTS))
    again = number // (len(text.COMPANY_STARTS) * len(text.COMPANY_ENDS))
    suffix = text.where(again > 0, pa.array(again).cast(pa.string()), "")
    ending = text.pick((".example", ".test"), (number % 5 == 0).astype(np.int64))
    size = setting.by_segment("employees", segment)
    return Companies(
        segment=segment,
        region=region,
        country=pa.array(country, pa.string()),
        name=text.concat(first, last, suffix, " ", text.pick(text.COMPANY_FORMS, region % 3)),
        domain=text.concat(pc.utf8_lower(first), last, suffix, ending),
        industry=text.pick(text.INDUSTRIES, rng.integers(len(text.INDUSTRIES), size=count)),
        employees=np.exp(np.log(size) + 0.5 * rng.standard_normal(count)).astype(np.int64) + 1,
        customers=customers,
        prospects=prospects,
    )


def draw_persons(setting: Setting, companies: Companies, company: Ints) -> Persons:
    """Draw one person for each entry of `company`; no two share an address."""
    rng, count = setting.rng("persons"), len(company)
    first = rng.integers(len(text.FIRST_NAMES), size=count)
    last = rng.integers(len(text.LAST_NAMES), size=count)
    number = pa.array(np.arange(1, count + 1)).cast(pa.string())
    local = text.concat(
        text.pick(text.fold_to_ascii(text.FIRST_NAMES), first),
        ".",
        text.pick(text.fold_to_ascii(text.LAST_NAMES), last),
        number,
    )
    free = text.pick(text.FREE_MAIL_DOMAINS, rng.integers(2, size=count))
    own = companies.domain.take(pa.array(company))
    has_free = rng.random(count) < setting.rates.dirt.free_mail
    line = pa.array(rng.integers(100, 200, size=count)).cast(pa.string())
    return Persons(
        company=company,
        first_name=text.pick(text.FIRST_NAMES, first),
        last_name=text.pick(text.LAST_NAMES, last),
        email=text.concat(local, "@", text.where(has_free, free, own)),
        other_email=text.concat("p", number, "@", free),
        phone=text.concat("+1-202-555-0", line),
        job_title=text.pick(text.JOB_TITLES, rng.integers(len(text.JOB_TITLES), size=count)),
    )


def draw_reps(setting: Setting) -> Reps:
    """Draw the team members; `reps_per_team` per sales team and two in marketing."""
    rng, per_team = setting.rng("reps"), setting.rates.reps_per_team
    takers = max(round(per_team * LEAD_TAKERS_SHARE), 1)
    teams = ["Marketing"] * MARKETING_REPS
    regions = [""] * MARKETING_REPS
    lead_takers, sellers = [], []
    for index, team in enumerate(setting.rates.teams):
        base = MARKETING_REPS + index * per_team
        lead_takers.append(np.arange(base, base + takers))
        sellers.append(np.arange(base + takers, base + per_team))
        teams += [team.name] * per_team
        regions += [team.region] * per_team
    names, emails = [], []
    folded = text.fold_to_ascii(text.LAST_NAMES)
    for number in range(len(teams)):
        first, last = rng.integers(len(text.FIRST_NAMES)), rng.integers(len(text.LAST_NAMES))
        names.append(f"{text.FIRST_NAMES[first]} {text.LAST_NAMES[last]}")
        emails.append(f"{folded[last]}.{number + 1}@tandem-demo.example")
    return Reps(
        tuple(names), tuple(emails), tuple(teams), tuple(regions), tuple(lead_takers),
        tuple(sellers),
    )  # fmt: skip


def draw_products() -> Products:
    """The price list, the same in every demo company."""
    return Products(
        ("Core", "Core Plus", "Insights", "Connect", "Automate", "Onboarding", "Training", "Care"),
        ("Platform", "Platform", "Add-on", "Add-on", "Add-on", "Service", "Service", "Service"),
        np.array([120_000, 240_000, 90_000, 60_000, 150_000, 80_000, 45_000, 70_000], np.int64),
    )


@dataclass(frozen=True)
class PlannedCampaign:
    """A campaign as the rates alone give it. -1 for all segments and regions."""

    name: str
    utm: str
    platform: str
    kind: str
    channel: str
    segment: int
    region: int
    is_always_on: bool


def plan_campaigns(rates: Rates) -> list[PlannedCampaign]:
    """The campaigns of a company; a segment's share of the ads is its `ad_share`."""
    planned: list[PlannedCampaign] = []
    shares = np.array([s.ad_share for s in rates.segments])
    for title, (number, where, _, _) in PLATFORMS.items():
        # Largest remainders, so that a segment without budget gets no campaign at all.
        exact = shares / shares.sum() * number
        counts = np.floor(exact).astype(int)
        for index in np.argsort(counts - exact, kind="stable")[: number - counts.sum()]:
            counts[index] += 1
        for index, seg in enumerate(rates.segments):
            for nth in range(counts[index]):
                team = rates.teams[len(planned) % len(rates.teams)]
                topic = ("Brand", "Product", "Competitor", "Retargeting")[nth % 4]
                label = f"{title.split()[0]} {seg.name} {team.region} {topic} {nth + 1}"
                planned.append(
                    PlannedCampaign(
                        name=HOSTILE_NAMES.get(len(planned), label),
                        utm=label.lower().replace(" ", "-"),
                        platform=title,
                        kind="ad",
                        channel=where,
                        segment=index,
                        region=rates.teams.index(team),
                        is_always_on=nth == 0,
                    )
                )
    for title, (number, where) in OTHER_CAMPAIGNS.items():
        for nth in range(number):
            label = f"{title} {nth + 1}"
            utm = label.lower().replace(" ", "-")
            planned.append(PlannedCampaign(label, utm, "", title, where, -1, -1, True))
    return planned


def draw_campaigns(setting: Setting) -> Campaigns:
    """Draw when each planned campaign runs and how much it brings."""
    rng, rates = setting.rng("campaigns"), setting.rates
    first, last = day_number(setting.start), day_number(setting.end)
    planned = plan_campaigns(rates)
    name = tuple(campaign.name for campaign in planned)
    count = len(planned)
    always_on = [campaign.is_always_on for campaign in planned]
    length = rng.integers(90, 300, size=count)
    starts = np.maximum(first + rng.integers(-60, max(last - first, 1), size=count), first)
    return Campaigns(
        name,
        utm=tuple(campaign.utm for campaign in planned),
        platform=tuple(campaign.platform for campaign in planned),
        kind=tuple(campaign.kind for campaign in planned),
        channel=tuple(campaign.channel for campaign in planned),
        segment=np.array([campaign.segment for campaign in planned], np.int64),
        region=np.array([campaign.region for campaign in planned], np.int64),
        starts=np.where(always_on, first, starts),
        ends=np.where(always_on, last, np.minimum(starts + length, last)),
        volume=rng.uniform(0.6, 1.6, count) * [rates.campaign_volume.get(n, 1.0) for n in name],
        acceptance=np.array([rates.campaign_acceptance.get(n, 1.0) for n in name]),
    )


def choose_campaigns(
    rng: Random, campaigns: Campaigns, channel: str, segment: Ints, times: Ints
) -> Ints:
    """An ad campaign of the channel for each visit, by its segment and volume; -1 if none."""
    chosen = np.full(len(segment), -1, np.int64)
    is_ad = (np.array(campaigns.kind) == "ad") & (np.array(campaigns.channel) == channel)
    for index in np.unique(segment):
        options = np.flatnonzero(is_ad & (campaigns.segment == index))
        rows = np.flatnonzero(segment == index)
        if not len(options):
            continue
        weight = campaigns.volume[options]
        choice = options[rng.choice(len(options), len(rows), p=weight / weight.sum())]
        day = times[rows] // DAY
        # The first campaign of each platform and segment runs on all days.
        chosen[rows] = np.where(campaigns.runs(choice, day), choice, options[0])
    return chosen


def _choose(rng: Random, shares: list[float], count: int) -> Ints:
    weight = np.array(shares)
    return rng.choice(len(shares), count, p=weight / weight.sum()).astype(np.int64)


def chance(rng: Random, probability: float | Floats, count: int) -> Bools:
    """True with that probability, for each of `count` rows."""
    return np.asarray(rng.random(count) < probability)
