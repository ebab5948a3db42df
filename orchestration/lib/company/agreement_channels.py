"""Channels, the rules that give them, and the tests that a company writes for its rules.

Belongs here: the checks of these three tables, and a rule's verdict in Python, which is that of
the macro `channel_of_evidence`. Does not belong here: the patterns themselves
(`agreement_patterns`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from orchestration.lib.company.agreement_csv import Rows
from orchestration.lib.company.agreement_patterns import check_pattern, holds
from orchestration.lib.company.agreement_tables import PATTERN_COLUMNS
from orchestration.lib.company.agreement_words import FALLBACK_CHANNELS
from orchestration.lib.company.problems import did_you_mean
from orchestration.lib.entities import ENTITIES

_TOUCH_TYPES = ENTITIES["touch"].column("touch_type").allowed
_VISITS = ("web_session", "web_event")
_ADDRESS = re.compile(r"[^/?&=#@ ]+(@|%40)[^/?&=#@ ]+", re.IGNORECASE)


def check_channels(tables: Mapping[str, Rows]) -> None:
    """The three channels that classification itself gives are there; positions differ."""
    rows = tables["channels"]
    for channel, what in FALLBACK_CHANNELS.items():
        if rows.lacks("channel_id", channel):
            rows.complain_of_table(
                "channel_id", f"has no line for {channel}", f"add it: {channel} stands for {what}"
            )
    rows.check_unique("position")


def check_channel(rows: Rows, index: int, channels: Rows) -> None:
    """Complain of a channel that is none; the three that must be there are told of once."""
    rows.check_named(index, "channel_id", channels, "channel_id", FALLBACK_CHANNELS)


def check_channel_rules(tables: Mapping[str, Rows]) -> None:
    """Each rule gives a known channel and has a pattern that every engine reads."""
    rows = tables["channel_rules"]
    for index, row in rows:
        check_channel(rows, index, tables["channels"])
        if not any(row[name] for name in PATTERN_COLUMNS):
            rows.complain(
                index,
                "channel_id",
                "has a rule without any pattern, which would match everything",
                "give at least one pattern, or remove the line",
            )
        usable = {name: check_pattern(rows, index, name) for name in PATTERN_COLUMNS}
        touch_type = row["touch_type"]
        if touch_type and usable["touch_type"] and not _matches_any(touch_type):
            fix = did_you_mean(touch_type, _TOUCH_TYPES)
            rows.complain(index, "touch_type", "matches no touch type", fix)


def _matches_any(pattern: str) -> bool:
    return any(holds(pattern, value) for value in (*_TOUCH_TYPES, None))


def check_channel_tests(tables: Mapping[str, Rows]) -> None:
    """Each test gives the channel that it expects."""
    rules, rows = tables["channel_rules"], tables["channel_tests"]
    for index, _ in rows:
        check_channel(rows, index, tables["channels"])
        if rows.values[index]["touch_type"]:
            rows.check_known(index, "touch_type", _TOUCH_TYPES)
    if rules.problems:
        return
    broken = {problem.line for problem in rows.problems}
    for index, row in rows:
        if rows.lines[index][""] in broken:
            continue
        channel, rule = channel_of(rules.values, row)
        if channel == row["channel_id"]:
            continue
        said = "no rule matches, which" if rule is None else f"rule {rule['rule_order']}"
        rows.complain(
            index,
            "channel_id",
            f"expected {row['channel_id']}, {said} gives {channel}",
            f"put a rule before it in {rules.file}, or mend the test",
        )


def channel_of(
    rules: Iterable[Mapping[str, Any]], evidence: Mapping[str, str | None]
) -> tuple[str, Mapping[str, Any] | None]:
    """The channel of evidence, and the rule that gave it: the first whose patterns all hold."""
    found = {name: _as_staged(name, evidence.get(name)) for name in PATTERN_COLUMNS}
    for rule in sorted(rules, key=lambda rule: rule["rule_order"]):
        if all(holds(rule[name], found[name]) for name in PATTERN_COLUMNS if rule[name]):
            return rule["channel_id"], rule
    if any(value for name, value in found.items() if name != "touch_type"):
        return "other", None
    return ("direct" if found["touch_type"] in _VISITS else "unattributed"), None


def _as_staged(name: str, value: str | None) -> str | None:
    """A value as it is when the rules see it: no query string, no address, no empty text."""
    if not value or not value.strip():
        return None
    value = value.strip()
    if name == "referrer":
        value = re.split(r"[?#]", value)[0]
    if name == "referrer" or name.startswith("utm_"):
        value = _ADDRESS.sub("(address)", value)
    return value.lower() if name == "click_id_type" else value
