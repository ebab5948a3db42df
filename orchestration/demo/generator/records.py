"""Contact and account records of the CRM, their duplicates included.

Belongs here: which person or company has a record, since when, and which records were merged.
Does not belong here: persons and companies themselves (`world`), how records are exported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.demo.generator.clock import (
    DAY,
    NEVER,
    Bools,
    Ints,
    Random,
    in_office_hours,
)
from orchestration.demo.generator.funnel import Passes
from orchestration.demo.generator.opportunities import Opportunities
from orchestration.demo.generator.world import Companies, Setting, chance

COLLEAGUE_SHARE = 0.45


@dataclass(frozen=True)
class ContactPersons:
    """Persons who never were leads: contacts at known companies, and colleagues of leads."""

    company: Ints
    first_contact: Ints  # per known company: position among these persons
    known: int  # so many come from known companies, the others are colleagues
    colleague_of: Ints  # pass that each colleague belongs to


@dataclass(frozen=True)
class Records:
    """Records of one object; `of` indexes the person or company it stands for.

    `by_subject` finds the main record of a person or company; -1 where there is none.
    """

    of: Ints
    created: Ints
    merged_into: Ints
    is_duplicate: Bools
    is_deleted: Bools
    by_subject: Ints

    def __len__(self) -> int:
        return len(self.of)


def draw_contact_persons(setting: Setting, companies: Companies, passes: Passes) -> ContactPersons:
    """Draw how many contacts each known company has, and which leads have a colleague."""
    rng = setting.rng("contact persons")
    known = companies.customers + companies.prospects
    mean = np.where(np.arange(known) < companies.customers, 3.0, 0.8)
    count = 1 + rng.poisson(mean)
    pursued = np.flatnonzero(passes.opportunity < NEVER)
    colleague_of = pursued[chance(rng, COLLEAGUE_SHARE, len(pursued))]
    return ContactPersons(
        company=np.concatenate([np.repeat(np.arange(known), count), passes.company[colleague_of]]),
        first_contact=np.cumsum(count) - count,
        known=int(count.sum()),
        colleague_of=colleague_of,
    )


def draw_contacts(
    setting: Setting, companies: Companies, persons: ContactPersons, leads: int,
    deals: Opportunities, passes: Passes,
) -> Records:  # fmt: skip
    """Draw the contact records; persons 0 … leads - 1 are those of the leads."""
    rng = setting.rng("contacts")
    old = leads + np.arange(persons.known)
    long_ago = setting.first_second - rng.integers(DAY, 900 * DAY, persons.known)
    region = companies.region[persons.company[: persons.known]]
    long_ago = in_office_hours(rng, long_ago, setting.timezones, region)
    converted = np.flatnonzero(deals.pass_index >= 0)
    colleagues = leads + persons.known + np.arange(len(persons.colleague_of))
    met = passes.opportunity[persons.colleague_of]
    of = np.concatenate([old, deals.person[converted], colleagues])
    created = np.concatenate([long_ago, deals.created[converted], met])
    # Only contacts that no deal refers to are deleted.
    spare = np.ones(len(of), bool)
    spare[persons.first_contact] = False
    spare[persons.known : persons.known + len(converted)] = False
    total = leads + len(persons.company)
    dirt = setting.rates.dirt
    return _with_duplicates(rng, setting, of, created, spare, dirt.duplicate_contacts, total)


def draw_accounts(setting: Setting, companies: Companies, deals: Opportunities) -> Records:
    """Draw the account records: of known companies, and of those that brought a deal."""
    rng = setting.rng("accounts")
    known = companies.customers + companies.prospects
    since = np.full(len(companies.segment), NEVER)
    long_ago = setting.first_second - rng.integers(900 * DAY, 1500 * DAY, known)
    since[:known] = in_office_hours(rng, long_ago, setting.timezones, companies.region[:known])
    np.minimum.at(since, deals.company, deals.created)
    of = np.flatnonzero(since < NEVER)
    return _with_duplicates(
        rng, setting, of, since[of], np.zeros(len(of), bool),
        setting.rates.dirt.duplicate_accounts, len(companies.segment),
    )  # fmt: skip


def _with_duplicates(
    rng: Random, setting: Setting, of: Ints, created: Ints, may_delete: Bools, share: float,
    subjects: int,
) -> Records:  # fmt: skip
    """Add duplicates; one in five of them has a duplicate itself, so that merges chain."""
    count = len(of)
    is_deleted = may_delete & chance(rng, setting.rates.dirt.deleted, count)
    twice = np.flatnonzero(chance(rng, share, count) & ~is_deleted)
    is_merged = chance(rng, setting.rates.dirt.merged_records, len(twice))
    copies = count + np.arange(len(twice))
    thrice = np.flatnonzero(is_merged & chance(rng, 0.2, len(twice)))
    later = created[twice] + rng.integers(DAY, 60 * DAY, len(twice))
    by_subject = np.full(subjects, -1)
    by_subject[of] = np.arange(count)
    return Records(
        of=np.concatenate([of, of[twice], of[twice[thrice]]]),
        created=np.concatenate([created, later, later[thrice] + DAY]),
        merged_into=np.concatenate(
            [np.full(count, -1), np.where(is_merged, twice, -1), copies[thrice]]
        ),
        is_duplicate=np.repeat([False, True], [count, len(twice) + len(thrice)]),
        is_deleted=np.concatenate([is_deleted, np.zeros(len(twice) + len(thrice), bool)]),
        by_subject=by_subject,
    )
