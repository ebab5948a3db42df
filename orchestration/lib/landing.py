"""Whether the files that sources read have changed since they were loaded.

Belongs here: looking at the files of all `files:` globs, cheaply, and at the newest loads. Does
not belong here: what is done about it (`defs.automation`).
"""

from __future__ import annotations

import hashlib

from orchestration.lib.company.folder import Company
from orchestration.lib.extract import ExtractError, input_fingerprint
from orchestration.lib.extract.inputs import matching_files
from orchestration.lib.lake.lake import Lake
from orchestration.settings import Settings


def landed(company: Company) -> str:
    """A digest of names, sizes and times of all files that sources read; reads none of them.

    Two that differ say that something has changed; while someone writes a file, they do.
    """
    digest = hashlib.sha256()
    for source in company.sources:
        for name, table in sorted(source.tables.items()):
            for pattern in table.files or []:
                for path in matching_files(pattern, company.folder):
                    try:
                        found = path.stat()
                    except OSError:  # it has just been moved away
                        continue
                    line = f"{source.source} {name} {path} {found.st_size} {found.st_mtime_ns}\n"
                    digest.update(line.encode())
    return digest.hexdigest()


def unloaded_tables(settings: Settings, company: Company) -> list[str]:
    """The file tables whose input is not the one of their newest load, as `source.table`.

    Reads the files once. One that is missing, empty or private is no new input: the next run
    says so.
    """
    loads = {(load.source, load.table_name): load for load in Lake(settings).newest_loads()}
    found = []
    for source in company.sources:
        for name in source.tables:
            try:
                fingerprint = input_fingerprint(source, name, company.folder)
            except (ExtractError, OSError):
                continue
            load = loads.get((source.source, name))
            is_loaded = load is not None and load.input_fingerprint == fingerprint
            if fingerprint is not None and not is_loaded:
                found.append(f"{source.source}.{name}")
    return found
