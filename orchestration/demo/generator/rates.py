"""What kind of company the demo is: every rate and volume of the generator.

Belongs here: shares, rates, medians and dirt. Does not belong here: how they are used. A story,
such as a team that answers slowly or a segment that gets no budget, is another `Rates` object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Segment:
    """A market segment. Rates are per step of the funnel, deal size is in reporting currency."""

    name: str
    share: float  # of companies
    ad_share: float  # of ad campaigns; 0 gives the segment no budget
    mql_rate: float
    sql_rate: float
    opportunity_rate: float
    win_rate: float
    deal_size: float  # median at list prices
    discount: float  # mean share taken off the list price
    price_loss_share: float  # of lost deals, lost on price
    cycle_days: float  # median from opportunity to close
    employees: int  # median


@dataclass(frozen=True)
class Team:
    """A sales team, its region and how it treats the leads that marketing hands over."""

    name: str
    region: str
    countries: tuple[str, ...]
    timezone: str
    currency: str
    share: float  # of companies
    response_minutes: float  # median from handoff to first response, before office hours
    follow_up_rate: float  # of handed leads that get a response at all
    acceptance_rate: float  # of followed-up leads that sales accepts
    win_factor: float = 1.0


@dataclass(frozen=True)
class Channel:
    """Where leads come from. `label` is the CRM's lead source, `factor` scales the MQL rate."""

    channel_id: str
    label: str
    share: float  # of leads
    visit_share: float  # of web sessions; 0 for channels without a web session
    factor: float = 1.0


@dataclass(frozen=True)
class Dirt:
    """Shares of rows that are damaged on purpose."""

    duplicate_leads: float = 0.03  # same address, other lead id
    merged_leads: float = 0.6  # of duplicate leads, those the CRM has merged
    repeated_rows: float = 0.004  # the same row twice
    stale_versions: float = 0.03  # an older version of a row beside the newest
    deleted: float = 0.008
    duplicate_contacts: float = 0.02
    duplicate_accounts: float = 0.015
    merged_records: float = 0.75  # of duplicate contacts and accounts
    other_address: float = 0.03  # converted contacts with another address than their lead
    missing_utms: float = 0.08
    company_typos: float = 0.05
    untidy_emails: float = 0.06
    missing_lead_source: float = 0.05
    time_travel: float = 0.012
    skipped_stage: float = 0.06  # stage changes that nobody recorded
    unlinked_opportunities: float = 0.05  # created by hand instead of converting the lead
    unusable_rows: float = 0.0008  # per kind of damage and table; quarantined
    late_events: float = 0.01  # web events received one to three days after they happened
    late_ad_rows: float = 0.1  # of the newest day
    free_mail: float = 0.06  # persons without a company address


SEGMENTS = (
    Segment("Enterprise", 0.12, 0.25, 0.50, 0.66, 0.74, 0.24, 60_000, 0.14, 0.20, 80, 2400),
    Segment("Mid-Market", 0.30, 0.35, 0.48, 0.63, 0.74, 0.28, 22_000, 0.11, 0.25, 55, 420),
    Segment("Small Business", 0.43, 0.30, 0.42, 0.60, 0.72, 0.30, 7_000, 0.08, 0.30, 32, 45),
    Segment("Public Sector", 0.15, 0.10, 0.44, 0.60, 0.70, 0.26, 30_000, 0.09, 0.22, 95, 800),
)
TEAMS = (
    Team("Sales DACH", "DACH", ("DE", "AT", "CH"), "Europe/Berlin", "EUR", 0.45, 95, 0.94, 0.70),
    Team("Sales UKI", "UKI", ("GB", "IE"), "Europe/London", "EUR", 0.22, 110, 0.93, 0.68),
    Team("Sales NA", "NA", ("US", "CA"), "America/New_York", "USD", 0.33, 80, 0.95, 0.69),
)
CHANNELS = (
    Channel("paid_search", "Paid Search", 0.22, 0.20, 1.10),
    Channel("paid_social", "Paid Social", 0.20, 0.17, 0.80),
    Channel("organic_search", "Organic Search", 0.18, 0.24, 1.10),
    Channel("direct", "Direct Traffic", 0.09, 0.18, 1.00),
    Channel("email", "Newsletter", 0.05, 0.06, 1.10),
    Channel("referral", "Referral Site", 0.05, 0.08, 1.00),
    Channel("organic_social", "Social Media", 0.04, 0.07, 0.80),
    Channel("events", "Trade Show", 0.07, 0.0, 0.90),
    Channel("partner", "Partner", 0.04, 0.0, 1.30),
    Channel("outbound", "Outbound", 0.06, 0.0, 0.90),
)


@dataclass(frozen=True)
class Rates:
    """Everything that makes one demo company differ from another. Counts are for scale 1."""

    segments: tuple[Segment, ...] = SEGMENTS
    teams: tuple[Team, ...] = TEAMS
    channels: tuple[Channel, ...] = CHANNELS
    dirt: Dirt = field(default_factory=Dirt)
    # What held for these segments and teams until so many days before the end; None: the same.
    before: Rates | None = None
    changed_days_ago: int = 0
    # Per campaign name; a campaign that is not named has 1.
    campaign_volume: Mapping[str, float] = field(default_factory=dict)
    campaign_acceptance: Mapping[str, float] = field(default_factory=dict)

    customers: int = 350  # companies that were customers before the first day
    prospects: int = 250  # companies that sales knows without a lead
    companies: int = 2600
    lead_persons: int = 5600
    direct_opportunities: int = 150
    outbound_activities: int = 3500
    anonymous_visitors: int = 14_000
    reps_per_team: int = 6
    clicks_per_ad_day: float = 3.0
    reporting_currency: str = "EUR"
    reporting_timezone: str = "Europe/Berlin"

    reengaged_share: float = 0.35  # of recycled leads
    expansion_win_rate: float = 0.52
    renewal_win_rate: float = 0.84
    renewal_share: float = 0.4  # of later opportunities of a customer
    follow_up_days: float = 190.0  # mean time from a close to a customer's next opportunity
    never_closed_share: float = 0.05
