"""The exports of the CRM, as its report tool writes them: CSV with local times of the office.

Belongs here: columns, formats and damage of the CRM's files. Does not belong here: what is in
the CRM (`funnel`, `opportunities`, `records`), the history of stages (`history`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo.generator import text
from orchestration.demo.generator.activities import KINDS, OUTCOMES, TOPICS
from orchestration.demo.generator.clock import DAY, NEVER, Ints, wall_clock
from orchestration.demo.generator.dirt import (
    Damage,
    Flaw,
    add_stale_versions,
    misspelled,
    spoil,
    untidy,
)
from orchestration.demo.generator.export_marketing import campaign_ids
from orchestration.demo.generator.funnel import REASONS
from orchestration.demo.generator.history import (
    DEAL_LABELS,
    DISQUALIFIED,
    LEAD_LABELS,
    LOST,
    PROPOSAL,
    RECYCLED,
    WON,
    History,
)
from orchestration.demo.generator.opportunities import TYPES
from orchestration.demo.generator.tracking import evidence_of
from orchestration.demo.generator.world import Reps, chance
from orchestration.demo.generator.writers import write_csv, write_json_lines

LOCAL = "%Y-%m-%d %H:%M:%S"
GERMAN = "%d.%m.%Y %H:%M:%S"
# The lead report changed its date format when the CRM was upgraded.
OLD_FORMAT_DAYS = 45
FORECASTS = ("Pipeline", "Best Case", "Commit", "Closed", "Omitted")  # by deal label


def write_crm(history: History, folder: Path, damage: Damage) -> None:
    """Write all files of the CRM to `folder`."""
    company = history.company
    for name, table in (
        ("users", _users(company.reps)),
        ("products", _products(history)),
        ("accounts", _accounts(history)),
        ("contacts", _contacts(history, damage)),
        ("leads", _leads(history, damage)),
        ("opportunities", _opportunities(history, damage)),
        ("opportunity_contacts", _opportunity_contacts(history)),
        ("opportunity_lines", _opportunity_lines(history, damage)),
        ("stage_history", _stage_history(history, damage)),
        ("invoices", _invoices(history)),
    ):
        damage.rows.setdefault(f"crm.{name}", len(table))
        write_csv(table, folder / f"{name}.csv")
    write_csv(_activities(history, damage), folder / "activities.csv.gz")
    feedback = _feedback(history)
    damage.rows["crm.sales_feedback"] = len(feedback)
    write_json_lines(feedback, folder / "sales_feedback.jsonl")


def _local(history: History, times: Ints, pattern: str = LOCAL) -> pa.Array:
    return text.moment(
        times, history.company.setting.rates.reporting_timezone, pattern, history.cutoff
    )


def _flag(mask: np.ndarray) -> pa.Array:
    return text.where(mask, "1", "0")


def _segments(history: History, index: Ints) -> pa.Array:
    return text.pick([s.name for s in history.company.setting.rates.segments], index)


def _regions(history: History, index: Ints) -> pa.Array:
    return text.pick([t.region for t in history.company.setting.rates.teams], index)


def _currencies(history: History, region: Ints) -> pa.Array:
    return text.pick([t.currency for t in history.company.setting.rates.teams], region)


def _user_ids(reps: Ints) -> pa.Array:
    return text.numbered("005", reps + 1, 5)


def _users(reps: Reps) -> pa.Table:
    number = np.arange(len(reps.name))
    # Each team's first member leads it.
    first = np.array([reps.team.index(team) for team in reps.team])
    return pa.table(
        {
            "User ID": _user_ids(number),
            "Full Name": pa.array(reps.name),
            "Email": pa.array(reps.email),
            "Team": pa.array(reps.team),
            "Region": pa.array([region or None for region in reps.region], pa.string()),
            "Manager ID": text.where(first == number, None, _user_ids(first)),
            "Active": _flag(number != len(number) - 1),
        }
    )


def _products(history: History) -> pa.Table:
    products = history.company.products
    number = np.arange(len(products.name))
    return pa.table(
        {
            "Product Code": text.numbered("P-", number + 1, 3),
            "Product Name": pa.array(products.name),
            "Family": pa.array(products.family),
            "List Price": text.money(products.price),
            "Currency": pa.repeat("EUR", len(number)),
            "Active": _flag(number >= 0),
        }
    )


def _accounts(history: History) -> pa.Table:
    company = history.company
    accounts, companies = company.accounts, company.companies
    rows = np.flatnonzero(accounts.created <= history.cutoff)
    of = accounts.of[rows]
    rng = company.setting.rng("accounts export")
    # A duplicate is written without its legal form, as somebody typed it from memory.
    name = companies.name.take(pa.array(of))
    short = pc.replace_substring_regex(name, r" \w+$", "")
    owner = np.array([sellers[0] for sellers in company.reps.sellers])[companies.region[of]]
    revenue = companies.employees[of] * rng.integers(9_000_000, 20_000_000, len(of))
    return pa.table(
        {
            "Account ID": text.numbered("001", rows),
            "Account Name": text.where(accounts.is_duplicate[rows], short, name),
            "Website": text.concat("https://www.", companies.domain.take(pa.array(of)), "/"),
            "Industry": companies.industry.take(pa.array(of)),
            "Segment": _segments(history, companies.segment[of]),
            "Region": _regions(history, companies.region[of]),
            "Country": companies.country.take(pa.array(of)),
            "Employees": pa.array(companies.employees[of]).cast(pa.string()),
            "Annual Revenue": text.money(revenue // 100 * 100, thousands=True),
            "Revenue Currency": _currencies(history, companies.region[of]),
            "Account Owner ID": _user_ids(owner),
            "Created Date": _local(history, accounts.created[rows]),
            "Master Record ID": text.numbered("001", accounts.merged_into[rows]),
            "Is Deleted": _flag(accounts.is_deleted[rows]),
        }
    )


def _contacts(history: History, damage: Damage) -> pa.Table:
    company = history.company
    contacts, persons = company.contacts, company.persons
    rows = np.flatnonzero(contacts.created <= history.cutoff)
    of = contacts.of[rows]
    take = pa.array(of)
    account = company.accounts.by_subject[persons.company[of]]
    region = company.companies.region[persons.company[of]]
    other = uses_other_address(history)[rows]
    email = text.where(other, persons.other_email.take(take), persons.email.take(take))
    table = pa.table(
        {
            "Contact ID": text.numbered("003", rows),
            "Created Date": _local(history, contacts.created[rows]),
            "First Name": persons.first_name.take(take),
            "Last Name": persons.last_name.take(take),
            "Email": untidy(company.setting, "contacts", email),
            "Phone": persons.phone.take(take),
            "Title": persons.job_title.take(take),
            "Account ID": text.numbered("001", account),
            "Contact Owner ID": _user_ids(
                np.array([sellers[0] for sellers in company.reps.sellers])[region]
            ),
            "Region": _regions(history, region),
            "Country": company.companies.country.take(pa.array(persons.company[of])),
            "Master Record ID": text.numbered("003", contacts.merged_into[rows]),
            "Is Deleted": _flag(contacts.is_deleted[rows]),
        }
    )
    flaws = (Flaw("source_id_is_given", "Contact ID", None),)
    return spoil(company.setting, damage, "crm.contacts", table, "Contact ID", flaws)


def uses_other_address(history: History) -> np.ndarray:
    """Converted contacts that the CRM knows by another address than their lead's."""
    company = history.company
    rng, contacts = company.setting.rng("other address"), company.contacts
    chosen = chance(rng, company.setting.rates.dirt.other_address, len(contacts))
    linked = np.zeros(len(company.persons.company), bool)
    passes = company.passes
    linked[passes.person[passes.is_linked & (passes.opportunity < NEVER)]] = True
    has_copy = np.zeros(len(contacts), bool)
    # Only the conversion link tells that both are one person, so copies keep the address.
    has_copy[contacts.by_subject[contacts.of[contacts.is_duplicate]]] = True
    return chosen & linked[contacts.of] & ~contacts.is_duplicate & ~has_copy


