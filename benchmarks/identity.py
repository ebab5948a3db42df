"""How long identity takes: persons and accounts of many records, written straight into a lake.

    python benchmarks/identity.py --rows 10000000 --home /some/empty/folder

Prints one line: identity records, seconds of the identity and account models alone, and the peak
memory of the process that ran them. Two records in three are leads, half of the records share
their address with another, one lead in twenty is converted, one record in fifty merged, one in a
thousand writes from an office mailbox; there is an account for every fifty records.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import time
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.lib.company.agreement import read_agreement
from orchestration.lib.dbt import build_environment, dbt_executable, environment
from orchestration.lib.entities import ENTITIES
from orchestration.lib.lake.files import entity_folder
from orchestration.lib.lake.lake import Lake
from orchestration.settings import PROJECT_ROOT, Settings

COMPANY = "key,value\ncompany_name,Benchmark\ntimezone,UTC\nreporting_currency,EUR\n"
MODELS = ("path:models/intermediate/identity", "path:models/intermediate/accounts")
PERSON = {
    "source_id": "'{kind}' || n",
    "created_at": "timestamp '2025-01-01' + to_seconds(n % 30000000)",
    "email": "case when n % 1000 = 0 then 'office' else 'p' || person end || '@' || company",
    "first_name": "'First' || person % 9973",
    "last_name": "'Last' || person % 99991",
    "country": "'C' || person % 30",
    "is_deleted": "false",
}
PERSONS = {
    "lead": {
        **PERSON,
        "company": "'Company ' || company",
        "converted_contact_id": "case when n % 20 = 0 then 'contact' || n % {contacts} end",
        "merged_into_id": "case when n % 50 = 1 then 'lead' || n + 1 end",
    },
    "contact": {
        **PERSON,
        "account_id": "'account' || person % {accounts}",
        "merged_into_id": "case when n % 50 = 1 then 'contact' || n + 1 end",
    },
}
ACCOUNT = {
    "source_id": "'account' || n",
    "name": "'Company ' || n || '.example GmbH'",
    "domain": "case when n % 4 > 0 then 'https://www.' || n % {companies} || '.example/' end",
    "country": "'C' || n % 30",
    "is_deleted": "false",
}


def write_entity(
    lake: Lake, settings: Settings, entity: str, columns: dict[str, str], rows: str
) -> None:
    """Write one accepted load; columns that are not given are empty."""
    load_id = lake.manifest.begin("crm", f"{entity}s", "snapshot", None, datetime(2025, 1, 1), "")
    path = entity_folder(settings, "crm", f"{entity}s", entity, load_id) / "data.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    given = {
        **columns,
        "source_system": "'crm'",
        "_table": f"'{entity}s'",
        "_load_id": str(load_id),
        "_file": "'benchmark'",
        "_line": "n",
        "_date_only": "''",
        "_extra": "'{}'",
    }
    if "email" in columns:
        given["email_hash"] = f"md5({columns['email']})"
        given["email_domain"] = "company"
    with duckdb.connect() as connection:
        empty = ENTITIES[entity].arrow_schema.empty_table()
        connection.register("empty", empty)
        types = {name: kind for name, kind, *_ in connection.execute("describe empty").fetchall()}
        selected = ", ".join(
            f"cast({given.get(name, 'null')} as {kind}) as {name}" for name, kind in types.items()
        )
        connection.execute(f"copy (select {selected} from {rows}) to '{path}' (format parquet)")
        count = connection.execute(f"select count(*) from '{path}'").fetchall()[0][0]
    lake.manifest.update(load_id, expected="pending", state="accepted", rows=count)


def fill(settings: Settings, rows: int) -> None:
    """A lake of so many leads and contacts, and the default agreement."""
    lake = Lake(settings)
    lake.ensure()
    contacts, accounts = rows // 3, rows // 50
    numbers = {"contacts": contacts, "accounts": accounts, "companies": accounts * 9 // 10}
    for entity, count in (("lead", rows - contacts), ("contact", contacts)):
        columns = {
            name: value.format(kind=entity, **numbers) for name, value in PERSONS[entity].items()
        }
        people = (
            f"(select n, n * 7 % {rows // 2} as person,"
            f" (n * 7 % {rows // 2}) % {accounts} || '.example' as company"
            f" from range({count}) as numbers (n)) as people"
        )
        write_entity(lake, settings, entity, columns, people)
    columns = {name: value.format(**numbers) for name, value in ACCOUNT.items()}
    write_entity(lake, settings, "account", columns, f"range({accounts}) as numbers (n)")
    folder = settings.company / "agreement"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "company.csv").write_text(COMPANY)
    agreement = read_agreement(settings.company).build()
    lake.write_agreement(agreement.tables, agreement.version, "benchmark")
    lake.export_loads()
    settings.warehouse_file.parent.mkdir(parents=True, exist_ok=True)


def run_dbt(settings: Settings, *arguments: str) -> None:
    """Run the models in a process of its own."""
    project = str(PROJECT_ROOT / "dbt_project")
    folders = ("--project-dir", project, "--profiles-dir", project)
    written = ("--target-path", str(settings.home / "target"), "--log-path", str(settings.home))
    subprocess.run(
        [dbt_executable(), "--quiet", "run", *arguments, *folders, *written],
        env={
            **os.environ,
            **environment(settings),
            **build_environment(datetime(2025, 12, 31), "benchmark", "none"),
        },
        check=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--home", type=Path, required=True, help="an empty folder")
    arguments = parser.parse_args()
    settings = Settings(arguments.home.resolve(), arguments.home.resolve() / "company")
    fill(settings, arguments.rows)
    run_dbt(settings, "--select", *(f"+{model}" for model in MODELS), "--exclude", *MODELS)
    started = time.monotonic()
    run_dbt(settings, "--select", *MODELS)
    seconds = time.monotonic() - started
    # The largest child so far; what is read here does less than identity.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"{arguments.rows:,} records  {seconds:.0f} s  {peak:.1f} GiB")


if __name__ == "__main__":
    main()
