"""The agreement: strict CSV, rules between tables, and a version that only content changes."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from orchestration.lib.company.agreement import (
    DEFAULTS,
    TABLES,
    Agreement,
    read_agreement,
)
from orchestration.lib.company.agreement_channels import channel_of
from orchestration.lib.company.agreement_checks import is_period_start
from orchestration.lib.company.agreement_words import STAGE_IDS
from orchestration.lib.company.problems import Problem
from orchestration.lib.company.quality_limits import limits_for

COMPANY = "key,value\ncompany_name,A\ntimezone,Europe/Berlin\nreporting_currency,EUR\n"
LABELS = "source,object_type,label,stage_id\n"
LIMITS = "source,table,max_bad_share,max_bad_rows,max_drop_share\n"
TARGETS = "kpi_id,period_grain,period_start,target_value\n"
RATES = "rate_date,currency,rate\n"
RULES = "rule_order,channel_id,utm_source,touch_type\n"
KPIS = "kpi_id,kpi_name,kind,numerator,denominator,unit,direction,owner_team,formula\n"


def write(folder: Path, **tables: str | bytes) -> Path:
    """Write agreement tables into a company folder."""
    (folder / "agreement").mkdir(parents=True, exist_ok=True)
    for name, text in {"company": COMPANY, **tables}.items():
        content = text if isinstance(text, bytes) else text.encode()
        (folder / "agreement" / f"{name}.csv").write_bytes(content)
    return folder


def problems_of(folder: Path, **tables: str | bytes) -> list[Problem]:
    return read_agreement(write(folder, **tables)).all_problems


def agreement(folder: Path, **tables: str | bytes) -> Agreement:
    files = read_agreement(write(folder, **tables))
    assert files.all_problems == []
    return files.build()


# Shipped defaults --------------------------------------------------------------------------


def test_the_defaults_are_complete_and_without_problems(tmp_path: Path) -> None:
    assert {path.stem for path in DEFAULTS.iterdir()} == set(TABLES) - {"company"}
    found = agreement(tmp_path)
    assert [row["stage_id"] for row in found.rows["stages"]] == list(STAGE_IDS)
    teams = {row["stage_id"]: row["accountable_team"] for row in found.rows["stages"]}
    assert {stage for stage, team in teams.items() if team == "marketing"} == {
        "lead",
        "mql",
        "recycled",
    }
    assert not found.is_signed


@pytest.mark.parametrize(
    ("object_type", "label", "stage"),
    [
        ("lead", "Open - Not Contacted", "lead"),
        ("lead", "Working - Contacted", "sal"),
        ("lead", "Closed - Not Converted", "disqualified"),
        ("lead", "marketingqualifiedlead", "mql"),
        ("opportunity", "Closed Won", "won"),
        ("opportunity", "closedlost", "lost"),
        ("opportunity", "Negotiations Started", "opportunity"),
    ],
)
def test_usual_labels_are_known(tmp_path: Path, object_type: str, label: str, stage: str) -> None:
    labels = {
        (row["object_type"], row["label"].lower()): row["stage_id"]
        for row in agreement(tmp_path).rows["stage_labels"]
    }
    assert labels[object_type, label.lower()] == stage


@pytest.mark.parametrize(
    ("evidence", "channel"),
    [
        ({"utm_source": "google", "utm_medium": "cpc"}, "paid_search"),
        ({"utm_source": "LinkedIn", "utm_medium": "cpc"}, "paid_social"),
        ({"utm_source": "facebook", "utm_medium": "paid_social"}, "paid_social"),
        ({"utm_medium": "display", "click_id_type": "gclid"}, "display"),
        ({"click_id_type": "gclid"}, "paid_search"),
        ({"utm_source": "newsletter"}, "email"),
        ({"utm_source": "news", "utm_medium": "email"}, "email"),
        ({"referrer": "https://www.google.co.uk/search"}, "organic_search"),
        ({"referrer": "https://l.facebook.com/"}, "organic_social"),
        ({"referrer": "https://blog.example.com/post"}, "referral"),
        ({"referrer": "https://t.co/abc"}, "organic_social"),
        ({"utm_source": "meta", "utm_medium": "paid"}, "paid_social"),
        ({"utm_source": "Meta Ads", "utm_medium": "paid"}, "paid_social"),
        ({"utm_source": "linkedin_ads", "utm_medium": "paid"}, "paid_social"),
        ({"utm_source": "tiktok_ads"}, "paid_social"),
        ({"utm_source": "tiktok", "utm_medium": "paid"}, "paid_social"),
        ({"utm_source": "google_ads", "utm_medium": "paid"}, "paid_search"),
        ({"utm_source": "microsoft", "utm_medium": "paid"}, "paid_search"),
        ({"utm_source": "search_ads", "utm_medium": "paid"}, "paid_search"),
        ({"utm_source": "Microsoft Advertising", "utm_medium": "paid"}, "paid_search"),
        ({"utm_source": "criteo", "utm_medium": "paid"}, "display"),
        ({"utm_source": "podcast", "utm_medium": "paid"}, "paid_other"),
        ({"utm_source": "meta"}, "organic_social"),
        ({"lead_source": "TikTok Ads"}, "paid_social"),
        ({"touch_type": "event_attendance"}, "events"),
        ({"lead_source": "Trade Show"}, "events"),
        ({"lead_source": "Partner Referral"}, "referral"),
        ({"lead_source": "organic_search"}, "organic_search"),
        ({"lead_source": "Cold Call"}, "outbound"),
        ({"channel_label": "Paid Search", "utm_medium": "email"}, "paid_search"),
        ({"lead_source": "Something else"}, "other"),
    ],
)
def test_default_rules_give_the_usual_channel(
    tmp_path: Path, evidence: dict[str, str], channel: str
) -> None:
    found, _ = channel_of(agreement(tmp_path).rows["channel_rules"], evidence)
    assert found == channel


# Types -------------------------------------------------------------------------------------


def test_tables_are_typed_as_the_registry_says(tmp_path: Path) -> None:
    found = agreement(
        tmp_path,
        company=COMPANY + "history_start,2024-01-01\n",
        fx_rates=RATES + "2025-01-01,usd,0.92345678\n",
        targets="kpi_id,period_grain,period_start,target_value\nwin_rate,quarter,2025-04-01,0.25\n",
    )
    assert set(found.tables) == set(TABLES)
    for name, table in found.tables.items():
        assert table.schema == TABLES[name].arrow_schema
    assert found.tables["fx_rates"].to_pylist() == [
        {"rate_date": date(2025, 1, 1), "currency": "USD", "rate": Decimal("0.92345678")}
    ]
    assert found.tables["targets"]["channel_id"].to_pylist() == [None]
    assert found.tables["company"].to_pylist() == [
        {
            "company_name": "A",
            "timezone": "Europe/Berlin",
            "reporting_currency": "EUR",
            "fiscal_year_start_month": 1,
            "gross_margin_share": None,
            "contract_months": Decimal(12),
            "customer_lifetime_months": None,
            "history_start": date(2024, 1, 1),
            "as_of": None,
        }
    ]
    assert found.tables["company"].schema.field("as_of").type == pa.timestamp("us")


@pytest.mark.parametrize(
    ("written", "as_of"),
    [
        ("", None),
        ("2025-07-01", datetime(2025, 7, 1, 21, 59, 59)),
        ("2025-07-01 06:00:00", datetime(2025, 7, 1, 6)),
        ("2025-07-01T06:00:00+02:00", datetime(2025, 7, 1, 4)),
    ],
)
def test_as_of_is_naive_utc(tmp_path: Path, written: str, as_of: datetime | None) -> None:
    assert agreement(tmp_path, company=f"{COMPANY}as_of,{written}\n").company.as_of == as_of


# What is refused ---------------------------------------------------------------------------


def test_company_is_required(tmp_path: Path) -> None:
    (problem,) = read_agreement(tmp_path).all_problems
    assert (problem.file, problem.message) == ("agreement/company.csv", "is missing")


def test_the_earliest_date_follows_history_unless_a_line_says_it(tmp_path: Path) -> None:
    lines = LIMITS.replace("\n", ",earliest_date\n") + "*,*,0.02,,,\ncrm,*,0.02,,,1985-06-01\n"
    company = COMPANY + "history_start,2022-05-05\n"
    found = agreement(tmp_path, company=company, quality_limits=lines)
    assert limits_for(found, "web", "visits").earliest_date == date(2002, 1, 1)
    assert limits_for(found, "crm", "leads").earliest_date == date(1985, 6, 1)


@pytest.mark.parametrize(
    ("table", "text", "line", "where", "says"),
    [
        ("company", COMPANY + "timezone,UTC\n", 5, "key", "given twice"),
        ("company", COMPANY + "time_zone,UTC\n", 5, "key", "did you mean 'timezone'?"),
        ("company", COMPANY + "fiscal_year_start_month,13\n", 5, "fiscal_year", "no month"),
        ("company", COMPANY + "as_of,soon\n", 5, "as_of", "YYYY-MM-DD"),
        ("company", COMPANY + "as_of,2014-01-01\n", 5, "as_of", "before history_start"),
        ("company", COMPANY.replace("EUR", "EURO"), 4, "reporting_currency", "ISO 4217"),
        ("stages", "stage_id,stage_name\nlead,Lead\n", 1, "header", "no column position"),
        ("stage_labels", LABELS.replace("label", "lable") + "", 1, "header", "mean 'label'?"),
        ("stage_labels", LABELS + "*,lead,A,mqll\n", 2, "stage_id", "did you mean 'mql'?"),
        ("stage_labels", LABELS + "*,lead,A,mql\n\n*,lead, a,sql\n", 4, "label", "line 2"),
        ("stage_labels", LABELS + "*,lead,A\n", 2, "", "has 3 columns"),
        ("stage_labels", LABELS + '*,lead,"A,mql\n', 2, "", "cannot be read as CSV"),
        ("stage_labels", LABELS.replace(",", ";"), 1, "header", "not separated by commas"),
        ("stage_labels", LABELS.encode() + b"*,lead,caf\xe9,mql\n", 2, "", "UTF-8"),
        ("stage_labels", "", None, "", "begin with the header source,object_type"),
        ("channels", "channel_id,channel_name,is_paid,position\n", None, "", "no line for direct"),
        ("channel_rules", RULES + "1,nowhere,a,\n", 2, "channel_id", "is not known"),
        ("channel_rules", RULES + "1,email,(a,\n", 2, "utm_source", "no regular expression"),
        ("channel_rules", RULES + "1,email,(?=a)a,\n", 2, "utm_source", "not every engine"),
        ("channel_rules", RULES + "1,email,(a)\\1,\n", 2, "utm_source", "not every engine"),
        ("channel_rules", RULES + "1,email,,web\n", 2, "touch_type", "web_session"),
        ("channel_rules", RULES + "1,email,,\n", 2, "channel_id", "without any pattern"),
        ("channel_rules", RULES + "1,email,a,\n1,email,b,\n", 3, "rule_order", "line 2"),
        ("kpis", KPIS + "a,A,ratio,wins,,share,up,sales,x\n", 2, "denominator", "is empty"),
        ("kpis", KPIS + "a,A,sum,wins,leads,count,up,sales,x\n", 2, "denominator", "is given"),
        ("kpis", KPIS + "a,A,sum,win,,count,up,sales,x\n", 2, "numerator", "mean 'wins'?"),
        ("kpis", KPIS + "a,A,derived,,,ratio,up,sales,x\n", 2, "numerator", "is empty"),
        ("targets", TARGETS + "lead,day,2025-01-01,1\n", 2, "kpi_id", "did you mean 'leads'?"),
        ("targets", TARGETS + "leads,week,2025-01-01,1\n", 2, "period_start", "Monday"),
        ("targets", TARGETS + 'leads,day,2025-01-01,"1,5"\n', 2, "target_value", "decimal point"),
        ("fx_rates", RATES + "2025-01-01,USD,0\n", 2, "rate", "not above 0"),
        ("fx_rates", RATES + "2025-01-01,EUR,2\n", 2, "rate", "reporting currency"),
        ("fx_rates", RATES + "01/02/2025,USD,1\n", 2, "rate_date", "YYYY-MM-DD"),
        ("fx_rates", RATES + "2025-01-01,USD,1\n2025-01-01,usd,2\n", 3, "rate_date", "line 2"),
        ("quality_limits", LIMITS + "*,*,2,,\n", 2, "max_bad_share", "0.02 for 2 %"),
        ("quality_limits", LIMITS + "crm,*,0.1,,\n", None, "", "no line for *,*"),
        ("free_mail_domains", "domain\nMe@gmail.com\n", 2, "domain", "without @"),
        ("signatures", "team,agreement_version,signed_on\nsales,1,2025-01-01\n", 2, "version", ""),
    ],
)
def test_a_wrong_line_is_told_with_the_fix(
    tmp_path: Path, table: str, text: str, line: int | None, where: str, says: str
) -> None:
    found = problems_of(tmp_path, **{table: text})
    assert any(
        p.file == f"agreement/{table}.csv"
        and p.line == line
        and where in p.where
        and says in str(p)
        for p in found
    ), [*map(str, found)]


def test_all_nine_stages_are_needed_once(tmp_path: Path) -> None:
    lines = (DEFAULTS / "stages.csv").read_text().splitlines()
    found = problems_of(tmp_path, stages="\n".join([*lines[:-1]]))
    assert [p.message for p in found] == ["has no line for lost"]
    found = problems_of(tmp_path, stages="\n".join([*lines, lines[-1]]))
    assert {p.where for p in found} == {"stage_id", "position"}


def test_a_broken_table_does_not_make_others_look_wrong(tmp_path: Path) -> None:
    found = problems_of(tmp_path, channels="id\n", targets=TARGETS + "leads,day,2025-01-01,1\n")
    assert {p.file for p in found} == {"agreement/channels.csv"}


def test_files_that_would_be_ignored_are_problems(tmp_path: Path) -> None:
    write(tmp_path)
    for name in ("stage_label.csv", "kpis.xlsx", "README.md", ".hidden.csv"):
        (tmp_path / "agreement" / name).touch()
    found = {p.file: p.fix for p in read_agreement(tmp_path).all_problems}
    assert set(found) == {"agreement/stage_label.csv", "agreement/kpis.xlsx"}
    assert "did you mean 'stage_labels.csv'?" in found["agreement/stage_label.csv"]


@pytest.mark.parametrize(
    ("grain", "day", "starts"),
    [
        ("week", date(2025, 3, 3), True),
        ("week", date(2025, 3, 4), False),
        ("month", date(2025, 3, 1), True),
        ("quarter", date(2025, 5, 1), True),
        ("quarter", date(2025, 4, 1), False),
        ("year", date(2025, 2, 1), True),
        ("year", date(2025, 1, 1), False),
        ("day", date(2025, 3, 4), True),
    ],
)
def test_periods_follow_a_fiscal_year_from_february(grain: str, day: date, starts: bool) -> None:
    assert is_period_start(grain, day, 2) is starts


# Version -----------------------------------------------------------------------------------


def test_only_content_changes_the_version(tmp_path: Path) -> None:
    rows = ["2025-01-01,USD,0.90", '2025-01-02,GBP,"1.2"']
    first = agreement(tmp_path / "a", fx_rates=RATES + "\n".join(rows)).version
    assert re.fullmatch("[0-9a-f]{12}", first)
    other = "\ufeffcurrency,rate,rate_date\r\nGBP,1.20, 2025-01-02\r\n\r\nusd,0.9,2025-01-01\r\n"
    assert agreement(tmp_path / "b", fx_rates=other).version == first
    changed = RATES + "\n".join(rows).replace("1.2", "1.3")
    assert agreement(tmp_path / "c", fx_rates=changed).version != first


def test_a_copied_default_is_the_same_version(tmp_path: Path) -> None:
    copied = (DEFAULTS / "stages.csv").read_text()
    default, own = agreement(tmp_path / "a"), agreement(tmp_path / "b", stages=copied)
    assert own.version == default.version


def test_it_is_signed_once_both_teams_signed_this_version(tmp_path: Path) -> None:
    version = agreement(tmp_path).version
    lines = ["team,agreement_version,signed_on", f"marketing,{version},2025-01-01"]
    one = agreement(tmp_path, signatures="\n".join(lines))
    assert (one.version, one.is_signed) == (version, False)
    lines.append("sales,0123456789ab,2025-01-01")
    assert not agreement(tmp_path, signatures="\n".join(lines)).is_signed
    lines.append(f"sales,{version},2025-01-02")
    assert agreement(tmp_path, signatures="\n".join(lines)).is_signed
