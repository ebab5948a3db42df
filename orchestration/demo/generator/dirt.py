"""Damage to exported rows: repeated rows, typos, untidy addresses, rows nobody can use.

Belongs here: how a table of text is damaged, and what was damaged. Does not belong here: damage
that is part of the story, such as merges and deletes (`funnel`, `records`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.demo.generator import text
from orchestration.demo.generator.clock import Ints
from orchestration.demo.generator.world import Setting, chance

# Below this size a single unusable row would be a large share of its table.
SMALLEST_DAMAGED = 200


@dataclass
class Damage:
    """Counts of rows that the pipeline must keep out or merge, by table (`source.table`)."""

    quarantined: dict[str, Counter[str]] = field(default_factory=dict)
    repeated: Counter[str] = field(default_factory=Counter)
    stale: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Flaw:
    """One kind of damage: the column is set to `value` in a copy of a row."""

    rule: str  # of gate 1, the one that keeps such a row out
    column: str
    value: str | int | float | None


def spoil(
    setting: Setting, damage: Damage, name: str, table: pa.Table, key: str | None,
    flaws: Sequence[Flaw] = (), repeats: bool = False,
) -> pa.Table:  # fmt: skip
    """Repeat some rows and add unusable ones under keys of their own.

    Unusable rows are extra rows, so that truth stays the same whether they are kept or not.
    """
    rng = setting.rng(f"dirt {name}")
    count = len(table)
    if repeats:
        again = np.flatnonzero(chance(rng, setting.rates.dirt.repeated_rows, count))
        order = np.sort(np.concatenate([np.arange(count), again]))
        table = table.take(pa.array(order))
        damage.repeated[name] += len(again)
    extra = []
    if count >= SMALLEST_DAMAGED:
        for nth, flaw in enumerate(flaws):
            copies = max(1, round(setting.rates.dirt.unusable_rows * count))
            bad = table.take(pa.array(rng.integers(len(table), size=copies)))
            if key is not None and flaw.column != key:
                keys = text.numbered(f"bad-{nth}-", np.arange(copies), 5)
                bad = _set(bad, key, keys.cast(table.schema.field(key).type))
            value = pa.scalar(flaw.value, table.schema.field(flaw.column).type)
            extra.append(_set(bad, flaw.column, pa.repeat(value, copies)))
            damage.quarantined.setdefault(name, Counter())[flaw.rule] += copies
    table = pa.concat_tables([table, *extra]).combine_chunks()
    damage.rows[name] += len(table)
    return table


def add_stale_versions(
    setting: Setting, damage: Damage, name: str, table: pa.Table, changed: Ints,
    older: dict[str, pa.Array],
) -> pa.Table:  # fmt: skip
    """Put an older version before some of the rows at `changed`; `older` replaces its columns."""
    rng = setting.rng(f"stale {name}")
    rows = changed[chance(rng, setting.rates.dirt.stale_versions, len(changed))]
    stale = table.take(pa.array(rows))
    for column, values in older.items():
        stale = _set(stale, column, values.take(pa.array(rows)))
    damage.stale[name] += len(rows)
    return pa.concat_tables([stale, table]).combine_chunks()


def untidy(setting: Setting, purpose: str, emails: pa.Array) -> pa.Array:
    """Write some addresses in upper case, some with blanks around them."""
    draw = setting.rng(f"untidy {purpose}").random(len(emails))
    share = setting.rates.dirt.untidy_emails
    padded = text.concat("  ", emails, " ")
    emails = text.where(draw < share / 2, pc.utf8_upper(emails), emails)
    return text.where((draw >= share / 2) & (draw < share), padded, emails)


def misspelled(setting: Setting, purpose: str, names: pa.Array) -> pa.Array:
    """Swap two letters of some names."""
    rng = setting.rng(f"typos {purpose}")
    wrong = chance(rng, setting.rates.dirt.company_typos, len(names))
    swapped = pc.replace_substring_regex(names, r"^(..)(.)(.)", r"\1\3\2")
    return text.where(wrong, swapped, names)


def _set(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)
