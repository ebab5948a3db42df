"""dbt's process ends when the one that started it does."""

from __future__ import annotations

import subprocess
import sys

from orchestration.settings import PROJECT_ROOT

# Starts a child that would live for two minutes, with the plugin as dbt makes it.
PARENT = """
import os, subprocess, sys
from orchestration.lib.dbt import PARENT_VARIABLE
child = "import time; from orchestration.lib.lifeline import Plugin; Plugin('lifeline', {});"
child += " time.sleep(1); print('alive', flush=True); time.sleep(120)"
os.environ[PARENT_VARIABLE] = str(os.getpid())
subprocess.run([sys.executable, "-c", child])
"""


def test_a_child_does_not_outlive_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "alive\n"
    parent.kill()
    # The child writes to the same pipe, which ends with the last of the two.
    assert parent.communicate(timeout=60) == ("", None)
