"""Bad input: a clear error or quarantine, nothing lost, and the old release untouched."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.launch import Outcome
from orchestration.lib.company.folder import CompanyError
from orchestration.lib.lake import quarantine
from orchestration.lib.lake.lake import Lake
from orchestration.lib.release import releases
from orchestration.settings import Settings
from tests.end_to_end.pipeline import published, query, run
from tests.end_to_end.small_company import SmallCompany, deals, leads, spend


@dataclass
class Site:
    """An installation with a published release, and its company."""

    settings: Settings
    company: SmallCompany

    def digest(self) -> str:
        return hashlib.sha256(published(self.settings).read_bytes()).hexdigest()

    def run(self) -> Outcome:
        return run(self.settings)

    def leads(self) -> int:
        return query(self.settings, "select count(*) from marts.fct_funnel")[0][0]


@pytest.fixture(scope="module")
def published_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("bad_input")
    company = SmallCompany(folder / "company").write()
    site = Site(Settings(folder / "home", company.folder), company)
    outcome = site.run()
    assert outcome.success, (outcome.errors, outcome.blocked)
    return site


@pytest.fixture
def site(published_site: Site) -> Site:
    """The site with its company as it was in the beginning."""
    published_site.company.write()
    return published_site


def assert_stands(site: Site, before: str) -> None:
    """The release that stood before stands now, byte for byte, and opens."""
    assert site.digest() == before
    assert site.leads() == 200


def told(outcome: Outcome) -> str:
    return "\n".join(outcome.errors + [result["message"] for result in outcome.blocked])


def test_the_company_is_right_before_it_is_spoiled(site: Site) -> None:
    funnel = query(
        site.settings,
        "select count(lead_at), count(opportunity_at), count(won_at), count(lost_at),"
        " sum(amount_reporting) filter (where outcome = 'won'),"
        " sum(amount_reporting) filter (where outcome = 'open') from marts.fct_funnel",
    )
    assert funnel == [(200, 60, 30, 20, 30_000, 900)]
    assert query(site.settings, "select sum(spend), sum(clicks) from marts.fct_ad_spend") == [
        (1475, 1400)
    ]


def _truncated_gzip(company: SmallCompany) -> None:
    whole = gzip.compress(company.path("leads").read_bytes())
    company.path("leads").with_suffix(".csv.gz").write_bytes(whole[: len(whole) // 2])
    company.replace("sources/crm.yaml", "data/leads.csv", "data/leads.csv.gz")


def _semicolons(company: SmallCompany) -> None:
    text = company.path("leads").read_text(encoding="utf-8")
    company.path("leads").write_text(text.replace(",", ";"), encoding="utf-8")


def _renamed_column(company: SmallCompany) -> None:
    rows = leads()
    rows[0] = ["lead_no", "created", "email", "origin"]
    company.save("leads", rows)


def _latin_1(company: SmallCompany) -> None:
    rows = leads()
    rows[5][3] = "Empfehlung über Händler"
    company.save("leads", rows)
    text = company.path("leads").read_text(encoding="utf-8")
    company.path("leads").write_bytes(text.encode("latin-1"))


UNREADABLE: dict[str, tuple[Callable[[SmallCompany], None], list[str]]] = {
    "a missing file": (lambda c: c.path("leads").unlink(), ["data/leads.csv"]),
    "an empty file": (lambda c: c.path("leads").write_bytes(b""), ["leads.csv", "empty"]),
    "a wrong delimiter": (_semicolons, ["leads.csv", ";", "delimiter"]),
    "a truncated gzip": (_truncated_gzip, ["leads.csv.gz"]),
    "a required column renamed upstream": (_renamed_column, ["id", "lead_no"]),
    "another encoding": (_latin_1, ["leads.csv", "encoding"]),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_an_error_that_names_it(site: Site, case: str) -> None:
    spoil, words = UNREADABLE[case]
    before, loads = site.digest(), len(Lake(site.settings).manifest.loads("accepted"))
    spoil(site.company)
    outcome = site.run()
    assert not outcome.success and not outcome.blocked
    for word in words:
        assert word in told(outcome)
    assert len(Lake(site.settings).manifest.loads("accepted")) == loads
    assert_stands(site, before)


def _renamed_optional(company: SmallCompany) -> None:
    rows = leads()
    rows[0] = ["id", "created", "email", "lead_origin"]
    company.save("leads", rows)


def _null_keys(company: SmallCompany) -> None:
    rows = leads()
    for row in rows[1:21]:
        row[0] = ""
    company.save("leads", rows)


def _german_amounts(company: SmallCompany) -> None:
    rows = deals()
    for row in rows[1:]:
        row[5] = "1.234,56"
    company.save("deals", rows)


REJECTED: dict[str, tuple[Callable[[SmallCompany], None], str, list[str]]] = {
    "a header without rows": (lambda c: c.save("leads", leads()[:1]), "leads", ["No row"]),
    "40 % fewer rows": (
        lambda c: c.save("leads", leads()[:121]),
        "leads",
        ["40 % fewer", "30 %"],
    ),
    "an optional column renamed upstream": (
        _renamed_optional,
        "leads",
        ["origin", "lead_origin", "renamed"],
    ),
    "too many null keys": (_null_keys, "leads", ["20 of 200 rows are bad", "2 %"]),
    "amounts under the wrong setting": (_german_amounts, "deals", ["60 of 60 rows are bad"]),
}


@pytest.mark.parametrize("case", REJECTED)
def test_a_bad_table_is_rejected_and_its_rows_are_kept(site: Site, case: str) -> None:
    spoil, table, words = REJECTED[case]
    before = site.digest()
    spoil(site.company)
    outcome = site.run()
    assert not outcome.success
    assert outcome.blocked and not outcome.errors
    for word in words:
        assert word in told(outcome)
    load = Lake(site.settings).newest("crm", table)
    assert load is not None and load.state == "rejected"
    assert load.rows + load.rows_quarantined == load.rows_read
    assert_stands(site, before)


def test_bad_rows_are_set_aside_with_rule_and_place_and_the_rest_is_published(site: Site) -> None:
    """A null key, a date in another format, an unknown currency and a negative cost at once."""
    crm, ads = leads(), spend()
    crm[11][0] = ""
    crm[21][1] = "21/01/2025"
    money = [
        *deals(),
        *([f"X{n}", "", "2025-02-01", "", "Negotiation", "1", "EUR"] for n in range(40)),
    ]
    money[60][6] = "XXQ"
    ads[7][4] = "-3.00"
    site.company.save("leads", crm)
    site.company.save("deals", money)
    site.company.save("spend", ads)
    outcome = site.run()
    assert outcome.success, told(outcome)
    rows = {
        (row.source, row.table_name, row.line): row.rule
        for row in quarantine.list_rows(site.settings)
        if row.load_id > 3
        and Lake(site.settings).newest(row.source, row.table_name).load_id == row.load_id
    }
    assert rows == {
        ("crm", "leads", 12): "lead.source_id_is_given",
        ("crm", "leads", 22): "lead.values_are_readable",
        ("crm", "deals", 61): "opportunity.currency_is_iso_4217",
        ("ads", "spend", 8): "ad_report.cost_is_not_negative",
    }
    assert query(site.settings, "select sum(spend) from marts.fct_ad_spend") == [(1475 - 10.5,)]
    # The dated lead and the deal are bad now, but their last good version stays current.
    ids = query(
        site.settings,
        "select source_lead_id from marts.fct_funnel where source_lead_id in ('L10', 'L20')",
    )
    assert ids == [("L20",)]
    open_deals = query(
        site.settings,
        "select count(*) from marts.fct_opportunities where source_opportunity_id in ('D59')",
    )
    assert open_deals == [(1,)]
    failed = query(
        site.settings,
        "select asset, failed_rows from marts.data_quality where not passed and gate = 'gate_1'"
        " order by asset, expectation",
    )
    assert ("ads__spend", 1) in failed and ("crm__deals", 1) in failed
    fresh = query(
        site.settings,
        "select asset from marts.data_quality where expectation = 'is_fresh' order by asset",
    )
    assert fresh == [("ads__spend",), ("crm__deals",), ("crm__leads",), ("release",)]


def test_one_key_on_two_rows_keeps_the_last_and_sets_the_other_aside(site: Site) -> None:
    rows = leads()
    site.company.save(
        "leads", [*rows, ["L7", "2025-03-03", "other@example.com", "referral"], rows[9]]
    )
    outcome = site.run()
    assert outcome.success, told(outcome)
    load = Lake(site.settings).newest("crm", "leads")
    assert (load.rows_read, load.rows, load.rows_quarantined, load.rows_duplicate) == (
        202,
        200,
        1,
        1,
    )
    assert query(
        site.settings, "select lead_source from marts.fct_funnel where source_lead_id = 'L7'"
    ) == [("referral",)]


def test_a_currency_without_a_rate_blocks_publishing_and_names_the_file(site: Site) -> None:
    rows = deals()
    rows[60][6] = "SEK"
    site.company.save("deals", rows)
    before = site.digest()
    outcome = site.run()
    assert not outcome.success
    assert "SEK" in told(outcome) and "fx_rates.csv" in told(outcome)
    assert site.digest() == before


def test_sql_and_formulas_in_a_campaign_name_are_text(site: Site) -> None:
    names = ["=cmd|' /C calc'!A0", "x'); drop table marts.fct_ad_spend; --", '{{ 1 }} "q" \\ ü %s']
    rows = spend()
    for number, name in enumerate(names, start=1):
        rows[number][1] = name
    site.company.save("spend", rows)
    outcome = site.run()
    assert outcome.success, told(outcome)
    found = query(site.settings, "select campaign_name from marts.dim_campaign")
    assert {name for (name,) in found} == {"brand", "generic", *names}
    assert query(site.settings, "select sum(spend) from marts.fct_ad_spend") == [(1475,)]


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        (
            "sources/extra.yaml",
            "source: crm\ntype: files\ntables:\n  more:\n    files: data/leads.csv\n"
            "    entities:\n      - entity: lead\n        columns: {source_id: id}\n",
            ["sources/extra.yaml", "crm", "sources/crm.yaml"],
        ),
        (
            "sources/extra.yaml",
            "source: other\ntype: files\ntables:\n  more:\n    files: data/leads.csv\n"
            "    entities:\n      - entity: leed\n        columns: {source_id: id}\n",
            ["sources/extra.yaml", "leed", "did you mean 'lead'"],
        ),
    ],
    ids=["two sources with one name", "an entity that does not exist"],
)
def test_a_wrong_company_folder_is_refused_before_anything_runs(
    site: Site, file: str, text: str, words: list[str]
) -> None:
    before = site.digest()
    (site.company.folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(CompanyError) as caught:
        site.run()
    for word in words:
        assert word in str(caught.value)
    assert site.digest() == before


def test_a_rejected_load_is_read_once_it_is_accepted(site: Site) -> None:
    site.company.save("leads", leads()[:121])
    outcome = site.run()
    assert outcome.blocked
    load = Lake(site.settings).newest("crm", "leads")
    # The same input is not loaded again, and stays rejected.
    assert site.run().blocked
    assert Lake(site.settings).newest("crm", "leads") == load
    Lake(site.settings).accept(load.load_id, "tests", "the trade fair leads were removed")
    outcome = site.run()
    assert outcome.success, told(outcome)
    assert site.leads() == 120


def test_a_file_of_200_megabytes(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path / "company").write()
    settings = Settings(tmp_path / "home", company.folder)
    filler = "x" * 800
    with company.path("leads").open("w", encoding="utf-8") as file:
        file.write("id,created,email,origin,filler\n")
        for n in range(250_000):
            file.write(f"L{n},2025-01-{n % 28 + 1:02d},p{n}@example.com,referral,{filler}\n")
    assert company.path("leads").stat().st_size > 200_000_000
    outcome = run(settings)
    assert outcome.success, told(outcome)
    assert query(settings, "select count(lead_at) from marts.fct_funnel") == [(250_000,)]
    assert releases.current(settings) is not None