def _leads(history: History, damage: Damage) -> pa.Table:
    company = history.company
    setting, persons, companies = company.setting, company.persons, company.companies
    leads, passes, deals = company.leads, company.passes, company.deals
    rows = np.flatnonzero(history.lead_is_visible)
    of, person = leads.first_pass[rows], leads.person[rows]
    take = pa.array(person)
    firm = persons.company[person]
    label, changed = history.lead_state
    deal_of_pass = np.full(len(passes), -1)
    has_lead = deals.pass_index >= 0
    deal_of_pass[deals.pass_index[has_lead]] = np.flatnonzero(has_lead)
    # A lead can be reopened and converted in its second pass.
    converted_in = np.full(len(leads), -1)
    converted = np.flatnonzero(passes.is_linked & (passes.opportunity <= history.cutoff))
    converted_in[passes.lead[converted]] = converted
    pass_index = np.where(leads.is_duplicate, -1, converted_in)[rows]
    is_converted = pass_index >= 0
    deal = np.where(is_converted, deal_of_pass[pass_index], -1)
    reason = np.full(len(leads), -1)
    stopped = np.minimum(passes.disqualified, passes.recycled) <= history.cutoff
    reason[passes.lead[stopped]] = passes.reason[stopped]
    reason = np.where(np.isin(label, (DISQUALIFIED, RECYCLED)) & ~leads.is_duplicate, reason, -1)
    rng = setting.rng("leads export")
    loses_utms = chance(rng, setting.rates.dirt.missing_utms, len(leads))[rows]
    seen = evidence_of(
        rng, setting.rates.channels, company.campaigns, passes.channel[of], passes.campaign[of],
        loses_utms,
    )  # fmt: skip
    unnamed = chance(rng, setting.rates.dirt.missing_lead_source, len(leads))[rows]
    labels = [channel.label for channel in setting.rates.channels]
    created, is_old = leads.created[rows], _is_old(history, leads.created[rows])
    table = pa.table(
        {
            "Lead ID": text.numbered("00Q", rows),
            "Created Date": text.where(
                is_old, _local(history, created), _local(history, created, GERMAN)
            ),
            "Last Modified": _local(history, changed[rows]),
            "Lead Status": text.pick(LEAD_LABELS, label[rows]),
            "Status Changed": _local(history, changed[rows]),
            "First Name": persons.first_name.take(take),
            "Last Name": persons.last_name.take(take),
            "Company": misspelled(setting, "leads", companies.name.take(pa.array(firm))),
            "Email": untidy(setting, "leads", persons.email.take(take)),
            "Phone": persons.phone.take(take),
            "Title": persons.job_title.take(take),
            "Industry": companies.industry.take(pa.array(firm)),
            "Segment": _segments(history, companies.segment[firm]),
            "Region": _regions(history, companies.region[firm]),
            "Country": companies.country.take(pa.array(firm)),
            "Lead Source": text.where(unnamed, "Select", text.pick(labels, passes.channel[of])),
            "Lead Owner ID": _user_ids(passes.owner[of]),
            "Campaign ID": campaign_ids(np.where(loses_utms, -1, passes.campaign[of])),
            "Rejection Reason": text.pick(REASONS, reason[rows]),
            "Converted Date": _local(history, np.where(deal >= 0, deals.created[deal], NEVER)),
            "Converted Contact ID": text.numbered(
                "003", np.where(is_converted, company.contacts.by_subject[person], -1)
            ),
            "Converted Account ID": text.numbered(
                "001", np.where(is_converted, company.accounts.by_subject[firm], -1)
            ),
            "Converted Opportunity ID": text.numbered("006", deal),
            "Master Record ID": text.numbered("00Q", leads.merged_into[rows]),
            "Is Deleted": _flag(leads.is_deleted[rows]),
            "UTM Source": seen.utm_source,
            "UTM Medium": seen.utm_medium,
            "UTM Campaign": seen.utm_campaign,
            "UTM Content": seen.utm_content,
            "Newsletter Consent": _flag(chance(rng, 0.6, len(leads))[rows]),
        }
    )
    older = {
        "Lead Status": pa.repeat("New", len(rows)),
        "Last Modified": _local(history, created),
        "Status Changed": _local(history, created),
        "Rejection Reason": pa.nulls(len(rows), pa.string()),
    }
    moved = np.flatnonzero((changed[rows] > created) & ~is_converted)
    table = add_stale_versions(setting, damage, "crm.leads", table, moved, older)
    flaws = (
        Flaw("values_are_readable", "Created Date", "31/31/2025"),
        Flaw("source_id_is_given", "Lead ID", None),
    )
    return spoil(setting, damage, "crm.leads", table, "Lead ID", flaws, repeats=True)


