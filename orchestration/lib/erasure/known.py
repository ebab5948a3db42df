"""Who was erased, as the ledger remembers it: keyed hashes of what named them, and nothing else.

Belongs here: reading and writing `ledger/erasures.jsonl`, telling whether a value names an
erased person, and the pseudonym that replaces it. Does not belong here: finding a person's
records (`identity`), rewriting rows (`rows`).

Lines of `erasures.jsonl`, all of one erasure with its `erasure_id`:

- `begun`: `at` (naive UTC), `by`, `why`, `salt` (random, makes this person's pseudonyms),
  `addresses` (hashes of email addresses), `records` (hashes of kind, source and id of leads and
  contacts), `visitors` (hash of a web visitor id, after and until which times it was theirs).
- `extended`: `records` that came later and were dropped, so that what names them is dropped too.
- `finished`: `at`, and what was rewritten: `rows` by entity, `quarantined`, `loads` (their
  numbers), `releases` (their ids).

An erasure leaves times, money and labels, so it moves no KPI but where it changes who someone else
is: whoever is left in a shared mailbox gets its touches. Later a load may drop a row that counted,
such as a lead that now has an erased person's address. Both restate KPIs by the cause `erasure`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from orchestration.lib import ledger
from orchestration.lib.mapping.private import (
    HASH_LENGTH,
    HASH_PREFIX,
    hash_value,
    load_hash_key,
)
from orchestration.settings import Settings

ERASURES = "erasures"
PSEUDONYM_PREFIX = "erased:"

Kind = Literal["lead", "contact"]


@dataclass(frozen=True)
class Record:
    """A lead or contact as a source names it."""

    kind: Kind
    source: str
    source_id: str


@dataclass(frozen=True)
class Visitor:
    """A web visitor id that was a person's after one time and until another; naive UTC."""

    anonymous_id: str
    after: datetime
    until: datetime


@dataclass(frozen=True)
class Erasure:
    """One erased person: an erasure that was begun. `records` and `visitors` are hashed."""

    erasure_id: str
    salt: str
    at: str
    addresses: frozenset[str]
    records: frozenset[str]
    visitors: Mapping[str, Sequence[tuple[datetime, datetime]]]
    is_finished: bool

    @classmethod
    def of_person(
        cls,
        erasure_id: str,
        key: bytes,
        addresses: Iterable[str],
        records: Iterable[Record],
        visitors: Iterable[Visitor],
    ) -> Erasure:
        """A new erasure with a salt of its own; the address hashes stay as they are."""
        ranges: dict[str, list[tuple[datetime, datetime]]] = {}
        for each in visitors:
            hashed = hash_of_visitor(key, each.anonymous_id)
            ranges.setdefault(hashed, []).append((each.after, each.until))
        hashes = {hash_of_record(key, each.kind, each.source, each.source_id) for each in records}
        salt = secrets.token_hex(32)
        return cls(erasure_id, salt, _now(), frozenset(addresses), frozenset(hashes), ranges, False)

    def pseudonym(self, kind: str, value: str) -> str:
        """What stands for a value of this person: random to whoever lacks the salt."""
        content = f"{kind}|{value}".encode()
        return hmac.digest(bytes.fromhex(self.salt), content, "sha256").hex()[:HASH_LENGTH]

    def new_address(self, address_hash: str) -> str:
        return self.pseudonym("email", address_hash)

    def new_record_id(self, kind: Kind, source_id: str) -> str:
        """The id of the tombstone. An id that is the hash of an address stays one."""
        if source_id.startswith(HASH_PREFIX):
            return HASH_PREFIX + self.new_address(source_id.removeprefix(HASH_PREFIX))
        if source_id.startswith(PSEUDONYM_PREFIX):
            return source_id
        return PSEUDONYM_PREFIX + self.pseudonym(kind, source_id)

    def new_visitor(self, anonymous_id: str) -> str:
        if anonymous_id.startswith(PSEUDONYM_PREFIX):
            return anonymous_id
        # Made of what the marts know, so that a release's rows get the same one.
        return PSEUDONYM_PREFIX + self.pseudonym("visitor", visitor_key(anonymous_id))

    def new_visitor_key(self, key: str) -> str:
        """What the marts call the new visitor, by what they called the old one."""
        return visitor_key(PSEUDONYM_PREFIX + self.pseudonym("visitor", key))

    def new_domain(self, domain: str) -> str:
        """A web domain that no one else has, so that whatever it links stays linked."""
        return f"erased-{self.pseudonym('domain', domain)[:16]}.invalid"


