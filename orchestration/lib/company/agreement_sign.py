"""Signing the agreement: one line in `agreement/signatures.csv` of the company folder."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

from orchestration.lib.company.agreement_tables import TABLES
from orchestration.lib.durable import make_folder, whole_file

_SHARED_FILE = 0o644  # like the other files of the company folder, and unlike state


def sign(folder: Path, team: str, version: str, day: date) -> Path:
    """Append a team's signature of a version, and return the file. It is written whole or not.

    The file's columns stay in their order; call it only where the folder has no problems.
    """
    path = folder / "agreement" / "signatures.csv"
    names = TABLES["signatures"].column_names
    content = path.read_text(encoding="utf-8-sig") if path.is_file() else f"{','.join(names)}\n"
    if not content.endswith("\n"):
        content += "\n"
    header = next(csv.reader(io.StringIO(content)))
    values = {"team": team, "agreement_version": version, "signed_on": day.isoformat()}
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values[name.strip()] for name in header)
    mode = path.stat().st_mode & 0o777 if path.is_file() else _SHARED_FILE
    make_folder(path.parent, 0o755)
    with whole_file(path, mode) as temporary:
        temporary.write_text(content + line.getvalue(), encoding="utf-8", newline="")
    return path
