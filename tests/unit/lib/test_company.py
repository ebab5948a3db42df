"""A company folder: every problem at once, with its place and fix; secrets never shown."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from orchestration.lib.company import reference
from orchestration.lib.company.check import check_company
from orchestration.lib.company.folder import (
    EDITABLE,
    CompanyError,
    load_automation,
    load_company,
    write_template,
)
from orchestration.lib.company.problems import Problem, closest
from orchestration.lib.errors import TandemError
from orchestration.settings import PROJECT_ROOT

OLIST = PROJECT_ROOT / "tests" / "fixtures" / "companies" / "olist"

SOURCE = """\
source: crm
type: files
tables:
  leads:
    files: data/leads.csv
    entities:
      - entity: lead
        columns:
          source_id: Lead ID
"""
COMPANY = "key,value\ncompany_name,A\ntimezone,UTC\nreporting_currency,EUR\n"


def company(folder: Path, sources: dict[str, str], agreement: dict[str, str] | None = None) -> Path:
    """Write a company folder from the text of its files."""
    files = {f"sources/{name}": text for name, text in sources.items()}
    tables = {"company.csv": COMPANY, **(agreement or {})}
    files |= {f"agreement/{name}": text for name, text in tables.items()}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def problems_of(folder: Path, **env: str) -> list[Problem]:
    with pytest.raises(CompanyError) as caught:
        load_company(folder, env)
    return caught.value.problems


def only_problem(folder: Path, **env: str) -> Problem:
    problems = problems_of(folder, **env)
    assert len(problems) == 1, problems
    return problems[0]


def test_a_minimal_company_loads_with_the_shipped_agreement(tmp_path: Path) -> None:
    loaded = load_company(company(tmp_path, {"crm.yaml": SOURCE}), {})
    assert [source.source for source in loaded.sources] == ["crm"]
    assert loaded.agreement.tables["stages"].num_rows == 9


def test_sources_are_sorted_and_found_in_folders_with_either_ending(tmp_path: Path) -> None:
    other = SOURCE.replace("source: crm", "source: ads")
    folder = company(tmp_path, {"a_crm.yaml": SOURCE, "paid/z.yml": other, ".old.yaml": "x: ["})
    assert [source.source for source in load_company(folder, {}).sources] == ["ads", "crm"]


def test_every_problem_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    broken = SOURCE.replace("source_id", "sorce_id").replace("type: files", "type: file")
    folder = company(
        tmp_path,
        {"crm.yaml": broken, "syntax.yaml": "source: x\n  bad: [1\n", "empty.yaml": "# later\n"},
        {"company.csv": "key,value\ncompany_name,A\ntimezone,Mars\n", "stage.csv": ""},
    )
    found = {(p.file, p.line, p.where) for p in problems_of(folder)}
    assert found == {
        ("agreement/company.csv", 3, "timezone"),
        ("agreement/company.csv", None, "reporting_currency"),
        ("agreement/stage.csv", None, ""),
        ("sources/crm.yaml", 2, "type"),
        ("sources/crm.yaml", 8, "tables.leads.entities[0].columns"),
        ("sources/crm.yaml", 9, "tables.leads.entities[0].columns.sorce_id"),
        ("sources/empty.yaml", None, ""),
        ("sources/syntax.yaml", 2, ""),
    }


def test_a_problem_reads_as_place_value_and_fix(tmp_path: Path) -> None:
    text = SOURCE.replace("    files:", "    load: upsrt\n    files:")
    problem = only_problem(company(tmp_path, {"crm.yaml": text}))
    assert str(problem) == (
        "sources/crm.yaml:5: tables.leads.load = 'upsrt': is not allowed\n"
        "    fix: did you mean 'upsert'? allowed: append, upsert, snapshot"
    )


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ("type: files", "type: files\nownr: sales", "ownr", "did you mean 'owner'?"),
        ("type: files", "type: files\ntimezone: Mars", "timezone", "no IANA timezone"),
        ("type: files", "type: files\nnumber: {divide_by: 0.5}", "divide_by", "multiply_by"),
        ("type: files", "type: files\nnumber: {divide_by: 0}", "divide_by", "above 0"),
        ("type: files", "type: files\nnumber: {suffixes: no}", "suffixes", "true or false"),
        ("type: files", "type: files\nsuffixes: false", "suffixes", "number: {suffixes: false}"),
        (
            "type: files",
            "type: files\nnumber: {divide_by: 10, multiply_by: 10}",
            "number",
            "both divide_by and multiply_by",
        ),
        (
            "source_id: Lead ID",
            "source_id: {column: Lead ID, suffixes: false}",
            "suffixes",
            "number: {suffixes: false}",
        ),
        ("source_id: Lead ID", "source_id: {column: Lead ID, x: 1}", "x", "join, constant, format"),
        (
            "entity: lead\n",
            "entity: lead\n        where: [{column: Lead ID, is_null: no}]\n",
            "is_null",
            "true or false",
        ),
        ("type: files", "type: files\nnulls: [0]", "nulls[0]", "put it in quotes"),
        ("source: crm", "source: My CRM", "source", "lower-case letters"),
        ("source: crm", "source: a__b", "source", "single underscores"),
        ("source: crm", "source: agreement", "source", "reserved"),
        ("entity: lead", "entity: leed", "tables.leads.entities[0].entity", "mean 'lead'?"),
        (
            "source_id: Lead",
            "source_id: x\n          emial: Lead",
            "columns.emial",
            "mean 'email'?",
        ),
        ("source_id: Lead ID", "source_id: 5", "columns.source_id", "must name a column"),
        ("source_id: Lead ID", "source_id: {colunm: a}", "source_id.colunm", "mean 'column'?"),
        ("source_id: Lead ID", "source_id: {format: dmy, column: a}", "source_id", "%d/%m/%Y"),
        ("source_id: Lead ID", 'source_id: {extract: "(a", column: a}', "extract", "no regular"),
        ("files: data/leads.csv", "table: leads", "tables.leads", "type files needs files"),
        ("files: data/leads.csv", "files: a.csv\n    csv: {encoding: utf9}", "encoding", "cp1252"),
    ],
)
def test_a_wrong_key_or_value_is_told_with_the_fix(
    tmp_path: Path, old: str, new: str, where: str, says: str
) -> None:
    text = SOURCE.replace(old, new)
    problems = problems_of(company(tmp_path, {"crm.yaml": text}))
    assert any(where in p.where and says in str(p) for p in problems), [*map(str, problems)]


def test_a_constant_must_fit_its_column(tmp_path: Path) -> None:
    text = SOURCE.replace("entity: lead", "entity: activity").replace(
        "source_id: Lead ID",
        "occurred_at: At\n          activity_type: {column: Kind, values: {Fon: phone}}",
    )
    problem = only_problem(company(tmp_path, {"crm.yaml": text}))
    assert problem.where.endswith("columns.activity_type.values.Fon")
    assert "call, email, meeting, task, other" in problem.fix


def test_money_needs_a_currency(tmp_path: Path) -> None:
    text = SOURCE.replace("entity: lead", "entity: product").replace(
        "source_id: Lead ID", "source_id: ID\n          list_price: Price"
    )
    problem = only_problem(company(tmp_path, {"crm.yaml": text}))
    assert problem.message == "list_price needs a currency"


def test_a_table_feeds_an_entity_once(tmp_path: Path) -> None:
    twice = SOURCE + "      - entity: lead\n        columns: {source_id: x}\n"
    assert "second table" in only_problem(company(tmp_path, {"crm.yaml": twice})).fix


def test_a_key_given_twice_is_a_problem(tmp_path: Path) -> None:
    problem = only_problem(company(tmp_path, {"crm.yaml": SOURCE + "type: sql\n"}))
    assert (problem.line, problem.message) == (10, "is given twice, first in line 2")


def test_keys_and_words_are_text_as_written(tmp_path: Path) -> None:
    text = SOURCE.replace(
        "source_id: Lead ID",
        "source_id: Lead ID\n          is_deleted: {column: Gone, values: {No: false, 1: true}}"
        "\n          status: {constant: yes}",
    )
    columns = load_company(company(tmp_path, {"crm.yaml": text}), {}).sources[0].tables["leads"]
    mapping = columns.entities[0].columns
    assert mapping["is_deleted"].values == {"No": False, "1": True}
    assert mapping["status"].constant == "yes"


def test_two_sources_with_one_name_name_both_files(tmp_path: Path) -> None:
    problem = only_problem(company(tmp_path, {"a.yaml": SOURCE, "b.yml": SOURCE}))
    assert (problem.file, "sources/a.yaml" in problem.message) == ("sources/b.yml", True)


@pytest.mark.parametrize("name", ["sources", None])
def test_a_folder_without_sources_says_so(tmp_path: Path, name: str | None) -> None:
    folder = company(tmp_path, {})
    if name:
        (folder / name).mkdir()
    assert only_problem(folder).file == "sources/"


def test_a_recursive_alias_ends(tmp_path: Path) -> None:
    problems = problems_of(company(tmp_path, {"crm.yaml": "source: &a [*a]\ntype: files\n"}))
    assert any("refers to itself" in p.message for p in problems)


# Environment variables and secrets ---------------------------------------------------------

SQL = """\
source: db
type: sql
url: postgresql://reader:${DB_PASSWORD}@host/db
tables:
  leads:
    table: leads
    load: ${MODE}
    entities:
      - entity: lead
        columns: {source_id: id, status: {constant: "$${literal} $5"}}
