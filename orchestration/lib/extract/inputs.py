"""Input files: finding them, opening them whatever their compression, decoding their text.

Belongs here: bytes and characters. Does not belong here: what the characters mean (one
module per format).
"""

from __future__ import annotations

import bz2
import codecs
import glob
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa

from orchestration.lib.extract.model import ExtractError, FileCount

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst", ".zip")
BLOCK = 1 << 20
_MAGIC = {
    b"\x1f\x8b": "a gzip archive: end its name in .gz",
    b"PK\x03\x04": "a zip archive or an Excel workbook: end its name in .zip or .xlsx",
    b"BZh": "a bzip2 archive: end its name in .bz2",
    b"\x28\xb5\x2f\xfd": "a zstd archive: end its name in .zst",
    b"\xfd7zXZ": "an xz archive: end its name in .xz",
    b"\xff\xfe": "UTF-16 text: set csv.encoding: utf-16",
    b"\xfe\xff": "UTF-16 text: set csv.encoding: utf-16",
    b"PAR1": "a Parquet file: set format: parquet",
}


@dataclass(frozen=True)
class InputFile:
    """One file; `name` is its path relative to the company folder, for people to read."""

    path: Path
    name: str

    @property
    def compression(self) -> str:
        """'.gz' and the like, or ''."""
        ending = self.path.suffix.lower()
        return ending if ending in COMPRESSIONS else ""

    @property
    def ending(self) -> str:
        """The ending that tells the format, such as '.csv' of leads.csv.gz."""
        name = self.path.name.lower()
        return Path(name.removesuffix(self.compression)).suffix

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The decompressed bytes; damage found while reading them becomes an ExtractError."""
        try:
            with self._open() as stream:
                yield stream
        except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile) as e:
            raise self._damaged(e) from e
        except OSError as error:
            if error.errno is None:  # what a decompressor found, not the operating system
                raise self._damaged(error) from error
            raise ExtractError(
                self.name, "", f"cannot be read: {error.strerror}", "Check the file's permissions."
            ) from error

    def _open(self) -> Any:
        match self.compression:
            case ".gz":
                return gzip.open(self.path, "rb")
            case ".bz2":
                return bz2.open(self.path, "rb")
            case ".xz":
                return lzma.open(self.path, "rb")
            case ".zst":
                return pa.CompressedInputStream(pa.OSFile(str(self.path)), "zstd")
            case ".zip":
                archive = zipfile.ZipFile(self.path)
                members = [
                    item
                    for item in archive.infolist()
                    if not item.is_dir() and not item.filename.startswith("__MACOSX/")
                ]
                if len(members) != 1:
                    raise ExtractError(
                        self.name,
                        "",
                        f"the archive holds {len(members)} files instead of one",
                        "Unpack it and name the files in `files`.",
                    )
                try:
                    return archive.open(members[0])
                except RuntimeError as error:
                    raise ExtractError(
                        self.name, "", "the archive has a password", "Unpack it first."
                    ) from error
            case _:
                return self.path.open("rb")

    def _damaged(self, error: Exception) -> ExtractError:
        return ExtractError(
            self.name,
            "",
            f"the compressed file is truncated or damaged ({error})",
            "Fetch it again; nothing of it was loaded.",
        )

    def read(self) -> io.BytesIO:
        """All decompressed bytes, for formats that need to seek."""
        with self.open() as stream:
            return io.BytesIO(stream.read())


def find_files(patterns: list[str], company: Path) -> list[InputFile]:
    """The files that globs relative to the company folder name, each once, by name.

    Raises ExtractError for a glob that matches no file, and for a file without content.
    """
    found: dict[Path, InputFile] = {}
    for pattern in patterns:
        files = matching_files(pattern, company)
        if not files:
            raise ExtractError(
                pattern,
                "",
                f"no such file in {company}",
                "Put the file there, or correct `files` in the source's YAML.",
            )
        for path in files:
            inside = path.is_relative_to(company)
            name = path.relative_to(company).as_posix() if inside else str(path)
            found.setdefault(path.resolve(), InputFile(path, name))
    inputs = sorted(found.values(), key=lambda file: file.name)
    for file in inputs:
        if file.path.stat().st_size == 0:
            raise empty_file(file)
    return inputs


def matching_files(pattern: str, company: Path) -> list[Path]:
    """The files that a glob relative to the company folder names now, by name; none is no error."""
    # Path.glob takes no absolute patterns.
    matches = sorted(glob.glob(pattern, root_dir=company, recursive=True))  # noqa: PTH207
    return [company / match for match in matches if (company / match).is_file()]


def empty_file(file: InputFile) -> ExtractError:
    return ExtractError(
        file.name,
        "",
        "the file is empty",
        "Export it again; an export without rows still has a header.",
    )


def fingerprints(files: list[InputFile]) -> dict[str, str]:
    """SHA-256 over the bytes of each file, as they lie on disk, by name."""
    found = {}
    for file in files:
        content = hashlib.sha256()
        with file.path.open("rb") as stream:
            while block := stream.read(BLOCK):
                content.update(block)
        found[file.name] = content.hexdigest()
    return found


def fingerprint(files: Mapping[str, str]) -> str:
    """SHA-256 over names and fingerprints of several files, in the order of their names."""
    lines = "".join(f"{files[name]} {name}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def text_lines(
    file: InputFile, encoding: str, count: FileCount, newline: Literal["", "\n"]
) -> Iterator[str]:
    """The physical lines of a file with their ends, counted in `count.lines`.

    Raises ExtractError at a byte that the encoding does not have, at a NUL character, and
    where a file declared in a single-byte encoding is in truth UTF-8.
    """
    codec = _codec(encoding)
    if _is_single_byte(codec):
        _refuse_utf8(file, encoding)
    nul = "\0"
    with file.open() as stream:
        try:
            for line in io.TextIOWrapper(stream, codec, newline=newline):
                count.lines += 1
                if nul in line:
                    raise ExtractError(
                        file.name,
                        f"line {count.lines}",
                        "the text holds a NUL character",
                        "The file is damaged or in another encoding, such as csv.encoding: utf-16.",
                    )
                yield line
        except UnicodeDecodeError as error:
            raise _undecodable(file, encoding, codec) from error
        except UnicodeError as error:  # UTF-16 without a byte-order mark
            raise ExtractError(
                file.name, "", f"is not {encoding} ({error})", "Correct csv.encoding."
            ) from error
    if count.lines == 0:
        raise empty_file(file)


def _codec(encoding: str) -> str:
    name = codecs.lookup(encoding).name
    return "utf-8-sig" if name == "utf-8" else name  # a byte-order mark is no text


def _is_single_byte(codec: str) -> bool:
    return codec != "ascii" and len(b"\xc3\xa9".decode(codec, "replace")) == 2


def _refuse_utf8(file: InputFile, encoding: str) -> None:
    """Any bytes are valid in most single-byte encodings; UTF-8 hardly occurs by chance."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_ascii = True
    with file.open() as stream:
        try:
            while block := stream.read(BLOCK):
                is_ascii = is_ascii and block.isascii()
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return
    if not is_ascii:
        raise ExtractError(
            file.name,
            "",
            f"declared as {encoding}, but its bytes are UTF-8",
            "Set csv.encoding: utf-8.",
        )


def _undecodable(file: InputFile, encoding: str, codec: str) -> ExtractError:
    """Find the first byte that cannot be decoded, in a second pass over the file."""
    decoder = codecs.getincrementaldecoder(codec)()
    line, offset, start = 1, 0, b""
    with file.open() as stream:
        while True:
            block = stream.read(4096)
            start = start or block[:8]
            held = len(decoder.getstate()[0])  # bytes of a character begun in the last block
            try:
                line += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                at = offset - held + error.start
                value = error.object[error.start]
                break
            offset += len(block)
    looks_like = next((what for magic, what in _MAGIC.items() if start.startswith(magic)), None)
    return ExtractError(
        file.name,
        f"line {line}, byte {at}",
        f"0x{value:02x} is no {encoding} (csv.encoding)",
        f"The file looks like {looks_like}."
        if looks_like
        else "Set csv.encoding to the file's encoding, such as cp1252 for exports of Excel on"
        " Windows.",
    )
