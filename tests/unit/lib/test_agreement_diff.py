"""What changed between two versions of the agreement, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.lib.agreement_versions import last_signed
from orchestration.lib.company.agreement_diff import differences
from tests.unit.lib.test_agreement import COMPANY, KPIS, LABELS, RATES, agreement

ROLES = "subject_type,subject_id,role,team,function\n"
TARGETS = "kpi_id,period_grain,period_start,segment,channel_id,region,target_value\n"
PROMISES = "promise_id,promise_name,promised_by,measure,threshold,period_grain,valid_from\n"
WIN_RATE = "win_rate,Win rate,ratio,wins,closed,share,up,sales,wins / closed\n"


@pytest.mark.parametrize(
    ("table", "old", "new", "says"),
    [
        (
            "kpis",
            KPIS + WIN_RATE,
            KPIS + WIN_RATE.replace("wins,closed", "won_value,pipeline_created"),
            [
                "KPI win_rate: numerator was wins, is now won_value,"
                " denominator was closed, is now pipeline_created"
            ],
        ),
        (
            "kpis",
            KPIS + WIN_RATE,
            KPIS + "wins,Wins,sum,wins,,count,up,sales,won\n",
            [
                "KPI wins is new: kpi_name Wins, kind sum, numerator wins, unit count,"
                " direction up, owner_team sales, formula won",
                "KPI win_rate is gone: kpi_name Win rate, kind ratio, numerator wins, denominator"
                " closed, unit share, direction up, owner_team sales, formula wins / closed",
            ],
        ),
        (
            "promises",
            PROMISES + "fast,Fast,sales,response_minutes,240,month,2026-07-01\n",
            PROMISES + "fast,Fast,sales,response_minutes,120.0,month,2026-07-01\n",
            ["promise fast from 2026-07-01: threshold 240 -> 120 minutes"],
        ),
        (
            "targets",
            TARGETS + "leads,month,2026-03-01,Enterprise,,,100\nleads,week,2026-03-02,,,,5\n",
            TARGETS + "leads,month,2026-03-01,Enterprise,,,120\nleads,week,2026-03-02,,email,,5\n",
            [
                "target leads 2026-03 (Enterprise): 100 -> 120",
                "target leads week 2026-03-02 (email) is new: 5",
                "target leads week 2026-03-02 is gone: 5",
            ],
        ),
        (
            "company",
            COMPANY,
            COMPANY.replace("Europe/Berlin", "UTC") + "gross_margin_share,0.70\n",
            [
                "company: timezone was Europe/Berlin, is now UTC",
                "company: gross_margin_share was empty, is now 0.7",
            ],
        ),
        (
            "stage_labels",
            LABELS + "*,lead,Working,sal\n",
            LABELS + "*,lead,working,mql\n",
            ["lead label 'working' of source *: was sal, is now mql"],
        ),
        (
            "fx_rates",
            RATES + "2025-01-01,USD,0.90\n",
            RATES + "2025-01-01,USD,0.95\n",
            ["rate of USD from 2025-01-01: 0.9 -> 0.95"],
        ),
        ("free_mail_domains", "domain\na.com\n", "domain\n", ["free-mail domain a.com is gone"]),
        (
            "roles",
            ROLES + "kpi,lead_to_win,accountable,sales,\nkpi,pipeline_created,accountable,sales,\n",
            ROLES
            + "kpi,pipeline_created,accountable,sales,\n"
            + "kpi,lead_to_win,accountable,sales,head of sales\n",
            [
                "kpi lead_to_win: sales as accountable (head of sales) is new",
                "kpi lead_to_win: sales as accountable is gone",
            ],
        ),
    ],
)
def test_a_change_in_words(tmp_path: Path, table: str, old: str, new: str, says: list[str]) -> None:
    before = agreement(tmp_path / "old", **{table: old})
    after = agreement(tmp_path / "new", **{table: new})
    found = differences(before.rows, after.rows)
    assert [found.pop(table), found] == [says, {}]


def test_the_order_of_lines_is_no_change(tmp_path: Path) -> None:
    lines = ["2025-01-01,USD,0.9\n", "2025-01-01,GBP,1.2\n"]
    old = agreement(tmp_path / "old", fx_rates=RATES + "".join(lines))
    new = agreement(tmp_path / "new", fx_rates=RATES + "".join(reversed(lines)))
    assert differences(old.rows, new.rows) == {}


def test_every_difference_in_content_is_told(tmp_path: Path) -> None:
    """An empty agreement against the shipped one: each table with lines is named."""
    rows = agreement(tmp_path).rows
    found = differences({}, rows)
    versioned = {name for name, lines in rows.items() if lines} - {"signatures", "actions"}
    assert set(found) == versioned
    assert {name: len(found[name]) for name in versioned - {"company", "attribution"}} == {
        name: len(rows[name]) for name in versioned - {"company", "attribution"}
    }


def test_the_last_signed_version_has_both_teams(tmp_path: Path) -> None:
    one, two, three = "1" * 12, "2" * 12, "3" * 12
    lines = [
        "team,agreement_version,signed_on",
        f"marketing,{one},2025-01-01",
        f"sales,{two},2025-02-01",
        f"marketing,{two},2025-01-15",
        f"sales,{one},2025-01-02",
        f"sales,{three},2025-03-01",
    ]
    assert last_signed(agreement(tmp_path, signatures="\n".join(lines))) == two
    assert last_signed(agreement(tmp_path, signatures=lines[0])) is None
