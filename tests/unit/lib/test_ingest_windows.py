"""What a run reads of a source: windows of a database, and files that are new or changed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from orchestration.lib.compaction import compact
from orchestration.lib.company.folder import load_company
from orchestration.lib.erasure import erase as erasing
from orchestration.lib.erasure.known import Erasure, Visitor
from orchestration.lib.erasure.rows import Known
from orchestration.lib.extract import ExtractError
from orchestration.lib.ingest import Ingested, ingest_table
from orchestration.lib.lake.lake import Lake
from orchestration.lib.mapping.private import load_hash_key
from orchestration.lib.windows import BEGINNING, RunDays
from orchestration.settings import Settings
from tests.fixtures.lake_reader import read_current

_COMPANY = """\
key,value
company_name,Small
timezone,UTC
reporting_currency,EUR
history_start,2025-01-01
"""

_DATABASE = """\
source: crm
type: sql
url: sqlite:///crm.db
tables:
  deals:
    table: deals
    cursor: changed
    lag_days: 2
    load: upsert
    entities:
      - entity: opportunity
        columns: {source_id: id, updated_at: changed, stage: stage}
  spend:
    table: spend
    cursor: day
    lag_days: 2
    load: upsert
    entities:
      - entity: ad_report
        columns: {report_date: day, ad_id: ad, cost: cost, currency: {constant: EUR}}
