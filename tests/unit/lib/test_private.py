"""The key, addresses, hashes and masks."""

import hashlib
import hmac
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.lib.mapping.private import (
    HashKeyError,
    email_domain,
    hash_value,
    load_hash_key,
    mask,
    normalize_email,
)
from orchestration.settings import Settings


def test_the_key_is_made_once_and_private(tmp_path):
    home = Settings(tmp_path, tmp_path)
    key = load_hash_key(home, {})
    file = tmp_path / "secrets" / "hash_key"
    assert load_hash_key(home, {}) == key and len(key) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [item.name for item in file.parent.iterdir()] == ["hash_key"]
    assert load_hash_key(home, {"TANDEM_HASH_KEY": "given"}) == b"given"
    file.write_text("")
    with pytest.raises(HashKeyError, match="is empty"):
        load_hash_key(home, {})


@pytest.mark.parametrize(
    "text, address",
    [
        (" Ann.Lee+x@Example.COM ", "ann.lee+x@example.com"),
        ("a@b.c.example", "a@b.c.example"),
        ("jürgen@müller.example", "jürgen@müller.example"),
        ("a@b", None),
        ("a@b.c", None),
        ("a@@b.com", None),
        ("a b@c.com", None),
        ("Ann <a@b.com>", None),
        ("a@b.com; c@d.com", None),
        ("@b.com", None),
        ("a@.com", None),
        ("", None),
        (None, None),
    ],
)
def test_normalize_email(text, address):
    assert normalize_email(text) == address


def test_hash():
    expected = hmac.new(b"k", b"a@example.com", hashlib.sha256).hexdigest()[:32]
    assert hash_value(b"k", "a@example.com") == expected
    assert email_domain("a@example.com") == "example.com"


@pytest.mark.parametrize(
    "text, masked",
    [
        ("anna@example.com", "a***@e***.com"),
        ("Anna Lee 12", "A*** *** ##"),
        ("31/31/2020", "##/##/####"),
        ("Ann <a@b.com>", "A** <*@*.***>"),
        ("A", "*"),
        ("--", "**"),
        ("", "*"),
    ],
)
def test_mask(text, masked):
    assert mask(text) == masked


@given(st.text(max_size=80))
def test_a_mask_is_never_the_value(text):
    assert mask(text) != text or set(text) == {"*"}
    assert len(mask(text)) <= 40
