"""What a gate found, in the words and counts that every reader of it shares.

Belongs here: the result of one expectation. Does not belong here: how it is evaluated
(`runner`), what is expected (`suites`), where results are stored (`marts.data_quality`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

Gate = Literal["gate_1", "gate_2", "freshness"]
Severity = Literal["critical", "warning"]
Owner = Literal["marketing", "sales", "data"]


@dataclass(frozen=True)
class ExpectationResult:
    """One expectation, evaluated once.

    A failed critical result blocks: it rejects the load (gate 1) or the release (gate 2). Results
    of freshness are told beside them and block nothing.
    `raised` says that the expectation could not be evaluated at all; that is always critical.
    `message` is a sentence for a BI user, `examples` at most three masked values, `checked_at`
    naive UTC. Counts are null where nothing was counted.
    """

    gate: Gate
    asset: str
    expectation: str
    severity: Severity
    passed: bool
    failed_rows: int | None
    checked_rows: int | None
    message: str
    examples: list[str]
    checked_at: datetime
    owner: Owner = "data"
    raised: bool = False

    @property
    def blocks(self) -> bool:
        return self.severity == "critical" and not self.passed

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `from_dict` reads it back."""
        return {**asdict(self), "checked_at": self.checked_at.isoformat(sep=" ")}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ExpectationResult:
        return cls(**{**values, "checked_at": datetime.fromisoformat(values["checked_at"])})


def blocking(results: Iterable[ExpectationResult]) -> list[ExpectationResult]:
    """The results that forbid going on."""
    return [result for result in results if result.blocks]
