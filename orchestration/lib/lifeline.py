"""dbt ends with the run that started it, however that one ends.

Belongs here: watching from inside dbt's process, as a plugin of dbt-duckdb (`profiles.yml`).
Does not belong here: starting dbt (`dbt`).

Without it a run that is killed leaves dbt at work, which keeps the warehouse from the next run.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration.lib.dbt import PARENT_VARIABLE

_SECONDS = 0.2


class Plugin(BasePlugin):
    """Made by dbt before it opens the warehouse."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Watch the parent from now on, if dbt was started by one that asks for it.

        Not where that one calls dbt within its own process.
        """
        parent = os.environ.get(PARENT_VARIABLE)
        if parent is not None and int(parent) != os.getpid():
            threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS)
    os._exit(1)