"""


def test_variables_are_filled_in(tmp_path: Path) -> None:
    folder = company(tmp_path, {"db.yaml": SQL})
    source = load_company(folder, {"DB_PASSWORD": "hunter2", "MODE": "upsert"}).sources[0]
    assert source.url == "postgresql://reader:hunter2@host/db"
    assert source.tables["leads"].load == "upsert"
    assert source.tables["leads"].entities[0].columns["status"].constant == "${literal} $5"
    assert "hunter2" not in repr(source)


def test_an_unset_variable_is_named(tmp_path: Path) -> None:
    problem = only_problem(company(tmp_path, {"db.yaml": SQL}), MODE="upsert")
    assert (problem.line, problem.where) == (3, "url")
    assert "DB_PASSWORD is not set" in problem.message


def test_no_message_shows_what_a_variable_holds(tmp_path: Path) -> None:
    text = SQL.replace("type: sql", "type: sql\ntimezone: ${ZONE}\nnulls: ${LIST}").replace(
        "source_id: id", "source_id: id, created_at: {column: a, format: '${FORMAT}'}"
    )
    env = {name: f"secret-{name}" for name in ("DB_PASSWORD", "MODE", "ZONE", "LIST", "FORMAT")}
    with pytest.raises(CompanyError) as caught:
        load_company(company(tmp_path, {"db.yaml": text}), env)
    assert len(caught.value.problems) == 4
    assert "secret-" not in str(caught.value)
    assert caught.value.__context__ is None
    assert "${FORMAT}" in str(caught.value)


# Between files -----------------------------------------------------------------------------


def test_sources_that_the_agreement_names_must_exist(tmp_path: Path) -> None:
    folder = company(
        tmp_path,
        {"crm.yaml": SOURCE},
        {
            "stage_labels.csv": "source,object_type,label,stage_id\ncrn,lead,New,lead\n",
            "quality_limits.csv": "source,table,max_bad_share\n*,*,0.1\ncrm,lead,0.1\n",
        },
    )
    found = {(p.file, p.line, p.where): p.fix for p in problems_of(folder)}
    assert set(found) == {
        ("agreement/stage_labels.csv", 2, "source"),
        ("agreement/quality_limits.csv", 3, "table"),
    }
    assert all("did you mean" in fix for fix in found.values())


def test_a_constant_currency_needs_a_rate(tmp_path: Path) -> None:
    text = SOURCE.replace("entity: lead", "entity: opportunity").replace(
        "source_id: Lead ID", "source_id: ID\n          currency: {constant: USD}"
    )
    folder = company(tmp_path, {"crm.yaml": text})
    assert "no exchange rate for USD" in only_problem(folder).message
    rates = folder / "agreement" / "fx_rates.csv"
    rates.write_text("rate_date,currency,rate\n2025-01-01,USD,0.9\n")
    assert load_company(folder, {}).agreement.tables["fx_rates"].num_rows == 1


def test_the_closest_name_may_hold_the_word() -> None:
    assert closest("date", ["rate_date", "currency", "rate"]) == "rate_date"
    assert closest("created", ["created_at", "rated"]) == "created_at"
    assert closest("lead", ["lead_to_win", "leads"]) == "leads"
    assert closest("xyz", ["leads"]) is None


# Inputs ------------------------------------------------------------------------------------


def test_check_looks_at_the_files(tmp_path: Path) -> None:
    folder = company(tmp_path, {"crm.yaml": SOURCE + "          email: Mail\n"})
    assert "no such file" in check_company(folder, {}).problems[0].message
    leads = folder / "data" / "leads.csv"
    leads.parent.mkdir()
    leads.write_text("Lead ID;Mail\n1;a\n")
    (problem,) = check_company(folder, {}).problems
    assert problem.file == "data/leads.csv"
    assert 'csv.delimiter: ";"' in problem.fix
    leads.write_text("Lead ID,E-Mail\n1,a\n")
    (problem,) = check_company(folder, {}).problems
    assert (problem.value, problem.message[:9]) == ("Mail", "is mapped")
    assert "did you mean 'E-Mail'?" in problem.fix
    leads.write_text("Lead ID,Mail\n" + "1,a\n" * 200_000)
    assert check_company(folder, {}).problems == []


def test_check_names_the_line_of_the_header(tmp_path: Path) -> None:
    folder = company(tmp_path, {"crm.yaml": SOURCE})
    leads = folder / "data" / "leads.csv"
    leads.parent.mkdir()
    leads.write_text("Leads of May\n\nLead ID,Mail\n1,a\n")
    (problem,) = check_company(folder, {}).problems
    assert "csv.skip_lines: 2" in problem.fix
    leads.write_text("Export,,\nLead ID,Mail,Name\n1,a,b\n")
    (problem,) = check_company(folder, {}).problems
    assert "csv.skip_lines: 1" in problem.fix


def test_check_finds_keys_that_no_line_of_json_has(tmp_path: Path) -> None:
    text = SOURCE.replace("leads.csv", "leads.jsonl") + "          email: Mail\n"
    folder = company(tmp_path, {"crm.yaml": text})
    leads = folder / "data" / "leads.jsonl"
    leads.parent.mkdir()
    leads.write_text('{"Lead ID": "1"}\n{"Lead ID": "2", "E-Mail": "a"}\n')
    (problem,) = check_company(folder, {}).problems
    assert (problem.value, problem.message) == ("Mail", "is mapped, but no line has such a key")
    assert "did you mean 'E-Mail'?" in problem.fix
    leads.write_text('{"Lead ID": "1"}\n' * 600_000)
    assert check_company(folder, {}).problems == []
    assert any(note.value == "Mail" for note in check_company(folder, {}).notes), (
        "only the whole file tells"
    )


def test_notes_name_records_without_any_date(tmp_path: Path) -> None:
    folder = company(tmp_path, {"crm.yaml": SOURCE})
    (folder / "data").mkdir()
    (folder / "data" / "leads.csv").write_text("Lead ID\n1\n")
    assert check_company(folder, {}).problems == []
    (note,) = check_company(folder, {}).notes
    assert str(note).startswith(
        "sources/crm.yaml:7: tables.leads.entities[0]: lead has no created_at: these records"
    )
    dated = SOURCE + "          mql_at: Qualified\n"
    (folder / "sources" / "crm.yaml").write_text(dated)
    assert check_company(folder, {}).notes == []


def test_check_reads_the_beginning_in_any_encoding(tmp_path: Path) -> None:
    folder = company(
        tmp_path,
        {"crm.yaml": SOURCE.replace("    files:", "    csv: {encoding: utf-16}\n    files:")},
    )
    (folder / "data").mkdir()
    (folder / "data" / "leads.csv").write_bytes(("Lead ID\n" + "ö\n" * 200_000).encode("utf-16"))
    assert check_company(folder, {}).problems == []


@pytest.mark.parametrize("url", ["hunter2", "nosuch://u:hunter2@h/d"])
def test_check_understands_database_urls_without_connecting(tmp_path: Path, url: str) -> None:
    folder = company(tmp_path, {"db.yaml": SQL.replace("${MODE}", "upsert")})
    (problem,) = check_company(folder, {"DB_PASSWORD": "x"}).problems or [None]
    assert problem is None
    text = SQL.replace("${MODE}", "upsert").replace(
        "postgresql://reader:${DB_PASSWORD}@host/db", "${URL}"
    )
    (folder / "sources" / "db.yaml").write_text(text)
    (problem,) = check_company(folder, {"URL": url}).problems
    assert problem.where == "url"
    assert "hunter2" not in str(problem)


# All of it in one round --------------------------------------------------------------------

DEALS = """\
source: deals
type: files
tables:
  deals:
    files: data/deals.csv
    lod: append
    entities:
      - entity: opportunity
        columns:
          source_id: Deal
          stgae: Stage
          amount: Amount
          currency: {constant: USD}
