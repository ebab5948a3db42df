"""Dagster's own state: its settings, opening it, and letting go of what is old.

Belongs here: `$TANDEM_HOME/dagster`, or the database that runs are kept in. Does not belong here:
starting a job (`launch`), how events are stored (`event_log`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.lib.durable import make_folder, whole_file
from orchestration.lib.errors import TandemError
from orchestration.settings import POSTGRES_URL, Settings, postgres_url

if TYPE_CHECKING:
    import dagster as dg

_SETTINGS = """\
# Tandem writes this file whenever it should say something else: changes made here are lost.
telemetry:
  enabled: false
nux:
  # The UI would ask for an address to write to.
  enabled: false
concurrency:
  runs:
    # The warehouse has a single writer: further runs wait in the queue.
    max_concurrent_runs: 1
  pools:
    default_limit: 1
freshness:
  enabled: true
run_monitoring:
  # A run whose process was killed stays in progress for ever and in the way of all later ones,
  # unless someone ends it. No run takes this long.
  enabled: true
  max_runtime_seconds: 43200
  free_slots_after_run_end_seconds: 300
run_retries:
  # What may mend itself is tried again where it is read: a database's extraction. A whole run
  # that failed would fail again, and tell everybody again.
  enabled: false
retention:
  schedule:
    purge_after_days: {keep_days}
  sensor:
    purge_after_days: {{skipped: 7, failure: {keep_days}, success: {keep_days}}}
"""
# The events of a range of days are thousands: they are written in batches.
_IN_FILES = """\
event_log_storage:
  module: orchestration.event_log
  class: BatchingEventLog
  config:
    dagster_home:
      env: DAGSTER_HOME
"""
_IN_POSTGRES = f"""\
run_storage:
  module: dagster_postgres
  class: PostgresRunStorage
  config: &database
    postgres_url:
      env: {POSTGRES_URL}
schedule_storage:
  module: dagster_postgres
  class: PostgresScheduleStorage
  config: *database
event_log_storage:
  module: orchestration.event_log_postgres
  class: BatchingPostgresEventLog
  config: *database
"""
# Removing a run takes some 20 ms: what has piled up goes in portions.
_AT_ONCE = 200


def prepare_dagster_home(settings: Settings) -> Path:
    """Create the folder of Dagster's own state, with its settings as they should be now.

    Raises TandemError where runs are kept in a database that cannot be reached, or were kept in
    one that is no longer named: a second history would begin unnoticed.
    """
    home = make_folder(settings.dagster_home)
    file = home / "dagster.yaml"
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    if settings.is_history_in_postgres:
        _require_postgres()
    elif POSTGRES_URL in before:
        raise TandemError(
            f"The runs of this home are kept in PostgreSQL ({file}), and {POSTGRES_URL} is not"
            " set. Set it, or remove that file to begin a new history in files."
        )
    storage = _IN_POSTGRES if settings.is_history_in_postgres else _IN_FILES
    wanted = _SETTINGS.format(keep_days=settings.keep_days) + storage
    if before != wanted:
        with whole_file(file) as temporary:
            temporary.write_text(wanted, encoding="utf-8")
    return home


@contextmanager
def opened(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The instance that the UI shows; raises what `prepare_dagster_home` raises."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(prepare_dagster_home(settings))) as instance:
        yield instance


def remove_old_runs(instance: dg.DagsterInstance, settings: Settings, now: datetime) -> int:
    """Remove runs that ended long ago, with events and logs; return how many. `now` is aware.

    The run of each asset's newest materialization stays, however old: freshness rests on it.
    """
    import dagster as dg
    from dagster._core.storage.dagster_run import FINISHED_STATUSES

    before = now.astimezone(UTC) - timedelta(days=settings.keep_days)
    ended = dg.RunsFilter(statuses=list(FINISHED_STATUSES), updated_before=before)
    old = set(instance.get_run_ids(ended))
    if not old:
        return 0
    for record in instance.get_asset_records():
        newest = record.asset_entry.last_materialization
        if newest is not None:
            old.discard(newest.run_id)
    going = sorted(old)[:_AT_ONCE]
    for run_id in going:
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        instance.delete_run(run_id)
    return len(going)


def _require_postgres() -> None:
    """Raise TandemError where Dagster could not connect: it would say so five times, at length."""
    import sqlalchemy as sa

    try:
        import dagster_postgres  # noqa: F401
    except ModuleNotFoundError:
        raise TandemError(
            f"{POSTGRES_URL} is set, and dagster-postgres is not installed. Install Tandem with"
            " its extra `postgres`, or unset the variable to keep runs in files."
        ) from None
    url = sa.make_url(postgres_url())
    engine = sa.create_engine(url, connect_args={"connect_timeout": 10})
    try:
        engine.connect().close()
    except sa.exc.SQLAlchemyError as error:
        text = " ".join(str(getattr(error, "orig", error)).split())
        shown = url.set(query={}).render_as_string(hide_password=True)
        # `from None`: the chained errors may hold the URL.
        raise TandemError(
            f"The runs cannot be read from {shown}: {text[:500]}. Check {POSTGRES_URL}, and that"
            " the server runs."
        ) from None
    finally:
        engine.dispose()
