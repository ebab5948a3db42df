"""Mapping: known answers for each kind of value, and rows that keep what they held."""

import json
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from orchestration.lib.company.source_config import Source
from orchestration.lib.entities import ENTITIES
from orchestration.lib.extract import RawTable
from orchestration.lib.mapping.mapping import MappedEntity, MappingError, map_entity, remap_record
from orchestration.lib.mapping.private import hash_value

KEY = b"key"


def source(entity: str, columns: dict, where=(), **settings) -> Source:
    mapping = {"entity": entity, "columns": columns, "where": list(where)}
    tables = {"t": {"files": "t.csv", "entities": [mapping]}}
    base = {"source": "crm", "type": "files", "tables": tables}
    return Source.model_validate(base | settings)


def raw_table(columns: dict[str, list | pa.Array], is_typed=False) -> RawTable:
    arrays = [
        item if isinstance(item, pa.Array) else pa.array(item, pa.string())
        for item in columns.values()
    ]
    rows = len(arrays[0])
    data = pa.table(
        [*arrays, pa.array(["t.csv"] * rows), pa.array(range(2, rows + 2))],
        names=[*columns, "_file", "_line"],
    )
    return RawTable(data, [], [], list(columns), is_typed)


def run(entity: str, columns: dict, raw: RawTable | dict, where=(), **settings) -> MappedEntity:
    raw = raw_table(raw) if isinstance(raw, dict) else raw
    config = source(entity, columns, where, **settings)
    return map_entity(raw, config, "t", config.tables["t"].entities[0], KEY)


def column(name: str, values: list | pa.Array, mapping: dict | None = None, is_typed=False, **kw):
    """Map one column of an opportunity: its values, and its parse errors."""
    raw = raw_table({"id": [str(n) for n in range(len(values))], "x": values}, is_typed)
    columns = {"source_id": "id", name: {"column": "x", **(mapping or {})}}
    if name == "amount":
        columns["currency"] = {"constant": "USD"}
    candidate = run("opportunity", columns, raw, **kw).candidate
    return candidate[name].to_pylist(), candidate["_parse_error"].to_pylist()


def test_the_shape_of_a_candidate():
    mapped = run(
        "lead", {"source_id": "id", "name": "n", "phone": "gone"}, {"id": ["1"], "n": [""]}
    )
    schema = mapped.candidate.schema
    assert schema.names == [*ENTITIES["lead"].arrow_schema.names, "_parse_error", "_raw"]
    assert schema.types[:-2] == ENTITIES["lead"].arrow_schema.types
    assert mapped.missing_columns == ["gone"]
    row = mapped.candidate.to_pylist()[0]
    assert (row["source_system"], row["_table"], row["_file"], row["_line"]) == (
        "crm", "t", "t.csv", 2,
    )  # fmt: skip
    assert (row["_load_id"], row["_date_only"], row["_extra"], row["name"]) == (
        None,
        "",
        None,
        None,
    )
    assert json.loads(row["_raw"]) == {"id": "1", "n": ""}


def test_text_is_trimmed_and_null_markers_are_null():
    values = [" a\u00a0", "\t", "-", "Select", "N/A", "select"]
    found, _ = column("lost_reason", values, {"nulls": ["N/A "]}, nulls=["-", "Select"])
    assert found == ["a", None, None, None, None, "select"]


MONEY = {
    "1234.5": "1234.5",
    "1,234,567.891": "1234567.891",
    "$342.09K": "342090",
    "1.2m": "1200000",
    "3bn": "3000000000",
    "R$ 1,000": "1000",
    "US$5": "5",
    "₹5": "5",
    "5 MXN": "5",
    "EUR 5.50": "5.5",
    "(5.00)": "-5",
    "5-": "-5",
    "-$5": "-5",
    "$-5": "-5",
    "\u22127": "-7",
    "+5": "5",
    ".5": "0.5",
    "1e3": "1000",
    "1.0000005": "1.000001",
}


def test_money():
    found, errors = column("amount", list(MONEY))
    assert found == [Decimal(value) for value in MONEY.values()]
    assert errors == [None] * len(MONEY)


BAD_MONEY = ["1.234,56", "1,23", "12,34,567", "1 234", "--5", "(-5)", "(5", "5%", "5 PCS", "0x1F",
             "1_000", "nan", "=1+1", "1e12", "1234567890123"]  # fmt: skip