class Erased:
    """All erased persons. False if there are none, so that nobody pays for what is not used."""

    def __init__(self, erasures: Sequence[Erasure], key: bytes) -> None:
        self.erasures = list(erasures)
        self._key = key
        self._addresses = {
            address: place for place, each in enumerate(erasures) for address in each.addresses
        }
        self._records = {
            record: place for place, each in enumerate(erasures) for record in each.records
        }
        self._visitors: dict[str, list[tuple[datetime, datetime, int]]] = {}
        for place, each in enumerate(erasures):
            for visitor, ranges in each.visitors.items():
                found = self._visitors.setdefault(visitor, [])
                found += [(after, until, place) for after, until in ranges]

    def __bool__(self) -> bool:
        return bool(self.erasures)

    def of_address(self, address_hash: str) -> int:
        """The place of the erased person whose address this is; -1 for nobody's."""
        return self._addresses.get(address_hash, -1)

    def of_record(self, kind: str, source: str, source_id: str) -> int:
        if source_id.startswith(HASH_PREFIX):
            found = self.of_address(source_id.removeprefix(HASH_PREFIX))
            if found >= 0:
                return found
        return self._records.get(hash_of_record(self._key, kind, source, source_id), -1)

    def of_visitor(self, anonymous_id: str) -> Sequence[tuple[datetime, datetime, int]]:
        """When this visitor was an erased person, and whom."""
        return self._visitors.get(hash_of_visitor(self._key, anonymous_id), ())

    def of_bridge(self, source: str, object_type: str, source_id: str) -> int:
        """Like `of_address`, for a row of `bridge_person_record`."""
        if object_type == "email":
            return self.of_address(source_id.removeprefix(HASH_PREFIX))
        if object_type in ("lead", "contact"):
            return self.of_record(object_type, source, source_id)
        return -1

    def of_plain_address(self, address: str) -> int:
        """Like `of_address`, for a normalized address."""
        return self.of_address(hash_value(self._key, address))


def read(settings: Settings) -> Erased:
    """The erased persons of this installation; the key is only read where there are any."""
    erasures = read_erasures(settings)
    return Erased(erasures, load_hash_key(settings, os.environ) if erasures else b"")


def next_id(settings: Settings) -> str:
    return f"e{len(read_erasures(settings)) + 1:06d}"


def read_erasures(settings: Settings) -> list[Erasure]:
    """The erasures that were begun, oldest first."""
    begun: dict[str, dict[str, Any]] = {}
    for line in ledger.read(settings, ERASURES):
        if line["state"] == "begun":
            begun[line["erasure_id"]] = {**line, "is_finished": False}
        elif line["state"] == "extended":
            begun[line["erasure_id"]]["records"] += line["records"]
        else:
            begun[line["erasure_id"]]["is_finished"] = True
    return [_erasure(line) for line in begun.values()]


def log_begun(settings: Settings, erasure: Erasure, by: str, why: str) -> None:
    """Remember a person, hashed, before anything of theirs is touched."""
    visitors = [
        [visitor, str(after), str(until)]
        for visitor, ranges in erasure.visitors.items()
        for after, until in ranges
    ]
    line = {
        "erasure_id": erasure.erasure_id,
        "state": "begun",
        "at": erasure.at,
        "by": by,
        "why": why,
        "salt": erasure.salt,
        "addresses": sorted(erasure.addresses),
        "records": sorted(erasure.records),
        "visitors": sorted(visitors),
    }
    ledger.append(settings, ERASURES, line)


def log_extended(settings: Settings, erasure: Erasure, records: Iterable[Record]) -> None:
    """Remember records of an erased person that were not known before."""
    key = load_hash_key(settings, os.environ)
    hashes = {hash_of_record(key, each.kind, each.source, each.source_id) for each in records}
    new = sorted(hashes - erasure.records)
    if new:
        line = {"erasure_id": erasure.erasure_id, "state": "extended", "at": _now(), "records": new}
        ledger.append(settings, ERASURES, line)


def log_finished(settings: Settings, erasure: Erasure, done: Mapping[str, Any]) -> None:
    line = {"erasure_id": erasure.erasure_id, "state": "finished", "at": _now(), **done}
    ledger.append(settings, ERASURES, line)


def hash_of_record(key: bytes, kind: str, source: str, source_id: str) -> str:
    return hash_value(key, f"{kind}|{source}|{source_id}")


def hash_of_visitor(key: bytes, anonymous_id: str) -> str:
    return hash_value(key, f"visitor|{anonymous_id}")


def visitor_key(anonymous_id: str) -> str:
    """What the marts call a visitor."""
    return hashlib.md5(anonymous_id.encode(), usedforsecurity=False).hexdigest()


def _erasure(line: Mapping[str, Any]) -> Erasure:
    visitors: dict[str, list[tuple[datetime, datetime]]] = {}
    for visitor, after, until in line["visitors"]:
        span = (datetime.fromisoformat(after), datetime.fromisoformat(until))
        visitors.setdefault(visitor, []).append(span)
    return Erasure(
        line["erasure_id"],
        line["salt"],
        line["at"],
        frozenset(line["addresses"]),
        frozenset(line["records"]),
        visitors,
        line["is_finished"],
    )


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
