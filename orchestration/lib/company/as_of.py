"""What counts as now: how a day or a time becomes the moment that the marts are built for."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def parse_as_of(text: str) -> date | datetime:
    """Read an ISO 8601 day, or a time (UTC without an offset); ValueError if it is neither."""
    if len(text) <= 10:
        return date.fromisoformat(text)
    return datetime.fromisoformat(text)


def moment(value: date | datetime, timezone: str) -> datetime:
    """Naive UTC: a day is its last second in the agreement's timezone."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(23, 59, 59), ZoneInfo(timezone))
    if value.tzinfo is None:
        return value
    return value.astimezone(UTC).replace(tzinfo=None)


def last_full_day(as_of: datetime, timezone: str) -> date:
    """The last day of a timezone that has ended at a moment (naive UTC): at its last second too."""
    return _local(as_of + timedelta(seconds=1), timezone).date() - timedelta(days=1)


def last_full_week(as_of: datetime, timezone: str) -> date:
    """The Sunday of the last week that has ended at a moment (naive UTC)."""
    day = last_full_day(as_of, timezone)
    return day - timedelta(days=day.isoweekday() % 7)


def _local(value: datetime, timezone: str) -> datetime:
    return value.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone))