def test_what_is_no_number_is_a_parse_error():
    found, errors = column("amount", BAD_MONEY)
    assert found == [None] * len(BAD_MONEY)
    assert errors[0] == "amount: '1.234,56' is no number written with decimal '.' and thousands ','"
    assert errors[-1] == "amount: '1234567890123' is not below 10^12"
    assert all(errors)


@pytest.mark.parametrize(
    "number, text, value",
    [
        ({"decimal": ","}, "1.234,56 €", "1234.56"),
        ({"decimal": ","}, "1.234", "1234"),
        ({"decimal": ","}, "1,5", "1.5"),
        ({"decimal": ","}, "1234.56", None),
        ({"decimal": ",", "thousands": " "}, "1\u202f234,56", "1234.56"),
        ({"thousands": "'"}, "1\u2019234.56", "1234.56"),
        ({"thousands": ""}, "1,234", None),
        ({"suffixes": False}, "5K", None),
        ({"percent": True}, "12.5%", "0.125"),
        ({"percent": True}, "12.5", "0.125"),
        ({"divide_by": 1000000}, "1234567", "1.234567"),
        ({"divide_by": 100}, "$1,250", "12.5"),
        ({"divide_by": 60}, "90", "1.5"),
        ({"multiply_by": 1000}, "1,234.5", "1234500"),
        ({"multiply_by": 1000000}, "$12.5", "12500000"),
        ({"multiply_by": 1000}, "1.5K", "1500000"),
        ({"multiply_by": 1000, "percent": True}, "50%", "500"),
        ({"multiply_by": 12}, "2.5", "30"),
    ],
)
def test_number_formats(number, text, value):
    found, _ = column("amount", [text], {"number": number})
    assert found == [value and Decimal(value)]
    found, _ = column("amount", [text], number=number)  # of the source
    assert found == [value and Decimal(value)]


def test_integers_and_booleans():
    raw = {"i": ["1", "2"], "n": ["1,200", "3.0"]}
    found = run("account", {"source_id": "i", "employee_count": "n"}, raw).candidate
    assert found["employee_count"].to_pylist() == [1200, 3]
    found = run("account", {"source_id": "i", "employee_count": "n"}, raw | {"n": ["1.5", "x"]})
    assert found.candidate["employee_count"].to_pylist() == [None, None]
    words = ["TRUE", "yes", "Y", "t", "1", "false", "No", "n", "F", "0"]
    assert column("is_won", words)[0] == [True] * 5 + [False] * 5
    assert column("is_won", ["maybe"])[1][0].startswith("is_won: 'maybe' is none of true")


def test_iso_timestamps():
    values = {
        "2024-07-31": datetime(2024, 7, 31),  # a date never shifts
        "2024-07-31T10:00:00": datetime(2024, 7, 31, 8),
        "2024-01-31 10:00": datetime(2024, 1, 31, 9),
        "2024-07-31 10:00:00.123456789": datetime(2024, 7, 31, 8, 0, 0, 123456),
        "2024-07-31T10:00:00Z": datetime(2024, 7, 31, 10),
        "2024-07-31T10:00:00+01:00": datetime(2024, 7, 31, 9),
        "2024-07-31 10:00:00-0530": datetime(2024, 7, 31, 15, 30),
        "2024-07-31 10:00:00+00": datetime(2024, 7, 31, 10),
        "2024-07-31 10:00:00 UTC": datetime(2024, 7, 31, 10),
    }
    assert column("created_at", list(values), timezone="Europe/Berlin")[0] == list(values.values())
    found, _ = column("created_at", ["2024-07-31 10:00:00"], {"timezone": "America/New_York"})
    assert found == [datetime(2024, 7, 31, 14)]


def test_what_is_no_timestamp():
    bad = ["31/01/2024", "2024-02-30", "0024-01-01", "2201-01-01", "2024-01-01 10", "20240101"]
    found, errors = column("created_at", bad)
    assert found == [None] * len(bad)
    assert errors[0] == "created_at: '31/01/2024' does not match ISO 8601"
    assert errors[2] == "created_at: '0024-01-01' is outside the years 1900 to 2200"


