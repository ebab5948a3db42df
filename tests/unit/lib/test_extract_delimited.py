"""Delimited files: no line is lost, shifted or guessed."""

import bz2
import gzip
import lzma
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.lib.company.source_config import Source
from orchestration.lib.extract import ExtractError, RawTable, input_fingerprint, read_table


def source(files="*.csv", columns=None, **table) -> Source:
    columns = columns or {"source_id": "id"}
    mapping = {"entity": "lead", "columns": columns}
    tables = {"leads": {"files": files, "entities": [mapping], **table}}
    return Source.model_validate({"source": "crm", "type": "files", "tables": tables})


def read(folder: Path, content: str | bytes = "", name="leads.csv", **options) -> RawTable:
    if content:
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    options.setdefault("files", name)
    return read_table(source(**options), "leads", folder)


def rows(raw: RawTable) -> list[tuple]:
    return [tuple(row[name] for name in raw.columns) for row in raw.data.to_pylist()]


def failure(folder: Path, content: str | bytes = "", **options) -> str:
    with pytest.raises(ExtractError) as caught:
        read(folder, content, **options)
    return str(caught.value)


def test_rows_lines_and_counts(tmp_path):
    raw = read(tmp_path, 'id,note\n1,"a, b"\n\n2,"two\nlines"\n , \n3,=1+1\n,\n')
    assert rows(raw) == [("1", "a, b"), ("2", "two\nlines"), (" ", " "), ("3", "=1+1")]
    assert raw.data["_line"].to_pylist() == [2, 4, 6, 7]
    assert raw.data["_file"].to_pylist() == ["leads.csv"] * 4
    count = raw.counts[0]
    assert (count.lines, count.header_lines, count.blank_lines) == (8, 1, 2)
    assert (count.rows, count.row_lines, count.malformed_lines) == (4, 5, 0)


def test_short_and_long_rows_are_malformed(tmp_path):
    raw = read(tmp_path, "id,a,b\n1,x,y\n2,x\n3,x,y,z\n4,x,y\n")
    assert rows(raw) == [("1", "x", "y"), ("4", "x", "y")]
    assert [(row.line, row.raw, row.reason) for row in raw.malformed] == [
        (3, "2,x", "2 fields instead of 3"),
        (4, "3,x,y,z", "4 fields instead of 3"),
    ]


def test_an_unclosed_quote_swallows_nothing(tmp_path):
    text = 'id,a\n1,"open\n2,x\n3,"y"\n4,z\n5,"last\n'
    raw = read(tmp_path, text)
    assert rows(raw) == [("2", "x"), ("3", "y"), ("4", "z")]
    assert [row.line for row in raw.malformed] == [2, 6]


def test_a_ragged_record_of_several_lines_gives_its_lines_back(tmp_path):
    raw = read(tmp_path, 'id,a\n1,"two\nlines",more\n2,x\n')
    assert rows(raw) == [("2", "x")]
    assert [(row.line, row.reason) for row in raw.malformed] == [
        (2, "3 fields instead of 2"),
        (3, "continues the malformed record of line 2"),
    ]


def test_text_after_a_closing_quote_is_malformed(tmp_path):
    raw = read(tmp_path, 'id,a\n1,"x" y\n2,z\n')
    assert rows(raw) == [("2", "z")]
    assert raw.malformed[0].raw == '1,"x" y'


def test_dialect(tmp_path):
    text = "Export of May\nid;note\n1;'a;b'\n2;c\\;d\nTotal;2\n\n"
    csv = {"delimiter": ";", "quote": "'", "escape": "\\", "skip_lines": 1, "skip_footer": 1}
    raw = read(tmp_path, text, csv=csv)
    assert rows(raw) == [("1", "a;b"), ("2", "c;d")]
    count = raw.counts[0]
    assert (count.skipped_lines, count.footer_lines, count.blank_lines) == (1, 1, 1)


