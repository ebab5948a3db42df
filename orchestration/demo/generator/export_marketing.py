"""The exports of marketing: four ad platforms, the campaign register, email and webinar
events, members and the marketing plan; and what both teams cost.

Belongs here: columns, formats and damage of these files, each platform with its own. Does not
belong here: what campaigns do (`marketing`).
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo.generator import text
from orchestration.demo.generator.clock import DAY, Bools, Ints, day_number
from orchestration.demo.generator.company import Company
from orchestration.demo.generator.dirt import Damage, Flaw, spoil, untidy
from orchestration.demo.generator.marketing import EVENT_TYPES
from orchestration.demo.generator.world import MARKETING_REPS, PLATFORMS, Setting
from orchestration.demo.generator.writers import (
    write_csv,
    write_json_lines,
    write_parquet,
    write_workbook,
)

EPOCH = date(1970, 1, 1)
CENT = 10_000  # in micros


def campaign_ids(index: Ints) -> pa.Array:
    """The ids under which platforms and the register know a campaign; -1 gives null."""
    return pa.array(18_300_000 + index * 37, mask=index < 0).cast(pa.string())


def months(setting: Setting) -> list[date]:
    """The first day of every month up to the day of the exports."""
    first, found = setting.start.replace(day=1), []
    while first <= setting.seen_on:
        found.append(first)
        first = (first + timedelta(days=32)).replace(day=1)
    return found


def write_marketing(company: Company, folder: Path, damage: Damage) -> None:
    """Write all files of marketing to `folder`."""
    _write_ads(company, folder, damage)
    register = _register(company)
    damage.rows["marketing.campaigns"] = len(register)
    write_csv(register, folder / "campaign_register.csv")
    write_csv(_events(company, damage), folder / "email_events.tsv", delimiter="\t")
    members = _members(company)
    damage.rows["marketing.campaign_members"] = len(members)
    write_csv(members, folder / "campaign_members.csv")
    plan, quotas = _plan(company), _quotas(company)
    damage.rows["marketing.plan"] = len(plan) - 3
    damage.rows["crm.quotas"] = len(quotas) - 1
    write_workbook({"Plan": plan, "Quotas": quotas}, folder.parent / "planning.xlsx")
    costs = _costs(company)
    damage.rows["finance.costs"] = len(costs)
    write_csv(costs, folder.parent / "finance" / "costs.csv", delimiter=";")


def _write_ads(company: Company, folder: Path, damage: Damage) -> None:
    for platform, write in (
        ("Google Ads", _write_google),
        ("Meta Ads", _write_meta),
        ("LinkedIn Ads", _write_linkedin),
        ("Microsoft Ads", _write_microsoft),
    ):
        is_mine = np.array([name == platform for name in company.campaigns.platform])
        write(company, np.flatnonzero(is_mine[company.ad_days.campaign]), folder, damage)


def _ad_names(company: Company, rows: Ints) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array]:
    """Campaign id, campaign name, ad group and ad id."""
    ad = company.ad_days.ad[rows]
    campaign = company.ad_days.campaign[rows]
    number = pa.array(company.ads.number[ad]).cast(pa.string())
    ids = campaign_ids(campaign)
    return ids, text.pick(company.campaigns.name, campaign), ids, text.concat(ids, number)


def _write_google(company: Company, rows: Ints, folder: Path, damage: Damage) -> None:
    """A German report: semicolons, decimal commas, cp1252, a title above and a total below."""
    days = company.ad_days
    ids, names, groups, ads = _ad_names(company, rows)
    table = pa.table(
        {
            "Tag": _german_day(days.day[rows]),
            "Kampagnen-ID": ids,
            "Kampagne": names,
            "Anzeigengruppen-ID": text.concat("g", groups),
            "Anzeigen-ID": ads,
            "Impressionen": _german(pa.array(days.impressions[rows]).cast(pa.string())),
            "Klicks": _german(pa.array(days.clicks[rows]).cast(pa.string())),
            "Kosten": _german(text.money(days.micros[rows] // CENT)),
            "Währungscode": pa.repeat("EUR", len(rows)),
            "Conversions": pa.array(days.conversions[rows]).cast(pa.string()),
            "Conversion-Wert": _german(text.money(days.conversion_cents[rows])),
        }
    )
    flaws = (
        Flaw("cost_is_not_negative", "Kosten", "-12,50"),
        Flaw("values_are_readable", "Tag", "00.00.0000"),
    )
    table = spoil(company.setting, damage, "marketing.google_ads", table, None, flaws)
    setting = company.setting
    title = f"Anzeigenbericht\r\n{setting.start:%d.%m.%Y} - {setting.seen_on:%d.%m.%Y}\r\n"
    total = _german(text.money(np.array([days.micros[rows].sum() // CENT])))[0].as_py()
    write_csv(
        table, folder / "google_ads.csv", delimiter=";", encoding="cp1252", preface=title,
        footer=f'"Gesamt";;;;;;;"{total}";;;\n',
    )  # fmt: skip


def _write_meta(company: Company, rows: Ints, folder: Path, damage: Damage) -> None:
    """Tab-separated, the currency in a column's name."""
    days = company.ad_days
    ids, names, groups, ads = _ad_names(company, rows)
    table = pa.table(
        {
            "Reporting starts": text.iso_day(days.day[rows]),
            "Campaign ID": ids,
            "Campaign name": names,
            "Ad set ID": text.concat("23", groups),
            "Ad set name": text.concat(names, " / all"),
            "Ad ID": ads,
            "Impressions": pa.array(days.impressions[rows]),
            "Link clicks": pa.array(days.clicks[rows]),
            "Amount spent (EUR)": text.money(days.micros[rows] // CENT),
            "Results": pa.array(days.conversions[rows]),
            "Results value": text.money(days.conversion_cents[rows]),
        }
    )
    table = spoil(company.setting, damage, "marketing.meta_ads", table, None)
    write_csv(table, folder / "meta_ads.tsv", delimiter="\t")


def _write_linkedin(company: Company, rows: Ints, folder: Path, damage: Damage) -> None:
    """JSON lines with long ids and costs in millionths."""
    days = company.ad_days
    ids, names, groups, ads = _ad_names(company, rows)
    table = pa.table(
        {
            "date": text.iso_day(days.day[rows]),
            "account": pa.repeat("urn:li:sponsoredAccount:5550100", len(rows)),
            "campaign": text.concat("urn:li:sponsoredCampaign:", ids),
            "campaignName": names,
            "campaignGroup": text.concat("urn:li:sponsoredCampaignGroup:", groups),
            "creative": text.concat("urn:li:sponsoredCreative:", ads),
            "impressions": pa.array(days.impressions[rows]),
            "clicks": pa.array(days.clicks[rows]),
            "costMicros": pa.array(days.micros[rows]),
            "currency": pa.repeat("USD", len(rows)),
            "conversions": pa.array(days.conversions[rows]),
            "conversionValueMicros": pa.array(days.conversion_cents[rows] * CENT),
        }
    )
    flaws = (Flaw("report_date_is_given", "date", None),)
    table = spoil(company.setting, damage, "marketing.linkedin_ads", table, None, flaws)
    write_json_lines(table, folder / "linkedin_ads.jsonl")


def _write_microsoft(company: Company, rows: Ints, folder: Path, damage: Damage) -> None:
    """Parquet with typed columns."""
    days = company.ad_days
    ids, names, groups, ads = _ad_names(company, rows)
    table = pa.table(
        {
            "TimePeriod": pa.array(days.day[rows].astype(np.int32)).cast(pa.date32()),
            "AccountId": pa.array(np.full(len(rows), 5_550_199)),
            "CampaignId": ids.cast(pa.int64()),
            "CampaignName": names,
            "AdGroupId": groups.cast(pa.int64()),
            "AdId": ads.cast(pa.int64()),
            "Impressions": pa.array(days.impressions[rows]),
            "Clicks": pa.array(days.clicks[rows]),
            "Spend": pa.array(days.micros[rows] / 1_000_000),
            "CurrencyCode": pa.repeat("USD", len(rows)),
            "Conversions": pa.array(days.conversions[rows].astype(np.float64)),
            "Revenue": pa.array(days.conversion_cents[rows] / 100),
        }
    )
    table = spoil(company.setting, damage, "marketing.microsoft_ads", table, None)
    write_parquet(table, folder / "microsoft_ads.parquet")


def _german(numbers: pa.Array) -> pa.Array:
    """`1234.50` as `1.234,50`."""
    numbers = pc.replace_substring(numbers, ".", ",")
    return pc.replace_substring_regex(numbers, r"^(\d+)(\d{3})(,\d+)?$", r"\1.\2\3")


def _german_day(days: Ints) -> pa.Array:
    return pc.strftime(pa.array(days.astype(np.int32)).cast(pa.date32()), format="%d.%m.%Y")


def _register(company: Company) -> pa.Table:
    """The list of all campaigns that marketing keeps by hand."""
    campaigns, rates = company.campaigns, company.setting.rates
    number = np.arange(len(campaigns.name))
    owner = number % MARKETING_REPS + 1
    return pa.table(
        {
            "Campaign ID": campaign_ids(number),
            "Campaign": pa.array(campaigns.name),
            "Platform": pa.array([name or "-" for name in campaigns.platform]),
            "Type": pa.array(campaigns.kind),
            "UTM": pa.array(campaigns.utm),
            "Channel": pa.array(campaigns.channel),
            "Segment": text.pick([s.name for s in rates.segments], campaigns.segment),
            "Region": text.pick([t.region for t in rates.teams], campaigns.region),
            "Start": text.iso_day(campaigns.starts),
            "End": text.iso_day(campaigns.ends),
            "Budget EUR": text.money(_budget(company, campaigns.ends - campaigns.starts + 1)),
            "Owner": text.numbered("005", owner, 5),
        }
    )


def _budget(company: Company, days: Ints) -> Ints:
    """What each campaign shall cost in so many days, in cents; webinars and shows by the day."""
    campaigns, rates = company.campaigns, company.setting.rates
    ads = np.bincount(company.ads.campaign, minlength=len(campaigns.name))
    price = np.array([PLATFORMS.get(name, (0, "", "", 0))[3] for name in campaigns.platform])
    per_day = ads * price * rates.clicks_per_ad_day * company.setting.scale * campaigns.volume
    per_day = np.where(campaigns.segment < 0, 2_500, per_day)
    return (np.rint(per_day * days / 10_000) * 10_000).astype(np.int64)


def _events(company: Company, damage: Damage) -> pa.Table:
    """Email and webinar events in one log, with Unix seconds."""
    events, setting = company.emails, company.setting
    rows = np.flatnonzero(events.at <= setting.cutoff)
    emails = company.persons.email.take(pa.array(events.person[rows]))
    table = pa.table(
        {
            "event_id": text.numbered("e", rows, 9),
            "unix_time": pa.array(events.at[rows]),
            "event": text.pick(EVENT_TYPES, events.kind[rows]),
            "recipient": untidy(setting, "emails", emails),
            "campaign_id": campaign_ids(events.campaign[rows]),
        }
    )
    flaws = (Flaw("occurred_at_is_given", "unix_time", None),)
    return spoil(setting, damage, "marketing.email_events", table, "event_id", flaws, repeats=True)


def response_times(company: Company) -> Ints:
    """When each member answers, if ever."""
    return company.members.joined + DAY


def has_responded(company: Company) -> Bools:
    """Whether each member has answered by the day of the exports."""
    return company.members.responded & (response_times(company) <= company.setting.cutoff)


def _members(company: Company) -> pa.Table:
    members, setting = company.members, company.setting
    rows = np.flatnonzero(members.joined <= setting.cutoff)
    zone = setting.rates.reporting_timezone
    responded = has_responded(company)[rows]
    return pa.table(
        {
            "Campaign ID": campaign_ids(members.campaign[rows]),
            "Email": company.persons.email.take(pa.array(members.person[rows])),
            "Status": text.where(responded, "Responded", "Invited"),
            # The tool shows days, not times.
            "Added": text.moment(members.joined[rows], zone, "%d/%m/%Y"),
            "Responded": text.where(
                responded, text.moment(response_times(company)[rows], zone, "%d/%m/%Y"), None
            ),
        }
    )


def _plan(company: Company) -> list[list[Any]]:
    """The plan per campaign and quarter, as a sheet with a title above."""
    campaigns, rates, days = company.campaigns, company.setting.rates, company.ad_days
    rows: list[list[Any]] = [
        ["Marketing plan"],
        ["Amounts in EUR, agreed with sales every quarter"],
        ["Campaign ID", "Campaign", "Segment", "Region", "From", "To", "Planned", "Actual",
         "Accounts", "Reps"],
    ]  # fmt: skip
    rng = company.setting.rng("plan")
    known = company.companies.customers + company.companies.prospects
    ids = campaign_ids(np.arange(len(campaigns.name))).to_pylist()
    for first in months(company.setting):
        if first.month % 3 != 1:
            continue
        after = (first + timedelta(days=95)).replace(day=1)
        begin, end = day_number(first), day_number(after) - 1
        in_quarter = (days.day >= begin) & (days.day <= end)
        spent = np.bincount(days.campaign[in_quarter], days.micros[in_quarter], len(campaigns.name))
        length = np.minimum(campaigns.ends, end) - np.maximum(campaigns.starts, begin) + 1
        planned = _budget(company, np.maximum(length, 0)) / 100
        for index in np.flatnonzero(length > 0):
            segment, region = campaigns.segment[index], campaigns.region[index]
            touched = np.sort(rng.integers(known, size=3))
            accounts = text.numbered("001", company.accounts.by_subject[touched]).to_pylist()
            sellers = company.reps.sellers[region] if region >= 0 else np.array([0])
            rows.append(
                [
                    ids[index],
                    "'" + campaigns.name[index],
                    rates.segments[segment].name if segment >= 0 else None,
                    rates.teams[region].region if region >= 0 else None,
                    max(first, EPOCH + timedelta(days=int(campaigns.starts[index]))),
                    min(after - timedelta(days=1), EPOCH + timedelta(int(campaigns.ends[index]))),
                    float(planned[index]),
                    round(float(spent[index]) / 1_000_000, 2),
                    ";".join(accounts),
                    ";".join(text.numbered("005", sellers[:2] + 1, 5).to_pylist()),
                ]
            )
    return rows


def _quotas(company: Company) -> list[list[Any]]:
    """One row per seller and quarter; a seller's quota follows the segment mix of the deals."""
    setting, reps = company.setting, company.reps
    rows: list[list[Any]] = [["Rep", "Quarter", "Quota", "Currency"]]
    for first in months(setting):
        if first.month % 3 != 1:
            continue
        for team, sellers in zip(setting.rates.teams, reps.sellers, strict=True):
            quota = 5_000 * max(round(60 * setting.scale * team.share), 1)
            for rep in text.numbered("005", sellers + 1, 5).to_pylist():
                rows.append([rep, first, quota, team.currency])
    return rows


def _costs(company: Company) -> pa.Table:
    """Salaries, tools and agencies per month, with decimal commas."""
    setting = company.setting
    first = months(setting)
    lines = (("marketing", "salaries", 14_500), ("marketing", "agencies", 4_200),
             ("marketing", "tools", 2_300), ("sales", "salaries", 96_000),
             ("sales", "tools", 3_900))  # fmt: skip
    cents = np.tile([amount * 100 for _, _, amount in lines], len(first))
    return pa.table(
        {
            "Monat": pa.array([f"{day:%m/%Y}" for day in first for _ in lines]),
            "Team": pa.array([team for team, _, _ in lines] * len(first)),
            "Kostenart": pa.array([kind for _, kind, _ in lines] * len(first)),
            "Betrag": _german(text.money(cents)),
        }
    )