def test_declared_formats():
    found, errors = column(
        "created_at",
        ["05/01/2024", "5 Jan 2024 3:04 PM", "31/31/2020", "05/01/24", "2024-01-05"],
        {"formats": ["%d/%m/%Y", "%d %b %Y %I:%M %p"]},
        timezone="Europe/Berlin",
    )
    assert found == [datetime(2024, 1, 5), datetime(2024, 1, 5, 14, 4), None, None, None]
    assert errors[2] == ("created_at: '31/31/2020' does not match %d/%m/%Y or %d %b %Y %I:%M %p")
    offset = column("created_at", ["2024-01-02 10:00 +0200"], {"format": "%Y-%m-%d %H:%M %z"})
    assert offset[0] == [datetime(2024, 1, 2, 8)]
    epochs = column("created_at", ["1700000000", "1700000000.5"], {"format": "epoch_s"})
    assert epochs[0] == [
        datetime(2023, 11, 14, 22, 13, 20), datetime(2023, 11, 14, 22, 13, 20, 500000)
    ]  # fmt: skip
    assert column("created_at", ["1700000000500"], {"format": "epoch_ms"})[0] == [epochs[0][1]]
    serials = column("created_at", ["45000", "45000.5"], {"format": "excel"})
    assert serials[0] == [datetime(2023, 3, 15), datetime(2023, 3, 15, 12)]


def test_dates():
    values = ["2024-01-31", "2024-01-31 23:30:00", "2024-01-31T23:30:00Z", "2024-01-31T02:00:00Z"]
    found, _ = column("expected_close_date", values, timezone="America/New_York")
    assert found == [date(2024, 1, 31)] * 3 + [date(2024, 1, 30)]


def test_date_only_names_the_columns_of_each_row():
    raw = {"id": ["1", "2", "3"], "a": ["2024-01-01", "2024-01-01 10:00", "x"],
           "b": ["2024-01-02", "2024-01-02", ""]}  # fmt: skip
    columns = {"source_id": "id", "created_at": "a", "closed_at": "b"}
    found = run("opportunity", columns, raw).candidate
    assert found["_date_only"].to_pylist() == ["|created_at|closed_at|", "|closed_at|", ""]


def test_codes_and_addresses():
    raw = {"id": ["1", "2"], "e": [" Ann@Example.COM", "none"], "c": ["eur", "Usd"],
           "t": ["New", "New-Business x"]}  # fmt: skip
    columns = {"source_id": "id", "currency": "c", "opportunity_type": "t"}
    found = run("opportunity", columns, raw).candidate
    assert found["currency"].to_pylist() == ["EUR", "USD"]
    assert found["opportunity_type"].to_pylist() == ["new", "new_business_x"]
    found = run("lead", {"source_id": "id", "email": "e"}, raw).candidate
    assert found["email"].to_pylist() == ["ann@example.com", "none"]
    assert found["email_hash"].to_pylist() == [hash_value(KEY, "ann@example.com"), None]
    assert found["email_domain"].to_pylist() == ["example.com", None]


def test_an_id_that_is_an_address_is_hashed_and_kept_aside():
    raw = {"id": ["Ann@example.com", "7"], "owner": ["1", "bob@example.com"]}
    found = run("lead", {"source_id": "id", "owner_id": "owner"}, raw).candidate
    assert found["source_id"].to_pylist() == ["hash:" + hash_value(KEY, "ann@example.com"), "7"]
    assert found["owner_id"].to_pylist() == ["1", "hash:" + hash_value(KEY, "bob@example.com")]
    assert [json.loads(text) for text in found["_extra"].to_pylist()] == [
        {"id": "Ann@example.com"}, {"owner": "bob@example.com"}
    ]  # fmt: skip


def test_value_maps():
    values = [" Won ", "Lost", "Open", ""]
    mapped = {"values": {"Won": True, "Lost": False}}
    assert column("is_won", values, mapped | {"unmapped": "null"})[0] == [True, False, None, None]
    found, errors = column("is_won", values, mapped | {"unmapped": "error"})
    assert found == [True, False, None, None]
    assert errors[2:] == ["is_won: 'Open' is not among the values of the mapping", None]
    reasons = {"values": {"P": "Price", "-": None}}
    assert column("lost_reason", ["P", "-", "Other"], reasons)[0] == ["Price", None, "Other"]
    high = {"values": {"High": 1000.5}, "number": {"decimal": ","}}
    assert column("amount", ["High", "1,5"], high)[0] == [Decimal("1000.5"), Decimal("1.5")]


