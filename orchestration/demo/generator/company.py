"""One demo company: all that exists and happens, drawn in one go.

Belongs here: the order of the draws. Does not belong here: the draws themselves, the exports.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.demo.generator.activities import (
    Activities,
    Feedback,
    draw_activities,
    draw_feedback,
)
from orchestration.demo.generator.funnel import (
    Leads,
    Passes,
    draw_passes,
    draw_person_companies,
)
from orchestration.demo.generator.marketing import (
    AdDays,
    Ads,
    EmailEvents,
    Members,
    draw_ad_days,
    draw_ads,
    draw_email_events,
    draw_members,
)
from orchestration.demo.generator.opportunities import Lines, Opportunities, draw_opportunities
from orchestration.demo.generator.records import (
    ContactPersons,
    Records,
    draw_accounts,
    draw_contact_persons,
    draw_contacts,
)
from orchestration.demo.generator.web import Forms, Visits, draw_web
from orchestration.demo.generator.world import (
    Campaigns,
    Companies,
    Persons,
    Products,
    Reps,
    Setting,
    draw_campaigns,
    draw_companies,
    draw_persons,
    draw_products,
    draw_reps,
)


@dataclass(frozen=True)
class Company:
    """Everything about one demo company. The first `lead_persons` persons are leads."""

    setting: Setting
    companies: Companies
    persons: Persons
    lead_persons: int
    contact_persons: ContactPersons
    reps: Reps
    products: Products
    campaigns: Campaigns
    passes: Passes
    leads: Leads
    deals: Opportunities
    lines: Lines
    contacts: Records
    accounts: Records
    visits: Visits
    forms: Forms
    ads: Ads
    ad_days: AdDays
    emails: EmailEvents
    members: Members
    activities: Activities
    feedback: Feedback


def draw_company(setting: Setting) -> Company:
    """Draw the whole company. Every part has its own stream of random numbers."""
    companies = draw_companies(setting)
    campaigns, reps, products = draw_campaigns(setting), draw_reps(setting), draw_products()
    lead_company = draw_person_companies(setting, companies)
    lead_persons = len(lead_company)
    passes, leads = draw_passes(setting, companies, campaigns, reps, lead_company)
    contact_persons = draw_contact_persons(setting, companies, passes)
    persons = draw_persons(
        setting, companies, np.concatenate([lead_company, contact_persons.company])
    )
    deals, lines = draw_opportunities(
        setting, companies, passes, reps, products, lead_persons + contact_persons.first_contact
    )
    contacts = draw_contacts(setting, companies, contact_persons, lead_persons, deals, passes)
    accounts = draw_accounts(setting, companies, deals)
    visits, forms = draw_web(
        setting, campaigns, passes, leads, companies.segment[persons.company], contact_persons,
        lead_persons,
    )  # fmt: skip
    ads = draw_ads(setting, campaigns)
    emails = draw_email_events(setting, campaigns, passes)
    return Company(
        setting, companies, persons, lead_persons, contact_persons, reps, products, campaigns,
        passes, leads, deals, lines, contacts, accounts, visits, forms, ads,
        draw_ad_days(setting, campaigns, ads),
        emails,
        draw_members(setting, campaigns, passes, emails),
        draw_activities(
            setting, companies, passes, deals, reps, contacts, accounts,
            persons.company[contacts.of],
        ),
        draw_feedback(setting, passes, deals, lines),
    )  # fmt: skip