def _is_old(history: History, created: Ints) -> np.ndarray:
    return created < history.company.setting.first_second + OLD_FORMAT_DAYS * DAY


def _opportunities(history: History, damage: Damage) -> pa.Table:
    company = history.company
    deals = company.deals
    rows = np.flatnonzero(history.deal_is_visible)
    label, changed = history.deal_state
    label, changed, region = label[rows], changed[rows], deals.region[rows]
    modified = np.maximum(changed, deals.created[rows])
    is_closed = np.isin(label, (WON, LOST))
    priced = history.deal_is_priced[rows]
    from_lead = deals.pass_index[rows] >= 0
    channel = np.where(from_lead, company.passes.channel[deals.pass_index[rows]], -1)
    labels = [entry.label for entry in company.setting.rates.channels]
    source = text.where(from_lead, text.pick(labels, channel), "Sales Generated")
    creator = np.where(from_lead, company.passes.owner[deals.pass_index[rows]], deals.owner[rows])
    names = text.pick(TYPES, deals.type[rows])
    table = pa.table(
        {
            "Opportunity ID": text.numbered("006", rows),
            "Opportunity Name": text.concat(
                company.companies.name.take(pa.array(deals.company[rows])), " ", names
            ),
            "Account ID": text.numbered("001", company.accounts.by_subject[deals.company[rows]]),
            "Primary Contact ID": text.numbered(
                "003", company.contacts.by_subject[deals.person[rows]]
            ),
            "Owner ID": _user_ids(deals.owner[rows]),
            "Created By ID": _user_ids(creator),
            "Created Date": _local(history, deals.created[rows]),
            "Last Modified": _local(history, modified),
            "Stage": text.pick(DEAL_LABELS, label),
            "Stage Changed": _local(history, changed),
            "Is Won": _flag(label == WON),
            "Is Closed": _flag(is_closed),
            "Closed At": _local(history, np.where(is_closed, changed, NEVER)),
            "Close Date": text.iso_day(expected_close(history)[rows, np.minimum(label, LOST)]),
            "Amount": text.money(history.deal_amount[rows], thousands=True),
            "List Amount": text.money(np.where(priced, deals.list_amount[rows], -1), True),
            "Amount Currency": _currencies(history, region),
            "Type": text.pick(("New Business", "Expansion", "Renewal"), deals.type[rows]),
            "Forecast Category": text.pick(FORECASTS, label),
            "Lead Source": source,
            "Loss Reason": text.pick(
                text.LOST_REASONS, np.where(label == LOST, deals.lost_reason[rows], -1)
            ),
            "Segment": _segments(history, company.companies.segment[deals.company[rows]]),
            "Region": _regions(history, region),
            "Is Deleted": _flag(deals.is_deleted[rows]),
            "Next Step": text.where(is_closed, None, "Call back"),
        }
    )
    older = {
        "Stage": pa.repeat("Discovery", len(rows)),
        "Is Won": pa.repeat("0", len(rows)),
        "Is Closed": pa.repeat("0", len(rows)),
        "Closed At": pa.nulls(len(rows), pa.string()),
        "Last Modified": _local(history, deals.created[rows]),
        "Stage Changed": _local(history, deals.created[rows]),
        "Loss Reason": pa.nulls(len(rows), pa.string()),
        "Forecast Category": pa.repeat("Pipeline", len(rows)),
    }
    moved = np.flatnonzero(changed > deals.created[rows])
    name = "crm.opportunities"
    table = add_stale_versions(company.setting, damage, name, table, moved, older)
    flaws = (
        Flaw("values_are_readable", "Amount", "to be agreed"),
        Flaw("currency_is_iso_4217", "Amount Currency", "ZZZ"),
    )
    return spoil(company.setting, damage, name, table, "Opportunity ID", flaws, repeats=True)