def test_constants_joins_and_extracts():
    raw = {"id": ["a-1", "a-2"], "f": ["Ann", ""], "l": ["Lee", "-"]}
    columns = {
        "source_id": {"column": "id", "extract": r"-(\d+)"},
        "name": {"columns": ["f", "l"], "nulls": ["-"]},
        "region": {"constant": "EMEA"},
        "created_at": {"constant": "2024-01-01"},
    }
    row, other = run("lead", columns, raw).candidate.to_pylist()
    assert (row["source_id"], row["name"], row["region"]) == ("1", "Ann Lee", "EMEA")
    assert (row["created_at"], row["_date_only"]) == (datetime(2024, 1, 1), "|created_at|")
    assert other["name"] is None


def test_constants_that_cannot_be_read_are_errors_of_the_mapping():
    with pytest.raises(MappingError, match=r"opportunity\.is_won: 'maybe' is none of"):
        column("is_won", ["x"], {"values": {"x": "maybe"}})
    with pytest.raises(MappingError, match=r"opportunity\.created_at: .*%Q"):
        column("created_at", ["x"], {"format": "%Q"})


def test_where():
    raw = {"id": list("12345"), "t": ["A", " B ", "", "-", "C"]}

    def ids(*where: dict) -> list:
        mapped = run("lead", {"source_id": "id"}, raw, where, nulls=["-"])
        assert mapped.filtered_rows == 5 - mapped.candidate.num_rows
        return mapped.candidate["source_id"].to_pylist()

    assert ids({"column": "t", "equals": "B"}) == ["2"]
    assert ids({"column": "t", "one_of": ["A", "C"]}) == ["1", "5"]
    assert ids({"column": "t", "none_of": ["A"]}) == ["2", "3", "4", "5"]
    assert ids({"column": "t", "is_null": True}) == ["3", "4"]
    assert ids({"column": "t", "is_null": False}, {"column": "id", "equals": "5"}) == ["5"]


def test_names_and_values_are_data_never_code():
    hostile = """x'); drop table raw; --"\\ =HYPERLINK("http://x")"""
    raw = {hostile: ["1"], "Name": [hostile], "name": ["lower"], "more": [hostile]}
    columns = {"source_id": hostile, "name": "Name", "region": {"constant": hostile}}
    where = [{"column": hostile, "none_of": [hostile]}]
    mapped = run("lead", columns, raw, where, nulls=[hostile + "2"])
    row = mapped.candidate.to_pylist()[0]
    assert (row["source_id"], row["name"], row["region"]) == ("1", hostile, hostile)
    assert json.loads(row["_extra"]) == {"name": "lower", "more": hostile}
    assert json.loads(row["_raw"]) == {key: values[0] for key, values in raw.items()}


def test_all_problems_of_a_row_are_joined():
    raw = {"id": ["1"], "a": ["x"], "d": ["y" * 100]}
    columns = {"source_id": "id", "amount": "a", "currency": {"constant": "EUR"}, "created_at": "d"}
    [error] = run("opportunity", columns, raw).candidate["_parse_error"].to_pylist()
    assert error.startswith("amount: 'x' is no number")
    assert error.endswith("; created_at: '" + "y" * 60 + "' does not match ISO 8601")


def test_a_quote_in_a_value_is_doubled_where_a_problem_quotes_it():
    assert column("amount", ["it's"])[1] == [
        "amount: 'it''s' is no number written with decimal '.' and thousands ','"
    ]


def test_scaled_typed_numbers_and_constants():
    scaled = {"number": {"multiply_by": 1000}}
    assert column("amount", pa.array([2.5]), scaled)[0] == [Decimal("2500")]
    values = {"free": 0, "base": 1200}
    assert column("amount", ["base", "3"], scaled | {"values": values})[0] == [1200, 3000]


def test_missing_columns():
    with pytest.raises(MappingError, match=r"'key' \(for lead.source_id\); columns found: id, n"):
        run("lead", {"source_id": "key"}, {"id": ["1"], "n": ["2"]})
    with pytest.raises(MappingError, match=r"'kind' \(for lead.where"):
        run("lead", {"source_id": "id"}, {"id": ["1"]}, [{"column": "kind", "equals": "x"}])


TOUCH = {"occurred_at": "at", "touch_type": {"constant": "form_fill"}, "email": "e"}


