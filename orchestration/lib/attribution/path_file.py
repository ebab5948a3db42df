"""A file of paths, as exports of web analytics have them: `tandem attribute FILE`.

Belongs here: reading such a file, and the models that a path without times allows. Does not
belong here: the models, or how a table is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from orchestration.lib.attribution import channels, weights
from orchestration.lib.attribution.paths import Floats, Outcomes, Paths
from orchestration.lib.errors import TandemError

# What each column may be called; ChannelAttribution's names among them.
NAMES = {
    "path": ("path", "paths", "channel_path"),
    "conversions": ("conversions", "total_conversions", "conversion"),
    "value": ("value", "total_conversion_value", "conversion_value"),
    "null": ("null", "nulls", "total_null", "null_conversions"),
}
DELIMITERS = ",;\t|"
LEFT_OUT = (
    "time_decay, w_shaped and full_path are left out: a file of paths does not tell when the"
    " touches, the lead and the deal were."
)


@dataclass(frozen=True)
class Credit:
    """A channel's part of all conversions and of their value, by one model."""

    model: str
    channel: str
    conversions: float
    value: float


def attribute_file(
    file: Path, delimiter: str | None, separator: str, direct: Sequence[str]
) -> list[Credit]:
    """Credit by model and channel, both in a fixed order; TandemError names what cannot be read."""
    paths, outcomes = read_paths(file, delimiter, separator)
    by_place = {
        "first": weights.first(paths),
        "last": weights.last(paths),
        "last_non_direct": weights.last_non_direct(paths, direct),
        "linear": weights.linear(paths),
        "u_shaped": weights.u_shaped(paths),
    }
    estimates: dict[str, channels.Estimate] = {
        **{model: channels.by_weights(paths, outcomes, given) for model, given in by_place.items()},
        "markov": channels.markov(paths, outcomes),
        "shapley": channels.shapley(paths, outcomes),
    }
    return [
        Credit(
            model, channel, float(estimate.conversions[0, code]), float(estimate.values[0, code])
        )
        for model, estimate in estimates.items()
        for code, channel in enumerate(paths.channels)
    ]


def read_paths(file: Path, delimiter: str | None, separator: str) -> tuple[Paths, Outcomes]:
    """The paths of a delimited UTF-8 file with a header; one period.

    `separator` stands between the channels of a path; blanks around a channel do not count. A
    file without nulls has none, and one without values has none.
    """
    table = _read_table(file, delimiter)
    conversions = _numbers(file, table, "conversions")
    nulls = _numbers(file, table, "null")
    paths = parse_paths(table["path"], separator)
    if "" in paths.channels:
        unnamed = (paths.codes == paths.channels.index("")).astype(np.float64)
        _complain(file, paths.sums(unnamed) > 0, "path", "is empty or has a touch without a name")
    for column, numbers in (("conversions", conversions), ("null", nulls)):
        _complain(file, numbers < 0, column, "is below 0")
    values = _numbers(file, table, "value")
    return paths, Outcomes(conversions, values, nulls, np.zeros(len(table), np.int64))


def parse_paths(texts: pa.ChunkedArray, separator: str) -> Paths:
    """Paths from texts such as 'a > b > a'; channels in alphabetical order."""
    touches = pc.split_pattern(texts, separator.strip() or separator).combine_chunks()
    if isinstance(touches, pa.ChunkedArray):  # combine_chunks of older versions
        touches = pa.concat_arrays(touches.chunks)
    names = pc.dictionary_encode(pc.utf8_trim_whitespace(touches.flatten()))
    starts = np.asarray(touches.offsets)[:-1].astype(np.int64)
    return Paths(starts, *sorted_codes(names))


def sorted_codes(names: pa.DictionaryArray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes into the names in alphabetical order, whatever the order they first occur in."""
    found = [str(name) for name in names.dictionary.to_pylist()]
    order = sorted(range(len(found)), key=found.__getitem__)
    place = np.empty(len(found), np.int64)
    place[order] = np.arange(len(found))
    return place[np.asarray(names.indices)], tuple(found[index] for index in order)


def _read_table(file: Path, delimiter: str | None) -> pa.Table:
    """The file's known columns by our names, as text."""
    if not file.is_file():
        raise TandemError(f"{file} is no file.")
    with file.open(encoding="utf-8-sig", errors="replace") as opened:
        header = opened.readline().strip()
    delimiter = delimiter or max(DELIMITERS, key=header.count)
    try:
        table = pa.csv.read_csv(
            file,
            parse_options=pa.csv.ParseOptions(delimiter=delimiter),
            convert_options=pa.csv.ConvertOptions(
                column_types={
                    name.strip().strip('"'): pa.string() for name in header.split(delimiter)
                }
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise TandemError(f"{file} cannot be read as delimited UTF-8 text: {error}") from None
    known = {alias: name for name, aliases in NAMES.items() for alias in aliases}
    found = {
        known[column.lower()]: column for column in table.column_names if column.lower() in known
    }
    for name in ("path", "conversions"):
        if name not in found:
            raise TandemError(
                f"{file} has no column {name}; its header is {header!r}. Call it one of"
                f" {', '.join(NAMES[name])}, or name the --delimiter."
            )
    return pa.table({name: table[column] for name, column in found.items()})


def _numbers(file: Path, table: pa.Table, column: str) -> Floats:
    if column not in table.column_names:
        return np.zeros(len(table))
    texts = pc.utf8_trim_whitespace(table[column])
    try:
        numbers = np.asarray(pc.cast(texts, pa.float64()), dtype=np.float64)
    except pa.ArrowInvalid:
        numbers = np.array([_number(text) for text in texts.to_pylist()])
    _complain(file, ~np.isfinite(numbers), column, "is no number")
    return numbers


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _complain(file: Path, is_wrong: np.ndarray, column: str, fault: str) -> None:
    """Name the first wrong row; rows are counted after the header."""
    if is_wrong.any():
        raise TandemError(
            f"{file}: {column} {fault} in {int(is_wrong.sum()):,} row(s), first in row"
            f" {int(np.argmax(is_wrong)) + 1:,} after the header."
        )
