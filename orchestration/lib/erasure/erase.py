"""Erasing a person, from the plan to the last file.

Belongs here: the order of the steps, what survives a crash, what is counted and logged. Does not
belong here: who a person is (`identity`), what becomes of rows (`rows`) and files.

The ledger remembers the person (hashed) before anything is touched, so that no load brings them
back. What only the work may know, such as the words to blot out, is in one private file under
`$TANDEM_HOME` until the work is done. Every step finds nobody when it is done again: whatever
runs next finishes what a crash interrupted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestration.lib import compaction, ledger
from orchestration.lib.company.folder import Company, load_company
from orchestration.lib.durable import remove_tree, sweep, whole_file, write_json
from orchestration.lib.erasure.identity import built_identity, find_person
from orchestration.lib.erasure.known import (
    Erased,
    Erasure,
    Record,
    log_begun,
    log_finished,
    next_id,
    read_erasures,
)
from orchestration.lib.erasure.lake_files import rewrite_lake
from orchestration.lib.erasure.release_files import rewrite_releases
from orchestration.lib.erasure.rows import Known, scrubbed_values
from orchestration.lib.errors import TandemError
from orchestration.lib.lake.lake import Lake
from orchestration.lib.lock import exclusive
from orchestration.lib.mapping.private import hash_value, load_hash_key, normalize_email
from orchestration.settings import Settings

_REBUILT = ("warehouse", "dbt", "tmp", "preview")  # what the next run makes anew


class ErasureError(TandemError):
    """An erasure that cannot be done; the message says why, and never names the person."""


@dataclass(frozen=True)
class Plan:
    """What an erasure would do: rows by entity, quarantined rows, files' loads."""

    erasure: Erasure
    known: Known
    rows: Mapping[str, int]
    quarantined: int
    loads: int


@dataclass(frozen=True)
class Done:
    """What an erasure did."""

    erasure_id: str
    rows: Mapping[str, int]
    quarantined: int
    releases: list[str]


def parse_address(text: str) -> str:
    """The normal form of an address; ErasureError, without the text, if it is none."""
    address = normalize_email(text)
    if address is None:
        raise ErasureError("That is no email address.")
    return address


def parse_record(text: str) -> Record:
    """A record named as `source/lead/ID` or `source/contact/ID`."""
    source, _, rest = text.partition("/")
    kind, _, source_id = rest.partition("/")
    if not source or not source_id or kind not in ("lead", "contact"):
        raise ErasureError("Name a record as SOURCE/lead/ID or SOURCE/contact/ID.")
    return Record("lead" if kind == "lead" else "contact", source, source_id)


def erased_at(settings: Settings, subject: str | Record) -> str | None:
    """When the person of this address or record was erased; None if they were not."""
    erasures = [each for each in read_erasures(settings) if each.is_finished]
    erased = Erased(erasures, load_hash_key(settings, os.environ))
    if isinstance(subject, Record):
        place = erased.of_record(subject.kind, subject.source, subject.source_id)
    else:
        place = erased.of_plain_address(subject)
    return None if place < 0 else erasures[place].at


def plan(settings: Settings, company: Company, subject: str | Record) -> Plan:
    """Find the person and count what is theirs; changes nothing.

    `subject` is a normalized address or a record. Raises SharedAddressError for an address of
    several people, ErasureError where nothing is known of the person.
    """
    with exclusive(settings, "find whom to erase"):
        finish_interrupted(settings)
        if not Lake(settings).newest_loads():
            raise ErasureError("The lake holds no loads yet: there is nobody to erase.")
        key = load_hash_key(settings, os.environ)
        address = subject if isinstance(subject, str) else None
        asked = subject if isinstance(subject, Record) else hash_value(key, subject)
        with built_identity(settings, company) as identity:
            person = find_person(settings, company, identity, asked, address)
        erasure = Erasure.of_person(
            next_id(settings), key, person.addresses, person.records, person.visitors
        )
        # Counted by the code that rewrites.
        trial = rewrite_lake(settings, company, Erased([erasure], key), person.known, is_trial=True)
        if not trial.rows and not trial.quarantined:
            raise ErasureError("Nothing in the lake or in quarantine is of this person.")
        return Plan(erasure, person.known, trial.rows, trial.quarantined, len(trial.loads))


def erase(settings: Settings, company: Company, planned: Plan, by: str, why: str) -> Done:
    """Erase the person of a plan. Raises LedgerError without a name or reason.

    Raises ErasureError if the reason names the person: it is kept.
    """
    with exclusive(settings, "erase a person"):
        ledger.require_reason("erase", by, why)
        known = planned.known
        if any(text.casefold() in why.casefold() for text in known.texts):
            raise ErasureError("The reason is kept, and names the person. Say it without them.")
        write_json(_work_file(settings), asdict(known))
        log_begun(settings, planned.erasure, by, why)
        return _work(settings, company, planned.erasure, known)


def finish_interrupted(settings: Settings) -> Done | None:
    """End the compaction and the erasure that a crash interrupted, if there is one.

    Whoever calls holds the lock.
    """
    compaction.finish_interrupted(settings)
    unfinished = [each for each in read_erasures(settings) if not each.is_finished]
    file = _work_file(settings)
    if not unfinished:
        file.unlink(missing_ok=True)  # it was never begun
        return None
    content = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    known = Known(**{name: tuple(values) for name, values in content.items()})
    return _work(settings, load_company(settings.company), unfinished[-1], known)


def _work(settings: Settings, company: Company, erasure: Erasure, known: Known) -> Done:
    compaction.finish_interrupted(settings)
    erased = Erased([erasure], load_hash_key(settings, os.environ))
    # Words first: what tells them is in the lake, and is no longer known when that is done.
    for path in [*settings.ledger.glob("*.jsonl"), settings.home / "hold.json"]:
        _scrub_documents(path, erased, known)
    releases = rewrite_releases(settings, erased, known)
    done = rewrite_lake(settings, company, erased, known)
    sweep(settings.lake, deep=True)
    sweep(settings.quarantine, deep=True)
    for name in _REBUILT:
        remove_tree(settings.home / name)
    summary = {
        "rows": dict(done.rows),
        "quarantined": done.quarantined,
        "loads": sorted(done.loads),
        "releases": releases,
    }
    log_finished(settings, erasure, summary)
    _work_file(settings).unlink(missing_ok=True)
    return Done(erasure.erasure_id, done.rows, done.quarantined, releases)


def _scrub_documents(path: Path, erased: Erased, known: Known) -> None:
    """Blot the person out of a file of JSON documents, one after the other."""
    if not path.exists():
        return
    decoder, text = json.JSONDecoder(), path.read_text(encoding="utf-8").strip()
    old = []
    while text:
        try:
            document, end = decoder.raw_decode(text)
        except ValueError:  # a last line that a crash tore: the next one would remove it too
            break
        old.append(document)
        text = text[end:].lstrip()
    new = scrubbed_values(old, erased, known.texts)
    if new != old or text:
        with whole_file(path) as temporary:
            lines = [json.dumps(document) + "\n" for document in new]
            temporary.write_text("".join(lines), encoding="utf-8")


def _work_file(settings: Settings) -> Path:
    return settings.home / "erasure.json"
