"""Who a person is: all records, addresses and visitor ids that are theirs, by the models.

Belongs here: building identity from the lake as it is now, asking it, and following versions
that are no longer current. Does not belong here: changing anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.lib import dbt, duck
from orchestration.lib.company.folder import Company
from orchestration.lib.durable import make_folder, scratch
from orchestration.lib.erasure.known import Record, Visitor
from orchestration.lib.erasure.rows import Known, plain_domain
from orchestration.lib.errors import TandemError
from orchestration.lib.lake.lake import Lake
from orchestration.settings import Settings

_MODELS = (
    "int_person_identifiers",
    "int_shared_addresses",
    "int_visitor_persons",
    "int_company_accounts",
)
_MIN_DIGITS = 7  # fewer are no phone number that could be told from other numbers


class SharedAddressError(TandemError):
    """An address that several people use; the message says how to name one of them."""


@dataclass(frozen=True)
class Person:
    """What the lake knows a person by. `addresses` are hashes, each nobody else's."""

    addresses: frozenset[str]
    records: frozenset[Record]
    visitors: tuple[Visitor, ...]
    known: Known


@contextmanager
def built_identity(settings: Settings, company: Company) -> Iterator[Path]:
    """The database in which the models have settled who is who, from the loads that count now."""
    lake = Lake(settings)
    lake.ensure()
    lake.export_loads(company.tables)
    with scratch(settings.home / "tmp") as folder:
        aside = Settings(folder, settings.company)
        aside.lake.symlink_to(settings.lake)
        make_folder(aside.warehouse_file.parent)
        now = datetime.now(UTC).replace(tzinfo=None)
        build = dbt.build_environment(now, "erasure", company.agreement.version)
        dbt.run_models(aside, _MODELS, build)
        yield aside.warehouse_file


def find_person(
    settings: Settings,
    company: Company,
    identity: Path,
    subject: str | Record,
    address: str | None = None,
) -> Person:
    """The person of an address (its hash) or of a record, as `built_identity` has them.

    `address` is the plain address, if one was given: texts may name it that no record does.
    Raises SharedAddressError for an address of several people.
    """
    with _opened(settings, identity) as connection:
        return _find(connection, company, subject, address)


