"""The names of timezones that a company may write."""

from functools import cache
from zoneinfo import available_timezones


def is_timezone(name: str) -> bool:
    """Whether it is an IANA timezone that this machine knows."""
    return name in _known()


@cache
def _known() -> frozenset[str]:
    # The library walks through hundreds of files each time that it is asked.
    return frozenset(available_timezones())
