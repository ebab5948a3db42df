"""Words of the demo company, and how columns of text are put together.

Belongs here: vocabularies and vectorized text. Does not belong here: which record gets which
word. Addresses use reserved domains and phone numbers a fictional range, always.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo.generator.clock import NEVER, Bools, Ints, wall_clock


def _words(line: str) -> tuple[str, ...]:
    return tuple(line.split())


FIRST_NAMES = _words(
    "Ada Alan Amira Anke Anna Ben Björn Carla Chloe Daniel David Elena Emil Emma Eva Felix Finn"
    " Grace Hanna Ian Ines Ivan Jana Jonas Julia Kai Lara Lena Leo Lina Luis Maja Marie Max Mia"
    " Nora Omar Paul Rosa Sam Sofia Tara Tim Vera Zoë"
)
LAST_NAMES = _words(
    "Adler Baker Bauer Becker Bennett Berg Brandt Carter Clarke Cole Cooper Dietrich Ellis Evans"
    " Fischer Foster Franke Graham Gray Hahn Hayes Hill Hoffmann Hughes Jensen Kaiser Keller"
    " Kelly König Kramer Lang Lehmann Marsh Meyer Möller Morgan Murphy Nolan Otto Palmer Peters"
    " Price Reed Richter Roth Schäfer Schmidt Shaw Stone Vogel Wagner Walker Ward Weber Winter"
)
COMPANY_STARTS = _words(
    "Alder Amber Arc Aster Birch Blue Bright Cedar Clear Cobalt Copper Coral Crest Delta Dune East"
    " Echo Elm Ember Fair Fern Field Fjord Forge Frost Glen Gold Granite Green Harbor Haze Hill"
    " Iron Ivory Jade Lake Laurel Linden Lumen Maple Marble Meadow Mill Moss North Oak Ocean Opal"
    " Pine Quartz Raven Ridge River Sage Silver Slate Stone Summit Terra Vale"
)
COMPANY_ENDS = _words(
    "axis base beam bridge bury cast craft dale draft drive edge fleet flow forge form frame gate"
    " grid guild haus hub labs lane line link logic loom mark mesh metric mill mind net nova path"
    " peak pilot point port post pulse reach scope shift soft source spark stack stead tide trace"
    " track vault view ward wave werk wise works yard"
)
COMPANY_FORMS = ("GmbH", "Ltd", "Inc")  # by region
INDUSTRIES = (
    "Manufacturing", "Logistics", "Health", "Retail", "Finance", "Energy", "Software", "Education",
)  # fmt: skip
JOB_TITLES = (
    "Head of Operations", "IT Manager", "CFO", "Procurement Lead", "Plant Manager", "CTO",
    "Project Manager", "Data Analyst", "Managing Director",
)  # fmt: skip
FREE_MAIL_DOMAINS = ("freemail.test", "postbox.test")

MARKETING_REJECTIONS = ("No budget", "Student or private", "Competitor", "Wrong country")
SALES_REJECTIONS = (
    "No budget", "No authority", "No need", "Not reachable", "Too small", "Wrong contact",
    "Bad timing",
)  # fmt: skip
LOST_REASONS = ("Price", "Competitor", "No decision", "Missing feature", "Budget cut", "Timing")
PAGES = ("/", "/pricing", "/product", "/blog/alignment", "/cases", "/webinar", "/docs", "/about")
FORMS = ("Demo request", "Whitepaper", "Webinar sign-up", "Contact us")


def pick(words: Sequence[str | None], index: Ints) -> pa.Array:
    """The words at `index`; -1 gives null, and so does a word that is None."""
    return pa.array(words, pa.string()).take(pa.array(index, mask=index < 0))


def numbered(prefix: str, index: Ints, width: int = 7) -> pa.Array:
    """Ids such as `00Q0000042`; -1 gives null."""
    digits = pc.utf8_lpad(pa.array(index, mask=index < 0).cast(pa.string()), width, "0")
    return concat(prefix, digits)


def concat(*parts: Any) -> pa.Array:
    """Join columns and literals; a null part gives null."""
    return pc.binary_join_element_wise(*parts, "")


def where(mask: Bools, yes: Any, no: Any) -> pa.Array:
    """`yes` where the mask holds, else `no`; None is null."""
    yes, no = (pa.scalar(None, pa.string()) if part is None else part for part in (yes, no))
    return pc.if_else(pa.array(mask), yes, no)


def moment(times: Ints, timezone: str, pattern: str, cutoff: int = NEVER - 1) -> pa.Array:
    """Times as naive local text; null where the time is after the cutoff."""
    shown = pa.array(wall_clock(times, timezone), mask=times > cutoff).cast(pa.timestamp("s"))
    return pc.strftime(shown, format=pattern)


def iso_with_offset(times: Ints, timezone: str) -> pa.Array:
    """Times as `2026-03-29T09:00:00+0200`."""
    instants = pa.array(times, pa.timestamp("s", tz=timezone))
    return pc.strftime(instants, format="%Y-%m-%dT%H:%M:%S%z")


def iso_day(days: Ints) -> pa.Array:
    """Days since 1970 as `2026-03-29`; values beyond any calendar give null."""
    return pa.array(days.astype(np.int32), mask=days > 100_000).cast(pa.date32()).cast(pa.string())


def money(cents: Ints, thousands: bool = False) -> pa.Array:
    """Cents as `1234.50`, or with `thousands` as `1,234.50`; negative cents give null."""
    known = pa.array(cents, mask=cents < 0)
    whole = pc.divide(known, 100).cast(pa.string())
    fraction = pc.utf8_lpad(pa.array(cents % 100).cast(pa.string()), 2, "0")
    if thousands:
        # Companies have revenues of billions: three groups behind the first digits.
        whole = pc.replace_substring_regex(whole, r"^(\d+)(\d{3})$", r"\1,\2")
        for _ in range(2):
            whole = pc.replace_substring_regex(whole, r"^(\d+)(\d{3}),", r"\1,\2,")
    return concat(whole, ".", fraction)


def fold_to_ascii(words: Sequence[str]) -> list[str]:
    """Names as they stand in addresses: lower case, ä as ae."""
    table = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ë": "e"})
    return [word.lower().translate(table) for word in words]
