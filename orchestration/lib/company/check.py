"""A company folder as a whole: every problem of every file and input, in one report.

Belongs here: bringing together what each part finds, and what runs yet may surprise. Does not
belong here: one file (`folder`), one input (`inputs`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.lib.company.folder import CompanyFiles, read_company
from orchestration.lib.company.inputs import inputs_of, look_at
from orchestration.lib.company.problems import Problem, in_order
from orchestration.lib.company.slice_notes import slice_notes
from orchestration.lib.entities import ENTITIES


@dataclass(frozen=True)
class Report:
    """What `tandem check` says. `notes` run as they are, yet may surprise."""

    problems: list[Problem]
    notes: list[Problem]


def check_company(folder: Path, env: Mapping[str, str] | None = None) -> Report:
    """Everything that is wrong with a company folder, its input files and headers included.

    `env` (default: os.environ) fills `${ENV_VAR}`. A part that cannot be read hides no problem
    of another part, and brings none either.
    """
    files = read_company(folder, env)
    inputs = [
        inputs_of(document, source)
        for document, source in zip(files.documents, files.sources, strict=True)
    ]
    looks = [look_at(of, folder) for of in inputs]
    problems = [problem for look in looks for problem in look.problems]
    problems += files.automation.unset_variables(os.environ if env is None else env)
    notes = [problem for look in looks for problem in look.notes]
    notes += [*_undated(files), *slice_notes(files, looks)]
    return Report(in_order([*files.problems, *problems]), in_order(notes))


def _undated(files: CompanyFiles) -> Iterator[Problem]:
    """Mappings to leads and opportunities that say of no record when anything happened."""
    for document, source in zip(files.documents, files.sources, strict=True):
        if source is None:
            continue
        mappings = [
            (("tables", name, "entities", index), mapping)
            for name, table in source.tables.items()
            for index, mapping in enumerate(table.entities)
        ]
        if any(mapping.entity == "stage_change" for _, mapping in mappings):
            continue  # the history dates them
        for path, mapping in mappings:
            if mapping.entity not in ("lead", "opportunity"):
                continue
            columns = ENTITIES[mapping.entity].columns
            times = {column.name for column in columns if column.kind == "timestamp"}
            if not times.difference({"updated_at"}).intersection(mapping.columns):
                yield document.problem(
                    path,
                    f"{mapping.entity} has no created_at: these records count in totals and in"
                    " no KPI period",
                    "map created_at, or another time of these records, if the input has one",
                )
