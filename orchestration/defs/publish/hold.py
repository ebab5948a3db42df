"""The hold on publishing as an asset check of the release: who set it, why, and how it ends.

A run that is held says so in its publish step. The commands that set and lift the hold say so at
once, since no run may come for hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from orchestration.lib.release.releases import Hold

RELEASE = dg.AssetKey(["release", "published"])
NOT_HELD = "publishing_is_not_held"

SPEC = dg.AssetCheckSpec(
    NOT_HELD,
    asset=RELEASE,
    description="Nobody has rolled back to an older release and holds publishing since.",
)


def check_result(hold: Hold | None) -> dg.AssetCheckResult:
    """The check as a run evaluates it."""
    return dg.AssetCheckResult(asset_key=RELEASE, check_name=NOT_HELD, **_told(hold))


def check_evaluation(hold: Hold | None) -> dg.AssetCheckEvaluation:
    """The check as it stands outside of any run."""
    return dg.AssetCheckEvaluation(asset_key=RELEASE, check_name=NOT_HELD, **_told(hold))


def _told(hold: Hold | None) -> dict[str, Any]:
    if hold is None:
        return {"passed": True, "description": "Publishing is not held."}
    return {
        "passed": False,
        # Not an error: somebody wants it so.
        "severity": dg.AssetCheckSeverity.WARN,
        "description": f"{hold.told} `tandem resume` lifts the hold.",
        "metadata": {"by": hold.by, "why": hold.why, "since": hold.since, "release": hold.release},
    }
