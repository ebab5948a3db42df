"""dbt's loggers write what they wrote, and make no line of anything else."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from dbt.adapters.events.types import SQLQuery
from dbt.events.types import FoundStats
from dbt_common.events.base_types import EventLevel, EventMsg
from dbt_common.events.event_manager_client import cleanup_event_logger, get_event_manager
from dbt_common.events.functions import fire_event
from dbt_common.events.logger import LineFormat, LoggerConfig

from orchestration.lib.dbt_log import Plugin


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What dbt writes as JSON at level info, but not of FoundStats."""
    stream = io.StringIO()
    cleanup_event_logger()
    get_event_manager().add_logger(
        LoggerConfig(
            name="test_dbt_log",
            filter=lambda event: event.info.name != "FoundStats",
            level=EventLevel.INFO,
            line_format=LineFormat.Json,
            output_stream=stream,
        )
    )
    yield stream
    cleanup_event_logger()


def test_lines_are_made_of_what_is_written_only(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    [logger] = get_event_manager().loggers
    made: list[str] = []
    create_line = logger.create_line

    def counted(event: EventMsg) -> str:
        made.append(event.info.level)
        return create_line(event)

    monkeypatch.setattr(logger, "create_line", counted)
    Plugin("dbt_log", {}).initialize({})
    query = SQLQuery(conn_name="warehouse", sql="select 1")
    fire_event(query)
    fire_event(FoundStats(stat_line="of no interest to this logger"))
    fire_event(query, level=EventLevel.WARN)
    assert made == ["warn"]
    [line] = written.getvalue().splitlines()
    assert json.loads(line)["data"]["sql"] == "select 1"
