"""Rules between the tables of the agreement: what is refused, and that the message mends it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestration.lib.company.agreement_channels import channel_of
from orchestration.lib.company.agreement_kpis import factors
from orchestration.lib.company.agreement_tables import TABLES
from orchestration.lib.company.agreement_words import CLOCK_MEASURES, RECORD_MEASURES
from orchestration.settings import PROJECT_ROOT
from tests.unit.lib.test_agreement import COMPANY, KPIS, RULES, agreement, problems_of

STAGE_RULES = "rule_id,stage_id,source,object_type,field,operator,value,timestamp_field\n"
PERCENTILES = KPIS.replace("denominator", "denominator,percentile")
ROLES = "subject_type,subject_id,role,team,function\n"
PROMISES = (
    "promise_id,promise_name,promised_by,measure,threshold,required_share,period_grain,calendar,"
    "valid_from,valid_to\n"
)
REASONS = "reason_order,object_type,pattern,reason\n"
SEGMENTS = "segment,position,labels,min_employees,max_employees,industry\n"
HOURS = "region,weekday,opens_at,closes_at,timezone\n"
TESTS = "test_order,channel_id,utm_source,utm_medium,referrer,click_id_type,touch_type\n"
MARKET = "segment,region,valid_from,companies,annual_value\n"


@pytest.mark.parametrize(
    ("segment", "region", "said"),
    [
        ("Small", "North", None),
        ("(none)", "(none)", None),
        ("", "", None),
        ("small", "", ("segment", "did you mean 'Small'?")),
        ("SMB", "", ("segment", "write Small, whose labels hold it")),
        ("Public", "", ("segment", "give it a line in agreement/segments.csv")),
        ("(all)", "", ("segment", "an empty segment means all")),
        ("", "*", ("region", "an empty region means all")),
    ],
)
def test_slices_that_the_agreement_names_are_its_own(
    tmp_path: Path, segment: str, region: str, said: tuple[str, str] | None
) -> None:
    promises = PROMISES.replace("valid_from", "segment,region,valid_from", 1)
    found = problems_of(
        tmp_path,
        segments=SEGMENTS + "Small,1,smb|klein,,,\nLarge,2,,,,\n",
        targets="kpi_id,period_grain,period_start,segment,region,target_value\n"
        + (f"leads,month,2025-01-01,{segment},,5\n" if segment else "")
        + (f"leads,month,2025-02-01,,{region},5\n" if region else ""),
        promises=promises + f"a,A,sales,attempts,5,,month,,{segment},{region},2025-01-01,\n",
    )
    for table in ("promises", "targets") if said else ():
        (problem,) = [p for p in found if table in p.file]
        assert (problem.line, problem.where) == (2, said[0])
        assert said[1] in problem.fix
    assert len(found) == (2 if said else 0), found


def test_a_company_without_segments_of_its_own_names_those_of_its_sources(tmp_path: Path) -> None:
    assert problems_of(tmp_path, target_market=MARKET + "Public,,2025-01-01,5,\n") == []


@pytest.mark.parametrize(
    ("table", "text", "line", "where", "says"),
    [
        ("company", COMPANY + "gross_margin_share,70\n", 5, "gross_margin_share", "0 to 1"),
        ("company", COMPANY + "contract_months,0\n", 5, "contract_months", "not above 0"),
        ("stage_rules", STAGE_RULES + "a,mql,*,lead,scor,is_given,,mql_at\n", 2, "field", "lead"),
        ("stage_rules", STAGE_RULES + "a,mql,*,lead,email,is_given,,mql_at\n", 2, "field", "such"),
        ("stage_rules", STAGE_RULES + "a,mql,*,lead,status,equals,X,stage\n", 2, "time", "time"),
        ("stage_rules", STAGE_RULES + "a,mql,*,lead,status,equals,X,name\n", 2, "time", "such"),
        ("stage_rules", STAGE_RULES + "a,mql,*,lead,status,equals,,mql_at\n", 2, "value", "empty"),
        ("stage_rules", STAGE_RULES + "a,mql,*,lead,status,is_given,X,mql_at\n", 2, "value", "is_"),
        ("stage_rules", STAGE_RULES + "a,mql,*,lead,status,matches,(,mql_at\n", 2, "value", "reg"),
        (
            "stage_rules",
            STAGE_RULES + "a,sql,*,opportunity,amount,at_least,much,created_at\n",
            2,
            "value",
            "no number",
        ),
        (
            "stage_rules",
            STAGE_RULES + "a,sql,*,opportunity,stage,at_least,5,created_at\n",
            2,
            "field",
            "no number",
        ),
        ("kpis", KPIS + "a,A,stock,wins,,count,up,sales,x\n", 2, "numerator", "pipeline_open"),
        ("kpis", KPIS + "a,A,stock,pipeline_open,wins,count,up,sales,x\n", 2, "denom", "is given"),
        (
            "kpis",
            PERCENTILES + "a,A,percentile,cycle_days,,,days,down,sales,x\n",
            2,
            "percentile",
            "0.5 is the median",
        ),
        (
            "kpis",
            PERCENTILES + "a,A,percentile,cycle_days,,50,days,down,sales,x\n",
            2,
            "percentile",
            "not 0 to 1",
        ),
        (
            "kpis",
            PERCENTILES + "a,A,percentile,wins,,0.5,days,down,sales,x\n",
            2,
            "numerator",
            "cycle_days",
        ),
        ("kpis", PERCENTILES + "a,A,sum,wins,,0.5,count,up,sales,x\n", 2, "percentile", "is given"),
        ("kpis", KPIS + "a,A,derived,win * 2,,count,up,sales,x\n", 2, "numerator", "no KPI win"),
        ("kpis", KPIS + "a,A,derived,1 + 2,,count,up,sales,x\n", 2, "numerator", "no factor"),
        ("kpis", KPIS + "a,A,derived,2,0,count,up,sales,x\n", 2, "denominator", "divides by 0"),
        ("kpis", KPIS + "a,A,derived,target(b),,count,up,sales,x\n", 2, "numerator", "no KPI b"),
        ("kpis", KPIS + "a,A,derived,2 * a,,count,up,sales,x\n", 2, "numerator", "a -> a"),
        (
            "kpis",
            KPIS + "a,A,derived,b,,count,up,sales,x\nb,B,derived,2,a,count,up,sales,x\n",
            3,
            "numerator",
            "b -> a -> b",
        ),
        (
            "kpis",
            KPIS
            + "a,A,derived,b,,count,up,sales,x\nb,B,derived,2,c,count,up,sales,x\n"
            + "c,C,derived,3 * d,,count,up,sales,x\nd,D,derived,4,,count,up,sales,x\n",
            2,
            "numerator",
            "a -> b -> c -> d",
        ),
        ("kpis", KPIS + "a,A,sum,wins,,count,up,both,x\n", 2, "owner_team", "kpi,a,accountable"),
        ("roles", ROLES + "kpi,lead,informed,sales,\n", 2, "subject_id", "mean 'leads'?"),
        (
            "roles",
            ROLES + "stage,mql,accountable,sales,\nstage,mql,accountable,marketing,\n",
            3,
            "role",
            "after line 2",
        ),
        (
            "targets",
            "kpi_id,period_grain,period_start,segment,region,target_value\n"
            "leads,month,2025-01-01,A,N,5\n",
            2,
            "segment",
            "one slice at a time",
        ),
        (
            "promises",
            PROMISES.replace("valid_from", "segment,region,valid_from")
            + "a,A,marketing,leads,5,,month,,A,N,2025-01-01,\n",
            2,
            "region",
            "one slice at a time",
        ),
        (
            "promises",
            PROMISES + "p,P,sales,minutes,5,,month,,2025-01-01,\n",
            2,
            "measure",
            "is not known",
        ),
        (
            "promises",
            PROMISES + "p,P,sales,attempts,5,90,month,,2025-01-01,\n",
            2,
            "required_share",
            "0 to 1",
        ),
        (
            "promises",
            PROMISES + "p,P,sales,wins,5,0.9,month,,2025-01-01,\n",
            2,
            "required_share",
            "is a KPI",
        ),
        (
            "promises",
            PROMISES + "p,P,sales,attempts,5,,month,business,2025-01-01,\n",
            2,
            "calendar",
            "response_minutes",
        ),
        (
            "promises",
            PROMISES + "p,P,sales,attempts,0,,month,,2025-01-01,\n",
            2,
            "threshold",
            "not above 0",
        ),
        (
            "promises",
            PROMISES + "p,P,sales,wins,5,,month,,2025-02-01,2025-01-01\n",
            2,
            "valid_to",
            "before valid_from",
        ),
        (
            "promises",
            PROMISES
            + "p,P,sales,wins,6,,month,,2025-03-01,\n"
            + "p,P,sales,wins,5,,month,,2025-01-01,2025-03-01\n",
            3,
            "valid_to",
            "runs into",
        ),
        (
            "promises",
            PROMISES
            + "p,P,sales,wins,5,,month,,2025-01-01,\np,P,marketing,wins,6,,month,,2025-03-01,\n",
            3,
            "promised_by",
            "line 2",
        ),
        ("segments", SEGMENTS + "A,1,,,,\nB,1,,,,\n", 3, "position", "line 2"),
        ("segments", SEGMENTS + "A,1,(a,,,\n", 2, "labels", "no regular expression"),
        ("segments", SEGMENTS + "A,1,,50,10,\n", 2, "max_employees", "below"),
        ("target_market", MARKET + "A,,2025-01-01,0,\n", 2, "companies", "not above 0"),
        ("working_hours", HOURS + "*,1,9:00,17:00,\n", 2, "opens_at", "HH:MM"),
        ("working_hours", HOURS + "*,8,09:00,17:00,\n", 2, "weekday", "1 for Monday"),
        ("working_hours", HOURS + "*,1,17:00,09:00,\n", 2, "closes_at", "not after 17:00"),
        ("working_hours", HOURS + "*,1,09:00,17:00,Berlin\n", 2, "timezone", "IANA"),
        ("working_hours", HOURS + "North,1,09:00,17:00,\n", None, "region", "no line for *"),
        ("attribution", "key,value\nwindow_days,0\n", 2, "window_days", "not above 0"),
        ("attribution", "key,value\ndirect_channels,direct;none\n", 2, "direct_ch", "'none'"),
        ("reasons", REASONS + "1,lost,(,price\n", 2, "pattern", ""),
        ("reasons", REASONS + "1,lost,(?=a),price\n", 2, "pattern", "not every engine"),
        ("reasons", REASONS + "1,lost,a,price\n1,both,b,price\n", 3, "reason_order", "line 2"),
        (
            "channel_tests",
            TESTS + "1,email,google,cpc,,,\n",
            2,
            "channel_id",
            "expected email, rule 190 gives paid_search",
        ),
        (
            "channel_tests",
            TESTS + "1,email,,,,,web_session\n",
            2,
            "channel_id",
            "expected email, no rule matches, which gives direct",
        ),
        ("channel_tests", TESTS + "1,email,,,,,web\n", 2, "touch_type", "web_session"),
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


def test_a_good_agreement_uses_everything(tmp_path: Path) -> None:
    found = agreement(
        tmp_path,
        company=COMPANY + "gross_margin_share,0\ncustomer_lifetime_months,36\n",
        stage_rules=STAGE_RULES
        + "a,sql,*,opportunity,amount,at_least,500,created_at\n"
        + "b,sal,*,activity,activity_type,equals,meeting,occurred_at\n"
        + "c,mql,*,lead,lead_source,matches,demo.*,created_at\n"
        + "d,sql,*,lead,owner_id,is_given,,status_changed_at\n",
        kpis=PERCENTILES
        + "wins,W,sum,wins,,,count,up,sales,x\n"
        + "days,D,percentile,cycle_days,,0.5,days,down,sales,x\n"
        + "open,O,stock,pipeline_open,,,currency,up,both,x\n"
        + "speed,S,derived,open * 0.5,days,,currency,up,both,x\n"
        + "worth,V,derived,speed * gross_margin_share,target(wins),,ratio,up,marketing,x\n",
        roles=ROLES
        + "kpi,open,accountable,sales,\nkpi,open,responsible,sales,head of sales\n"
        + "kpi,speed,accountable,marketing,\nstage,mql,accountable,sales,\n"
        + "promise,p,informed,marketing,\n",
        promises=PROMISES
        + "p,P,sales,response_minutes,240,0.9,month,business,2025-01-01,\n"
        + "p,P,sales,response_minutes,120,0.9,month,,2025-07-01,2025-12-31\n"
        + "q,Q,marketing,wins,3,,quarter,,2025-01-01,\n",
        segments=SEGMENTS + "Large,1,ent.*,500,,\nSmall,2,,,499,retail|food\n",
        target_market=MARKET + "Large,,2025-01-01,900,1e6\n",
        working_hours=HOURS + "*,1,09:00,24:00,\nNorth,7,00:00,12:30,Europe/Oslo\n",
        channel_tests=TESTS + "1,paid_search,Google,CPC,,,ad_click\n2,direct,,,,,web_session\n",
        targets="kpi_id,period_grain,period_start,target_value\n",
    )
    assert found.rows["attribution"][0]["window_days"] == 90


def test_own_kpis_need_no_own_roles(tmp_path: Path) -> None:
    found = agreement(
        tmp_path / "a",
        kpis=KPIS + "win_rate,W,ratio,wins,closed,share,up,marketing,x\n",
    )
    assert {row["subject_type"] for row in found.rows["roles"]} == {"stage"}
    # A shared KPI of one's own, under an id that the shipped roles know, has their accountable.
    shared = KPIS + "lead_to_win,W,ratio,wins,leads,share,up,both,x\n"
    rows = agreement(tmp_path / "b", kpis=shared).rows["roles"]
    assert [row["team"] for row in rows if row["subject_type"] == "kpi"] == ["sales", "marketing"]


def test_own_roles_need_not_repeat_who_is_accountable_for_shared_kpis(tmp_path: Path) -> None:
    line = "kpi,win_rate,accountable,marketing,head of marketing\n"
    rows = agreement(tmp_path, roles=ROLES + line).rows["roles"]
    accountable = {r["subject_id"]: r["team"] for r in rows if r["role"] == "accountable"}
    # The line of its own goes before the shipped one.
    assert accountable["win_rate"] == "marketing"
    assert accountable["lead_to_win"] == "sales"


def test_every_shipped_shared_kpi_has_an_accountable(tmp_path: Path) -> None:
    found = agreement(tmp_path)
    shared = {row["kpi_id"] for row in found.rows["kpis"] if row["owner_team"] == "both"}
    named = [r["subject_id"] for r in found.rows["roles"] if r["role"] == "accountable"]
    assert shared and sorted(named) == sorted(shared)


@pytest.mark.parametrize(
    ("evidence", "channel"),
    [
        # A query string is no part of the referrer, an address is blotted out, blanks are nothing.
        ({"utm_source": " A "}, "email"),
        ({"utm_source": "  "}, "unattributed"),
        ({"utm_source": "b@c"}, "other"),
        ({"touch_type": "web_event"}, "direct"),
        ({"touch_type": "form_fill"}, "unattributed"),
        ({"touch_type": "ad_click", "utm_source": "x"}, "other"),
        ({"touch_type": "ad_click"}, "events"),
    ],
)
def test_rules_in_python_are_those_of_the_warehouse(
    tmp_path: Path, evidence: dict[str, str], channel: str
) -> None:
    rules = RULES + "2,events,(none),ad_click\n1,email,a,\n3,partner,b@c,\n"
    assert channel_of(agreement(tmp_path, channel_rules=rules).rows["channel_rules"], evidence)[
        0
    ] == (channel)


def test_the_warehouse_knows_the_same_measures() -> None:
    text = (PROJECT_ROOT / "dbt_project" / "macros" / "promises.sql").read_text(encoding="utf-8")
    units = dict(re.findall(r"'(\w+)': '(\w+)'", text))
    assert units == {name: unit for name, (unit, _) in RECORD_MEASURES.items()}
    (clock,) = re.findall(r"return\(\[(.*)\]\)", text)
    assert re.findall(r"\w+", clock) == list(CLOCK_MEASURES)


def test_a_formula_is_a_product() -> None:
    assert factors("wins *  average_won_value*0.5") == ["wins", "average_won_value", "0.5"]


def test_a_broken_rule_does_not_make_tests_look_wrong(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        channel_rules=RULES + "1,email,(a,\n",
        channel_tests=TESTS + "1,email,google,cpc,,,\n",
    )
    assert {p.file for p in found} == {"agreement/channel_rules.csv"}


@pytest.mark.parametrize("document", ["company-folder.md", "agreement.md"])
def test_every_example_of_the_guides_is_valid(tmp_path: Path, document: str) -> None:
    text = (PROJECT_ROOT / "docs" / document).read_text(encoding="utf-8")
    blocks = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        header = set(block.splitlines()[0].split(","))
        keys = {line.split(",")[0] for line in block.splitlines()[1:]}
        (name,) = (
            table.name
            for table in TABLES.values()
            if (keys if table.is_vertical else header) <= set(table.column_names)
            and (not table.is_vertical or header == {"key", "value"})
            and set(table.key) <= header
        )
        found = problems_of(tmp_path / str(number), **{name: block})
        assert [str(problem) for problem in found if problem.line is not None] == []