def expected_close(history: History) -> Ints:
    """The close day expected at each label: a row per opportunity, in days since 1970.

    Reps guess better the nearer the decision is; deals that never close are pushed on.
    """
    company = history.company
    deals, rng = company.deals, company.setting.rng("expected close")
    begin = np.minimum(deals.created, deals.closed)
    real = np.where(deals.closed < NEVER, deals.closed, begin + 120 * DAY)
    days = np.empty((len(deals), len(DEAL_LABELS)), np.int64)
    for label, spread in enumerate((25, 12, 5, 0, 0)):
        guess = real // DAY + np.rint(rng.normal(0, 1, len(deals)) * spread).astype(np.int64)
        days[:, label] = np.maximum(guess, begin // DAY + 1)
    wall = wall_clock(real, company.setting.rates.reporting_timezone) // DAY
    days[:, WON] = days[:, LOST] = wall
    return days


def _opportunity_contacts(history: History) -> pa.Table:
    company = history.company
    deals, contacts, people = company.deals, company.contacts, company.contact_persons
    primary = np.flatnonzero(history.deal_is_visible)
    deal_of_pass = np.full(len(company.passes), -1)
    has_lead = np.flatnonzero(deals.pass_index >= 0)
    deal_of_pass[deals.pass_index[has_lead]] = has_lead
    colleagues = company.lead_persons + people.known + np.arange(len(people.colleague_of))
    deal = deal_of_pass[people.colleague_of]
    shown = history.deal_is_visible[deal]
    opportunity = np.concatenate([primary, deal[shown]])
    person = np.concatenate([deals.person[primary], colleagues[shown]])
    is_primary = np.repeat([True, False], [len(primary), int(shown.sum())])
    return pa.table(
        {
            "Opportunity ID": text.numbered("006", opportunity),
            "Contact ID": text.numbered("003", contacts.by_subject[person]),
            "Role": text.where(is_primary, "Decision Maker", "Evaluator"),
            "Primary": _flag(is_primary),
        }
    )


def _opportunity_lines(history: History, damage: Damage) -> pa.Table:
    company = history.company
    lines = company.lines
    shown = history.deal_is_visible & history.deal_is_priced
    rows = np.flatnonzero(shown[lines.opportunity])
    table = pa.table(
        {
            "Line ID": text.numbered("00k", rows),
            "Opportunity ID": text.numbered("006", lines.opportunity[rows]),
            "Product Code": text.numbered("P-", lines.product[rows] + 1, 3),
            "Quantity": pa.array(lines.quantity[rows]).cast(pa.string()),
            "List Price": text.money(lines.list_price[rows]),
            "Sales Price": text.money(lines.sold_price[rows]),
            "Currency": _currencies(history, company.deals.region[lines.opportunity[rows]]),
        }
    )
    flaws = (Flaw("values_are_readable", "Sales Price", "n.a."),)
    name = "crm.opportunity_lines"
    return spoil(company.setting, damage, name, table, "Line ID", flaws)


def _stage_history(history: History, damage: Damage) -> pa.Table:
    company = history.company
    leads, deals = history.lead_changes, history.deal_changes
    passes, nulls = company.passes, pa.nulls
    stops = np.isin(leads.label, (DISQUALIFIED, RECYCLED))
    estimated = deals.label < PROPOSAL
    amount = np.where(
        estimated & ~company.deals.is_backdated[deals.of],
        company.deals.estimate[deals.of],
        company.deals.amount[deals.of],
    )
    loses = deals.label == LOST
    table = pa.table(
        {
            "Object": pa.array(np.repeat(["Lead", "Opportunity"], [len(leads.of), len(deals.of)])),
            "Object ID": pa.concat_arrays(
                [text.numbered("00Q", leads.of), text.numbered("006", deals.of)]
            ),
            "Old Value": pa.concat_arrays(
                [text.pick(LEAD_LABELS, leads.before), text.pick(DEAL_LABELS, deals.before)]
            ),
            "New Value": pa.concat_arrays(
                [text.pick(LEAD_LABELS, leads.label), text.pick(DEAL_LABELS, deals.label)]
            ),
            "Edit Date": pa.concat_arrays([_local(history, leads.at), _local(history, deals.at)]),
            "Amount": pa.concat_arrays([nulls(len(leads.of), pa.string()), text.money(amount)]),
            "Close Date": pa.concat_arrays(
                [
                    nulls(len(leads.of), pa.string()),
                    text.iso_day(expected_close(history)[deals.of, deals.label]),
                ]
            ),
            "Edited By ID": pa.concat_arrays(
                [_user_ids(passes.owner[leads.part]), _user_ids(company.deals.owner[deals.of])]
            ),
            "Reason": pa.concat_arrays(
                [
                    text.pick(REASONS, np.where(stops, passes.reason[leads.part], -1)),
                    text.pick(
                        text.LOST_REASONS,
                        np.where(loses, company.deals.lost_reason[deals.of], -1),
                    ),
                ]
            ),
        }
    )
    at = np.concatenate([leads.at, deals.at])
    # An id says which change of which record it is, so that a later export repeats it.
    ids = [
        text.numbered("017L", leads.part * len(LEAD_LABELS) + leads.label),
        text.numbered("017D", deals.part * len(DEAL_LABELS) + deals.label),
    ]
    table = table.add_column(0, "History ID", pa.concat_arrays(ids))
    table = table.take(pa.array(np.argsort(at, kind="stable")))
    flaws = (
        Flaw("object_id_is_given", "Object ID", None),
        Flaw("values_are_readable", "Edit Date", "yesterday"),
    )
    name = "crm.stage_history"
    return spoil(company.setting, damage, name, table, "History ID", flaws)


def _activities(history: History, damage: Damage) -> pa.Table:
    company = history.company
    activities = company.activities
    rows = np.flatnonzero(activities.at <= history.cutoff)
    at = pa.nulls(len(rows), pa.string())
    for index, team in enumerate(company.setting.rates.teams):
        mine = activities.region[rows] == index
        at = text.where(mine, text.iso_with_offset(activities.at[rows], team.timezone), at)
    table = pa.table(
        {
            "activity_id": text.numbered("A", rows, 8),
            "happened_at": at,
            "type": text.pick(KINDS, activities.kind[rows]),
            "direction": text.where(activities.is_inbound[rows], "In", "Out"),
            "result": text.pick(OUTCOMES, activities.outcome[rows]),
            "agent_id": _user_ids(activities.rep[rows]),
            "lead_id": text.numbered("00Q", activities.lead[rows]),
            "contact_id": text.numbered("003", activities.contact[rows]),
            "account_id": text.numbered("001", activities.account[rows]),
            "deal_id": text.numbered("006", activities.opportunity[rows]),
            "minutes": pa.array(activities.minutes[rows], mask=activities.minutes[rows] < 0).cast(
                pa.string()
            ),
            "deleted": text.where(activities.is_deleted[rows], "true", "false"),
        }
    )
    flaws = (
        Flaw("occurred_at_is_given", "happened_at", None),
        Flaw("values_are_readable", "type", "Telepathy"),
    )
    name = "crm.activities"
    return spoil(company.setting, damage, name, table, "activity_id", flaws, repeats=True)


def _feedback(history: History) -> pa.Table:
    company = history.company
    feedback = company.feedback
    rows = np.flatnonzero(feedback.at <= history.cutoff)
    kinds = list(TOPICS)
    topics = [topic for kind in kinds for topic in TOPICS[kind]]
    first = np.cumsum([0] + [len(TOPICS[kind]) for kind in kinds])
    topic = text.pick(topics, first[feedback.kind[rows]] + feedback.topic[rows])
    return pa.table(
        {
            "id": text.numbered("F", rows, 6),
            "noted_at": text.iso_with_offset(feedback.at[rows], "UTC"),
            "rep": _user_ids(feedback.rep[rows]),
            "lead": text.numbered("00Q", feedback.lead[rows]),
            "deal": text.numbered("006", feedback.opportunity[rows]),
            "product": text.numbered(
                "P-", np.where(feedback.product[rows] < 0, -1, feedback.product[rows] + 1), 3
            ),
            "campaign": campaign_ids(feedback.campaign[rows]),
            "about": text.pick(kinds, feedback.kind[rows]),
            "topic": topic,
            "comment": text.concat('They said: "', topic, '".'),
        }
    )


def _invoices(history: History) -> pa.Table:
    deals = history.company.deals
    label, at = history.deal_state
    due = at + 5 * DAY
    rows = np.flatnonzero(
        history.deal_is_visible & (label == WON) & ~deals.is_deleted & (due <= history.cutoff)
    )
    zone = history.company.setting.rates.reporting_timezone
    return pa.table(
        {
            "Invoice No": text.numbered("INV-", rows, 6),
            "Account ID": text.numbered(
                "001", history.company.accounts.by_subject[deals.company[rows]]
            ),
            "Opportunity ID": text.numbered("006", rows),
            "Issued On": text.moment(due[rows], zone, "%d.%m.%Y"),
            "Total": text.money(deals.amount[rows]),
            "Currency": _currencies(history, deals.region[rows]),
            "State": text.where(rows % 17 == 0, "open", "paid"),
        }
    )