def test_tsv_and_a_header_of_the_yaml(tmp_path):
    raw = read(tmp_path, "1\tx\n2\ty\n", name="leads.tsv", csv={"header": ["id", "a"]})
    assert rows(raw) == [("1", "x"), ("2", "y")]
    assert raw.counts[0].header_lines == 0


def test_header_without_rows(tmp_path):
    raw = read(tmp_path, "id,a\n")
    assert raw.data.num_rows == 0
    assert raw.data.schema.names == ["id", "a", "_file", "_line"]


@pytest.mark.parametrize(
    "newline, encoding",
    [("\r\n", "utf-8"), ("\r", "utf-8"), ("\n", "utf-8-sig"), ("\n", "utf-16"), ("\n", "cp1252")],
)
def test_line_ends_and_encodings(tmp_path, newline, encoding):
    text = newline.join(["id,name", "1,Zoë", "2,Jürgen"])
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    raw = read(tmp_path, text.encode(encoding), csv={"encoding": declared})
    assert raw.columns == ["id", "name"]
    assert rows(raw) == [("1", "Zoë"), ("2", "Jürgen")]
    assert raw.data["_line"].to_pylist() == [2, 3]


def test_an_undecodable_byte_is_named(tmp_path):
    content = b"id,name\n1,Anna\n2,J\xfcrgen\n"
    message = failure(tmp_path, content)
    assert "leads.csv, line 3, byte 18: 0xfc is no utf-8 (csv.encoding)" in message


def test_an_undecodable_byte_behind_a_split_character(tmp_path):
    body = b"id,name\n1," + b"a" * 4085 + "é".encode() + b"\xff\n"
    assert body[4095:4097] == "é".encode()
    assert "line 2, byte 4097" in failure(tmp_path, body)


def test_utf8_declared_as_single_byte(tmp_path):
    message = failure(tmp_path, "id,name\n1,Jürgen\n", csv={"encoding": "cp1252"})
    assert "declared as cp1252, but its bytes are UTF-8" in message


def test_other_unusable_text(tmp_path):
    assert "NUL character" in failure(tmp_path, "id,a\n1,x\n2,\0\n")
    assert "UTF-16 text" in failure(tmp_path, "id,a\n1,x\n".encode("utf-16"))
    assert "gzip archive" in failure(tmp_path, gzip.compress(b"id\n1\n"))


def test_headers_that_cannot_be_used(tmp_path):
    assert "column 2 has no name" in failure(tmp_path, "id,,b\n1,2,3\n")
    assert "more than one column is named a" in failure(tmp_path, "id,a, a\n1,2,3\n")
    assert "_line is a reserved name" in failure(tmp_path, "id,_line\n1,2\n")
    assert "the header cannot be read" in failure(tmp_path, 'id,"a\n1,2\n')
    assert "no header" in failure(tmp_path, "\n\n")


def test_wrong_delimiter_is_named(tmp_path):
    message = failure(tmp_path, "id;name\n1;x\n")
    assert "'id' (for lead.source_id" in message
    assert "columns found: id;name" in message
    assert 'set csv.delimiter: ";"' in message


def test_a_renamed_column_is_named_with_what_was_found(tmp_path):
    message = failure(tmp_path, "ID,name\n1,x\n")
    assert "'id' (for lead.source_id; is it 'ID'?); columns found: ID, name" in message


def test_a_file_of_malformed_lines_is_refused(tmp_path):
    text = "id,a\n" + "1,2,3\n" * 10_001
    assert "most lines are malformed" in failure(tmp_path, text)


def test_missing_and_empty_files(tmp_path):
    assert "no such file" in failure(tmp_path, files="exports/*.csv")
    (tmp_path / "leads.csv").touch()
    assert "leads.csv: the file is empty" in failure(tmp_path)
    assert "the file is empty" in failure(tmp_path, gzip.compress(b""), name="l.csv.gz")
    assert "'.dat' tells no format" in failure(tmp_path, "id\n1\n", name="leads.dat")


