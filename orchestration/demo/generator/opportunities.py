"""Opportunities: from leads, found by sales, and of customers (expansion and renewal).

Belongs here: their times, owners, lines and outcomes. Does not belong here: the leads before
them (`funnel`). All times are drawn without regard to the cutoff.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from orchestration.demo.generator import text
from orchestration.demo.generator.clock import (
    DAY,
    HOUR,
    NEVER,
    Bools,
    Floats,
    Ints,
    Random,
    after,
    in_office_hours,
    visiting_times,
)
from orchestration.demo.generator.funnel import Passes, pick_rep
from orchestration.demo.generator.world import Companies, Products, Reps, Setting, chance

TYPES = ("new", "expansion", "renewal")
NEW, EXPANSION, RENEWAL = 0, 1, 2
ROUNDS = 5  # at most so many opportunities of one customer, one after the other
MAX_LINES = 3
USD_PRICE_FACTOR = 1.1


@dataclass(frozen=True)
class Opportunities:
    """One row per opportunity. Amounts are cents in the currency of the region."""

    pass_index: Ints  # -1 without a lead
    person: Ints  # primary contact
    company: Ints
    segment: Ints
    region: Ints
    owner: Ints
    created: Ints  # as exported; after the close where it was entered late
    proposal: Ints
    negotiation: Ints
    closed: Ints
    type: Ints
    is_won: Bools
    lost_reason: Ints
    estimate: Ints
    amount: Ints
    list_amount: Ints
    is_backdated: Bools
    is_deleted: Bools

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True)
class Lines:
    """One row per product of an opportunity. Prices are cents per unit."""

    opportunity: Ints
    product: Ints
    quantity: Ints
    list_price: Ints
    sold_price: Ints


def draw_opportunities(
    setting: Setting, companies: Companies, passes: Passes, reps: Reps, products: Products,
    first_contact: Ints,
) -> tuple[Opportunities, Lines]:  # fmt: skip
    """Draw all opportunities. `first_contact` is each known company's contact (person)."""
    rng = setting.rng("opportunities")
    from_leads = np.flatnonzero(passes.opportunity < NEVER)
    parts = [
        _deals(
            rng, setting, companies, reps,
            from_leads, passes.person[from_leads], passes.company[from_leads],
            passes.opportunity[from_leads], np.zeros(len(from_leads), np.int64),
        )
    ]  # fmt: skip
    count = min(setting.count(setting.rates.direct_opportunities), companies.prospects)
    prospects = companies.customers + rng.permutation(companies.prospects)[:count]
    found = visiting_times(rng, count, setting.first_second, setting.end_second)
    found = in_office_hours(rng, found, setting.timezones, companies.region[prospects])
    none, new = np.full(count, -1), np.zeros(count, np.int64)
    parts.append(
        _deals(
            rng, setting, companies, reps,
            none, first_contact[prospects], prospects, found, new,
        )
    )  # fmt: skip
    first_deals = _join(parts)
    company, person, last_close = _customers(setting, rng, companies, first_deals, first_contact)
    for _ in range(ROUNDS):
        gap = 60 * DAY + rng.gamma(
            1.5, (setting.rates.follow_up_days - 60) * DAY / 1.5, len(person)
        )
        begins = last_close + gap.astype(np.int64)
        begins = np.maximum(begins, setting.first_second + rng.integers(90 * DAY, size=len(begins)))
        going = begins < setting.end_second
        company, person, begins = company[going], person[going], begins[going]
        begins = in_office_hours(rng, begins, setting.timezones, companies.region[company])
        renews = chance(rng, setting.rates.renewal_share, len(company))
        kind = np.where(renews, RENEWAL, EXPANSION)
        part = _deals(
            rng, setting, companies, reps, np.full(len(company), -1), person, company, begins, kind
        )
        parts.append(part)
        stays = (part["closed"] < NEVER) & (part["is_won"] | ~renews)
        company, person = company[stays], person[stays]
        last_close = np.maximum(part["closed"], part["created"])[stays]
    deals = _join(parts)
    deals["type"] = _types(companies, deals)
    return _price(setting, rng, products, deals)


