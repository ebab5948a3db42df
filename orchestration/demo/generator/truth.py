"""What is true about the demo company: the answers that tests compare the pipeline with.

Belongs here: persons and companies behind each record, stage times, amounts, spend, expected
counts. Does not belong here: how a pipeline would find them out. Times are naive UTC.

A journey's `<stage>_at` is the time that somebody recorded by the cutoff, null without;
`<stage>_true_at` is when it happened, recorded or not. Deleted records count for nothing.
Rows in `expected.json` are rows of the files: one that feeds two entities counts once.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo.generator import text
from orchestration.demo.generator.agreement import RATE_SCALE, DollarRates
from orchestration.demo.generator.clock import DAY, NEVER, Bools, Ints, day_start, wall_clock
from orchestration.demo.generator.company import Company
from orchestration.demo.generator.dirt import Damage
from orchestration.demo.generator.export_marketing import (
    campaign_ids,
    has_responded,
    months,
    response_times,
)
from orchestration.demo.generator.export_web import visitor_ids
from orchestration.demo.generator.funnel import REASONS
from orchestration.demo.generator.history import (
    CONVERTED,
    DISQUALIFIED,
    LOST,
    MQL,
    PROPOSAL,
    RECYCLED,
    SAL,
    SQL,
    WON,
    History,
)
from orchestration.demo.generator.marketing import ATTENDED, CLICK
from orchestration.demo.generator.opportunities import TYPES
from orchestration.demo.generator.stories import Story
from orchestration.demo.generator.writers import write_bytes, write_parquet

STAGES = (
    "lead", "mql", "sal", "sql", "opportunity", "won", "disqualified", "recycled", "lost",
)  # fmt: skip


def write_truth(
    history: History, dollar: DollarRates, folder: Path, damage: Damage
) -> dict[str, Any]:
    """Write all truth files and return what is in expected.json."""
    company = history.company
    touches = _touches(company)
    deals = _deals(history, dollar)
    journeys = _journeys(history)
    spend = _spend(company, dollar)
    for name, table in (
        ("persons", _persons(company)),
        ("person_records", _person_records(history)),
        ("account_records", _account_records(history)),
        ("touches", touches),
        ("journeys", journeys),
        ("opportunities", deals),
        ("ad_spend", spend),
        ("open_pipeline", _open_pipeline(history, dollar)),
    ):
        write_parquet(table, folder / f"{name}.parquet")
    expected = _expected(history, touches, journeys, deals, spend, damage)
    write_bytes(folder / "expected.json", (json.dumps(expected, indent=2) + "\n").encode())
    return expected


def write_stories(stories: list[Story], end: date, folder: Path) -> None:
    """Write what was planted; `starts_on` is null where a story holds all along."""
    told = [
        {
            "kind": story.kind,
            "subject_type": story.subject_type,
            "subject": story.subject,
            "detail": story.detail,
            "starts_on": None
            if story.days_ago is None
            else (end - timedelta(days=story.days_ago - 1)).isoformat(),
        }
        for story in stories
    ]
    content = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    write_bytes(folder / "stories.json", content.encode())


def _times(times: Ints, cutoff: int) -> pa.Array:
    return pa.array(times, mask=times > cutoff).cast(pa.timestamp("s")).cast(pa.timestamp("us"))


def _persons(company: Company) -> pa.Table:
    persons, companies, rates = company.persons, company.companies, company.setting.rates
    return pa.table(
        {
            "person": pa.array(np.arange(len(persons.company))),
            "company": pa.array(persons.company),
            "email": persons.email,
            "segment": text.pick(
                [s.name for s in rates.segments], companies.segment[persons.company]
            ),
            "region": text.pick([t.region for t in rates.teams], companies.region[persons.company]),
        }
    )


def _person_records(history: History) -> pa.Table:
    """Which person each lead, contact and web visitor is, deleted records included.

    A visitor is listed once a form fill has tied it to an address.
    """
    company = history.company
    leads = np.flatnonzero(history.lead_is_visible)
    contacts = np.flatnonzero(company.contacts.created <= history.cutoff)
    forms = np.flatnonzero(company.forms.at <= history.cutoff)
    visitor, index = np.unique(company.forms.visitor[forms], return_index=True)
    parts = (
        ("crm", "lead", text.numbered("00Q", leads), company.leads.person[leads]),
        ("crm", "contact", text.numbered("003", contacts), company.contacts.of[contacts]),
        ("web", "anonymous", visitor_ids(company.setting, visitor),
         company.forms.person[forms[index]]),
    )  # fmt: skip
    return pa.concat_tables(
        pa.table(
            {
                "source_system": pa.repeat(source, len(person)),
                "object_type": pa.repeat(kind, len(person)),
                "source_id": ids,
                "person": pa.array(person),
            }
        )
        for source, kind, ids, person in parts
    )


def _account_records(history: History) -> pa.Table:
    """Which company each account record is."""
    accounts = history.company.accounts
    rows = np.flatnonzero(accounts.created <= history.cutoff)
    return pa.table(
        {
            "source_system": pa.repeat("crm", len(rows)),
            "source_id": text.numbered("001", rows),
            "company": pa.array(accounts.of[rows]),
        }
    )


def _touches(company: Company) -> pa.Table:
    """Each touch's person (null for strangers) and campaign; of a web session, the true channel.

    A web session and a form fill have a visitor. An answer to a campaign has no id, and a day
    for a time.
    """
    setting, visits, forms = company.setting, company.visits, company.forms
    events, members = company.emails, company.members
    seen = np.flatnonzero(visits.received <= setting.cutoff)
    filled = np.flatnonzero(forms.at <= setting.cutoff)
    clicked, attended = (
        np.flatnonzero((events.kind == kind) & (events.at <= setting.cutoff))
        for kind in (CLICK, ATTENDED)
    )
    answered = np.flatnonzero(has_responded(company))
    answers = response_times(company)[answered]
    answer_days = wall_clock(answers, setting.rates.reporting_timezone) // DAY * DAY
    labels = [channel.channel_id for channel in setting.rates.channels]

    def part(kind: str, at: Ints, person: Ints, **columns: pa.Array) -> pa.Table:
        return pa.table(
            {
                "touch_type": pa.repeat(kind, len(at)),
                "occurred_at": _times(at, NEVER),
                "person": pa.array(person, mask=person < 0),
                **columns,
            }
        )

    return pa.concat_tables(
        [
            part(
                "web_session", visits.at[seen], visits.person[seen],
                source_id=text.numbered("s", seen, 9),
                anonymous_id=visitor_ids(setting, visits.visitor[seen]),
                campaign_id=campaign_ids(visits.campaign[seen]),
                channel=text.pick(labels, visits.channel[seen]),
                has_utms=pa.array(~visits.loses_utms[seen]),
            ),
            part(
                "form_fill", forms.at[filled], forms.person[filled],
                source_id=text.numbered("f", filled, 8),
                anonymous_id=visitor_ids(setting, forms.visitor[filled]),
            ),
            *(
                part(
                    kind, events.at[rows], events.person[rows],
                    source_id=text.numbered("e", rows, 9),
                    campaign_id=campaign_ids(events.campaign[rows]),
                )
                for kind, rows in (("email_click", clicked), ("event_attendance", attended))
            ),
            part(
                "campaign_response", answer_days, members.person[answered],
                campaign_id=campaign_ids(members.campaign[answered]),
            ),
        ],
        promote_options="default",
    )  # fmt: skip


def _deal_of_pass(company: Company) -> Ints:
    found = np.full(len(company.passes), -1)
    linked = np.flatnonzero(company.deals.pass_index >= 0)
    found[company.deals.pass_index[linked]] = linked
    return found


def _journeys(history: History) -> pa.Table:
    """One row per journey: of a lead's pass with its opportunity, or of an opportunity alone."""
    company, cutoff = history.company, history.cutoff
    passes, deals, leads = company.passes, company.deals, company.leads
    is_open = history.lead_is_visible[passes.lead] & (passes.created <= cutoff)
    own_pass = np.flatnonzero(is_open & ~leads.is_deleted[passes.lead])
    alone = np.flatnonzero((deals.pass_index < 0) & history.deal_is_visible & ~deals.is_deleted)
    deal = np.concatenate([_deal_of_pass(company)[own_pass], alone])
    deal[deal >= 0] = np.where(history.deal_is_visible[deal[deal >= 0]], deal[deal >= 0], -1)
    has_deal = deal >= 0
    none = np.full(len(alone), NEVER)

    def of_pass(times: Ints) -> Ints:
        return np.concatenate([times[own_pass], none])

    def of_deal(times: Ints) -> Ints:
        return np.where(has_deal, times[deal], NEVER)

    # A reopened lead's second pass begins with its history, the first with its record.
    began = np.where(passes.is_reopened, passes.created, leads.created[passes.lead])
    recorded = history.pass_times
    seen = {
        "lead": of_pass(began),
        "mql": of_pass(recorded[:, MQL]),
        "sal": of_pass(recorded[:, SAL]),
        "sql": of_pass(recorded[:, SQL]),
        "opportunity": of_deal(deals.created),
        "won": of_deal(history.deal_times[:, WON]),
        "disqualified": of_pass(recorded[:, DISQUALIFIED]),
        "recycled": of_pass(recorded[:, RECYCLED]),
        "lost": of_deal(history.deal_times[:, LOST]),
    }
    real = {
        "lead": of_pass(passes.created),
        "mql": of_pass(passes.mql),
        "sal": of_pass(passes.sal),
        "sql": of_pass(passes.sql),
        "opportunity": np.where(
            has_deal & ~deals.is_backdated[deal], of_deal(deals.created), NEVER
        ),
        "disqualified": of_pass(passes.disqualified),
        "recycled": of_pass(passes.recycled),
    }
    person = np.concatenate([passes.person[own_pass], deals.person[alone]])
    firm = company.persons.company[person]
    channel = np.concatenate([passes.channel[own_pass], np.full(len(alone), -1)])
    campaign = np.concatenate([passes.campaign[own_pass], np.full(len(alone), -1)])
    reason = np.concatenate([passes.reason[own_pass], np.full(len(alone), -1)])
    stopped = np.minimum(seen["disqualified"], seen["recycled"]) <= cutoff
    lead = np.concatenate([passes.lead[own_pass], np.full(len(alone), -1)])
    response = of_pass(passes.response)
    rates = company.setting.rates
    return pa.table(
        {
            "journey": pa.array(np.arange(len(person))),
            "person": pa.array(person),
            "company": pa.array(firm),
            "lead_id": text.numbered("00Q", lead),
            "opportunity_id": text.numbered("006", deal),
            **{f"{stage}_at": _times(seen[stage], cutoff) for stage in STAGES},
            **{f"{stage}_true_at": _times(times, cutoff) for stage, times in real.items()},
            "first_response_at": _times(response, cutoff),
            "converted_at": _times(of_pass(recorded[:, CONVERTED]), cutoff),
            "has_time_travel": pa.array(_runs_backwards(seen, cutoff)),
            "opportunity_type": text.pick(TYPES, np.where(has_deal, deals.type[deal], -1)),
            "lead_channel": text.pick([c.channel_id for c in rates.channels], channel),
            "campaign_id": campaign_ids(campaign),
            "rejected_reason": text.pick(REASONS, np.where(stopped, reason, -1)),
            "segment": text.pick([s.name for s in rates.segments], company.companies.segment[firm]),
            "region": text.pick([t.region for t in rates.teams], company.companies.region[firm]),
        }
    )


