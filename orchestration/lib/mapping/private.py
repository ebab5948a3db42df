"""Personal values: how an address becomes a keyed hash, and how a value is masked.

Belongs here: the key, the normal form of an email address, hashing, masking. Does not belong
here: which columns hold personal values (`entities`), where they are replaced (`mapping`).
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping

from orchestration.lib.durable import make_folder, sweep, whole_file
from orchestration.lib.errors import TandemError
from orchestration.lib.lock import exclusive
from orchestration.settings import Settings

HASH_KEY_VARIABLE = "TANDEM_HASH_KEY"
HASH_LENGTH = 32  # hex characters: 128 bits
HASH_PREFIX = "hash:"  # of an id that was an address
MASK_LENGTH = 40  # characters of a masked example

# One pattern for Python (re.ASCII) and DuckDB (RE2), so that both agree on what an address is.
_ATOM = r"[^\s@<>()\[\],;:\"\\]"
_LABEL = r"[^\s@<>()\[\],;:\"\\./]"
EMAIL_PATTERN = rf"^{_ATOM}+@{_LABEL}+(\.{_LABEL}+)*\.{_LABEL}{{2,}}$"
_EMAIL = re.compile(EMAIL_PATTERN, re.ASCII)


class HashKeyError(TandemError):
    """The key of the hashes cannot be used; the message says how to mend it."""


def load_hash_key(settings: Settings, env: Mapping[str, str]) -> bytes:
    """The key of all hashes: `TANDEM_HASH_KEY`, else a private file made on first use.

    The file is `secrets/hash_key` in `$TANDEM_HOME`, readable by its owner only. Raises
    HashKeyError where the file is empty: another key would re-key every person.
    """
    given = env.get(HASH_KEY_VARIABLE)
    if given:
        return given.encode()
    file = settings.home / "secrets" / "hash_key"
    if not file.exists():
        # Of two processes that start at once, both end up with the key of the first.
        with exclusive(settings, "make the key of the hashes"):
            make_folder(file.parent)
            sweep(file.parent)
            if not file.exists():
                with whole_file(file) as draft:
                    draft.write_text(secrets.token_hex(32), encoding="utf-8")
    key = file.read_text().strip()
    if not key:
        raise HashKeyError(
            f"{file} is empty. Restore it from a backup, or set {HASH_KEY_VARIABLE} to the key"
            " used before; delete the file only if nothing has been published yet."
        )
    return key.encode()


def normalize_email(text: str | None) -> str | None:
    """The address trimmed and in lower case, or None where the text is no address."""
    address = (text or "").strip().lower()
    return address if len(address) <= 254 and _EMAIL.match(address) else None


def email_domain(address: str) -> str:
    """The domain of a normalized address."""
    return address.rpartition("@")[2]


def hash_value(key: bytes, value: str) -> str:
    """Keyed hash of a value: the first 32 hex characters of its HMAC-SHA-256."""
    return hmac.digest(key, value.encode(), "sha256").hex()[:HASH_LENGTH]


def mask(text: str) -> str:
    """The shape of a value, for messages: `Ann 12` becomes `A** ##`, never the whole value.

    An address becomes `a***@e***.com`. Long values are cut after 40 characters.
    """
    address = normalize_email(text)
    if address is not None:
        local, _, domain = address.rpartition("@")
        return f"{local[0]}***@{domain[0]}***.{domain.rpartition('.')[2]}"
    shape = "".join(
        "#" if sign.isnumeric() else "*" if sign.isalpha() and place else sign
        for place, sign in enumerate(text)
    )
    if shape == text:
        shape = "*" * max(len(text), 1)
    return shape if len(shape) <= MASK_LENGTH else shape[: MASK_LENGTH - 1] + "…"
