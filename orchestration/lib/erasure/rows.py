"""An entity's rows without the erased persons: dropped as they come in, or made tombstones.

Belongs here: which cells name a person, whose row a row is, what becomes of each column. Does
not belong here: files (`lake_files`), who is erased (`known`).

A row is a person's if it names them in any cell, by the id of a lead or contact or by address;
or if it names nobody and its visitor was that person at its time. An opportunity is nobody's: it
only names people.

A **tombstone** keeps times, money, labels (status, segment, region, source, campaign) and the
source's own ids of events, so that every count and sum stays. All that names the person is
re-keyed, the same value everywhere to the same pseudonym, so that what was linked stays linked.
Names, addresses, phones, free text, unmapped columns, and file and line are gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.lib.entities import ENTITIES
from orchestration.lib.erasure.known import Erased, Erasure, Kind, Record
from orchestration.lib.lake.files import TOMBSTONE
from orchestration.lib.mapping.private import HASH_PREFIX, normalize_email

Change = Callable[[Erasure, str], str | None]  # a person's value as it shall be

_REFERENCES: Mapping[str, Kind] = {
    "lead_id": "lead",
    "contact_id": "contact",
    "primary_contact_id": "contact",
    "converted_contact_id": "contact",
}
_NAMES = ("name", "first_name", "last_name", "job_title")
_CLICK_IDS = "gclid|gbraid|wbraid|dclid|fbclid|msclkid|li_fat_id|ttclid|twclid|rdt_cid"
_KEPT_PARAMETER = re.compile(rf"(utm_\w+|{_CLICK_IDS})=([^&#]*)")
# An address among words, and one among the parameters of a URL, whose signs it may have too.
_ADDRESSES = [
    re.compile(rf"[^\s<>()\[\],;:\"\\@{signs}]+(?:@|%40)[^\s<>()\[\],;:\"\\@{signs}]+")
    for signs in ("", "=&?/")
]
_DOMAIN = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@]*@)?(?:www[23]?\.)?([^/:?#,; @]+\.[a-z][a-z0-9-]*[a-z0-9])"
)


@dataclass(frozen=True)
class Known:
    """What tells a person's words from others': only known while their erasure is at work.

    `texts` are addresses, full names and phone numbers that nobody else has, and `own_domains`
    web domains likewise. `domains` and `companies` are those that other records have too, and so
    say nothing of the person.
    """

    texts: tuple[str, ...] = ()
    own_domains: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()


@dataclass
class Result:
    """Rows as they shall be, how many were erased persons', and the records that those name."""

    rows: pa.Table
    erased: int = 0
    records: dict[int, set[Record]] = field(default_factory=dict)


def person_kind(entity: str) -> Kind | None:
    """The kind of record that a row of this entity is."""
    kinds: Mapping[str, Kind] = {"lead": "lead", "contact": "contact"}
    return kinds.get(entity)


def references(entity: str) -> dict[str, Kind]:
    """The columns of an entity that hold the id of a lead or contact."""
    kind = person_kind(entity)
    found = {
        name: _REFERENCES[name] for name in ENTITIES[entity].column_names if name in _REFERENCES
    }
    if kind is not None:
        found |= {"source_id": kind, "merged_into_id": kind}
    if entity == "stage_change":
        found["object_id"] = "lead"  # of a lead's changes; `owners` leaves out the others
    return found


def is_about_people(entity: str) -> bool:
    """Whether rows of this entity can be a person's."""
    columns = ENTITIES[entity].column_names
    return entity not in ("opportunity", "rep") and (
        bool(references(entity)) or "email" in columns or "anonymous_id" in columns
    )


def plain_domain(text: str | None) -> str | None:
    """A web domain as the models compare them; None where the text is none."""
    found = _DOMAIN.match((text or "").strip().lower())
    return found.group(1) if found else None


def without_erased(rows: pa.Table, entity: str, source: str, erased: Erased) -> Result:
    """Candidate rows without those of erased persons; what is left names them by pseudonyms."""
    owner, cells = _owners(rows, entity, source, erased)
    records = _records(rows, entity, source, owner)
    if is_about_people(entity):
        is_left = owner < 0
        rows = rows.filter(pa.array(is_left))
    else:
        is_left = np.ones(rows.num_rows, dtype=bool)
        rows = _rekey_cells(rows, cells, references(entity), erased)
    return Result(scrub(rows, entity, erased, Known()), int((~is_left).sum()), records)