def _runs_backwards(seen: dict[str, Ints], cutoff: int) -> Bools:
    """Whether a recorded stage lies before an earlier one's recorded time."""
    latest = np.full(len(seen["lead"]), -1)
    backwards = np.zeros(len(latest), bool)
    for stage in ("lead", "mql", "sal", "sql", "opportunity"):
        known = seen[stage] <= cutoff
        backwards |= known & (seen[stage] < latest)
        latest = np.where(known, np.maximum(seen[stage], latest), latest)
    for stage in ("won", "lost"):
        backwards |= (seen[stage] <= cutoff) & (seen[stage] < latest)
    return backwards


def _deals(history: History, dollar: DollarRates) -> pa.Table:
    """One row per opportunity of the CRM that is not deleted; amounts are cents."""
    company = history.company
    deals = company.deals
    rows = np.flatnonzero(history.deal_is_visible & ~deals.is_deleted)
    label, changed = history.deal_state
    label = label[rows]
    is_closed = np.isin(label, (WON, LOST))
    closed = np.where(is_closed, changed[rows], NEVER)
    amount = history.deal_amount[rows]
    rates = company.setting.rates
    currency = np.array([team.currency for team in rates.teams])
    currency = currency[deals.region[rows]]
    zone = rates.reporting_timezone

    def convert(cents: Ints, times: Ints) -> Ints:
        rate = dollar.on(wall_clock(np.where(times < NEVER, times, 0), zone) // DAY)
        converted = (cents * rate + RATE_SCALE // 2) // RATE_SCALE
        return np.where(currency == "USD", converted, cents)

    at_close = pa.array(convert(amount, closed), mask=~is_closed)
    priced = history.deal_is_priced[rows]
    return pa.table(
        {
            "opportunity_id": text.numbered("006", rows),
            "company": pa.array(deals.company[rows]),
            "person": pa.array(deals.person[rows]),
            "created_at": _times(deals.created[rows], NEVER),
            "closed_at": _times(closed, history.cutoff),
            "is_won": pa.array(label == WON),
            "is_closed": pa.array(is_closed),
            "opportunity_type": text.pick(TYPES, deals.type[rows]),
            "lost_reason": text.pick(
                text.LOST_REASONS, np.where(label == LOST, deals.lost_reason[rows], -1)
            ),
            "segment": text.pick([s.name for s in rates.segments], deals.segment[rows]),
            "region": text.pick([t.region for t in rates.teams], deals.region[rows]),
            "currency": pa.array(currency),
            "amount_cents": pa.array(amount),
            "list_amount_cents": pa.array(deals.list_amount[rows], mask=~priced),
            "amount_cents_reporting_at_created": pa.array(convert(amount, deals.created[rows])),
            "amount_cents_reporting_at_closed": at_close,
        }
    )


def _open_pipeline(history: History, dollar: DollarRates) -> pa.Table:
    """Open opportunities and their value at the end of each month, as the CRM showed it then.

    A deal has its estimate until there is a proposal, and the exchange rate of its creation.
    """
    company = history.company
    deals, setting = company.deals, company.setting
    zone = setting.rates.reporting_timezone
    label_times = history.deal_times
    closed = np.minimum(label_times[:, WON], label_times[:, LOST])
    rate = dollar.on(wall_clock(deals.created, zone) // DAY)
    in_dollars = np.array([team.currency == "USD" for team in setting.rates.teams])[deals.region]
    ends, counts, values = [], [], []
    for first in months(setting):
        after = (first + timedelta(days=32)).replace(day=1)
        moment = day_start(after, zone)
        if moment > history.cutoff + 1:
            break
        is_open = (deals.created < moment) & (closed >= moment)
        is_open &= history.deal_is_visible & ~deals.is_deleted
        cents = np.where(label_times[:, PROPOSAL] < moment, deals.amount, deals.estimate)
        converted = np.where(in_dollars, (cents * rate + RATE_SCALE // 2) // RATE_SCALE, cents)
        ends.append(after - timedelta(days=1))
        counts.append(int(is_open.sum()))
        values.append(int(converted[is_open].sum()))
    return pa.table(
        {
            "month_end": pa.array(ends, pa.date32()),
            "opportunities": pa.array(counts, pa.int64()),
            "amount_cents_reporting": pa.array(values, pa.int64()),
        }
    )


def _spend(company: Company, dollar: DollarRates) -> pa.Table:
    """One row per day and ad; money in millionths."""
    days, campaigns = company.ad_days, company.campaigns
    is_usd = np.isin(campaigns.platform, ("LinkedIn Ads", "Microsoft Ads"))[days.campaign]
    rate = dollar.on(days.day)
    # Divided by parts, as the product of both would not fit into 64 bits at large scales.
    whole, rest = days.micros // RATE_SCALE, days.micros % RATE_SCALE
    converted = whole * rate + (rest * rate + RATE_SCALE // 2) // RATE_SCALE
    return pa.table(
        {
            "report_date": pa.array(days.day.astype(np.int32)).cast(pa.date32()),
            "platform": text.pick(campaigns.platform, days.campaign),
            "campaign_id": campaign_ids(days.campaign),
            "ad": pa.array(days.ad),
            "impressions": pa.array(days.impressions),
            "clicks": pa.array(days.clicks),
            "currency": text.where(is_usd, "USD", "EUR"),
            "spend_micros": pa.array(days.micros),
            "spend_micros_settled": pa.array(days.settled),
            "spend_micros_reporting": pa.array(np.where(is_usd, converted, days.micros)),
        }
    )


def _expected(
    history: History, touches: pa.Table, journeys: pa.Table, deals: pa.Table, spend: pa.Table,
    damage: Damage,
) -> dict[str, Any]:  # fmt: skip
    company = history.company
    leads = company.leads
    shown = history.lead_is_visible
    won = deals.filter(deals["is_won"])

    def total(table: pa.Table, column: str, unit: int, where: Bools | None = None) -> str:
        values = table[column].to_numpy()
        amount = int(values.sum() if where is None else values[where].sum())
        digits = len(str(unit)) - 1
        return f"{amount // unit}.{amount % unit:0{digits}d}"

    def count(mask: Bools) -> int:
        return int(np.count_nonzero(mask))

    contacts = company.contacts
    known = contacts.created <= history.cutoff
    platform = spend["platform"].to_numpy(zero_copy_only=False)
    kinds = np.array(deals["opportunity_type"].to_pylist(), object)
    activities = company.activities
    recent = activities.at <= history.cutoff
    return {
        "rows": dict(sorted(damage.rows.items())),
        "quarantined": {name: dict(rules) for name, rules in sorted(damage.quarantined.items())},
        "repeated_rows": {name: n for name, n in sorted(damage.repeated.items()) if n},
        "stale_versions": {name: n for name, n in sorted(damage.stale.items()) if n},
        "leads": {
            "records": count(shown),
            "deleted": count(shown & leads.is_deleted),
            "duplicates": count(shown & leads.is_duplicate),
            "merged": count(shown & (leads.merged_into >= 0)),
            "backdated": count(shown & leads.is_backdated),
            "persons": len(np.unique(leads.person[shown])),
        },
        "contacts": {
            "records": count(known),
            "deleted": count(known & contacts.is_deleted),
            "duplicates": count(known & contacts.is_duplicate),
            "merged": count(known & (contacts.merged_into >= 0)),
        },
        "accounts": {
            "records": count(company.accounts.created <= history.cutoff),
            "companies": len(
                np.unique(company.accounts.of[company.accounts.created <= history.cutoff])
            ),
        },
        "activities": {
            "records": count(recent),
            "deleted": count(recent & activities.is_deleted),
        },
        "touches": {
            kind["values"]: kind["counts"]
            for kind in pc.value_counts(touches["touch_type"]).to_pylist()
        },
        "journeys": {
            "count": len(journeys),
            "with_lead": len(journeys) - journeys["lead_id"].null_count,
            "has_time_travel": int(
                np.count_nonzero(journeys["has_time_travel"].to_numpy(zero_copy_only=False))
            ),
            "observed": {s: len(journeys) - journeys[f"{s}_at"].null_count for s in STAGES},
        },
        "opportunities": {
            "count": len(deals),
            "deleted": count(history.deal_is_visible & company.deals.is_deleted),
            "by_type": {kind: count(kinds == kind) for kind in TYPES},
            "wins": len(won),
            "lost": int(len(deals.filter(deals["is_closed"])) - len(won)),
            "won_value_at_created_rate": total(won, "amount_cents_reporting_at_created", 100),
            "won_value_at_closed_rate": total(won, "amount_cents_reporting_at_closed", 100),
            "pipeline_created": total(deals, "amount_cents_reporting_at_created", 100),
        },
        "spend": {
            "reporting": total(spend, "spend_micros_reporting", 10**6),
            "by_platform": {
                name: total(spend, "spend_micros", 10**6, platform == name)
                for name in sorted(set(platform))
            },
            "impressions": int(spend["impressions"].to_numpy().sum()),
            "clicks": int(spend["clicks"].to_numpy().sum()),
        },
    }
