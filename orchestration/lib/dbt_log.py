"""dbt prepares no lines of debug logs that it does not write.

Belongs here: what dbt's loggers leave out, as a plugin of dbt-duckdb (`profiles.yml`).
Does not belong here: which levels are written (`dbt`), or what is read from the lines.

Each of dbt's loggers makes a line of every event and only then drops those below its level:
thousands in a run, as JSON, which took a tenth of a small transform.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.events.base_types import EventLevel, EventMsg
from dbt_common.events.event_manager_client import get_event_manager
from dbt_common.events.logger import Filter


class Plugin(BasePlugin):
    """Made by dbt before it opens the warehouse."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Keep debug events from those of this process's dbt loggers that do not write them."""
        for logger in get_event_manager().loggers:
            if logger.level is not EventLevel.DEBUG:
                logger.filter = partial(_is_written, logger.filter)


def _is_written(is_wanted: Filter, event: EventMsg) -> bool:
    return event.info.level != EventLevel.DEBUG.value and is_wanted(event)