def _deals(
    rng: Random, setting: Setting, companies: Companies, reps: Reps,
    pass_index: Ints, person: Ints, company: Ints, created: Ints, kind: Ints,
) -> dict[str, Any]:  # fmt: skip
    rates, dirt, count = setting.rates, setting.rates.dirt, len(person)
    segment, region = companies.segment[company], companies.region[company]

    def office(times: Ints) -> Ints:
        return in_office_hours(rng, times, setting.timezones, region)

    cycle = np.exp(
        np.log(setting.by_segment("cycle_days", segment) * np.where(kind == NEW, 1.0, 0.6))
        + 0.5 * rng.standard_normal(count)
    )
    proposal = office(after(rng, created, cycle * 0.25 * DAY, 0.2))
    negotiation = office(after(rng, proposal, cycle * 0.3 * DAY, 0.2))
    closed = office(after(rng, negotiation, cycle * 0.4 * DAY, 0.2))
    closed = np.where(chance(rng, rates.never_closed_share, count), NEVER, closed)
    by_kind: Floats = np.array([0.0, rates.expansion_win_rate, rates.renewal_win_rate])[kind]
    win_rate = np.where(
        kind == NEW,
        setting.by_segment("win_rate", segment, closed)
        * setting.by_team("win_factor", region, closed),
        by_kind,
    )
    on_price = chance(rng, setting.by_segment("price_loss_share", segment, closed), count)
    other = rng.integers(1, len(text.LOST_REASONS), size=count)
    has_lead = pass_index >= 0
    backdated = chance(rng, dirt.time_travel * 2, count) & ~has_lead & (closed < NEVER)
    entered = closed + rng.integers(HOUR, 20 * DAY, count)
    return {
        "pass_index": pass_index,
        "person": person,
        "company": company,
        "segment": segment,
        "region": region,
        "owner": pick_rep(rng, reps.sellers, region),
        "created": np.where(backdated, entered, created),
        "proposal": np.where(backdated, NEVER, proposal),
        # Half of the deals go from proposal to the decision.
        "negotiation": np.where(backdated | chance(rng, 0.5, count), NEVER, negotiation),
        "closed": closed,
        "type": kind,
        "is_won": chance(rng, win_rate, count) & (closed < NEVER),
        "lost_reason": np.where(on_price, 0, other),
        "is_backdated": backdated,
        "is_deleted": chance(rng, dirt.deleted, count) & ~has_lead & ~backdated,
    }


def _customers(
    setting: Setting, rng: Random, companies: Companies, deals: dict[str, Any], first_contact: Ints
) -> tuple[Ints, Ints, Ints]:
    """Company, contact and last close of everybody who may buy again."""
    old = np.arange(companies.customers)
    long_ago = setting.first_second - rng.integers(300 * DAY, size=len(old))
    won = np.flatnonzero(deals["is_won"] & ~deals["is_deleted"])
    won = won[np.lexsort((deals["closed"][won], deals["company"][won]))]
    new, index = np.unique(deals["company"][won], return_index=True)
    is_new = new >= companies.customers
    won, new = won[index[is_new]], new[is_new]
    last_close = np.maximum(deals["closed"][won], deals["created"][won])
    return (
        np.concatenate([old, new]),
        np.concatenate([first_contact[old], deals["person"][won]]),
        np.concatenate([long_ago, last_close]),
    )


def _types(companies: Companies, deals: dict[str, Any]) -> Ints:
    """A lead of a company that is a customer by then brings an expansion, nothing new."""
    first_win = np.full(len(companies.segment), NEVER)
    won = deals["is_won"]
    np.minimum.at(first_win, deals["company"][won], deals["closed"][won])
    first_win[: companies.customers] = 0
    is_customer = first_win[deals["company"]] < deals["created"]
    # An opportunity that was entered after its own close is no second one.
    is_customer &= ~deals["is_backdated"]
    return np.where((deals["type"] == NEW) & is_customer, EXPANSION, deals["type"])


def _price(
    setting: Setting, rng: Random, products: Products, deals: dict[str, Any]
) -> tuple[Opportunities, Lines]:
    count = len(deals["person"])
    lines = rng.integers(1, MAX_LINES + 1, size=count)
    opportunity = np.repeat(np.arange(count), lines)
    # A deal's products follow each other on the price list, so that no product repeats.
    nth = np.arange(len(opportunity)) - np.repeat(np.cumsum(lines) - lines, lines)
    first = rng.integers(len(products.price), size=count)
    product = (first[opportunity] + nth) % len(products.price)
    currencies = np.array([team.currency == "USD" for team in setting.rates.teams])
    factor = np.where(currencies[deals["region"]], USD_PRICE_FACTOR, 1.0)
    list_price = np.rint(products.price[product] * factor[opportunity]).astype(np.int64)
    size = setting.by_segment("deal_size", deals["segment"]) * np.exp(
        0.5 * rng.standard_normal(count)
    )
    size *= np.where(deals["type"] == NEW, 1.0, 0.7) * 100
    per_line = (size / lines)[opportunity]
    quantity = np.maximum(np.rint(per_line / products.price[product]), 1).astype(np.int64)
    discount = setting.by_segment("discount", deals["segment"]) + rng.normal(0, 0.04, count)
    discount = np.clip(discount, 0, 0.6)[opportunity]
    sold_price = np.rint(list_price * (1 - discount)).astype(np.int64)
    amount = np.bincount(opportunity, quantity * sold_price, count).astype(np.int64)
    list_amount = np.bincount(opportunity, quantity * list_price, count).astype(np.int64)
    estimate = np.maximum(np.rint(list_amount * rng.uniform(0.7, 1.2, count) / 1e5), 1) * 100_000
    deals |= {"amount": amount, "list_amount": list_amount, "estimate": estimate.astype(np.int64)}
    opportunities = Opportunities(**{f.name: deals[f.name] for f in fields(Opportunities)})
    return opportunities, Lines(opportunity, product, quantity, list_price, sold_price)


def _join(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
