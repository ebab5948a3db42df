"""Regions and segments of the agreement that no record of the sources has.

Belongs here: names that only the data defines. Does not belong here: segments that
`segments.csv` defines (`agreement_slices`), what a whole run finds (`expectations`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow.compute as pc

from orchestration.lib.company.agreement_slices import UNKNOWN
from orchestration.lib.company.folder import CompanyFiles
from orchestration.lib.company.inputs import Look
from orchestration.lib.company.problems import Problem, closest, did_you_mean
from orchestration.lib.company.source_config import ColumnMapping, Source
from orchestration.lib.extract.model import RawTable

# Tables that name regions and segments; `*` in two of them stands for every other region.
_NAMING = {
    "region": ("promises", "targets", "target_market", "working_hours", "holidays"),
    "segment": ("promises", "targets", "target_market"),
}


def slice_notes(files: CompanyFiles, looks: Iterable[Look]) -> Iterator[Problem]:
    """Names that no record looked at has, where all were looked at or a like one was found."""
    looked = list(zip(files.sources, looks, strict=True))
    for slice_name, tables in _NAMING.items():
        if slice_name == "segment" and files.agreement.tables["segments"].values:
            continue
        known, is_all = _values(slice_name, looked)
        for rows in (files.agreement.tables[name] for name in tables):
            for index, row in rows:
                value = row[slice_name]
                if value in (None, "*", UNKNOWN, *known) or not known:
                    continue
                if is_all or closest(value, known):
                    yield Problem(
                        rows.file,
                        slice_name,
                        value,
                        f"no record {'has' if is_all else 'that was looked at has'} this"
                        f" {slice_name}",
                        did_you_mean(value, sorted(known)),
                        rows.lines[index][slice_name],
                    )


def _values(slice_name: str, looked: list[tuple[Source | None, Look]]) -> tuple[set[str], bool]:
    """The values of a column in the samples, and whether there can be no others."""
    known: set[str] = set()
    is_all = True
    for source, look in looked:
        if source is None:
            is_all = False
            continue
        for name, table in source.tables.items():
            for entity in table.entities:
                mapping = entity.columns.get(slice_name)
                if mapping is None:
                    continue
                sample, is_whole = look.samples.get(name, (None, False))
                found = None if sample is None else _written(mapping, sample)
                is_all &= is_whole and found is not None
                known |= found or set()
    return known, is_all


def _written(mapping: ColumnMapping, sample: RawTable) -> set[str] | None:
    """The values that a mapping makes of a sample; None if it does more than a value map."""
    if mapping.constant is not None:
        return {str(mapping.constant)}
    if mapping.column is None or mapping.extract or mapping.nulls:
        return None
    if mapping.column not in sample.columns:
        return set()
    texts = pc.unique(sample.data[mapping.column].cast("string")).to_pylist()
    found = {text.strip() for text in texts if text and text.strip()}
    if mapping.values is None:
        return found
    mapped = {str(value) for value in mapping.values.values() if value is not None}
    return mapped | (found.difference(mapping.values) if mapping.unmapped == "keep" else set())
