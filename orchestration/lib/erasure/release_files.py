"""An erasure in the releases that are kept: each is rewritten under its own id.

Belongs here: which ids of a release are a person's, what they become, and swapping the files.
Does not belong here: how a release's database is laid out (`release.files`).

Only ids change, to those that the models make of the tombstones, so that a release made before
and one made after name the person alike. Files are built beside the old ones and take their
names one by one, the manifest last: a reader sees the old or the new database, never half of it,
and doing it again changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.lib import duck
from orchestration.lib.durable import TEMPORARY, make_folder, remove_tree, sync, write_json
from orchestration.lib.erasure.known import Erased
from orchestration.lib.erasure.rows import Known, scrubbed_values
from orchestration.lib.release.files import (
    DATABASE,
    MANIFEST,
    copy_database,
    file_digests,
)
from orchestration.lib.release.readers import seal_path
from orchestration.settings import Settings

_WRITABLE = 0o200
_PASSES = 20  # of one lead through the funnel; a journey's id counts them
# Texts that name records among other words.
_TELLING = {"reconciliation": ("example_source_ids",), "review_agenda": ("title", "evidence")}


@dataclass(frozen=True)
class _Renaming:
    """Old ids to new ones. Leads and contacts by the name of the source too."""

    persons: Collection[str]
    ids: Mapping[str, str]  # of persons, journeys, accounts: nothing else is called so
    records: Mapping[tuple[str, str, str], str]  # by source, object type and id
    visitors: Mapping[tuple[str, str], str]  # by person and visitor: others may share a browser
    domains: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.records or self.domains)


def rewrite_releases(settings: Settings, erased: Erased, known: Known) -> list[str]:
    """Rewrite each release that names the person; return their ids, oldest first."""
    return [
        folder.name
        for folder in sorted(settings.releases.glob("r*"))
        if _rewrite(settings, folder, erased, known)
    ]


def _rewrite(settings: Settings, folder: Path, erased: Erased, known: Known) -> bool:
    with duck.connect(settings) as connection:
        connection.execute(f"attach {duck.quoted(folder / DATABASE)} as old (read_only)")
        renaming = _renaming(connection, erased, known)
        columns = _columns(connection)
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    is_unsettled = manifest["files"] != {
        name: digest for name, digest in file_digests(folder).items() if name != MANIFEST
    }
    if not renaming and not is_unsettled:
        return False
    new = settings.releases / f"{TEMPORARY}{folder.name}"
    remove_tree(new)
    make_folder(new)
    try:
        if renaming:
            copy_database(
                settings,
                folder / DATABASE,
                new,
                lambda table: _select(table, columns.get(table, []), renaming),
            )
        _swap(settings, folder, new, manifest, erased, known)
    finally:
        remove_tree(new)
    return True


def _swap(
    settings: Settings,
    folder: Path,
    new: Path,
    manifest: dict[str, object],
    erased: Erased,
    known: Known,
) -> None:
    def move(path: Path) -> None:
        seal_path(settings, path)
        sync(path)
        path.rename(folder / path.relative_to(new))

    folders = [path for path in (folder, *folder.rglob("*")) if path.is_dir()]
    for path in folders:
        path.chmod(path.stat().st_mode | _WRITABLE)  # readers go on reading
    try:
        for path in sorted(new.rglob("*")):
            if path.is_file():
                move(path)
        content = scrubbed_values(manifest, erased, known.texts)
        content["erased_at"] = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        content["files"] = {
            name: digest for name, digest in file_digests(folder).items() if name != MANIFEST
        }
        write_json(new / MANIFEST, content)
        move(new / MANIFEST)
    finally:
        for path in folders:
            seal_path(settings, path)
            sync(path)


def _renaming(connection: duckdb.DuckDBPyConnection, erased: Erased, known: Known) -> _Renaming:
    bridge = connection.execute(
        "select person_id, source_system, object_type, source_id"
        " from old.marts.bridge_person_record"
    ).fetchall()
    records: dict[tuple[str, str, str], str] = {}
    nodes: dict[str, list[str]] = {}
    touched = set()
    for person, source, kind, source_id in bridge:
        new = _new_id(source, kind, source_id, erased)
        if new is not None:
            touched.add(person)
            records[source, kind, source_id] = new
        node = _node(kind, source, source_id if new is None else new)
        nodes.setdefault(person, []).append(node)
    ids = {person: _key("person", min(nodes[person])) for person in touched}
    for (source, kind, source_id), new in records.items():
        if kind == "lead":
            for number in range(1, _PASSES + 1):
                journey = _key(source, "lead", source_id, number)
                ids[journey] = _key(source, "lead", new, number)
    visitors = {}
    for person, visitor in _asked(
        connection,
        "select distinct person_id, visitor_id from old.marts.fct_touchpoints"
        " where person_id in $names and visitor_id is not null",
        touched,
    ):
        for erasure in erased.erasures:
            visitors[person, visitor] = erasure.new_visitor_key(visitor)
    domains = {}
    for (domain,) in _asked(
        connection,
        "select distinct domain from old.marts.dim_account where domain in $names",
        known.own_domains,
    ):
        for erasure in erased.erasures:
            domains[domain] = erasure.new_domain(domain)
            ids[_key("account", f"~{domain}")] = _key("account", f"~{domains[domain]}")
    return _Renaming(touched, ids, records, visitors, domains)


def _asked(
    connection: duckdb.DuckDBPyConnection, query: str, names: Collection[str]
) -> list[tuple[str, ...]]:
    return connection.execute(query, {"names": list(names)}).fetchall() if names else []


def _new_id(source: str, kind: str, source_id: str, erased: Erased) -> str | None:
    """The id in place of a person's; None if the record is not an erased person's."""
    place = erased.of_bridge(source, kind, source_id)
    if place < 0:
        return None
    # The id of an address is its hash, whose kind says nothing.
    return erased.erasures[place].new_record_id("lead" if kind == "lead" else "contact", source_id)


def _node(kind: str, source: str, source_id: str) -> str:
    """The node of the identity graph, as `macros/persons.sql` writes it."""
    if kind == "email":
        return f"1|{source_id.removeprefix('hash:')}"
    rank = {"contact": 2, "lead": 3, "conversion": 5}[kind]
    return f"{rank}|{source}|{source_id}"


def _key(*parts: object) -> str:
    """A surrogate key, as `macros/keys.sql` makes it."""
    text = "|".join(map(str, parts))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    found = connection.execute(
        "select table_name, list(column_name) from duckdb_columns()"
        " where database_name = 'old' and schema_name = 'marts' and data_type = 'VARCHAR'"
        " group by table_name"
    ).fetchall()
    return dict(found)


def _select(table: str, columns: Sequence[str], renaming: _Renaming) -> str:
    """The columns of a table that change, as the list of a `select * replace (…)`; '' if none."""
    changes = {}
    for column in columns:
        name = duck.identifier(column)
        if column.endswith(("person_id", "journey_id", "account_id")):
            changes[column] = _mapped(name, name, renaming.ids)
        elif column == "industry" and table == "dim_person" and renaming.persons:
            changes[column] = _of_account(name, renaming.persons)
        elif column in ("domain", "account_name") and table == "dim_account":
            changes[column] = _mapped(name, name, renaming.domains)
        elif column == "visitor_id":
            changes[column] = _mapped(name, _joined("person_id", name), _flat(renaming.visitors))
        elif column == "source_lead_id":
            key = _joined("source_system", "'lead'", name)
            changes[column] = _mapped(name, key, _flat(renaming.records))
        elif column == "source_id" and table == "bridge_person_record":
            key = _joined("source_system", "object_type", name)
            changes[column] = _mapped(name, key, _flat(renaming.records))
        elif column in _TELLING.get(table, ()):
            changes[column] = _told(name, renaming)
    return ", ".join(f"{change} as {duck.identifier(name)}" for name, change in changes.items())


def _mapped(name: str, key: str, values: Mapping[str, str]) -> str:
    """SQL of a column whose value changes where the key is one of these."""
    cases = "".join(
        f" when {duck.quoted(old)} then {duck.quoted(new)}" for old, new in values.items()
    )
    return f"case {key}{cases} else {name} end" if cases else name


def _of_account(name: str, persons: Collection[str]) -> str:
    """SQL of an attribute of `dim_person` that tombstones have from their account only."""
    listed = ", ".join(map(duck.quoted, sorted(persons)))
    accounts = f"select any_value({name}) from marts.dim_account"
    theirs = f"({accounts} where dim_account.account_id = dim_person.account_id)"
    return f"case when person_id in ({listed}) then {theirs} else {name} end"


def _flat(values: Mapping[Any, str]) -> dict[str, str]:
    return {"|".join(key): new for key, new in values.items()}


def _joined(*parts: str) -> str:
    return " || '|' || ".join(parts)


def _told(name: str, renaming: _Renaming) -> str:
    """SQL of a text in which the ids of records become the new ones."""
    told = name
    for (_, kind, source_id), new in renaming.records.items():
        if kind != "email":
            pattern = duck.quoted(rf"(^|[^A-Za-z0-9]){re.escape(source_id)}([^A-Za-z0-9]|$)")
            put = duck.quoted(rf"\1{new}\2")
            told = f"regexp_replace({told}, {pattern}, {put}, 'g')"
    return told
