"""Stage histories: which stage a lead or deal entered when, as far as somebody recorded it.

Belongs here: the recorded events and the state they lead to by the cutoff; exports and truth
both build on them. Does not belong here: how either is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from orchestration.demo.generator.clock import NEVER, Bools, Ints
from orchestration.demo.generator.company import Company

# The labels of the CRM. `agreement/stage_labels.csv` says which stage each one is.
LEAD_LABELS = (
    "New", "Marketing Qualified", "Accepted by Sales", "Sales Qualified", "Converted",
    "Disqualified", "Recycled",
)  # fmt: skip
NEW, MQL, SAL, SQL, CONVERTED, DISQUALIFIED, RECYCLED = range(len(LEAD_LABELS))
DEAL_LABELS = ("Discovery", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
DISCOVERY, PROPOSAL, NEGOTIATION, WON, LOST = range(len(DEAL_LABELS))


@dataclass(frozen=True)
class Changes:
    """One row per recorded change, in order of time. `of` indexes leads or opportunities."""

    of: Ints
    label: Ints
    before: Ints  # -1 where it is the first
    at: Ints
    part: Ints  # pass or opportunity that the change belongs to


@dataclass(frozen=True)
class History:
    """What was recorded up to the cutoff."""

    company: Company

    @cached_property
    def lead_is_visible(self) -> Bools:
        return self.company.leads.created <= self.cutoff

    @cached_property
    def deal_is_visible(self) -> Bools:
        return self.company.deals.created <= self.cutoff

    @property
    def cutoff(self) -> int:
        return self.company.setting.cutoff

    @cached_property
    def pass_times(self) -> Ints:
        """Recorded time per pass and lead label; NEVER where there is none by the cutoff.

        The creation of a lead record is part of the record, not of its history, so the first
        column is filled only where an old lead was opened again.
        """
        passes = self.company.passes
        converted = np.where(passes.is_linked, passes.opportunity, NEVER)
        times = np.stack(
            [
                np.where(passes.is_reopened, passes.created, NEVER),
                np.where(passes.skips_mql, NEVER, passes.mql),
                np.where(passes.skips_sal, NEVER, passes.sal),
                np.where(passes.skips_sql, NEVER, passes.sql),
                converted,
                passes.disqualified,
                passes.recycled,
            ],
            axis=1,
        )
        hidden = (times > self.cutoff) | ~self.lead_is_visible[passes.lead][:, None]
        return np.where(hidden, NEVER, times)

    @cached_property
    def deal_times(self) -> Ints:
        """Recorded time per opportunity and label; NEVER where there is none by the cutoff."""
        deals = self.company.deals
        won = np.where(deals.is_won, deals.closed, NEVER)
        lost = np.where(deals.is_won, NEVER, deals.closed)
        discovery = np.where(deals.is_backdated, NEVER, deals.created)
        times = np.stack([discovery, deals.proposal, deals.negotiation, won, lost], axis=1)
        hidden = (times > self.cutoff) | ~self.deal_is_visible[:, None]
        return np.where(hidden, NEVER, times)

    @cached_property
    def lead_changes(self) -> Changes:
        return _changes(self.pass_times, self.company.passes.lead, first_label=NEW)

    @cached_property
    def deal_changes(self) -> Changes:
        return _changes(self.deal_times, np.arange(len(self.company.deals)), first_label=-1)

    @cached_property
    def lead_state(self) -> tuple[Ints, Ints]:
        """Label and time of each lead's newest change; `New` since creation without one."""
        leads = self.company.leads
        label, at = np.full(len(leads), NEW), leads.created.copy()
        # Changes are in order of time, so that the newest one is written last.
        label[self.lead_changes.of], at[self.lead_changes.of] = (
            self.lead_changes.label,
            self.lead_changes.at,
        )
        return label, at

    @cached_property
    def deal_state(self) -> tuple[Ints, Ints]:
        """Label and time of each opportunity's newest change."""
        count = len(self.company.deals)
        label, at = np.full(count, DISCOVERY), self.company.deals.created.copy()
        label[self.deal_changes.of] = self.deal_changes.label
        at[self.deal_changes.of] = self.deal_changes.at
        return label, at

    @cached_property
    def deal_is_priced(self) -> Bools:
        """Lines and prices exist once there is a proposal, and where a deal was entered late."""
        return (self.deal_times[:, PROPOSAL] < NEVER) | self.company.deals.is_backdated

    @cached_property
    def deal_amount(self) -> Ints:
        """The amount in the CRM, in cents: an estimate until there is a proposal."""
        deals = self.company.deals
        return np.where(self.deal_is_priced, deals.amount, deals.estimate)


def _changes(times: Ints, of: Ints, first_label: int) -> Changes:
    part, label = np.nonzero(times < NEVER)
    at = times[part, label]
    order = np.lexsort((label, part, at, of[part]))
    part, label, at = part[order], label[order], at[order]
    subject = of[part]
    is_first = np.ones(len(subject), bool)
    is_first[1:] = subject[1:] != subject[:-1]
    before = np.where(is_first, first_label, np.concatenate([[first_label], label[:-1]]))
    by_time = np.lexsort((label, subject, at))
    return Changes(*(c[by_time] for c in (subject, label, before, at, part)))