def with_tombstones(
    rows: pa.Table,
    entity: str,
    source: str,
    erased: Erased,
    known: Known,
    replaced: Collection[tuple[int, str]] = (),
) -> Result:
    """Rows of the lake with a tombstone in place of each row of an erased person.

    Rows of a load and file in `replaced` do not count: what is the person's among them goes
    without a tombstone, which would count, because it is of no file.
    """
    is_replaced = _are_of(rows, replaced)
    owner, cells = _owners(rows, entity, source, erased)
    if not is_about_people(entity):
        owner[:] = -1
    rows = _without_ids_in_ids(rows, entity, owner, cells, erased)
    if person_kind(entity) is not None:
        # All that a lead or contact refers to is the same person.
        cells = dict.fromkeys(references(entity), owner)
    rows = _rekey_cells(rows, cells, references(entity), erased)
    rows = _tombstones(rows, entity, owner, erased, known)
    rows = rows.filter(pc.invert(pc.and_(is_replaced, pa.array(owner >= 0))))
    return Result(scrub(rows, entity, erased, known), int((owner >= 0).sum()))


def _are_of(rows: pa.Table, files: Collection[tuple[int, str]]) -> pa.Array:
    """Which rows are of one of these files as a load has it."""
    names: dict[int, list[str]] = {}
    for load_id, name in files:
        names.setdefault(load_id, []).append(name)
    found = pa.repeat(pa.scalar(False), rows.num_rows)
    for load_id in rows["_load_id"].unique().to_pylist():
        if load_id in names:
            is_of_file = pc.is_in(rows["_file"], value_set=pa.array(names[load_id], pa.string()))
            found = pc.or_(found, pc.and_(pc.equal(rows["_load_id"], load_id), is_of_file))
    return found


def scrub(rows: pa.Table, entity: str, erased: Erased, known: Known) -> pa.Table:
    """The rows with what names an erased person blotted out of their texts and URLs."""
    own = _NAMES if person_kind(entity) or entity == "rep" else ()
    names = [
        column.name
        for column in ENTITIES[entity].columns
        if column.kind in ("text", "url") and column.name not in own
    ]
    for name in [*names, "_extra", "_raw"]:
        if name in rows.column_names:
            column = scrub_texts(rows[name], erased, known.texts)
            if column is not rows[name]:
                rows = _set(rows, name, column)
    return rows


def scrub_texts(
    column: pa.ChunkedArray, erased: Erased, texts: Sequence[str]
) -> pa.ChunkedArray | pa.Array:
    """The column itself if no cell of it has such a text or address."""
    suspects = np.zeros(len(column), dtype=bool)
    for text in ("@", "%40", *texts):
        found = pc.match_substring(column, text, ignore_case=True)
        suspects |= pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    places = np.flatnonzero(suspects)
    if not len(places):
        return column
    old = column.take(pa.array(places)).to_pylist()
    new = [scrubbed(text, erased, texts) for text in old]
    if new == old:
        return column
    return pc.replace_with_mask(column.combine_chunks(), pa.array(suspects), pa.array(new))


def scrubbed(text: str, erased: Erased, texts: Sequence[str]) -> str:
    """A text in which addresses of erased persons, and these texts, are blotted out."""
    for each in texts:
        words = rf"(?<!\w){re.escape(each)}(?!\w)"
        text = re.sub(words, TOMBSTONE, text, flags=re.IGNORECASE)

    def blotted(found: re.Match[str]) -> str:
        is_theirs = owner_of_text(found.group(), erased) >= 0
        return TOMBSTONE if is_theirs else found.group()

    for pattern in _ADDRESSES:
        text = pattern.sub(blotted, text)
    return text


def scrubbed_values(value: Any, erased: Erased, texts: Sequence[str]) -> Any:
    """A JSON document with all its texts scrubbed."""
    if isinstance(value, str):
        return scrubbed(value, erased, texts)
    if isinstance(value, list):
        return [scrubbed_values(each, erased, texts) for each in value]
    if isinstance(value, dict):
        return {key: scrubbed_values(each, erased, texts) for key, each in value.items()}
    return value


def owner_of_text(text: str, erased: Erased) -> int:
    """The erased person whose address stands in a text; -1 if none does."""
    for found in (found for pattern in _ADDRESSES for found in pattern.findall(text)):
        address = normalize_email(unquote(found).strip(".'"))
        place = erased.of_plain_address(address) if address else -1
        if place >= 0:
            return place
    return -1


