"""What a server sets in the environment, and what is said of a value that cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestration.settings import POSTGRES_URL, SettingsError, load_settings
from tests.fixtures.access import gid_of, some_group

URL = "postgresql://tandem:p%40ss@db.example.com:5432/runs"


def load(tmp_path: Path, **env: str) -> object:
    return load_settings({"TANDEM_HOME": str(tmp_path), **env})


def test_without_them_all_is_private_and_in_files(tmp_path: Path) -> None:
    settings = load_settings({"TANDEM_HOME": str(tmp_path)})
    assert settings.readers_gid is None
    assert settings.keep_days == 90
    assert not settings.is_history_in_postgres


def test_they_are_read_and_the_address_is_kept_nowhere(tmp_path: Path) -> None:
    env = {"TANDEM_READERS_GROUP": some_group(), "TANDEM_KEEP_DAYS": "30", POSTGRES_URL: URL}
    settings = load_settings({"TANDEM_HOME": str(tmp_path), **env})
    assert (settings.readers_gid, settings.keep_days) == (gid_of(some_group()), 30)
    assert settings.is_history_in_postgres
    assert "p%40ss" not in repr(settings)


def test_a_container_names_a_group_of_its_host_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getgroups", lambda: [54321])
    env = {"TANDEM_HOME": str(tmp_path), "TANDEM_READERS_GROUP": "54321"}
    assert load_settings(env).readers_gid == 54321


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TANDEM_READERS_GROUP", "no-such-group"),
        ("TANDEM_KEEP_DAYS", "0"),
        ("TANDEM_KEEP_DAYS", "-1"),
        ("TANDEM_KEEP_DAYS", "a week"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is '{value}'"):
        load(tmp_path, **{name: value})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://tandem:sesame@word@db/runs",  # the host would be `word@db`
        "postgresql://tandem:ses/ame@db/runs",
        "mysql://tandem:sesame@db/runs",
        "sesame",
        "postgresql://tandem:sesame@db",
        "postgresql://tandem:sesame@db:port/runs",
    ],
)
def test_an_address_that_would_show_its_password_is_refused_unseen(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(SettingsError, match=POSTGRES_URL) as caught:
        load(tmp_path, **{POSTGRES_URL: url})
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "postgresql+psycopg2://tandem:x@127.0.0.1/runs?connect_timeout=10",
        "postgresql://tandem@/runs?host=/var/run/postgresql",
        "postgresql://tandem:x@[::1]:5432/runs",
    ],
)
def test_addresses_that_postgresql_knows_are_taken(tmp_path: Path, url: str) -> None:
    assert load_settings({"TANDEM_HOME": str(tmp_path), POSTGRES_URL: url}).is_history_in_postgres


def test_a_user_who_is_no_member_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = some_group()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getegid", lambda: -1)
    monkeypatch.setattr(os, "getgroups", lambda: [])
    with pytest.raises(SettingsError, match="is no member of it"):
        load(tmp_path, TANDEM_READERS_GROUP=group)
