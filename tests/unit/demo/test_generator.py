"""The demo company: deterministic, consistent with its own truth, and about nobody real."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import hashlib
import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from orchestration.demo import generate_demo
from orchestration.demo.generator import write
from orchestration.demo.generator.holidays import holidays
from orchestration.demo.generator.rates import SEGMENTS, TEAMS, Rates
from orchestration.demo.generator.stories import plant
from orchestration.lib.company.check import check_company
from orchestration.lib.company.folder import load_company
from orchestration.lib.extract import read_table
from orchestration.lib.mapping.mapping import map_entity
from orchestration.settings import DEMO_TEMPLATE

STAGES = ("lead", "mql", "sal", "sql", "opportunity", "won")
RESERVED = re.compile(r"(^|\.)(example|test|example\.(com|net|org))$")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "company"
    generate_demo(folder, scale=0.1)
    return folder


@pytest.fixture(scope="module")
def expected(demo: Path) -> dict[str, Any]:
    return json.loads((demo / "truth" / "expected.json").read_text())


def truth(folder: Path, name: str) -> pd.DataFrame:
    return pq.read_table(folder / "truth" / f"{name}.parquet").to_pandas()


def exported(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "data" / "crm" / f"{name}.csv", dtype=str)


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def content(folder: Path) -> str:
    """Everything in the text exports."""
    texts = []
    for path in sorted((folder / "data").rglob("*")):
        if path.suffix == ".gz":
            texts.append(gzip.decompress(path.read_bytes()).decode())
        elif path.suffix in (".csv", ".tsv", ".jsonl"):
            texts.append(path.read_text("cp1252" if "google" in path.name else "utf-8"))
    return "\n".join(texts)


def mapped(folder: Path, source_name: str, table: str, entity: str) -> pd.DataFrame:
    """The readable rows of a table, as the pipeline maps them."""
    source = next(s for s in load_company(folder, {}).sources if s.source == source_name)
    mapping = next(m for m in source.tables[table].entities if m.entity == entity)
    raw = read_table(source, table, folder)
    frame = map_entity(raw, source, table, mapping, b"k" * 32).candidate.to_pandas()
    return frame[frame["_parse_error"].isna() & frame["source_id"].notna()]


def test_the_template_is_a_valid_company() -> None:
    load_company(DEMO_TEMPLATE, {})


def test_the_generated_company_passes_the_check(demo: Path) -> None:
    assert check_company(demo, {}).problems == []
    company = load_company(demo, {})
    assert company.agreement.company.as_of == datetime(2026, 7, 1, 6)
    assert company.agreement.company.history_start == date(2025, 1, 7)


def test_the_same_arguments_give_the_same_bytes(demo: Path, tmp_path: Path) -> None:
    generate_demo(tmp_path, scale=0.1)
    assert digests(tmp_path) == digests(demo)


def test_another_seed_gives_another_company(demo: Path, tmp_path: Path) -> None:
    generate_demo(tmp_path, scale=0.1, seed=8)
    changed = {n for n, digest in digests(tmp_path).items() if digest != digests(demo).get(n)}
    assert {"data/crm/leads.csv", "data/web/form_fills.jsonl", "truth/journeys.parquet"} <= changed


def test_a_second_call_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    generate_demo(tmp_path, scale=0.02, days=400)
    (tmp_path / "notes.txt").write_text("mine")
    generate_demo(tmp_path, scale=0.02, days=90)
    assert len(list((tmp_path / "data" / "web").glob("sessions_*"))) == 3
    assert (tmp_path / "notes.txt").exists()


@pytest.mark.parametrize(("scale", "days"), [(0.01, 60), (0.03, 1100)])
def test_small_and_long_companies(tmp_path: Path, scale: float, days: int) -> None:
    summary = generate_demo(tmp_path, scale=scale, days=days)
    assert summary.leads > 20
    assert check_company(tmp_path, {}).problems == []


def test_a_company_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "write_stories", die)
    with pytest.raises(KeyboardInterrupt):
        generate_demo(tmp_path / "demo", scale=0.02, days=90)
    assert list(tmp_path.iterdir()) == []


def test_unusable_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 60"):
        generate_demo(tmp_path, days=10)
    with pytest.raises(ValueError, match="not after"):
        generate_demo(tmp_path, seen_on=date(2026, 7, 1))


def test_only_reserved_domains_and_fictional_numbers(demo: Path) -> None:
    text = content(demo)
    hosts = set(re.findall(r"@([\w.-]+)", text)) | set(re.findall(r"https?://([\w.-]+)", text))
    hosts |= set(truth(demo, "persons")["email"].str.split("@").str[1])
    assert len(hosts) > 100
    assert {host for host in hosts if not RESERVED.search(host.lower())} == set()
    phones = set(re.findall(r"\+\d[\d-]{6,}", text))
    assert phones and all(re.fullmatch(r"\+1-202-555-01\d\d", phone) for phone in phones)


def test_counts_are_those_of_the_files(demo: Path, expected: dict[str, Any]) -> None:
    for name in ("leads", "contacts", "accounts", "opportunities", "stage_history"):
        assert len(exported(demo, name)) == expected["rows"][f"crm.{name}"], name
    sessions = sum(
        gzip.decompress(path.read_bytes()).count(b"\n")
        for path in (demo / "data" / "web").glob("sessions_*")
    )
    assert sessions == expected["rows"]["web.sessions"]
    book = openpyxl.load_workbook(demo / "data" / "planning.xlsx", read_only=True)
    assert len(list(book["Plan"].rows)) - 3 == expected["rows"]["marketing.plan"]


def test_unusable_rows_are_few(expected: dict[str, Any]) -> None:
    for table, rules in expected["quarantined"].items():
        assert sum(rules.values()) < 0.02 * expected["rows"][table], table


def test_leads_reach_the_pipeline_as_the_truth_says(demo: Path, expected: dict[str, Any]) -> None:
    leads = mapped(demo, "crm", "leads", "lead")
    newest = leads.sort_values("updated_at", kind="stable").drop_duplicates(
        "source_id", keep="last"
    )
    assert len(newest) == expected["leads"]["records"]
    assert newest["is_deleted"].sum() == expected["leads"]["deleted"]
    assert newest["merged_into_id"].notna().sum() == expected["leads"]["merged"]
    records = truth(demo, "person_records").query("object_type == 'lead'")
    assert set(newest["source_id"]) == set(records["source_id"])
    # Times survive the office's clock changes.
    first = truth(demo, "journeys").dropna(subset="lead_id").drop_duplicates("lead_id")
    both = first.merge(newest, left_on="lead_id", right_on="source_id")
    assert (both["lead_at"] == both["created_at"]).all()


def test_stage_times_reach_the_pipeline_as_the_truth_says(demo: Path) -> None:
    changes = mapped(demo, "crm", "stage_history", "stage_change").dropna(subset="object_id")
    journeys = truth(demo, "journeys")
    labels = {"mql": "Marketing Qualified", "sal": "Accepted by Sales", "won": "Closed Won",
              "recycled": "Recycled", "lost": "Closed Lost"}  # fmt: skip
    for stage, label in labels.items():
        key = "opportunity_id" if stage in ("won", "lost") else "lead_id"
        true = journeys.dropna(subset=f"{stage}_at")
        seen = changes[changes["to_stage"] == label]
        deleted = set(
            exported(demo, "opportunities").query("`Is Deleted` == '1'")["Opportunity ID"]
        )
        seen = seen[~seen["object_id"].isin(deleted)]
        assert sorted(zip(true[key], true[f"{stage}_at"], strict=True)) == sorted(
            zip(seen["object_id"], seen["changed_at"], strict=True)
        ), stage


def test_spend_reaches_the_pipeline_as_the_truth_says(demo: Path, expected: dict[str, Any]) -> None:
    spend = truth(demo, "ad_spend")
    for table, platform in (
        ("google_ads", "Google Ads"),
        ("meta_ads", "Meta Ads"),
        ("linkedin_ads", "LinkedIn Ads"),
        ("microsoft_ads", "Microsoft Ads"),
    ):
        rows = mapped(demo, "marketing", table, "ad_report")
        rows = rows[(rows["cost"] >= 0) & rows["report_date"].notna()]
        true = spend[spend["platform"] == platform]
        assert len(rows) == len(true), platform
        assert int(rows["cost"].sum() * 1_000_000) == true["spend_micros"].sum(), platform
        assert f"{rows['cost'].sum():.6f}" == expected["spend"]["by_platform"][platform]


def test_amounts_are_the_sum_of_their_lines(demo: Path) -> None:
    lines = exported(demo, "opportunity_lines").query("`Sales Price` != 'n.a.'")
    cents = lines["Quantity"].astype(int) * (lines["Sales Price"].astype(float) * 100).round()
    sums = cents.astype("int64").groupby(lines["Opportunity ID"]).sum()
    deals = truth(demo, "opportunities").dropna(subset="list_amount_cents")
    amounts = deals.set_index("opportunity_id")["amount_cents"]
    assert (sums[amounts.index] == amounts).all()
    assert (deals["list_amount_cents"] >= deals["amount_cents"]).all()


def test_stages_follow_each_other_unless_time_travels(demo: Path) -> None:
    journeys = truth(demo, "journeys")
    assert journeys["has_time_travel"].any()
    seen = journeys[[f"{stage}_at" for stage in STAGES]]
    times = np.where(seen.isna(), np.nan, seen.astype("int64").astype(float))
    latest = np.fmax.accumulate(times, axis=1)
    backwards = (times < latest).any(axis=1)
    assert (backwards <= journeys["has_time_travel"]).all()
    skipped = journeys["mql_at"].isna() & journeys["sal_at"].notna()
    assert skipped.any() and journeys.loc[skipped, "mql_true_at"].notna().all()


def test_each_opportunity_is_in_one_journey(demo: Path) -> None:
    journeys, deals = truth(demo, "journeys"), truth(demo, "opportunities")
    assert sorted(journeys["opportunity_id"].dropna()) == sorted(deals["opportunity_id"])
    assert journeys["opportunity_type"].value_counts().gt(5).all()


def test_opportunities_without_lead_find_no_open_journey(demo: Path) -> None:
    """Otherwise their journey would be the open one of their contact."""
    journeys = truth(demo, "journeys")
    alone = journeys[journeys["lead_id"].isna()].copy()
    # The record of a time-travelling deal is younger than the deal itself.
    alone["begins"] = alone[["opportunity_at", "won_at", "lost_at"]].min(axis=1)
    ends = ["won_at", "lost_at", "disqualified_at", "recycled_at"]
    others = journeys.dropna(subset="lead_id").copy()
    others["ends"] = others[ends].min(axis=1).fillna(pd.Timestamp("2100-01-01").as_unit("us"))
    pairs = alone.merge(others, on="person", suffixes=("", "_other"))
    assert len(pairs) and (pairs["ends"] < pairs["begins"]).all()


def test_people_behind_records(demo: Path) -> None:
    records = truth(demo, "person_records")
    assert not records.duplicated(["source_system", "object_type", "source_id"]).any()
    people = truth(demo, "persons").set_index("person")["email"]
    contacts = mapped(demo, "crm", "contacts", "contact").merge(records, on="source_id")
    same = contacts["email"].str.strip().str.lower() == people[contacts["person"]].to_numpy()
    assert 0.9 < same.mean() < 1  # some have a second address


def test_dirt_is_there(demo: Path, expected: dict[str, Any]) -> None:
    leads = exported(demo, "leads")
    assert leads["Email"].str.contains("[A-Z]", regex=True).any()
    assert leads["Email"].str.startswith(" ").any()
    assert (leads["Lead Source"] == "Select").any()
    assert leads["Created Date"].str.match(r"\d{4}-").any()
    assert expected["leads"]["merged"] < expected["leads"]["duplicates"]
    text = content(demo)
    assert "DROP TABLE" in text and "=HYPERLINK" in text and "成長" in text
    touches = truth(demo, "touches")
    assert touches["person"].isna().mean() > 0.3
    assert not touches["has_utms"].all()


def test_activities_carry_the_offset_of_their_team(demo: Path) -> None:
    with gzip.open(demo / "data" / "crm" / "activities.csv.gz", "rt") as file:
        times = [row["happened_at"] for row in csv.DictReader(file) if row["happened_at"]]
    offsets = {time[-5:] for time in times}
    assert {"+0000", "+0100", "+0200", "-0400", "-0500"} == offsets


def test_an_earlier_day_shows_the_same_company(demo: Path, tmp_path: Path) -> None:
    day = date(2026, 3, 31)
    generate_demo(tmp_path, scale=0.1, seen_on=day)
    then, now = truth(tmp_path, "journeys"), truth(demo, "journeys")
    end = datetime(2026, 4, 1, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(ZoneInfo("UTC"))
    cutoff = pd.Timestamp(end.replace(tzinfo=None))
    columns = ["lead_id", *(f"{stage}_at" for stage in STAGES)]
    known = now[now["lead_at"] < cutoff][columns].copy()
    for stage in STAGES:
        known[f"{stage}_at"] = known[f"{stage}_at"].where(known[f"{stage}_at"] < cutoff)
    before = then.dropna(subset="lead_id")[columns]
    key = ["lead_id", "lead_at"]
    pd.testing.assert_frame_equal(
        before.sort_values(key, ignore_index=True), known.sort_values(key, ignore_index=True)
    )


def test_platforms_restate_their_newest_days(demo: Path, tmp_path: Path) -> None:
    day = date(2026, 3, 31)
    generate_demo(tmp_path, scale=0.1, seen_on=day)
    key = ["report_date", "ad"]
    both = truth(tmp_path, "ad_spend").merge(truth(demo, "ad_spend"), on=key, suffixes=("", "_now"))
    changed = both[both["spend_micros"] != both["spend_micros_now"]]
    assert set(changed["report_date"]) == {date(2026, 3, d) for d in (29, 30, 31)}
    assert (changed["spend_micros"] < changed["spend_micros_now"]).all()
    newest = truth(demo, "ad_spend").query("report_date == @day")
    assert len(both[both["report_date"] == day]) < len(newest)  # late rows


def test_rates_tell_a_story(tmp_path: Path) -> None:
    segments = (dataclasses.replace(SEGMENTS[0], ad_share=0.0), *SEGMENTS[1:])
    teams = (dataclasses.replace(TEAMS[0], response_minutes=3000), *TEAMS[1:])
    generate_demo(tmp_path, scale=0.1, rates=Rates(segments=segments, teams=teams), stories=False)
    register = pd.read_csv(tmp_path / "data" / "marketing" / "campaign_register.csv")
    assert "Enterprise" not in set(register["Segment"])
    journeys = truth(tmp_path, "journeys")
    waits = journeys["first_response_at"] - journeys["mql_true_at"]
    by_region = waits.groupby(journeys["region"]).median()
    assert by_region["DACH"] > 2 * by_region.drop("DACH").max()
    assert (
        not journeys[journeys["segment"] == "Enterprise"]["lead_channel"]
        .str.startswith("paid", na=False)
        .any()
    )


def test_the_seed_chooses_four_stories(demo: Path, tmp_path: Path) -> None:
    told = json.loads((demo / "truth" / "stories.json").read_text())
    assert [story["kind"] for story in told] == [
        "lost_on_price", "slow_response", "rejected_campaign", "unfunded_winner",
    ]  # fmt: skip
    pricey, slow, rejected, winner = (story["subject"] for story in told)
    assert pricey != winner
    register = pd.read_csv(demo / "data" / "marketing" / "campaign_register.csv")
    assert winner not in set(register["Segment"])
    assert set(register.loc[register["Campaign"] == rejected, "UTM"]) == {told[2]["detail"]}
    assert slow in {team.region for team in TEAMS}
    others = {tuple(story.subject for story in plant(Rates(), seed)[1]) for seed in range(20)}
    assert len(others) > 10
    generate_demo(tmp_path, scale=0.02, days=90, stories=False)
    assert json.loads((tmp_path / "truth" / "stories.json").read_text()) == []


def test_stories_show_in_the_truth(tmp_path: Path) -> None:
    """Against the time before where a story has a first day, else against the others."""
    generate_demo(tmp_path, scale=0.5)
    told = json.loads((tmp_path / "truth" / "stories.json").read_text())
    pricey, slow, rejected, winner = (story["subject"] for story in told)
    since = pd.Timestamp(told[0]["starts_on"])
    deals, journeys = truth(tmp_path, "opportunities"), truth(tmp_path, "journeys")

    lost = deals[deals["is_closed"] & ~deals["is_won"] & (deals["segment"] == pricey)]
    on_price = (lost["lost_reason"] == "Price").groupby(lost["closed_at"] >= since).mean()
    assert on_price[True] > on_price[False] + 0.2

    handed = journeys[journeys["mql_true_at"].notna()]
    waits = handed["first_response_at"] - handed["mql_true_at"]
    mine = handed["region"] == slow
    medians = waits[mine].groupby(handed["mql_true_at"] >= since).median()
    assert medians[True] > 2 * medians[False]

    register = pd.read_csv(tmp_path / "data" / "marketing" / "campaign_register.csv", dtype=str)
    campaign = register.set_index("Campaign").loc[rejected, "Campaign ID"]
    accepted = handed["sal_true_at"].notna().groupby(handed["campaign_id"] == campaign).mean()
    assert accepted[True] < 0.5 * accepted[False]

    new = deals[deals["is_closed"] & (deals["opportunity_type"] == "new")]
    won = new["is_won"].groupby(new["segment"] == winner).mean()
    assert won[True] > won[False] + 0.15


def test_a_company_without_stories_is_near_its_targets(tmp_path: Path) -> None:
    generate_demo(tmp_path, stories=False)
    plan = pd.read_csv(tmp_path / "agreement" / "targets.csv", keep_default_na=False)
    planned = plan[plan["segment"] == ""].groupby("kpi_id")["target_value"].sum()
    journeys, deals = truth(tmp_path, "journeys"), truth(tmp_path, "opportunities")
    start = pd.Timestamp("2025-01-06 23:00")
    won = deals[deals["is_won"] & (deals["closed_at"] >= start)]
    actual = {
        "leads": (journeys["lead_id"].notna() & (journeys["lead_at"] >= start)).sum(),
        "mqls": journeys["mql_at"].notna().sum(),
        "opportunities_created": (deals["created_at"] >= start).sum(),
        "wins": len(won),
        "won_value": won["amount_cents_reporting_at_created"].sum() / 100,
        "spend": truth(tmp_path, "ad_spend")["spend_micros_reporting"].sum() / 1e6,
    }
    for kpi, value in actual.items():
        assert value == pytest.approx(planned[kpi], rel=0.12), kpi


def test_holidays_move_with_easter() -> None:
    assert (date(2026, 4, 6), "Easter Monday") in holidays("DACH", 2026)
    assert (date(2027, 3, 29), "Easter Monday") in holidays("UKI", 2027)
    assert (date(2026, 11, 26), "Thanksgiving") in holidays("NA", 2026)
    assert [day for day, _ in holidays("elsewhere", 2026)] == [
        date(2026, 1, 1),
        date(2026, 12, 25),
    ]


def test_leads_and_feedback_name_their_campaign(demo: Path) -> None:
    known = set(
        pd.read_csv(demo / "data/marketing/campaign_register.csv", dtype=str)["Campaign ID"]
    )
    leads = exported(demo, "leads")
    first = truth(demo, "journeys").dropna(subset="lead_id").drop_duplicates("lead_id")
    both = leads.merge(first, left_on="Lead ID", right_on="lead_id").dropna(subset="Campaign ID")
    assert len(both) and (both["Campaign ID"] == both["campaign_id"]).all()
    lines = (demo / "data" / "crm" / "sales_feedback.jsonl").read_text().splitlines()
    named = {json.loads(line)["campaign"] for line in lines} - {None}
    assert named and named <= known


def test_open_pipeline_is_that_of_the_last_day(demo: Path) -> None:
    deals, ends = truth(demo, "opportunities"), truth(demo, "open_pipeline")
    still_open = deals[~deals["is_closed"]]
    assert len(ends) == 18 and ends["month_end"].iloc[-1] == date(2026, 6, 30)
    assert ends["opportunities"].iloc[-1] == len(still_open)
    total = still_open["amount_cents_reporting_at_created"].sum()
    assert ends["amount_cents_reporting"].iloc[-1] == total