"""


def test_one_round_tells_everything_and_nothing_twice(tmp_path: Path) -> None:
    more = SOURCE.partition("tables:\n")[2].replace("leads", "more")
    two = SOURCE + "          email: Mail\n          name: Name\n" + more
    folder = company(
        tmp_path,
        {
            "broken.yaml": "source: x\n  bad: [1\n",
            "crm.yaml": two,
            "deals.yaml": DEALS,
            "db.yaml": SQL.replace("postgresql://reader:${DB_PASSWORD}@host/db", "nonsense"),
        },
        {
            "company.csv": COMPANY.replace("timezone", "time_zone"),
            "channels.csv": "channel_id,channel_name,is_paid,position\n"
            "Paid Search,Paid,yes,1\npaid_social,Social,true,2\ndirect,Direct,false,3\n"
            "other,Other,false,4\n",
            "channel_rules.csv": "rule_order,channel_id,utm_source\n"
            "1,paid_search,google\n2,paid_socal,x\n3,email,(\n",
            "kpis.csv": "kpi_id,kpi_name,kind,numerator,unit,direction,owner_team,formula\n"
            "leads,Leads,sum,leads,count,up,marketing,number, of leads\n"
            "wins,Wins,sum,wins,count,upwards,sales,number of wins\n",
            "promises.csv": "promise_id,promise_name,promised_by,measure,threshold,period_grain,"
            "segment,valid_from\n"
            "a,A,marketing,leads,5,month,,2025-01-01\n"
            "b,B,marketing,laeds,5,month,Smal,2025-01-01\n",
            "roles.csv": "subject_type,subject_id,role,team\nkpi,wins,informed,marketing\n",
            "segments.csv": "segment,position,labels\nSmall,1,s(\nLarge,2,\n",
            "stage_labels.csv": "source,object_type,label,stage_id\nbroken,lead,New,laed\n",
            "targets.csv": "kpi,period_grain,period_start,channel_id,target_value\n"
            "wins,month,2025-01-02,paid_search,5\n",
            "working_hours.csv": 'region,weekday,opens_at,closes_at\n*,1,09:00,17:00\n*,2,"9,\n',
        },
    )
    (folder / "data").mkdir()
    (folder / "data" / "deals.csv").write_text("Deal,Stage,Value\n1,New,5\n")
    (folder / "data" / "leads.csv").write_text("Lead,E-Mail,Name\n1,a,b\n")
    found = check_company(folder, {"MODE": "upsert"}).problems
    assert [(p.file, p.line, p.where) for p in found] == [
        ("agreement/channel_rules.csv", 3, "channel_id"),
        ("agreement/channel_rules.csv", 4, "channel_id"),
        ("agreement/channel_rules.csv", 4, "utm_source"),
        ("agreement/channels.csv", None, "channel_id"),
        ("agreement/channels.csv", 2, "channel_id"),
        ("agreement/channels.csv", 2, "is_paid"),
        ("agreement/company.csv", 3, "key"),
        ("agreement/kpis.csv", 2, ""),
        ("agreement/kpis.csv", 3, "direction"),
        ("agreement/promises.csv", 3, "measure"),
        ("agreement/promises.csv", 3, "segment"),
        ("agreement/segments.csv", 2, "labels"),
        ("agreement/stage_labels.csv", 2, "stage_id"),
        ("agreement/targets.csv", 1, "header"),
        ("agreement/targets.csv", 2, "period_start"),
        ("agreement/working_hours.csv", 3, ""),
        ("data/deals.csv", None, "deals.deals"),  # Amount
        ("data/leads.csv", None, "crm.leads"),  # Mail
        ("data/leads.csv", None, "crm.leads, header"),  # Lead ID
        ("data/more.csv", None, "crm.more"),
        ("source db", None, "url"),
        ("sources/broken.yaml", 2, ""),
        ("sources/deals.yaml", 6, "tables.deals.lod"),
        ("sources/deals.yaml", 11, "tables.deals.entities[0].columns.stgae"),
    ]


@pytest.mark.parametrize(
    ("tables", "broken", "line"),
    [
        # Others name the KPIs, channels and segments of these files.
        ({"kpis": "kpi_id;kpi_name\n"}, "kpis", 1),
        (
            {
                "kpis": "kpi_id,kpi_name,kind,numerator,unit,direction,owner_team,formula\n"
                '"wi"ns,Wins,sum,wins,count,up,sales,x\n',
                "roles": "subject_type,subject_id,role,team\nkpi,wins,informed,marketing\n",
            },
            "kpis",
            2,
        ),
        ({"channels": "channel_name,is_paid,position\nEmail,false,1\n"}, "channels", 1),
        (
            {
                "segments": "segment,position\nGro\xdf,1\n",
                "promises": "promise_id,promise_name,promised_by,measure,threshold,period_grain,"
                "segment,valid_from\na,A,marketing,leads,5,month,Klein,2025-01-01\n",
            },
            "segments",
            2,
        ),
    ],
)
def test_names_of_a_file_that_cannot_be_read_are_not_missed_elsewhere(
    tmp_path: Path, tables: dict[str, str], broken: str, line: int
) -> None:
    folder = company(tmp_path, {"crm.yaml": SOURCE})
    for name, text in tables.items():
        (folder / "agreement" / f"{name}.csv").write_bytes(text.encode("latin-1"))
    found = {(problem.file, problem.line) for problem in problems_of(folder)}
    assert found == {(f"agreement/{broken}.csv", line)}


REGIONS = SOURCE + "          region: {column: Area, values: {N: North}}\n"
HOLIDAYS = """\
region,holiday_date
*,2025-01-01
North,2025-01-02
West,2025-01-02
Noth,2025-01-02
"""


def test_a_region_that_no_record_has_is_a_note(tmp_path: Path) -> None:
    folder = company(tmp_path, {"crm.yaml": REGIONS}, {"holidays.csv": HOLIDAYS})
    (folder / "data").mkdir()
    leads = folder / "data" / "leads.csv"

    def told() -> list[tuple[int | None, str | None, str]]:
        report = check_company(folder, {})
        assert report.problems == []
        return [(n.line, n.value, n.fix) for n in report.notes if n.where == "region"]

    leads.write_text("Lead ID,Area\n1,N\n2,South\n")
    known = "allowed: North, South"
    assert told() == [(4, "West", known), (5, "Noth", f"did you mean 'North'? {known}")]
    # The rest of a long file may have a region, but hardly one that is written so much alike.
    leads.write_text("Lead ID,Area\n1,N\n2,South\n" + "3,N\n" * 100_000)
    assert told() == [(5, "Noth", f"did you mean 'North'? {known}")]
    # A join is not worked out here.
    (folder / "sources" / "crm.yaml").write_text(
        REGIONS.replace("column: Area", "columns: [Lead ID, Area]")
    )
    assert told() == []


# Template, Olist, reference ----------------------------------------------------------------


def test_the_template_is_a_company_without_problems(tmp_path: Path) -> None:
    files = write_template(tmp_path / "new")
    assert {f"{name}.csv" for name in (*EDITABLE, "company")} == {
        path.name for path in files if path.parent.name == "agreement"
    }
    assert check_company(tmp_path / "new", {}).problems == []


def test_the_template_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(TandemError, match="not an empty folder"):
        write_template(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_commented_database_example_is_valid(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    write_template(folder)
    example = folder / "sources" / "database.yaml.example"
    lines = example.read_text().splitlines()
    start = lines.index("# source: crm_database")
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[start:])
    example.with_name("database.yaml").write_text(text)
    assert problems_of(folder)[0].message == "the environment variable CRM_DATABASE_URL is not set"
    loaded = load_company(folder, {"CRM_DATABASE_URL": "sqlite://"})
    assert [source.source for source in loaded.sources] == ["crm", "crm_database"]


def test_the_olist_company_loads() -> None:
    olist = load_company(OLIST, {"OLIST_DATA": "/nowhere"})
    assert [sorted(source.tables) for source in olist.sources] == [["deals", "leads"]]
    assert olist.agreement.company.reporting_currency == "BRL"


def test_the_reference_agrees_with_the_code() -> None:
    text = reference.DOCUMENT.read_text(encoding="utf-8")
    assert reference.with_tables(text) == text, "run python -m orchestration.lib.company.reference"
    assert reference.undocumented_keys(text) == []


def example_source(block: str) -> str:
    """A whole source from an example of the reference, which may show only a part of one."""
    lines = textwrap.dedent(block).splitlines()
    if lines[0].startswith("source:"):
        return block
    if lines[0].startswith("- entity"):
        lines = ["entities:", *lines]
    elif lines[0].startswith(("columns:", "where:")):
        rest = ["columns: {source_id: Id}"] if lines[0].startswith("where:") else []
        lines = ["entities:", "  - entity: lead", *("    " + line for line in [*lines, *rest])]
    if lines[0].startswith("entities:"):
        lines = ["example:", "  files: data/example.csv", *("  " + line for line in lines)]
    return "\n".join(["source: example", "type: files", "tables:", *("  " + li for li in lines)])


def test_every_example_of_the_reference_is_valid(tmp_path: Path) -> None:
    text = reference.DOCUMENT.read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(blocks) > 10
    rates = "rate_date,currency,rate\n2025-01-01,USD,0.9\n"
    for number, block in enumerate(blocks):
        if block.startswith("daily:"):
            (tmp_path / "automation.yaml").write_text(block, encoding="utf-8")
            assert load_automation(tmp_path, {}).alerts is not None
            continue
        folder = company(
            tmp_path / str(number), {"a.yaml": example_source(block)}, {"fx_rates.csv": rates}
        )
        load_company(folder, {"ERP_DATABASE_URL": "sqlite://"})


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("table: deals, cursor: changed", "a snapshot is read as a whole"),
        ("query: select 1, cursor: changed, load: upsert", "this reads no table"),
        ("table: deals, lag_days: 2, load: upsert", "this table is not asked for by day"),
        ("table: deals, cursor: changed, lag_days: 0, load: upsert", "must be at least 1"),
    ],
)
def test_a_window_needs_a_cursor_and_a_mode_that_adds(tmp_path: Path, keys: str, told: str) -> None:
    text = _database(keys, "{entity: opportunity, columns: {source_id: id}}")
    assert told in str(only_problem(company(tmp_path, {"db.yaml": text})))


def test_the_cursor_of_a_report_is_its_day(tmp_path: Path) -> None:
    columns = "{report_date: day, ad_id: ad, cost: cost, currency: {constant: EUR}}"
    mapping = f"{{entity: ad_report, columns: {columns}}}"
    text = _database("table: spend, cursor: changed, load: upsert", mapping)
    assert "changed is not its day" in str(only_problem(company(tmp_path, {"db.yaml": text})))
    good = company(tmp_path / "good", {"db.yaml": text.replace("cursor: changed", "cursor: day")})
    table = load_company(good, {}).sources[0].tables["deals"]
    assert (table.is_windowed, table.lag) == (True, 30)


def _database(keys: str, mapping: str) -> str:
    table = f"{{{keys}, entities: [{mapping}]}}"
    return f"source: db\ntype: sql\nurl: sqlite:///a.db\ntables:\n  deals: {table}\n"