@contextmanager
def _opened(settings: Settings, identity: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The built identity, and the lake's leads, contacts and accounts in all their versions."""
    with duck.connect() as connection:
        connection.execute(f"attach {duck.quoted(identity)} as built (read_only)")
        for entity in ("lead", "contact", "account"):
            files = duck.quoted(f"{settings.lake}/*/*/entity={entity}/load=*/*.parquet")
            connection.execute(
                f"create view lake_{entity} as from read_parquet({files},"
                " hive_partitioning = false, union_by_name = true)"
            )
        shared = (
            "source_system, source_id, email, email_hash, email_domain, phone, merged_into_id,"
            " coalesce(name, trim(concat_ws(' ', first_name, last_name))) as full_name"
        )
        connection.execute(f"""
            create table people as
            select 'lead' as kind, {shared}, converted_contact_id, company, company_domain
            from lake_lead
            union
            select 'contact', {shared}, null, null, null from lake_contact
        """)
        connection.execute("create table addresses (email_hash varchar)")
        connection.execute("create table records (kind varchar, source varchar, id varchar)")
        yield connection


def _find(
    connection: duckdb.DuckDBPyConnection,
    company: Company,
    subject: str | Record,
    address: str | None,
) -> Person:
    person_id = _person_id(connection, subject)
    connection.execute(
        """
        create table others as
        select object_type as kind, source_system as source, source_id as id, person_id
        from built.intermediate.int_person_identifiers
        where person_id is distinct from $person_id and object_type <> 'email'
        """,
        {"person_id": person_id},
    )
    # Addresses that say nothing of who writes from them, or whose records are another's.
    connection.execute(
        """
        create table not_theirs as
        select email_hash from built.intermediate.int_shared_addresses
        union
        select source_id from built.intermediate.int_person_identifiers
        where object_type = 'email' and person_id in (select person_id from others)
        """
    )
    if isinstance(subject, Record):
        _add(connection, "records", [(subject.kind, subject.source, subject.source_id)])
    else:
        _add(connection, "addresses", [(subject,)])
    connection.execute(
        """
        insert into addresses
        select source_id from built.intermediate.int_person_identifiers
        where person_id = $person_id and object_type = 'email'
        """,
        {"person_id": person_id},
    )
    connection.execute(
        """
        insert into records
        select object_type, source_system, source_id
        from built.intermediate.int_person_identifiers
        where person_id = $person_id and object_type <> 'email'
        """,
        {"person_id": person_id},
    )
    _follow_versions(connection)
    visitors = connection.execute(
        """
        select anonymous_id, after_at, until_at from built.intermediate.int_visitor_persons
        where person_id = $person_id
        """,
        {"person_id": person_id},
    ).fetchall()
    records = connection.execute("select distinct kind, source, id from records").fetchall()
    addresses = connection.execute("select distinct email_hash from addresses").fetchall()
    return Person(
        frozenset(each for (each,) in addresses),
        frozenset([Record(*row) for row in records] + _pointers(connection)),
        tuple(Visitor(*row) for row in visitors),
        _known(connection, company, address),
    )


def _person_id(connection: duckdb.DuckDBPyConnection, subject: str | Record) -> str | None:
    """The person that identity resolves to; None where no record is of them.

    An address that no current record has is that of the person whose records once had it.
    """
    if isinstance(subject, Record):
        found = connection.execute(
            """
            select person_id from built.intermediate.int_person_identifiers
            where object_type = $1 and source_system = $2 and source_id = $3
            """,
            [subject.kind, subject.source, subject.source_id],
        ).fetchone()
        return None if found is None else str(found[0])
    users = connection.execute(
        """
        select distinct identifiers.person_id,
            people.source_system || '/' || people.kind || '/' || people.source_id
        from people
        join built.intermediate.int_person_identifiers as identifiers
            on people.kind = identifiers.object_type
            and people.source_system = identifiers.source_system
            and people.source_id = identifiers.source_id
        where people.email_hash = $1
        order by 2, 1
        """,
        [subject],
    ).fetchall()
    now = connection.execute(
        """
        select person_id, source_id in (
            select email_hash from built.intermediate.int_shared_addresses) as is_shared
        from built.intermediate.int_person_identifiers
        where object_type = 'email' and source_id = $1
        """,
        [subject],
    ).fetchone()
    persons = {person for person, _ in users}
    person, is_shared = (None, False) if now is None else now
    if is_shared or (person not in persons and len(persons) > 1):
        raise SharedAddressError(
            "Several people use this address, so it says not whom to erase. Name one of their"
            f" records with --record: {', '.join(record for _, record in users)}."
        )
    return persons.pop() if person not in persons and persons else person


def _follow_versions(connection: duckdb.DuckDBPyConnection) -> None:
    """Add what older versions, deleted and rejected records of the person say of them."""
    theirs = """
        select * from people
        where (email_hash in (from addresses)
            or (kind, source_system, source_id) in (from records)
            or (kind, source_system, merged_into_id) in (from records)
            or ('contact', source_system, converted_contact_id) in (from records))
        and (kind, source_system, source_id) not in (select kind, source, id from others)
    """
    size = (-1, -1)
    while size != (size := _sizes(connection)):
        connection.execute(f"""
            insert into records
            with theirs as ({theirs}),
            named as (
                select kind, source_system as source, source_id as id from theirs
                union select kind, source_system, merged_into_id from theirs
                union select 'contact', source_system, converted_contact_id from theirs
            )
            select kind, source, id from named
            where id is not null
                and (kind, source, id) not in (select kind, source, id from others)
                and (kind, source, id) not in (from records)
        """)
        connection.execute(f"""
            insert into addresses
            select distinct email_hash from ({theirs})
            where email_hash is not null and email_hash not in (from addresses)
                and email_hash not in (from not_theirs)
        """)


def _sizes(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    row = connection.execute(
        "select (select count(*) from records), (select count(*) from addresses)"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def _pointers(connection: duckdb.DuckDBPyConnection) -> list[Record]:
    """The person's records as systems name them that have no such records of their own."""
    found = connection.execute("""
        with systems as (
            select distinct source_system as source from built.staging.stg_lake__loads
            where source_system <> 'agreement'
        ),
        sole as (
            select records.kind, records.id
            from records
            join (
                select kind, source_id from people
                group by all having count(distinct source_system) = 1
            ) as people on records.kind = people.kind and records.id = people.source_id
        )
        select distinct sole.kind, systems.source, sole.id
        from sole, systems
        where (sole.kind, systems.source) not in (select distinct kind, source_system from people)
    """)
    return [Record(*row) for row in found.fetchall()]


def _known(connection: duckdb.DuckDBPyConnection, company: Company, address: str | None) -> Known:
    connection.execute("""
        create table theirs as
        select * from people
        where email_hash in (from addresses) or (kind, source_system, source_id) in (from records);
        create table rest as from people except from theirs;
    """)
    texts = {address} if address else set()
    for column in ("email", "full_name", "phone"):
        for text in _only_theirs(connection, column):
            is_phone = sum(letter.isdigit() for letter in text) >= _MIN_DIGITS
            if column == "email" or (is_phone if column == "phone" else " " in text.strip()):
                texts.add(text.strip())
    used = _values(
        connection,
        "select email_domain from theirs union select company_domain from theirs",
    )
    elsewhere = {
        plain_domain(text)
        for text in _values(
            connection,
            "select email_domain from rest union select company_domain from rest"
            " union select domain from lake_account",
        )
    } | {plain_domain(row["domain"]) for row in company.agreement.rows["free_mail_domains"]}
    domains = {plain_domain(text) for text in used} - {None}
    companies = _values(
        connection,
        "select company from theirs where company in (select company from rest)"
        " or company in (select raw_company from built.intermediate.int_company_accounts)",
    )
    return Known(
        texts=tuple(sorted(texts)),
        own_domains=tuple(sorted(filter(None, domains - elsewhere))),
        domains=tuple(sorted(filter(None, domains & elsewhere))),
        companies=tuple(sorted(companies)),
    )


def _only_theirs(connection: duckdb.DuckDBPyConnection, column: str) -> list[str]:
    """The person's values of a column that no other lead or contact has."""
    return _values(
        connection,
        f"select {column} from theirs where lower(trim({column})) not in"
        f" (select lower(trim({column})) from rest where {column} is not null)",
    )


def _values(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    found = connection.execute(f"select distinct * from ({query}) as found(value)").fetchall()
    return [value for (value,) in found if value]


def _add(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Sequence[str]]) -> None:
    for row in rows:
        marks = ", ".join("?" for _ in row)
        connection.execute(f"insert into {table} values ({marks})", list(row))
