"""A company: a folder of sources and an agreement, read and checked as a whole.

Belongs here: finding the files of a company, rules between files, writing a new folder. Does
not belong here: one source (`source_problems`), the agreement's own rules (`agreement`), the
input data (`inputs`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.lib.company.agreement import DEFAULTS, Agreement, AgreementFiles, read_agreement
from orchestration.lib.company.automation_config import Automation, read_automation
from orchestration.lib.company.problems import Problem, did_you_mean, in_order, report
from orchestration.lib.company.source_config import Source
from orchestration.lib.company.source_problems import parse_source
from orchestration.lib.company.yaml_text import Document, read_yaml
from orchestration.lib.entities import ENTITIES
from orchestration.lib.errors import TandemError

TEMPLATE = DEFAULTS.parent / "company_template"
# The tables that a company is expected to make its own: the template's, else a copy of the
# default. The rest stays with the defaults.
EDITABLE = (
    "stages",
    "stage_labels",
    "stage_rules",
    "channels",
    "channel_rules",
    "channel_tests",
    "kpis",
    "promises",
    "segments",
    "targets",
    "working_hours",
    "holidays",
    "fx_rates",
    "quality_limits",
    "signatures",
)
# Names that the lake uses for itself.
_RESERVED_SOURCES = ("agreement",)


@dataclass(frozen=True)
class Company:
    """A company folder without problems. `sources` are sorted by name."""

    folder: Path
    sources: tuple[Source, ...]
    agreement: Agreement

    @property
    def tables(self) -> frozenset[tuple[str, str]]:
        """Every (source, table) that the sources declare."""
        return frozenset(
            (source.source, table) for source in self.sources for table in source.tables
        )


class CompanyError(TandemError):
    """A company folder that cannot be used; `problems` names everything that is wrong."""

    def __init__(self, folder: Path, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__(f"The company folder {folder} has {report(self.problems)}")

    @property
    def place(self) -> str:
        files = dict.fromkeys(problem.file for problem in self.problems)
        return f"{len(self.problems)} in {', '.join(files)}; `tandem check` names them"


def load_company(folder: Path, env: Mapping[str, str] | None = None) -> Company:
    """Read a company folder; `env` (default: os.environ) fills `${ENV_VAR}`.

    Reads settings only, never data. Raises CompanyError with every problem of every file.
    """
    company, problems, _ = _read_company(folder, env)
    if company is None:
        raise CompanyError(folder, problems)
    return company


def load_automation(folder: Path, env: Mapping[str, str] | None = None) -> Automation:
    """What runs by itself and who is told; CompanyError if `automation.yaml` has problems."""
    file = read_automation(folder, os.environ if env is None else env)
    if file.automation is None:
        raise CompanyError(folder, file.problems)
    return file.automation


def check_company(folder: Path, env: Mapping[str, str] | None = None) -> list[Problem]:
    """Everything that is wrong with a company folder, its input files and headers included."""
    from orchestration.lib.company.inputs import check_inputs

    company, problems, _ = _read_company(folder, env)
    problems = problems if company is None else check_inputs(company)
    env = os.environ if env is None else env
    return in_order([*problems, *read_automation(folder, env).unset_variables(env)])


def notes(folder: Path, env: Mapping[str, str] | None = None) -> list[Problem]:
    """What runs as it is, yet may surprise; nothing of a company folder that has problems."""
    from orchestration.lib.company.inputs import input_notes

    company, _, sources = _read_company(folder, env)
    return [] if company is None else in_order([*_undated(sources), *input_notes(company)])


def write_template(folder: Path) -> list[Path]:
    """Write an example company into a new or empty folder; return its files, sorted.

    Raises TandemError, and writes nothing, where the folder holds anything already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TandemError(f"{folder} is not an empty folder. Name a new one: `tandem init DIR`.")
    shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True)
    for name in EDITABLE:
        if not (folder / "agreement" / f"{name}.csv").exists():
            shutil.copyfile(DEFAULTS / f"{name}.csv", folder / "agreement" / f"{name}.csv")
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _read_company(
    folder: Path, env: Mapping[str, str] | None
) -> tuple[Company | None, list[Problem], list[tuple[Document, Source]]]:
    documents = list(_read_sources(folder, os.environ if env is None else env))
    files = read_agreement(folder)
    problems = files.all_problems
    sources: list[tuple[Document, Source]] = []
    for document in documents:
        source, complaints = parse_source(document)
        problems += document.problems + complaints
        if source is not None:
            sources.append((document, source))
    if not documents:
        problems.append(
            Problem(
                "sources/",
                "",
                None,
                "has no file *.yaml",
                "describe a source, such as sources/crm.yaml; `tandem init DIR` writes an example",
            )
        )
    problems += read_automation(folder, os.environ if env is None else env).problems
    problems += _same_names(documents)
    problems += _unknown_sources(documents, files)
    if len(sources) == len(documents):
        problems += _missing_rates(sources, files)
    if problems:
        return None, problems, sources
    ordered = sorted((source for _, source in sources), key=lambda source: source.source)
    return Company(folder, tuple(ordered), files.build()), [], sources


