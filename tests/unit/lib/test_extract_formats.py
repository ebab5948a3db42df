"""JSON lines, Parquet and Excel: values as the source meant them."""

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.lib.company.source_config import Source
from orchestration.lib.extract import ExtractError, RawTable, read_table


def read(folder: Path, files: str, **table) -> RawTable:
    mapping = {"entity": "lead", "columns": {"source_id": "id"}}
    tables = {"leads": {"files": files, "entities": [mapping], **table}}
    source = Source.model_validate({"source": "crm", "type": "files", "tables": tables})
    return read_table(source, "leads", folder)


def values(raw: RawTable) -> list[dict]:
    return raw.data.drop_columns(["_file", "_line"]).to_pylist()


def test_json_lines(tmp_path):
    lines = [
        {"id": 1, "owner": {"name": "A", "ids": [1, "x"]}, "won": True, "amount": 12.50},
        {"id": "2", "owner": {}, "note": "ü", "big": 12345678901234567890},
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    text += '\n\n{"id": 3, "amount": 0.1000000000000000055511}\n{"id": \n[1]\n{"id": NaN}\n'
    text += '{"id": 4, "a.b": 1, "a": {"b": 2}}\n'
    (tmp_path / "leads.jsonl").write_text(text)
    raw = read(tmp_path, "leads.jsonl")
    assert values(raw)[0] == {
        "id": "1", "owner.name": "A", "owner.ids": '[1, "x"]', "won": "true", "amount": "12.5",
        "owner": None, "note": None, "big": None,
    }  # fmt: skip
    assert values(raw)[1]["big"] == "12345678901234567890"
    assert values(raw)[2]["amount"] == "0.1000000000000000055511"
    assert raw.data["_line"].to_pylist() == [1, 2, 4]
    assert [row.line for row in raw.malformed] == [5, 6, 7, 8]
    assert raw.counts[0].blank_lines == 1


def test_a_json_number_never_passes_for_a_grouped_one(tmp_path):
    (tmp_path / "leads.jsonl").write_text('{"id": 1, "amount": 1.234, "text": "1.234"}\n')
    assert values(read(tmp_path, "leads.jsonl"))[0] == {
        "id": "1", "amount": "1.2340", "text": "1.234",
    }  # fmt: skip


def test_parquet_keeps_types(tmp_path):
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int64()),
            "amount": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            "at": pa.array([datetime(2024, 1, 1, 10), None], pa.timestamp("us", "UTC")),
            "tags": [["a"], None],
            "owner": [{"name": "A"}, {"name": None}],
            "stage": pa.array(["x", "y"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "leads.parquet")
    raw = read(tmp_path, "leads.parquet")
    assert raw.columns == ["id", "amount", "at", "tags", "owner.name", "stage"]
    assert raw.data.schema.field("amount").type == pa.decimal128(10, 2)
    assert values(raw)[0]["tags"] == '["a"]'
    assert raw.data["_line"].to_pylist() == [1, 2]
    assert raw.is_typed
    data = (tmp_path / "leads.parquet").read_bytes()
    (tmp_path / "leads.parquet").write_bytes(data[:-20])
    with pytest.raises(ExtractError, match="no readable Parquet file"):
        read(tmp_path, "leads.parquet")


def workbook(path: Path, rows: list[list], formats: dict[str, str] | None = None) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Leads"
    for row in rows:
        sheet.append(row)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    book.save(path)


def test_excel(tmp_path):
    rows = [
        ["Export of May"],
        ["id", "created", "on", "amount", "mixed", "won"],
        [1, datetime(2024, 5, 1), date(2024, 5, 1), 1.5, 1.234, True],
        [],
        [2.0, datetime(2024, 5, 1, 10, 30), None, 2, "1.234,5", False],
        [3, None, None, None, 7.0, None, "beyond"],
    ]
    workbook(tmp_path / "leads.xlsx", rows, {"B3": "yyyy-mm-dd hh:mm", "C3": "yyyy-mm-dd"})
    raw = read(tmp_path, "leads.xlsx", excel={"sheet": "Leads", "skip_rows": 1})
    assert values(raw) == [
        {"id": 1, "created": "2024-05-01T00:00:00", "on": "2024-05-01", "amount": 1.5,
         "mixed": "1.2340", "won": "true"},
        {"id": 2, "created": "2024-05-01T10:30:00", "on": None, "amount": 2.0,
         "mixed": "1.234,5", "won": "false"},
    ]  # fmt: skip
    assert raw.data["_line"].to_pylist() == [3, 5]
    assert raw.malformed[0].line == 6
    count = raw.counts[0]
    assert (count.lines, count.skipped_lines, count.blank_lines) == (6, 1, 1)


def test_excel_that_cannot_be_read(tmp_path):
    workbook(tmp_path / "leads.xlsx", [["id"], ["=1+1"]])
    with pytest.raises(ExtractError, match="cell A2: holds a formula without"):
        read(tmp_path, "leads.xlsx")
    with pytest.raises(ExtractError, match="no sheet 'May'; its sheets are Leads"):
        read(tmp_path, "leads.xlsx", excel={"sheet": "May"})
    (tmp_path / "leads.xlsx").write_text("id\n1\n")
    with pytest.raises(ExtractError, match=r"no readable \.xlsx workbook"):
        read(tmp_path, "leads.xlsx")
