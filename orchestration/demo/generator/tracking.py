"""What a web visit carries: utm parameters, referrer and click id of its channel.

Belongs here: how a channel shows itself. Does not belong here: who visits when (`web`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orchestration.demo.generator import text
from orchestration.demo.generator.clock import Bools, Ints, Random
from orchestration.demo.generator.rates import Channel
from orchestration.demo.generator.world import Campaigns

# channel: utm_source, utm_medium, referrer; empty is null
_EVIDENCE = {
    "paid_search": ("google", "cpc", "https://www.google.example/"),
    "paid_social": ("linkedin", "paid-social", "https://www.linkedin.example/"),
    "organic_search": ("", "", "https://www.google.example/"),
    "direct": ("", "", ""),
    "email": ("newsletter", "email", ""),
    "referral": ("", "", "https://industry-news.example/reviews"),
    "organic_social": ("", "", "https://www.linkedin.example/feed"),
}
# platform: utm_source, click id type
_PLATFORMS = {
    "Google Ads": ("google", "gclid"),
    "Microsoft Ads": ("bing", "msclkid"),
    "Meta Ads": ("facebook", "fbclid"),
    "LinkedIn Ads": ("linkedin", "li_fat_id"),
}


@dataclass(frozen=True)
class Evidence:
    utm_source: pa.Array
    utm_medium: pa.Array
    utm_campaign: pa.Array
    utm_content: pa.Array
    referrer: pa.Array
    click_id: pa.Array
    click_id_type: pa.Array


def evidence_of(
    rng: Random, channels: tuple[Channel, ...], campaigns: Campaigns, channel: Ints,
    campaign: Ints, loses_utms: Bools,
) -> Evidence:  # fmt: skip
    """The parameters of each visit; `loses_utms` marks links without them."""
    known = [_EVIDENCE.get(entry.channel_id, ("", "", "")) for entry in channels]
    sources, mediums, referrers = ([row[n] or None for row in known] for n in range(3))
    platforms = [_PLATFORMS.get(name, ("", "")) for name in campaigns.platform]
    is_ad = campaign >= 0
    # A source per ad platform follows the sources per channel.
    source = np.where(is_ad, len(sources) + campaign, channel)
    sources += [name for name, _ in platforms]
    content = pa.array(rng.integers(1, 4, len(channel)), mask=~is_ad | loses_utms)
    number = pa.array(rng.integers(1 << 40, 1 << 50, len(channel)), mask=~is_ad)
    return Evidence(
        utm_source=text.pick(sources, np.where(loses_utms, -1, source)),
        utm_medium=text.pick(mediums, np.where(loses_utms, -1, channel)),
        utm_campaign=text.pick(campaigns.utm, np.where(loses_utms, -1, campaign)),
        utm_content=text.concat("ad-", content.cast(pa.string())),
        referrer=text.pick(referrers, channel),
        click_id=number.cast(pa.string()),
        click_id_type=text.pick([kind for _, kind in platforms], campaign),
    )