def _zip(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "id,a\n" + "1,x\n" * 3)


def test_compressed_files(tmp_path):
    content = b"id,a\n" + b"1,x\n" * 3
    packed = {
        "leads.csv.gz": gzip.compress(content),
        "leads.csv.bz2": bz2.compress(content),
        "leads.csv.xz": lzma.compress(content),
        "leads.csv.zst": pa.compress(content, "zstd", asbytes=True),
    }
    for name, data in packed.items():
        assert rows(read(tmp_path, data, name=name)) == [("1", "x")] * 3
    _zip(tmp_path / "leads.csv.zip", "anything.csv")
    assert rows(read(tmp_path, name="leads.csv.zip")) == [("1", "x")] * 3
    _zip(tmp_path / "two.csv.zip", "a.csv", "b.csv")
    assert "holds 2 files" in failure(tmp_path, name="two.csv.zip")


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst", ".zip"])
def test_truncated_archives(tmp_path, ending):
    text = "".join(f"{number},{number * 7919 % 1009}\n" for number in range(20_000))
    content = f"id,a\n{text}".encode()
    pack = {
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
        ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
    }
    if ending == ".zip":
        with zipfile.ZipFile(tmp_path / "whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("leads.csv", content)
        data = (tmp_path / "whole.zip").read_bytes()
    else:
        data = pack[ending](content)
    message = failure(tmp_path, data[: len(data) * 2 // 3], name=f"leads.csv{ending}")
    assert f"leads.csv{ending}: the compressed file is truncated or damaged" in message


def test_several_files(tmp_path):
    (tmp_path / "a.csv").write_text("id,name\n1,x\n")
    (tmp_path / "b.csv").write_text("name,id,new\ny,2,n\n")
    raw = read(tmp_path, files=["*.csv", "a.csv"])
    assert raw.columns == ["id", "name", "new"]
    assert rows(raw) == [("1", "x", None), ("2", "y", "n")]
    assert raw.data["_file"].to_pylist() == ["a.csv", "b.csv"]
    assert [count.rows for count in raw.counts] == [1, 1]


def test_a_mapped_column_missing_in_some_files(tmp_path):
    (tmp_path / "a.csv").write_text("id,name\n1,x\n")
    (tmp_path / "b.csv").write_text("id\n2\n")
    message = failure(tmp_path, files="*.csv", columns={"source_id": "id", "name": "name"})
    assert message.startswith("b.csv, header: lacks name, which other files have (a.csv)")


def test_fingerprint(tmp_path):
    def found(text: str) -> str | None:
        (tmp_path / "leads.csv").write_text(text)
        return input_fingerprint(source("leads.csv"), "leads", tmp_path)

    assert found("id\n1\n") == found("id\n1\n") != found("id\n2\n")


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(alphabet='a,"\n\r ', max_size=80),
    skip_lines=st.integers(0, 2),
    skip_footer=st.integers(0, 2),
)
def test_every_line_is_counted_once(text, skip_lines, skip_footer):
    """Whatever the text, each physical line is in exactly one place and is read once."""
    content = "x\n" * skip_lines + "id,b\n" + text
    lines = content.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    csv = {"skip_lines": skip_lines, "skip_footer": skip_footer}
    with tempfile.TemporaryDirectory() as folder:
        try:
            raw = read(Path(folder), content, csv=csv)
        except ExtractError as error:
            assert "header" in str(error)  # all lines were taken for the footer
            return
    count = raw.counts[0]
    parts = (count.skipped_lines, count.header_lines, count.blank_lines, count.row_lines)
    assert sum(parts) + count.malformed_lines + count.footer_lines == count.lines == len(lines)
    assert len(raw.malformed) == count.malformed_lines
    assert raw.data.num_rows == count.rows <= count.row_lines
    starts = raw.data["_line"].to_pylist() + [row.line for row in raw.malformed]
    assert len(set(starts)) == len(starts)
    assert all(row.raw == lines[row.line - 1] for row in raw.malformed)
