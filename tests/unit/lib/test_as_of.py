"""What counts as now."""

from __future__ import annotations

from datetime import datetime

import pytest

from orchestration.lib.company.as_of import moment, parse_as_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-06-30", datetime(2025, 6, 30, 21, 59, 59)),  # the day's end in Berlin, in summer
        ("2025-06-30 12:00", datetime(2025, 6, 30, 12)),
        ("2025-06-30T12:00:00+02:00", datetime(2025, 6, 30, 10)),
    ],
)
def test_a_day_is_its_end_and_a_time_is_utc(text: str, expected: datetime) -> None:
    assert moment(parse_as_of(text), "Europe/Berlin") == expected


def test_anything_else_is_refused() -> None:
    with pytest.raises(ValueError):
        parse_as_of("noon")