"""

_FILES = """\
source: web
type: files
tables:
  events:
    files: events/*.csv
    load: MODE
    entities:
      - entity: touch
        columns: {touch_type: {constant: web_session}, occurred_at: at, anonymous_id: visitor}
"""

_VISITS = """\
source: web
type: sql
url: sqlite:///crm.db
tables:
  visits:
    table: visits
    cursor: at
    lag_days: 2
    load: MODE
    entities:
      - entity: touch
        columns: {touch_type: {constant: web_session}, occurred_at: at, anonymous_id: visitor}
"""

Read = tuple[date, date] | str


class Installation:
    """A company with a database or with files, and the lake that its runs fill."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(folder / "home", folder / "company")
        self.folder = self.settings.company
        self.write("agreement/company.csv", _COMPANY)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.folder / "crm.db")) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def ingest(
        self,
        source: str,
        table: str,
        days: RunDays | None = None,
        on_progress: Callable[[str], None] = lambda line: None,
        as_of: datetime = datetime(2025, 6, 30),
    ) -> Ingested:
        company = load_company(self.folder, {})
        (found,) = (each for each in company.sources if each.source == source)
        return ingest_table(
            self.settings, company, found, table, as_of, "run", days, on_progress=on_progress
        )

    def current(self, entity: str, *columns: str) -> list[tuple[object, ...]]:
        lake = Lake(self.settings)
        lake.export_loads()
        rows = read_current(lake, entity)
        return sorted(zip(*(rows[name].to_pylist() for name in columns), strict=True), key=str)


def day(text: str) -> RunDays:
    """A daily run for one day."""
    first = date.fromisoformat(text)
    return RunDays(first, first + timedelta(days=1))


def backfill(first: str, last: str) -> RunDays:
    end = date.fromisoformat(last) + timedelta(days=1)
    return RunDays(date.fromisoformat(first), end, is_backfill=True)


def read_lines(ingested: Ingested) -> list[int]:
    return [load.rows_read for load in ingested.loads]


@pytest.fixture
def database(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path)
    installation.write("sources/crm.yaml", _DATABASE)
    installation.execute(
        "create table deals (id text, changed timestamp, stage text)",
        "create table spend (day date, ad text, cost numeric)",
        "insert into deals values ('old', '2019-05-01 00:00:00', 'won'),"
        " ('undated', null, 'open'), ('a', '2025-03-01 12:00:00', 'open'),"
        " ('b', '2025-03-02 00:00:00', 'open'), ('c', '2025-03-03 23:59:59', 'open')",
        "insert into spend values ('2025-03-01', 'x', 1), ('2025-03-02', 'x', 2),"
        " ('2025-03-02', 'y', 3), ('2025-03-03', 'x', 4)",
    )
    return installation


def test_a_daily_run_asks_for_its_day_and_the_lag(database: Installation) -> None:
    first = database.ingest("crm", "deals", day("2025-03-01"))
    assert first.load.window == (BEGINNING, datetime(2025, 3, 2))
    assert read_lines(first) == [3]  # b is of the next day: its midnight begins it
    assert "up to 2025-03-01" in first.summary
    second = database.ingest("crm", "deals", day("2025-03-02"))
    assert second.load.window == (datetime(2025, 2, 28), datetime(2025, 3, 3))
    assert second.load.range == (datetime(2025, 3, 2), datetime(2025, 3, 3))
    assert read_lines(second) == [3]  # a, b and the one that no window would find
    assert [row[0] for row in database.current("opportunity", "source_id")] == [
        "a", "b", "old", "undated",
    ]  # fmt: skip


def test_a_late_change_is_found_and_a_gap_is_closed(database: Installation) -> None:
    database.ingest("crm", "deals", day("2025-03-01"))
    database.execute(
        "update deals set stage = 'won', changed = '2025-03-09 08:00:00' where id = 'a'",
        "insert into deals values ('late', '2025-02-28 09:00:00', 'open')",
    )
    after = database.ingest("crm", "deals", day("2025-03-10"))  # nothing ran from the 2nd on
    assert after.load.window == (datetime(2025, 2, 28), datetime(2025, 3, 11))
    assert database.current("opportunity", "source_id", "stage") == [
        ("a", "won"), ("b", "open"), ("c", "open"), ("late", "open"), ("old", "won"),
        ("undated", "open"),
    ]  # fmt: skip


def test_days_of_a_load_that_was_given_up_are_a_gap(database: Installation) -> None:
    database.ingest("crm", "spend", day("2025-03-03"))
    database.execute("insert into spend values ('2025-03-10', 'x', 5)")
    lost = database.ingest("crm", "spend", day("2025-03-20")).load
    database.ingest("crm", "spend", day("2025-03-30"))
    whole = database.current("ad_report", "report_date", "ad_id", "cost")
    Lake(database.settings).give_up(lost.load_id, "Kim", "a bad disk")
    assert database.current("ad_report", "report_date", "ad_id", "cost") != whole
    after = database.ingest("crm", "spend", day("2025-03-31"))
    assert after.load.window == (datetime(2025, 3, 2), datetime(2025, 4, 1))
    assert database.current("ad_report", "report_date", "ad_id", "cost") == whole


def test_days_of_a_report_are_restated_within_the_lag(database: Installation) -> None:
    database.ingest("crm", "spend", day("2025-03-02"))
    database.execute(
        "delete from spend where ad = 'y'",
        "update spend set cost = 20 where day = '2025-03-02'",
        "update spend set cost = 10 where day = '2025-03-01'",
    )
    restated = database.ingest("crm", "spend", day("2025-03-03"))
    assert restated.load.window == (datetime(2025, 3, 1), datetime(2025, 3, 4))
    rows = database.current("ad_report", "report_date", "ad_id", "cost")
    assert [(f"{day:%d}", ad, int(cost)) for day, ad, cost in rows] == [
        ("01", "x", 10), ("02", "x", 20), ("03", "x", 4),
    ]  # fmt: skip
    database.execute("delete from spend where day > '2025-03-01'")
    emptied = database.ingest("crm", "spend", backfill("2025-03-03", "2025-03-05"))
    assert emptied.load.state == "accepted"
    assert len(database.current("ad_report", "source_id")) == 1
    database.execute("delete from spend")
    nothing = database.ingest("crm", "spend", backfill("2025-03-03", "2025-03-05"))
    assert (nothing.load.state, nothing.load.rows) == ("accepted", 0)
    assert database.current("ad_report", "source_id") == []


def test_a_report_window_with_far_fewer_rows_is_told_and_counts(database: Installation) -> None:
    days = backfill("2025-03-03", "2025-03-03")
    assert database.ingest("crm", "spend", days).load.rows == 4
    database.execute("delete from spend where day = '2025-03-02'")
    fewer = database.ingest("crm", "spend", days)
    assert fewer.load.state == "accepted"
    (told,) = [result for result in fewer.results if not result.passed]
    assert (told.expectation, told.severity) == ("volume_is_as_usual", "warning")


def test_a_backfill_in_several_loads_tells_of_all_of_them(database: Installation) -> None:
    """The rows of the months together, and of a bad row in a month that is not the newest."""
    database.execute("insert into spend values ('2025-02-10', 'x', -5), ('2025-02-11', 'x', 5)")
    told = database.ingest("crm", "spend", backfill("2025-01-01", "2025-03-31"))
    assert [load.rows_quarantined for load in told.loads] == [0, 1, 0]
    (negative,) = [each for each in told.results if not each.passed]
    assert negative.expectation == "ad_report.cost_is_not_negative"
    assert (negative.failed_rows, negative.checked_rows) == (1, sum(read_lines(told)))
    assert negative.message.startswith(f"1 of 3 loads, such as load {told.loads[1].load_id}: 1 of ")
    names = [result.expectation for result in told.results]
    assert len(names) == len(set(names))
    lake = Lake(database.settings)
    assert lake.accepted_with(told.load) == list(told.loads)
    # The last month is rejected: the run is blocked, and says which load.
    database.execute(*(["insert into spend values ('2025-03-09', 'y', -1)"] * 9))
    blocked = database.ingest("crm", "spend", backfill("2025-01-01", "2025-03-31"))
    (limit,) = [result for result in blocked.results if result.blocks]
    assert limit.message.startswith(f"1 of 3 loads, such as load {blocked.load.load_id}: 9 of ")


RANGES = (
    backfill("2025-01-01", "2025-01-31"),
    backfill("2025-03-01", "2025-03-02"),
    backfill("2025-02-15", "2025-03-31"),
    day("2025-03-31"),
)


@pytest.mark.parametrize("order", list(permutations(RANGES))[::5])
def test_any_ranges_in_any_order_end_alike(
    database: Installation, order: Sequence[RunDays]
) -> None:
    for days in (*order, order[0]):
        database.ingest("crm", "deals", days)
        database.ingest("crm", "spend", days)
    assert database.current("opportunity", "source_id", "stage") == [
        ("a", "open"), ("b", "open"), ("c", "open"), ("old", "won"), ("undated", "open"),
    ]  # fmt: skip
    assert sum(cost for (cost,) in database.current("ad_report", "cost")) == 10  # type: ignore[misc]


def test_a_long_backfill_shows_its_progress_and_goes_on_after_an_interruption(
    database: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.lib import reading as module

    days, said = backfill("2025-01-01", "2025-04-10"), list[str]()
    read_table = module.read_table

    def broken(*arguments: object) -> object:
        window = arguments[3]
        if window == (datetime(2025, 3, 1), datetime(2025, 4, 1)):
            raise ExtractError("crm.deals", "", "the line was cut", "Try again.")
        return read_table(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(module, "read_table", broken)
        with pytest.raises(ExtractError, match="the line was cut"):
            database.ingest("crm", "deals", days, said.append)
    assert [", ".join(line.split(", ")[:3]) for line in said] == [
        "31 of 100 days, 1 of 4 loads, 2 rows",
        "59 of 100 days, 2 of 4 loads, 3 rows",
    ]
    rest = database.ingest("crm", "deals", days)
    assert [load.window_start for load in rest.loads] == [datetime(2025, 3, 1)]
    assert "2025-03-01 to 2025-04-10" in rest.summary
    assert len(database.ingest("crm", "deals", days).loads) == 4  # it was whole: once more


def test_a_rejected_slice_stops_the_backfill_until_it_is_accepted(database: Installation) -> None:
    no_id = "insert into deals values (null, '2025-02-02 00:00:00', 'open')"
    database.execute(*[no_id] * 5)
    days = backfill("2025-01-01", "2025-04-10")
    stopped = database.ingest("crm", "deals", days)
    assert [load.state for load in stopped.loads] == ["accepted", "rejected"]
    again = database.ingest("crm", "deals", days)
    assert [load.window for load in again.loads] == [stopped.load.window]
    Lake(database.settings).accept(again.load.load_id, "Ops", "rows without an id")
    rest = database.ingest("crm", "deals", days)
    assert [load.window for load in rest.loads] == [(datetime(2025, 3, 1), datetime(2025, 4, 11))]


def test_a_changed_mapping_reads_everything_again(database: Installation) -> None:
    database.ingest("crm", "deals", day("2025-03-02"))
    database.write("sources/crm.yaml", _DATABASE.replace("stage: stage", "lead_source: stage"))
    again = database.ingest("crm", "deals", day("2025-03-03"))
    assert again.load.window == (BEGINNING, datetime(2025, 3, 4))
    database.write("sources/crm.yaml", _DATABASE.replace("lag_days: 2", "lag_days: 1"))
    database.ingest("crm", "deals", day("2025-03-04"))
    database.write("sources/crm.yaml", _DATABASE)
    longer = database.ingest("crm", "deals", day("2025-03-05"))
    assert longer.load.window == (datetime(2025, 3, 3), datetime(2025, 3, 6))


def test_an_empty_first_reading_is_refused(database: Installation) -> None:
    database.execute("delete from deals")
    assert database.ingest("crm", "deals", day("2025-03-02")).load.state == "rejected"


def test_a_first_month_without_rows_stops_no_backfill(database: Installation) -> None:
    database.execute("delete from deals where id in ('old', 'undated')")
    whole = database.ingest("crm", "deals", backfill("2025-01-01", "2025-04-10"))
    first = whole.loads[0]
    assert (first.state, first.rows) == ("accepted", 0)
    assert {load.state for load in whole.loads} == {"accepted"}
    short = database.ingest("crm", "deals", backfill("2025-01-01", "2025-01-20"))
    assert (short.load.state, short.load.rows) == ("accepted", 0)


def events(*times: str) -> str:
    return "".join(["at,visitor\n", *(f"2025-03-{time},v\n" for time in times)])


@pytest.fixture
def files(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path)
    installation.write("sources/web.yaml", _FILES.replace("MODE", "append"))
    installation.write("events/01.csv", events("01 10:00", "01 10:00", "01 11:00"))
    installation.write("events/02.csv", events("02 10:00"))
    return installation


def times(installation: Installation) -> list[str]:
    rows = installation.current("touch", "occurred_at")
    return [f"{at:%d %H:%M}" for (at,) in rows]


def test_only_new_and_changed_files_are_read(files: Installation) -> None:
    first = files.ingest("web", "events")
    assert sorted(first.load.files) == ["events/01.csv", "events/02.csv"]
    assert files.ingest("web", "events").is_unchanged
    files.write("events/03.csv", events("03 10:00"))
    files.write("events/02.csv", events("02 09:00"))
    second = files.ingest("web", "events")
    assert (sorted(second.load.files), second.load.rows_read) == (
        ["events/02.csv", "events/03.csv"],
        2,
    )
    # Two events of the same moment are two; a file read again leaves nothing of what it was.
    assert times(files) == ["01 10:00", "01 10:00", "01 11:00", "02 09:00", "03 10:00"]


def test_a_file_that_was_archived_keeps_its_rows(files: Installation) -> None:
    files.ingest("web", "events")
    (files.folder / "events/01.csv").unlink()
    without = files.ingest("web", "events")
    assert (without.load.files, without.load.rows_read, without.load.state) == ({}, 0, "accepted")
    assert files.ingest("web", "events").is_unchanged
    assert len(times(files)) == 4
    files.write("events/01.csv", events())  # only its header: these rows are taken back
    assert files.ingest("web", "events").load.state == "accepted"
    assert times(files) == ["02 10:00"]


@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_a_snapshot_in_between_forgets_files_that_are_gone(files: Installation, mode: str) -> None:
    def times_after_run(load: str) -> list[str]:
        files.write("sources/web.yaml", _FILES.replace("MODE", load))
        assert files.ingest("web", "events").load.state == "accepted"
        return times(files)

    files.write("events/02.csv", events("02 10:00", "02 11:00", "02 12:00"))
    before = times_after_run(mode)
    (files.folder / "events/01.csv").unlink()
    assert times_after_run(mode) == before and len(before) == 6
    assert times_after_run("snapshot") == times_after_run(mode) == before[3:]


def test_files_of_a_load_that_was_given_up_are_read_again(files: Installation) -> None:
    first = files.ingest("web", "events").load
    files.write("events/03.csv", events("03 10:00"))
    files.ingest("web", "events")
    whole = times(files)
    Lake(files.settings).give_up(first.load_id, "Kim", "a bad disk")
    assert times(files) == ["03 10:00"]
    again = files.ingest("web", "events")
    assert sorted(again.load.files) == ["events/01.csv", "events/02.csv"]
    assert times(files) == whole


def test_files_one_by_one_are_what_all_of_them_at_once_are(
    files: Installation, tmp_path: Path
) -> None:
    files.write("events/03.csv", events("01 10:00", "03 10:00"))
    files.ingest("web", "events")
    one_by_one = Installation(tmp_path / "other")
    one_by_one.write("sources/web.yaml", _FILES.replace("MODE", "append"))
    for name in ("events/02.csv", "events/03.csv", "events/01.csv"):
        one_by_one.write(name, (files.folder / name).read_text())
        one_by_one.ingest("web", "events")
    assert one_by_one.current("touch", "source_id") == files.current("touch", "source_id")
    assert len(times(files)) == 6


def test_in_upsert_a_row_without_an_id_that_two_files_hold_is_one(files: Installation) -> None:
    files.write("sources/web.yaml", _FILES.replace("MODE", "upsert"))
    files.write("events/03.csv", events("01 10:00", "03 10:00"))
    files.ingest("web", "events")
    assert times(files) == ["01 10:00", "01 10:00", "01 11:00", "02 10:00", "03 10:00"]


def test_a_rejected_file_is_read_again_with_the_next_one(files: Installation) -> None:
    files.ingest("web", "events")
    files.write("events/03.csv", events("no time", "none either"))
    assert files.ingest("web", "events").load.state == "rejected"
    again = files.ingest("web", "events")
    assert again.is_unchanged and any(result.blocks for result in again.results)
    files.write("events/03.csv", events("03 10:00"))
    files.write("events/04.csv", events("04 10:00"))
    mended = files.ingest("web", "events")
    assert (sorted(mended.load.files), mended.load.state) == (
        ["events/03.csv", "events/04.csv"],
        "accepted",
    )


def test_a_bad_row_of_a_file_read_again_leaves_its_older_version(files: Installation) -> None:
    text = _FILES.replace("MODE", "append")
    files.write("sources/web.yaml", text.replace("anonymous_id:", "source_id:"))
    rows = [f"2025-03-01 10:00,v{number}" for number in range(100)]
    files.write("events/01.csv", "\n".join(["at,visitor", *rows]) + "\n")
    files.write("events/02.csv", "at,visitor\n2025-03-02 10:00,w\n")
    files.ingest("web", "events")
    rows[7] = "broken,v7"
    rows.pop()
    files.write("events/01.csv", "\n".join(["at,visitor", *rows]) + "\n")
    assert files.ingest("web", "events").load.rows_quarantined == 1
    found = [name for (name,) in files.current("touch", "source_id")]
    assert len(found) == 100 and "v7" in found and "v99" not in found


def test_files_that_no_longer_come_grow_stale(files: Installation) -> None:
    text = _FILES.replace("MODE", "append\n    freshness: {error_after_days: 7}")
    files.write("sources/web.yaml", text)
    files.ingest("web", "events", as_of=datetime(2025, 3, 3))
    old = events("01 09:00")  # a late file of an old day is no sign of staleness
    files.write("events/00.csv", old)
    assert files.ingest("web", "events", as_of=datetime(2025, 3, 9)).load.state == "accepted"
    stale = files.ingest("web", "events", as_of=datetime(2025, 3, 20))
    assert (stale.load.state, stale.load.rows_read) == ("rejected", 0)


# After an erasure ------------------------------------------------------------------------------


def erase_visitor(installation: Installation, visitor: str) -> None:
    key = load_hash_key(installation.settings, os.environ)
    theirs = Visitor(visitor, datetime(1, 1, 1), datetime(9999, 12, 31))
    erasure = Erasure.of_person("e000001", key, [], [], [theirs])
    company = load_company(installation.folder, {})
    plan = erasing.Plan(erasure, Known(), {}, 0, 0)
    erasing.erase(installation.settings, company, plan, "me", "asked for")


def visits(*rows: str) -> str:
    return "".join(["at,visitor\n", *(f"2025-03-{row}\n" for row in rows)])


@pytest.mark.parametrize("is_compacted", [False, True], ids=["files", "compacted"])
@pytest.mark.parametrize("mode", ["append", "upsert", "snapshot"])
def test_numbers_stay_when_files_of_an_erased_person_are_read_again(
    files: Installation, mode: str, is_compacted: bool
) -> None:
    def maybe_compact() -> None:
        if is_compacted:
            compact(files.settings)

    files.write("agreement/quality_limits.csv", "source,table,max_bad_share\n*,*,0\n")
    files.write("sources/web.yaml", _FILES.replace("MODE", mode))
    files.write("events/02.csv", visits("02 10:00,ann", "02 11:00,bob"))
    files.ingest("web", "events")
    files.write("events/02.csv", visits("02 10:30,ann", "02 11:00,bob"))  # corrected
    files.ingest("web", "events")
    files.write("events/02.csv", visits("02 10:45,ann", "no time,bob"))
    assert files.ingest("web", "events").load.state == "rejected"
    before = times(files)
    maybe_compact()
    erase_visitor(files, "ann")
    maybe_compact()
    assert times(files) == before
    files.write("events/02.csv", visits("02 10:45,ann", "02 11:00,bob", "02 12:00,bob"))
    again = files.ingest("web", "events").load
    assert (again.rows_erased, again.state) == (1, "accepted")
    assert times(files) == [*before, "02 12:00"]
    maybe_compact()
    files.write("events/02.csv", visits("02 11:00,bob", "02 12:00,bob"))
    assert files.ingest("web", "events").load.rows_erased == 0
    assert times(files) == [*before, "02 12:00"]
    assert "ann" not in [name for (name,) in files.current("touch", "anonymous_id")]


def test_a_load_accepted_after_an_erasure_counts_nothing_twice(files: Installation) -> None:
    files.write("events/02.csv", visits("02 10:00,ann", "02 11:00,bob"))
    files.ingest("web", "events")
    files.write("events/02.csv", visits("02 10:45,ann", "02 11:00,bob", "no time,bob"))
    rejected = files.ingest("web", "events").load
    before = times(files)
    erase_visitor(files, "ann")
    Lake(files.settings).accept(rejected.load_id, "Ops", "one row without a time")
    assert times(files) == before


def test_a_snapshot_after_another_mode_has_each_tombstone_once(files: Installation) -> None:
    text = _FILES.replace("at, anonymous_id:", "at, source_id: id, anonymous_id:")
    files.write("sources/web.yaml", text.replace("MODE", "upsert"))
    (files.folder / "events/02.csv").unlink()
    for hour in (10, 11):  # an older and a newer version
        row = f"2025-03-01 {hour}:00,ann,e1\n"
        files.write("events/01.csv", f"at,visitor,id\n{row}2025-03-01 12:00,bob,e2\n")
        files.ingest("web", "events")
    erase_visitor(files, "ann")
    assert times(files) == ["01 11:00", "01 12:00"]
    files.write("sources/web.yaml", text.replace("MODE", "snapshot"))
    assert files.ingest("web", "events").load.rows_erased == 1
    assert times(files) == ["01 11:00", "01 12:00"]
    # What was an erased person's is another's now: it is there once.
    files.write(
        "events/01.csv", "at,visitor,id\n2025-03-01 13:00,bob,e1\n2025-03-01 14:00,bob,e2\n"
    )
    files.ingest("web", "events")
    assert times(files) == ["01 13:00", "01 14:00"]


@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_days_of_an_erased_person_are_asked_for_again_and_dropped(
    tmp_path: Path, mode: str
) -> None:
    site = Installation(tmp_path)
    site.write("sources/web.yaml", _VISITS.replace("MODE", mode))
    site.execute(
        "create table visits (at timestamp, visitor text)",
        "insert into visits values ('2025-03-01 10:00:00', 'ann'), ('2025-03-01 11:00:00', 'bob')",
    )
    site.ingest("web", "visits", day("2025-03-01"))
    before = times(site)
    erase_visitor(site, "ann")
    site.execute("insert into visits values ('2025-03-02 10:00:00', 'ann')")
    for days in (day("2025-03-02"), backfill("2025-03-01", "2025-03-31")):
        again = site.ingest("web", "visits", days)
        assert again.total("rows_erased") == 2
        assert "2 of erased persons" in again.summary
    assert times(site) == before
