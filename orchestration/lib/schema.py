"""What a column and an entity are, and what the lake stores of them.

Belongs here: kinds of values, and the shape of the lake's files. Does not belong here: the
entities themselves (`entities`).

Every entity file in the lake holds the entity's columns, in their order, then `LAKE_COLUMNS`.
A column of kind `email` gets two companions: `<column>_hash` (keyed hash of the normalized
address) and `<column>_domain` (its lower-case domain).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

# A kind says how a value is read and which Arrow type the lake stores.
KINDS: dict[str, pa.DataType] = {
    "id": pa.string(),  # the source's own identifier of this record
    "ref": pa.string(),  # the source's identifier of another record
    "text": pa.string(),
    "email": pa.string(),
    "phone": pa.string(),
    "url": pa.string(),
    "enum": pa.string(),
    "currency": pa.string(),  # ISO 4217 code, upper case
    "timestamp": pa.timestamp("us"),  # naive UTC
    "date": pa.date32(),
    "money": pa.decimal128(18, 6),
    "rate": pa.decimal128(18, 8),
    "number": pa.decimal128(18, 6),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True)
class Column:
    """One column of an entity; `allowed` lists the values of an `enum`."""

    name: str
    kind: str
    description: str
    required: bool = False
    allowed: tuple[str, ...] = ()

    @property
    def arrow_type(self) -> pa.DataType:
        return KINDS[self.kind]


@dataclass(frozen=True)
class Entity:
    """One conformed entity.

    `event_time` names the column that dates a row (windows, freshness). `requires_id` says
    that a mapping must give `source_id`; otherwise a missing one is derived from the row's
    content and its occurrence, so that reading a file again never doubles it. `is_windowed`
    marks reports whose days are replaced as a whole by a newer load that covers them.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    event_time: str | None = None
    requires_id: bool = True
    is_windowed: bool = False

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where the entity has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The schema of this entity's lake files, companions and lake columns included."""
        fields: list[pa.Field] = []
        for column in self.columns:
            fields.append(pa.field(column.name, column.arrow_type))
            if column.kind == "email":
                fields.append(pa.field(f"{column.name}_hash", pa.string()))
                fields.append(pa.field(f"{column.name}_domain", pa.string()))
        return pa.schema(fields + list(LAKE_COLUMNS))


LAKE_COLUMNS: tuple[pa.Field, ...] = (
    pa.field("source_system", pa.string()),
    pa.field("_table", pa.string()),
    pa.field("_load_id", pa.int64()),
    pa.field("_file", pa.string()),
    pa.field("_line", pa.int64()),
    # Columns whose value was a date without a time, as '|created_at|closed_at|'; '' if none.
    pa.field("_date_only", pa.string()),
    # The columns that no mapping names, as one JSON object.
    pa.field("_extra", pa.string()),
)
