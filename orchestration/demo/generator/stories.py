"""Stories planted into a company: troubles between two teams that the agenda has to find.

Belongs here: which segment, team and campaign a seed chooses, and how strong each story is.
Does not belong here: how a company is drawn from its rates.

Lost on price and slow answers begin `DAYS_AGO` days before the end, so that both the comparison
with other segments and teams and the one with the time before shows them. A rejected campaign
and a segment without budget hold all along, as a plan does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from orchestration.demo.generator.clock import generator
from orchestration.demo.generator.rates import Rates, Segment, Team
from orchestration.demo.generator.world import PlannedCampaign, plan_campaigns

Part = TypeVar("Part", Segment, Team)

DAYS_AGO = 182
PRICE_LOSS_SHARE = 0.75
PRICE_WIN_FACTOR = 0.55
SLOW_RESPONSE_FACTOR = 10.0
SLOW_FOLLOW_UP_FACTOR = 0.75
CAMPAIGN_VOLUME = 6.0
CAMPAIGN_ACCEPTANCE = 0.12
WINNER_WIN_RATE = 0.6
# Only these many bring many leads; others speak to too few companies.
LARGEST_CAMPAIGNS = 2


@dataclass(frozen=True)
class Story:
    """One planted story. `detail` is the team of a region, the `utm_campaign` of a campaign."""

    kind: str
    subject_type: str
    subject: str  # the name that the marts show
    detail: str | None
    days_ago: int | None  # since when; None: all along


def plant(rates: Rates, seed: int) -> tuple[Rates, list[Story]]:
    """`rates` with four stories about subjects that the seed chooses, and what they are."""
    rng = generator(seed, "stories")
    pricey, winner = (int(n) for n in rng.permutation(len(rates.segments))[:2])
    slow = int(rng.integers(len(rates.teams)))
    all_along = replace(rates, segments=_changed(rates.segments, winner, _unfunded_winner))
    campaign = _large_campaign(all_along, int(rng.integers(LARGEST_CAMPAIGNS)))
    all_along = replace(
        all_along,
        campaign_volume={**rates.campaign_volume, campaign.name: CAMPAIGN_VOLUME},
        campaign_acceptance={**rates.campaign_acceptance, campaign.name: CAMPAIGN_ACCEPTANCE},
    )
    planted = replace(
        all_along,
        segments=_changed(all_along.segments, pricey, _lost_on_price),
        teams=_changed(rates.teams, slow, _slow),
        before=all_along,
        changed_days_ago=DAYS_AGO,
    )
    team = rates.teams[slow]
    return planted, [
        Story("lost_on_price", "segment", rates.segments[pricey].name, None, DAYS_AGO),
        Story("slow_response", "region", team.region, team.name, DAYS_AGO),
        Story("rejected_campaign", "campaign", campaign.name, campaign.utm, None),
        Story("unfunded_winner", "segment", rates.segments[winner].name, None, None),
    ]


def _changed(
    parts: tuple[Part, ...], index: int, change: Callable[[Part], Part]
) -> tuple[Part, ...]:
    return tuple(change(part) if n == index else part for n, part in enumerate(parts))


def _lost_on_price(segment: Segment) -> Segment:
    return replace(
        segment,
        price_loss_share=PRICE_LOSS_SHARE,
        win_rate=segment.win_rate * PRICE_WIN_FACTOR,
    )


def _unfunded_winner(segment: Segment) -> Segment:
    return replace(segment, ad_share=0.0, win_rate=WINNER_WIN_RATE)


def _slow(team: Team) -> Team:
    return replace(
        team,
        response_minutes=team.response_minutes * SLOW_RESPONSE_FACTOR,
        follow_up_rate=team.follow_up_rate * SLOW_FOLLOW_UP_FACTOR,
    )


def _large_campaign(rates: Rates, nth: int) -> PlannedCampaign:
    """A campaign that leads its channel and segment, and has many companies to speak to."""
    shares = {channel.channel_id: channel.share for channel in rates.channels}
    first: dict[tuple[str, int], PlannedCampaign] = {}
    for planned in plan_campaigns(rates):
        if planned.kind == "ad":
            first.setdefault((planned.channel, planned.segment), planned)
    largest = sorted(
        first.values(), key=lambda c: (-rates.segments[c.segment].share * shares[c.channel], c.name)
    )
    return largest[min(nth, len(largest) - 1)]