def test_derived_ids_count_identical_rows_and_ignore_order():
    first = {
        "at": ["2024-01-01", "2024-01-02", "2024-01-01"],
        "e": ["a@x.com", "b@x.com", "A@x.com"],
    }
    other = {
        "at": ["2024-01-02", "2024-01-01", "2024-01-01"],
        "e": ["b@x.com", "a@x.com", "a@x.com"],
    }
    ids = run("touch", TOUCH, first).candidate["source_id"].to_pylist()
    assert len(set(ids)) == 3
    assert sorted(ids) == sorted(run("touch", TOUCH, other).candidate["source_id"].to_pylist())
    changed = first | {"at": ["2024-01-01", "2024-01-02", "2024-01-03"]}
    kept = run("touch", TOUCH, changed).candidate["source_id"].to_pylist()
    assert len(set(ids) & set(kept)) == 2


def test_a_mapped_id_that_is_null_is_derived():
    raw = {"id": ["7", "", ""], "at": ["2024-01-01"] * 3, "e": ["a@x.com"] * 3}
    ids = run("touch", TOUCH | {"source_id": "id"}, raw).candidate["source_id"].to_pylist()
    assert ids[0] == "7" and len(set(ids)) == 3 and None not in ids


def test_typed_columns():
    at = pa.array([datetime(2024, 7, 1, 10), None], pa.timestamp("us"))
    assert column("created_at", at, timezone="Europe/Berlin")[0] == [datetime(2024, 7, 1, 8), None]
    utc = at.cast(pa.timestamp("us", "UTC"))
    assert column("created_at", utc, timezone="Europe/Berlin")[0][0] == datetime(2024, 7, 1, 10)
    day = pa.array([date(2024, 7, 1)])
    assert column("created_at", day, timezone="Asia/Tokyo")[0] == [datetime(2024, 7, 1)]
    doubles = pa.array([1.5, None, float("nan"), 1234.567])
    german = {"number": {"decimal": ","}}
    expected = [Decimal("1.5"), None, None, Decimal("1234.567")]
    assert column("amount", doubles, german)[0] == expected
    assert column("amount", doubles, german | {"nulls": ["x"]})[0] == expected  # by way of text
    assert column("amount", pa.array([1e13]))[1] == [
        "amount: '10000000000000.0' is not below 10^12"
    ]
    assert column("amount", pa.array([250]), {"number": {"divide_by": 100}})[0] == [Decimal("2.5")]
    assert column("owner_id", pa.array([12.0, None]))[0] == ["12", None]
    assert column("is_won", pa.array([True, None]))[0] == [True, None]
    assert column("is_won", pa.array([1, 0]))[0] == [True, False]
    nothing = pa.array([None, None], pa.null())
    assert column("amount", nothing)[0] == [None, None]


def test_dates_of_typed_inputs_may_come_as_iso_text():
    slashed = {"format": "%d/%m/%Y"}
    values = ["2024-05-01", "02/05/2024"]
    assert column("created_at", values, slashed)[0] == [None, datetime(2024, 5, 2)]
    typed = column("created_at", values, slashed, is_typed=True)
    assert typed[0] == [datetime(2024, 5, 1), datetime(2024, 5, 2)]


def test_no_rows():
    found = run("touch", TOUCH, {"at": [], "e": []}).candidate
    assert found.num_rows == 0


def test_remap_record():
    before = source("touch", TOUCH)
    raw = raw_table({"at": ["01/02/2024"], "e": ["a@x.com"], "more": ["kept"]})
    bad = map_entity(raw, before, "t", before.tables["t"].entities[0], KEY).candidate.to_pylist()[0]
    assert bad["_parse_error"]
    after = source("touch", TOUCH | {"occurred_at": {"column": "at", "format": "%d/%m/%Y"}})
    mapping = after.tables["t"].entities[0]
    again = remap_record(
        bad["_raw"], after, "t", mapping, KEY,
        file=bad["_file"], line=bad["_line"], source_id=bad["source_id"],
    ).candidate.to_pylist()[0]  # fmt: skip
    assert again == bad | {
        "occurred_at": datetime(2024, 2, 1), "_date_only": "|occurred_at|", "_parse_error": None
    }  # fmt: skip
    fresh = map_entity(raw, after, "t", mapping, KEY).candidate.to_pylist()[0]
    assert fresh["source_id"] == bad["source_id"]  # correcting a format keeps derived ids