def shown_url(url: str, erasure: Erasure) -> str:
    """A URL with its page and what tells of its campaign; a click id becomes a pseudonym."""
    page = re.split(r"[?#]", url, maxsplit=1)[0]
    kept = [
        f"{name}={value if name.startswith('utm_') else erasure.pseudonym('click', value)}"
        for name, value in _KEPT_PARAMETER.findall(url)
    ]
    return f"{page}?{'&'.join(kept)}" if kept else page


def _owners(
    rows: pa.Table, entity: str, source: str, erased: Erased
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Whose each row is, and whom each cell names, as places among the erased; -1 for nobody."""
    owner = np.full(rows.num_rows, -1)
    is_unnamed = np.ones(rows.num_rows, dtype=bool)
    cells: dict[str, np.ndarray] = {}

    def named_by(column: str, find: Callable[[str], int], is_asked: np.ndarray | None) -> None:
        places, is_given = _looked_up(rows[column], find)
        if is_asked is not None:
            places, is_given = np.where(is_asked, places, -1), is_given & is_asked
        cells[column] = places
        np.copyto(owner, places, where=owner < 0)
        is_unnamed[is_given] = False

    for column, kind in references(entity).items():
        is_asked = None
        if column == "object_id":
            is_lead = pc.fill_null(pc.equal(rows["object_type"], "lead"), False)
            is_asked = is_lead.to_numpy(zero_copy_only=False)

        def find(value: str, kind: Kind = kind) -> int:
            return erased.of_record(kind, source, value)

        named_by(column, find, is_asked)
    if "email_hash" in rows.column_names:
        named_by("email_hash", erased.of_address, None)
    if "anonymous_id" in rows.column_names and is_unnamed.any():
        np.copyto(owner, _visitor_owners(rows, entity, erased), where=is_unnamed & (owner < 0))
    return owner, cells


def _visitor_owners(rows: pa.Table, entity: str, erased: Erased) -> np.ndarray:
    owner = np.full(rows.num_rows, -1)
    ranges: list[Sequence[tuple]] = []

    def find(value: str) -> int:
        found = erased.of_visitor(value)
        if not found:
            return -1
        ranges.append(found)
        return len(ranges) - 1

    places, _ = _looked_up(rows["anonymous_id"], find)
    event_time = ENTITIES[entity].event_time
    for row in np.flatnonzero(places >= 0).tolist():
        at = rows[event_time][row].as_py() if event_time else None
        for after, until, place in ranges[places[row]]:
            if at is not None and after < at <= until:
                owner[row] = place
    return owner


def _looked_up(
    column: pa.ChunkedArray, find: Callable[[str], int]
) -> tuple[np.ndarray, np.ndarray]:
    """What `find` says of each value, asked once for each distinct one, and where one is given."""
    encoded = column.combine_chunks().dictionary_encode()
    found = np.array([find(value) for value in encoded.dictionary.to_pylist()] + [-1])
    codes = pc.fill_null(encoded.indices, len(found) - 1).to_numpy(zero_copy_only=False)
    return found[codes], codes < len(found) - 1


def _records(rows: pa.Table, entity: str, source: str, owner: np.ndarray) -> dict[int, set[Record]]:
    """The ids of leads and contacts that erased persons' rows give, by person."""
    found: dict[int, set[Record]] = {}
    if person_kind(entity) is None:
        return found
    places = np.flatnonzero(owner >= 0)
    for column, kind in references(entity).items():
        values = rows[column].take(pa.array(places)).to_pylist()
        for place, value in zip(owner[places].tolist(), values, strict=True):
            if value is not None:
                found.setdefault(place, set()).add(Record(kind, source, value))
    return found


def _rekey_cells(
    rows: pa.Table, cells: Mapping[str, np.ndarray], kinds: Mapping[str, Kind], erased: Erased
) -> pa.Table:
    """The rows with the cells that name erased leads and contacts re-keyed."""

    def of_record(kind: Kind) -> Change:
        return lambda erasure, old: erasure.new_record_id(kind, old)

    for column, kind in kinds.items():
        rows = _replaced(rows, column, cells[column], erased, of_record(kind))
    return rows


def _without_ids_in_ids(
    rows: pa.Table,
    entity: str,
    owner: np.ndarray,
    cells: Mapping[str, np.ndarray],
    erased: Erased,
) -> pa.Table:
    """An event keeps its id, but for the ids of people that it may be made of."""
    kinds = references(entity)
    if "source_id" in kinds:
        return rows

    def changed(row: int, old: str | None) -> str | None:
        erasure = erased.erasures[owner[row]]
        if old is None:
            return None
        if old.startswith(HASH_PREFIX):
            address = old.removeprefix(HASH_PREFIX)
            is_theirs = address in erasure.addresses
            return HASH_PREFIX + erasure.new_address(address) if is_theirs else old
        for column, kind in kinds.items():
            if cells[column][row] >= 0:
                named = rows[column][row].as_py()
                pattern = rf"(?<![^\W_]){re.escape(named)}(?![^\W_])"
                new = erasure.new_record_id(kind, named)
                old = re.sub(pattern, new, old)
        return old

    places = np.flatnonzero(owner >= 0)
    old = rows["source_id"].take(pa.array(places)).to_pylist()
    new = [changed(row, value) for row, value in zip(places.tolist(), old, strict=True)]
    return _with_values(rows, "source_id", owner >= 0, new)


def _tombstones(
    rows: pa.Table, entity: str, owner: np.ndarray, erased: Erased, known: Known
) -> pa.Table:
    """Take from each row that has an owner what is the owner's; all other rows stay."""
    is_record = person_kind(entity) is not None

    def address(erasure: Erasure, old: str) -> str:
        # What a lead or contact says is its own, be the address shared; elsewhere only theirs is.
        return erasure.new_address(old) if is_record or old in erasure.addresses else old

    def domain(erasure: Erasure, old: str) -> str | None:
        plain = plain_domain(old)
        return old if plain in known.domains else plain and erasure.new_domain(plain)

    def url(erasure: Erasure, old: str) -> str:
        return shown_url(old, erasure)

    def nothing(_: Erasure, old: str) -> None:
        return None

    changes: dict[str, Change] = {
        "anonymous_id": lambda erasure, old: erasure.new_visitor(old),
        "email_hash": address,
        **dict.fromkeys(("email_domain", "company_domain"), domain),
        "company": lambda _, old: old if old in known.companies else None,
        "click_id": lambda erasure, old: erasure.pseudonym("click", old),
        **dict.fromkeys(("landing_page", "referrer", "url"), url),
        **dict.fromkeys(("email", "phone", "comment", "_extra"), nothing),
        **(dict.fromkeys((*_NAMES, "industry"), nothing) if is_record else {}),
        "_file": lambda *_: TOMBSTONE,
    }
    if not (owner >= 0).any():
        return rows
    rows = _renumbered(rows, owner)
    for column, change in changes.items():
        if column in rows.column_names:
            rows = _replaced(rows, column, owner, erased, change)
    return rows


def _renumbered(rows: pa.Table, owner: np.ndarray) -> pa.Table:
    """Tombstones lose their line, which leads back to the person; their order stays."""
    places = pa.array(np.flatnonzero(owner >= 0))
    files, lines = (rows[name].take(places).to_pylist() for name in ("_file", "_line"))
    order = sorted(range(len(places)), key=lambda row: (files[row] or "", lines[row] or 0))
    ranks = [0] * len(places)
    for rank, row in enumerate(order, start=1):
        ranks[row] = rank
    return _with_values(rows, "_line", owner >= 0, ranks)


def _replaced(
    rows: pa.Table, column: str, owner: np.ndarray, erased: Erased, change: Change
) -> pa.Table:
    """The rows with a column changed where it has an owner; null stays null."""
    places = np.flatnonzero(owner >= 0)
    if not len(places):
        return rows
    old = rows[column].take(pa.array(places)).to_pylist()
    new = [
        None if value is None else change(erased.erasures[place], value)
        for place, value in zip(owner[places].tolist(), old, strict=True)
    ]
    return _with_values(rows, column, owner >= 0, new)


def _with_values(
    rows: pa.Table, column: str, is_changed: np.ndarray, new: Sequence[object]
) -> pa.Table:
    if not len(new):
        return rows
    type_ = rows.schema.field(column).type
    values = pa.array(new, type_)
    changed = pc.replace_with_mask(rows[column].combine_chunks(), pa.array(is_changed), values)
    return _set(rows, column, changed)


def _set(rows: pa.Table, column: str, values: pa.ChunkedArray | pa.Array) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(column), rows.schema.field(column), values)
