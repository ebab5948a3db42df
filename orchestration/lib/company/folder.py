"""A company: a folder of sources and an agreement, read as a whole.

Belongs here: finding the files of a company, rules between files, writing a new folder. Does
not belong here: one source (`source_problems`), the agreement's own rules (`agreement`), the
input data (`inputs`), all of it together (`check`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.lib.company.agreement import DEFAULTS, Agreement, AgreementFiles, read_agreement
from orchestration.lib.company.automation_config import Automation, AutomationFile, read_automation
from orchestration.lib.company.problems import Problem, did_you_mean, in_order, report
from orchestration.lib.company.source_config import Source
from orchestration.lib.company.source_problems import parse_source
from orchestration.lib.company.yaml_text import Document, read_yaml
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

    Reads settings only, never data. Raises CompanyError with every problem of these files.
    """
    files = read_company(folder, env)
    if files.problems:
        raise CompanyError(folder, files.problems)
    return files.build()


def load_automation(folder: Path, env: Mapping[str, str] | None = None) -> Automation:
    """What runs by itself and who is told; CompanyError if `automation.yaml` has problems."""
    file = read_automation(folder, os.environ if env is None else env)
    if file.automation is None:
        raise CompanyError(folder, file.problems)
    return file.automation


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


@dataclass(frozen=True)
class CompanyFiles:
    """A company folder as its files say, with everything that is wrong in their text.

    `sources` holds the source of each document, None where the document does not make one.
    """

    folder: Path
    agreement: AgreementFiles
    documents: list[Document]
    sources: list[Source | None]
    automation: AutomationFile
    problems: list[Problem]

    def build(self) -> Company:
        """The company; call it only where there are no problems."""
        sources = sorted(filter(None, self.sources), key=lambda source: source.source)
        return Company(self.folder, tuple(sources), self.agreement.build())


def read_company(folder: Path, env: Mapping[str, str] | None = None) -> CompanyFiles:
    """Read all files of a company folder, and compare them with each other; raises nothing."""
    env = os.environ if env is None else env
    documents = list(_read_sources(folder, env))
    files = read_agreement(folder)
    problems = files.all_problems
    sources: list[Source | None] = []
    for document in documents:
        source, complaints = parse_source(document)
        document.problems += complaints
        problems += document.problems
        sources.append(source)
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
    automation = read_automation(folder, env)
    problems += automation.problems
    problems += _same_names(documents)
    problems += _unknown_sources(documents, files)
    problems += _missing_rates(documents, sources, files)
    return CompanyFiles(folder, files, documents, sources, automation, problems)


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
    # A file without a readable name may be any source.
    is_each_named = len(list(_names(documents))) == len(documents)
    for name in ("stage_labels", "stage_rules", "quality_limits"):
        rows = files.tables[name]
        found = len(rows.problems)
        for index, row in rows:
            source, table = row["source"], row.get("table")
            if source in (None, "*"):
                continue
            if source not in tables:
                if is_each_named:
                    fix = did_you_mean(source, ("*", *sorted(tables)))
                    rows.complain(index, "source", "no such source", fix)
            elif table and tables[source] and table not in ("*", *tables[source]):
                fix = did_you_mean(table, ("*", *tables[source]))
                rows.complain(index, "table", f"{source} has no such table", fix)
        yield from rows.problems[found:]


def _missing_rates(
    documents: list[Document], sources: list[Source | None], files: AgreementFiles
) -> Iterator[Problem]:
    """Currencies that a mapping itself names and that nothing converts."""
    mappings = [
        (document, ("tables", name, "entities", index), entity)
        for document, source in zip(documents, sources, strict=True)
        if source is not None
        for name, table in source.tables.items()
        for index, entity in enumerate(table.entities)
    ]
    if any(entity.entity == "fx_rate" for _, _, entity in mappings):
        return
    broken = [of for of, source in zip(documents, sources, strict=True) if source is None]
    if any(document.data is None or "fx_rate" in str(document.data) for document in broken):
        return  # the rates may come from there
    if files.tables["fx_rates"].is_torn:
        return
    reporting = files.tables["company"].values[0].get("reporting_currency")
    if reporting is None:
        return
    known = {reporting, *files.tables["fx_rates"].known("currency")}
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
