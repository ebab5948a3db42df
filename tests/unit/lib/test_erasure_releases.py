"""A kept release is rewritten under its own id: other names, the same numbers, never half."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest

from orchestration.lib.erasure import release_files
from orchestration.lib.erasure.known import Erased, Erasure, Record
from orchestration.lib.erasure.release_files import _key, rewrite_releases
from orchestration.lib.erasure.rows import Known
from orchestration.lib.release.files import DATABASE, MANIFEST, file_digests, seal
from orchestration.settings import Settings
from tests.fixtures.access import gid_of, some_group

KEY = b"key"
HASH = "a" * 32
KNOWN = Known(own_domains=("ann.example",))
PERSON, OTHER = _key("person", f"1|{HASH}"), _key("person", "3|crm|L2")
ACCOUNT = _key("account", "~ann.example")
JOURNEYS = [_key("crm", "lead", "L1", number) for number in (1, 2)]

MARTS = f"""
    create schema marts;
    create table marts.bridge_person_record as
        select * from (values
            ('{PERSON}', '(all)', 'email', 'hash:{HASH}'), ('{PERSON}', 'crm', 'lead', 'L1'),
            ('{OTHER}', 'crm', 'lead', 'L2'), ('{OTHER}', 'hubspot', 'lead', 'L1')
        ) as t(person_id, source_system, object_type, source_id);
    create table marts.dim_account as
        select '{ACCOUNT}' as account_id, 'ann.example' as account_name, 'ann.example' as domain,
            null::varchar as industry;
    create table marts.dim_person as
        select unnest(['{PERSON}', '{OTHER}']) as person_id, '{ACCOUNT}' as account_id,
            'Energy' as industry, 'SMB' as segment;
    create table marts.fct_funnel as
        select * from (values
            ('{JOURNEYS[0]}', '{PERSON}', '{ACCOUNT}', 'crm', 'L1', 10),
            ('{JOURNEYS[1]}', '{PERSON}', '{ACCOUNT}', 'crm', 'L1', 20),
            ('journey', '{OTHER}', '{ACCOUNT}', 'hubspot', 'L1', 40)
        ) as t(journey_id, person_id, account_id, source_system, source_lead_id, amount);
    create table marts.fct_touchpoints as
        select unnest(['{PERSON}', '{OTHER}']) as person_id, 'shared' as visitor_id;
    create table marts.review_agenda as
        select 'no title' as title, 'For example L1, L11.' as evidence;
    create view marts.amounts as select sum(amount) as amount from marts.fct_funnel;
    comment on column marts.fct_funnel.amount is 'how much';
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    release(settings, "r000001")
    return settings


def release(settings: Settings, name: str) -> Path:
    folder = settings.releases / name
    (folder / "parquet").mkdir(parents=True)
    with duckdb.connect(str(folder / DATABASE)) as connection:
        connection.execute(MARTS)
        for table in ("fct_funnel", "amounts"):
            path = folder / "parquet" / f"{table}.parquet"
            connection.execute(f"copy (from marts.{table}) to '{path}'")
    content = {"release_id": name, "files": file_digests(folder)}
    (folder / MANIFEST).write_text(json.dumps(content), encoding="utf-8")
    seal(settings, folder)
    return folder


@pytest.fixture
def erased() -> Erased:
    record = Record("lead", "crm", "L1")
    return Erased([Erasure.of_person("e000001", KEY, [HASH], [record], [])], KEY)


def query(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    database = settings.releases / "r000001" / DATABASE
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_the_person_has_the_ids_that_the_models_give_the_tombstone(
    settings: Settings, erased: Erased
) -> None:
    assert rewrite_releases(settings, erased, KNOWN) == ["r000001"]
    erasure = erased.erasures[0]
    lead = erasure.new_record_id("lead", "L1")
    person = _key("person", f"1|{erasure.new_address(HASH)}")
    account = _key("account", f"~{erasure.new_domain('ann.example')}")
    assert query(settings, "from marts.fct_funnel order by amount") == [
        *(
            (_key("crm", "lead", lead, number), person, account, "crm", lead, number * 10)
            for number in (1, 2)
        ),
        ("journey", OTHER, account, "hubspot", "L1", 40),
    ]
    assert query(settings, "select source_id from marts.bridge_person_record order by all") == [
        ("L1",),
        ("L2",),
        (lead,),
        (f"hash:{erasure.new_address(HASH)}",),
    ]
    assert set(query(settings, "select person_id, industry from marts.dim_person")) == {
        (person, None),
        (OTHER, "Energy"),
    }
    ((ours,), (others,)) = query(
        settings, f"select visitor_id from marts.fct_touchpoints order by person_id = '{OTHER}'"
    )
    assert (ours, others) == (erasure.new_visitor_key("shared"), "shared")
    assert query(settings, "from marts.review_agenda") == [
        ("no title", f"For example {lead}, L11.")
    ]


def test_numbers_views_comments_and_seals_stay(settings: Settings, erased: Erased) -> None:
    rewrite_releases(settings, erased, KNOWN)
    folder = settings.releases / "r000001"
    assert query(settings, "from marts.amounts") == [(70,)]
    assert query(settings, "select view_name from duckdb_views() where not internal") == [
        ("amounts",)
    ]
    assert query(settings, "select comment from duckdb_columns() where comment is not null") == [
        ("how much",)
    ]
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    digests = file_digests(folder)
    del digests[MANIFEST]
    assert (manifest["files"], manifest["release_id"]) == (digests, "r000001")
    assert manifest["erased_at"]
    assert not [path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o222]
    assert [path.name for path in settings.releases.iterdir()] == ["r000001"]


def test_readers_can_read_what_was_rewritten(settings: Settings, erased: Erased) -> None:
    shared = replace(settings, readers_gid=gid_of(some_group()))
    folder = settings.releases / "r000001"
    seal(shared, folder)
    rewrite_releases(shared, erased, KNOWN)
    for path in (folder, *folder.rglob("*")):
        found = (path.stat().st_mode & 0o777, path.stat().st_gid)
        assert found == (0o550 if path.is_dir() else 0o440, shared.readers_gid)


def test_a_release_without_the_person_and_a_second_time_change_nothing(
    settings: Settings, erased: Erased
) -> None:
    stranger = Erased([Erasure.of_person("e000002", KEY, ["b" * 32], [], [])], KEY)
    before = file_digests(settings.releases / "r000001")
    assert rewrite_releases(settings, stranger, Known()) == []
    assert file_digests(settings.releases / "r000001") == before
    rewrite_releases(settings, erased, KNOWN)
    assert rewrite_releases(settings, erased, KNOWN) == []


def test_an_open_connection_reads_on(settings: Settings, erased: Erased) -> None:
    database = settings.releases / "r000001" / DATABASE
    with duckdb.connect(str(database), read_only=True) as connection:
        rewrite_releases(settings, erased, KNOWN)
        assert connection.execute("select amount from marts.amounts").fetchall() == [(70,)]


def test_a_crash_before_the_manifest_is_mended_by_doing_it_again(
    settings: Settings, erased: Erased
) -> None:
    with (
        mock.patch.object(release_files, "write_json", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        rewrite_releases(settings, erased, KNOWN)
    assert query(settings, "from marts.amounts") == [(70,)]
    assert rewrite_releases(settings, erased, KNOWN) == ["r000001"]
    folder = settings.releases / "r000001"
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    digests = file_digests(folder)
    del digests[MANIFEST]
    assert manifest["files"] == digests
