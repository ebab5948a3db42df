"""Rows of one load that share a `source_id`.

Belongs here: which of them stay. Does not belong here: versions of a record in different
loads, which all stay in the lake and are resolved by its readers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.lib import duck
from orchestration.lib.entities import ENTITIES

UNIQUE_RULE = "unique_source_id"

_CLASSIFY = """
with twins as (
    select candidate.*
    from candidate
    join (select source_id, _part from candidate group by all having count(*) > 1)
        using (source_id, _part)
),
versions as (
    select source_id, _part, {updated_at} as updated_at, list(_position) as positions,
           max(_position) as last_position
    from twins
    group by _part, {columns}
),
ranked as (
    select positions, last_position, updated_at,
           row_number() over newest_first as version,
           first_value(updated_at) over newest_first as newest
    from versions
    window newest_first as (
        partition by source_id, _part order by updated_at desc nulls last, last_position desc
    )
),
judged as (
    select positions, last_position,
           version > 1 and not (
               {keeps_history} and newest is not null and coalesce(updated_at < newest, true)
           ) as is_conflicting
    from ranked
)
select unnest(positions) as position, last_position, is_conflicting from judged
"""


class Split(NamedTuple):
    """Rows that stay, how many exact copies were dropped, and rows that contradict another."""

    kept: pa.Table
    exact_duplicates: int
    conflicting: pa.Table


def split_duplicates(candidate: pa.Table, entity: str, load_mode: str, is_id_mapped: bool) -> Split:
    """Split the rows of one load, given in file order; the order is kept.

    Copies that agree in all columns of the entity collapse into their last one. Of different
    rows with one `source_id` the newest `updated_at` stays, or the last in file order where
    that does not decide. The others are conflicting, except that older versions stay too
    where the lake keeps history (append, upsert): there readers take the newest.

    Rows whose `source_id` is null or was not mapped (`is_id_mapped`) all stay.
    """
    nothing = Split(candidate, 0, candidate.slice(0, 0))
    if not is_id_mapped or not candidate.num_rows:
        return nothing
    names = list(ENTITIES[entity].column_names)
    if "_parse_error" in candidate.column_names:
        names.append("_parse_error")  # two values that cannot be read are both null, not the same
    keeps_history = load_mode != "snapshot"
    position = pa.array(np.arange(candidate.num_rows, dtype=np.int64))
    part = candidate["_file"] if keeps_history else pa.repeat("", candidate.num_rows)
    columns = (
        candidate.select(names).append_column("_position", position).append_column("_part", part)
    )
    query = _CLASSIFY.format(
        columns=", ".join(duck.identifier(name) for name in names),
        updated_at="updated_at" if "updated_at" in names else "null::timestamp",
        keeps_history=str(keeps_history).lower(),
    )
    with duck.connect() as connection:
        connection.register("candidate", columns)
        found = duck.fetch(connection, query)
    if not found.num_rows:
        return nothing
    copies = found.filter(pc.not_equal(found["position"], found["last_position"]))["position"]
    versions = found.filter(pc.equal(found["position"], found["last_position"]))
    conflicts = versions.filter(versions["is_conflicting"])["position"]
    kept = np.ones(candidate.num_rows, dtype=bool)
    kept[copies.to_numpy()] = False
    kept[conflicts.to_numpy()] = False
    conflicting = candidate.take(conflicts.take(pc.sort_indices(conflicts)))
    return Split(candidate.filter(pa.array(kept)), len(copies), conflicting)