def _undated(sources: list[tuple[Document, Source]]) -> Iterator[Problem]:
    """Mappings to leads and opportunities that say of no record when anything happened."""
    for document, source in sources:
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


def _read_sources(folder: Path, env: Mapping[str, str]) -> Iterator[Document]:
    """Every *.yaml and *.yml below sources/, hidden ones left out."""
    root = folder / "sources"
    for path in sorted(root.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if path.suffix.lower() in (".yaml", ".yml") and path.is_file() and not hidden:
            yield read_yaml(path.relative_to(folder).as_posix(), path.read_bytes(), env)


def _names(documents: list[Document]) -> Iterator[tuple[str, Document]]:
    """The name of each source, of those with problems too."""
    for document in documents:
        name = document.data.get("source") if isinstance(document.data, dict) else None
        if isinstance(name, str):
            yield name, document


def _same_names(documents: list[Document]) -> Iterator[Problem]:
    files: dict[str, str] = {}
    for name, document in _names(documents):
        if name in files:
            yield document.problem(
                ("source",),
                f"is the name of the source in {files[name]} too",
                "give one of the two another name",
            )
        files.setdefault(name, document.file)
        if name in _RESERVED_SOURCES:
            yield document.problem(("source",), "is a reserved name", "choose another name")


def _unknown_sources(documents: list[Document], files: AgreementFiles) -> Iterator[Problem]:
    """Sources and tables that the agreement names and nobody declares."""
    tables: dict[str, list[str]] = {}
    for name, document in _names(documents):
        declared = document.data.get("tables")
        tables[name] = sorted(declared) if isinstance(declared, dict) else []
    for name in ("stage_labels", "stage_rules", "quality_limits"):
        rows = files.tables[name]
        found = len(rows.problems)
        for index, row in rows:
            source, table = row["source"], row.get("table")
            if source in (None, "*"):
                continue
            if source not in tables:
                rows.complain(
                    index, "source", "no such source", did_you_mean(source, ("*", *sorted(tables)))
                )
            elif table and table not in ("*", *tables[source]):
                fix = did_you_mean(table, ("*", *tables[source]))
                rows.complain(index, "table", f"{source} has no such table", fix)
        yield from rows.problems[found:]


def _missing_rates(
    sources: list[tuple[Document, Source]], files: AgreementFiles
) -> Iterator[Problem]:
    """Currencies that a mapping itself names and that nothing converts."""
    mappings = [
        (document, ("tables", name, "entities", index), entity)
        for document, source in sources
        for name, table in source.tables.items()
        for index, entity in enumerate(table.entities)
    ]
    if any(entity.entity == "fx_rate" for _, _, entity in mappings):
        return
    reporting = files.tables["company"].values[0].get("reporting_currency")
    if reporting is None:
        return
    known = {reporting, *(row["currency"] for _, row in files.tables["fx_rates"])}
    for document, path, entity in mappings:
        mapping = entity.columns.get("currency")
        if mapping is None:
            continue
        named = [mapping.constant, *(mapping.values or {}).values()]
        codes = {str(value).upper() for value in named if value is not None}
        for currency in sorted(codes - known):
            yield document.problem(
                (*path, "columns", "currency"),
                f"there is no exchange rate for {currency}",
                f"add a line for {currency} to agreement/fx_rates.csv",
            )
