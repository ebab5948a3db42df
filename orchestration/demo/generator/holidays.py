"""Public holidays of the demo's regions, by rule.

Belongs here: which days they are. Does not belong here: who works when.
"""

from __future__ import annotations

from datetime import date, timedelta

# As date.weekday() counts.
MONDAY, THURSDAY = 0, 3


def holidays(region: str, year: int) -> list[tuple[date, str]]:
    """The holidays that a region keeps as a whole; of a region of another name those of all."""
    easter = _easter(year)
    days = {
        "DACH": [
            (easter + timedelta(days=1), "Easter Monday"),
            (date(year, 5, 1), "Labour Day"),
            (easter + timedelta(days=39), "Ascension Day"),
            (easter + timedelta(days=50), "Whit Monday"),
            (date(year, 12, 26), "Second Christmas Day"),
        ],
        "UKI": [
            (easter + timedelta(days=1), "Easter Monday"),
            (_weekday(date(year, 5, 1), MONDAY), "Early May Bank Holiday"),
            (date(year, 12, 26), "Boxing Day"),
        ],
        "NA": [
            (_weekday(date(year, 5, 25), MONDAY), "Memorial Day"),
            (date(year, 7, 4), "Independence Day"),
            (_weekday(date(year, 9, 1), MONDAY), "Labor Day"),
            (_weekday(date(year, 11, 22), THURSDAY), "Thanksgiving"),
        ],
    }.get(region, [])
    everywhere = [(date(year, 1, 1), "New Year"), (date(year, 12, 25), "Christmas Day")]
    return sorted([*everywhere, *days])


def _weekday(begin: date, weekday: int) -> date:
    """The first such weekday on or after `begin`."""
    return begin + timedelta(days=(weekday - begin.weekday()) % 7)


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Oudin's algorithm)."""
    century, golden = year // 100, year % 19
    skipped = (century - 17) // 25
    epact = (century - century // 4 - (century - skipped) // 3 + 19 * golden + 15) % 30
    epact -= (epact // 28) * (1 - (29 // (epact + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + epact + 2 - century + century // 4) % 7
    month = 3 + (epact - weekday + 40) // 44
    return date(year, month, epact - weekday + 28 - 31 * (month // 4))
