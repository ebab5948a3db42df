"""Mapping: raw rows of a table become candidate rows of an entity.

Belongs here: which raw column feeds which entity column, null markers, value maps, derived
ids, hashing of addresses, keeping what no mapping names. Does not belong here: how a value is
written (`casts`), which rows are good (`expectations`), files (`extract`).

The work is one generated DuckDB query over the raw Arrow table. Raw columns are renamed to
c0, c1 … and every text of the mapping is a quoted literal, so no name or value of a source is
ever code.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.lib.company.source_config import (
    ColumnMapping,
    EntityMapping,
    LoadMode,
    RowFilter,
    Source,
)
from orchestration.lib.duck import connect, quoted
from orchestration.lib.entities import ENTITIES
from orchestration.lib.errors import TandemError
from orchestration.lib.extract.columns import describe_missing, named_columns
from orchestration.lib.extract.files import TYPED, file_format
from orchestration.lib.extract.inputs import InputFile
from orchestration.lib.extract.model import RawTable
from orchestration.lib.mapping.casts import (
    ISO,
    SPACES,
    Reading,
    as_text,
    cast_sql,
    trimmed,
    written,
)
from orchestration.lib.mapping.private import (
    EMAIL_PATTERN,
    HASH_PREFIX,
    email_domain,
    hash_value,
    normalize_email,
)
from orchestration.lib.schema import Column, Entity

SHOWN_VALUE = 60  # characters of a value that a parse error quotes
BATCH_ROWS = 100_000
# Below it, to look for what the query computes twice takes longer than to compute it twice.
FEW_ROWS = 5_000


class MappingError(TandemError):
    """A mapping that cannot work on this input; the message says what to change."""


@dataclass(frozen=True)
class MappedEntity:
    """Candidate rows of one entity, before gate 1.

    `candidate` has the entity's `arrow_schema` (`_load_id` null), then `_parse_error` (what
    could not be read in the row, or null) and `_raw` (the raw record as JSON).
    `filtered_rows` were left out by `where`; `missing_columns` are mapped raw columns that
    the input lacks, read as null.
    """

    candidate: pa.Table
    filtered_rows: int
    missing_columns: list[str]


@dataclass(frozen=True)
class _Value:
    """SQL of one entity column, step by step: as given, after the value map, as read.

    `is_bad` tells whether it could not be read or is not allowed, and `error` says why; both are
    None where that cannot be.
    """

    column: Column
    given: str
    mapped: str
    prepared: str
    read: str
    date_only: str | None
    is_bad: str | None
    error: str | None


def map_entity(
    raw: RawTable, source: Source, table_name: str, mapping: EntityMapping, hash_key: bytes
) -> MappedEntity:
    """Map the rows of a table to one entity.

    Raises MappingError where the input lacks a needed column, and for a constant, value,
    format or pattern of the mapping that cannot be used.
    """
    missing = describe_missing(raw.columns, [mapping])
    if missing:
        raise MappingError(f"{source.source}.{table_name}: {missing}")
    entity = ENTITIES[mapping.entity]
    with connect() as con:
        con.execute("set TimeZone = 'UTC'")
        if raw.data.num_rows < FEW_ROWS:
            con.execute("set disabled_optimizers = 'common_subexpressions'")
        plan = _Plan(con, raw, source, table_name, mapping)
        con.register("raw", plan.registered)
        try:
            table = con.sql(plan.query()).to_arrow_table(batch_size=BATCH_ROWS)
        except duckdb.Error as error:
            raise MappingError(f"{plan.place}: {error}") from error
        table = _replace_addresses(table, entity, hash_key)
        if not entity.requires_id:
            table = _derive_ids(con, table, entity, source.tables[table_name].load)
    fields = [
        *entity.arrow_schema,
        pa.field("_parse_error", pa.string()),
        pa.field("_raw", pa.string()),
    ]
    candidate = table.select([field.name for field in fields]).cast(pa.schema(fields))
    lacking = sorted(named_columns([mapping]) - set(raw.columns))
    return MappedEntity(candidate, raw.data.num_rows - candidate.num_rows, lacking)


def remap_record(
    raw_json: str,
    source: Source,
    table_name: str,
    mapping: EntityMapping,
    hash_key: bytes,
    *,
    file: str,
    line: int,
    source_id: str | None = None,
) -> MappedEntity:
    """Map one quarantined raw record (`_raw`) again, by the mapping as it is now.

    `source_id` is the id that its candidate row had. It is kept where the entity derives ids,
    since the occurrence among identical rows is unknown here. The candidate has no row where
    `where` leaves the record out. Raises MappingError.
    """
    record: dict[str, Any] = json.loads(raw_json, parse_float=Decimal)
    arrays = [
        pa.array([value], None if value is not None else pa.string()) for value in record.values()
    ]
    data = pa.table(
        [*arrays, pa.array([file]), pa.array([line], pa.int64())], names=[*record, "_file", "_line"]
    )
    table = source.tables[table_name]
    is_typed = source.type == "sql" or file_format(InputFile(Path(file), file), table) in TYPED
    raw = RawTable(data, [], [], list(record), is_typed)
    mapped = map_entity(raw, source, table_name, mapping, hash_key)
    if source_id is None or ENTITIES[mapping.entity].requires_id or not mapped.candidate.num_rows:
        return mapped
    place = mapped.candidate.schema.get_field_index("source_id")
    kept = mapped.candidate.set_column(place, "source_id", pa.array([source_id]))
    return MappedEntity(kept, mapped.filtered_rows, mapped.missing_columns)


class _Plan:
    """The query that maps one raw table to one entity."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        raw: RawTable,
        source: Source,
        table_name: str,
        mapping: EntityMapping,
    ) -> None:
        self.place = f"{source.source}.{table_name}, {mapping.entity}"
        self._con = con
        self._source, self._table_name, self._mapping = source, table_name, mapping
        self._all_mappings = source.tables[table_name].entities
        self._is_typed = raw.is_typed
        self._entity = ENTITIES[mapping.entity]
        self._types = {name: raw.data.schema.field(name).type for name in raw.columns}
        self._sql_names = {name: f"c{place}" for place, name in enumerate(raw.columns)}
        kept = raw.data.select([*raw.columns, "_file", "_line"])
        self.registered = kept.rename_columns([*self._sql_names.values(), "_file", "_line"])

    def query(self) -> str:
        """The whole query, as nested steps: filter, trim, map values, read, complain."""
        values = [
            self._value(place, self._entity.column(name), column)
            for place, (name, column) in enumerate(self._mapping.columns.items())
        ]
        by_name = {value.column.name: place for place, value in enumerate(values)}
        bad = [value.is_bad for value in values if value.is_bad]
        errors = [value.error for value in values if value.error]
        dates = [
            f"case when d{place} then {quoted(value.column.name + '|')} end"
            for place, value in enumerate(values)
            if value.date_only
        ]
        date_only = f"nullif(concat('|', {', '.join(dates)}), '|')" if dates else "null"
        output = [
            f'v{by_name[column.name]} as "{column.name}"'
            if column.name in by_name
            else f'null as "{column.name}"'
            for column in self._entity.columns
        ]
        output += [
            f"{quoted(self._source.source)} as source_system",
            f"{quoted(self._table_name)} as _table",
            "null as _load_id, _file, _line",
            f"coalesce({date_only}, '') as _date_only",
            "_extra",
            # Few rows are bad: what is wrong is put into words for those alone.
            f"case when {' or '.join(bad)}"
            f" then nullif(concat_ws('; ', {', '.join(errors)}), '') end"
            if bad
            else "null",
        ]
        output[-1] += " as _parse_error"
        digest = self._digest(values)
        if "source_id" in by_name:  # so is what an id is made of, where the source gives ids
            digest = f"case when v{by_name['source_id']} is null then {digest} end"
        output += ["_raw", f"{digest} as _digest"]
        given = [f"{value.given} as t{place}" for place, value in enumerate(values)]
        mapped = [f"{value.mapped} as m{place}" for place, value in enumerate(values)]
        prepared = [f"{value.prepared} as p{place}" for place, value in enumerate(values)]
        read = [f"{value.read} as v{place}" for place, value in enumerate(values)]
        read += [
            f"{value.date_only} as d{place}"
            for place, value in enumerate(values)
            if value.date_only
        ]
        filters = [self._condition(item) for item in self._mapping.where] or ["true"]
        return (
            f"select {', '.join(output)} from (select *, {', '.join(read)}"
            f" from (select *, {', '.join(prepared)}"
            f" from (select *, {', '.join(mapped)}"
            f" from (select _file, _line, {self._raw_json()} as _raw, {self._extra()} as _extra,"
            f" {', '.join(given)} from raw where {' and '.join(filters)}))))"
        )

    def _value(self, place: int, column: Column, mapping: ColumnMapping) -> _Value:
        reading = self._reading(mapping)
        given, type_ = self._given(mapping)
        self._probe(column, mapping, reading)
        t, m = f"t{place}", f"m{place}"
        mapped = t
        unmapped = None
        if mapping.values is not None:
            known = {key.strip(SPACES): value for key, value in mapping.values.items()}
            cases = "".join(
                f" when {quoted(key)} then"
                f" {'null' if value is None else quoted(written(value, reading.number))}"
                for key, value in known.items()
            )
            rest = t if mapping.unmapped == "keep" else "null"
            mapped = f"case {t}{cases} else {rest} end" if cases else rest
            if mapping.unmapped == "error":
                keys = ", ".join(map(quoted, known)) or "null"
                unmapped = (
                    f"{t} is not null and {t} not in ({keys})" if known else f"{t} is not null"
                )
        cast = cast_sql(column.kind, m, type_, reading, f"p{place}")
        problems = {}
        if cast.value != m:  # else the value is taken as it is
            problems[f"({m} is not null and v{place} is null)"] = cast.problem
        if unmapped is not None:
            problems[f"({unmapped})"] = "'is not among the values of the mapping'"
        if not problems:
            return _Value(
                column, given, mapped, cast.prepared, cast.value, cast.date_only, None, None
            )
        problem = "".join(f" when {is_so} then {told}" for is_so, told in problems.items())
        # A quote in the value is doubled, so that whoever masks the value finds its end.
        shown = f"replace(left(cast({t} as varchar), {SHOWN_VALUE}), '''', '''''')"
        before, after = quoted(f"{column.name}: '"), quoted("' ")
        error = f"{before} || {shown} || {after} || case{problem} end"
        is_bad = " or ".join(problems)
        return _Value(
            column, given, mapped, cast.prepared, cast.value, cast.date_only, is_bad, error
        )

    def _reading(self, mapping: ColumnMapping) -> Reading:
        formats = tuple(mapping.formats or (ISO,))
        if self._is_typed and ISO not in formats and mapping.constant is None:
            formats += (ISO,)
        zone = mapping.timezone or self._source.timezone
        reading = Reading(zone, formats, mapping.number or self._source.number)
        is_text = mapping.column is None or pa.types.is_string(
            self._types.get(mapping.column, pa.string())
        )
        return reading if is_text else reading.of_typed()

    def _given(self, mapping: ColumnMapping) -> tuple[str, pa.DataType]:
        """SQL and type of the value as given: trimmed, null markers gone, pattern applied."""
        nulls = [*self._source.nulls, *(mapping.nulls or [])]
        if not mapping.source_columns:
            if mapping.constant is None:
                return "cast(null as varchar)", pa.string()
            number = mapping.number or self._source.number
            return quoted(written(mapping.constant, number)), pa.string()
        if mapping.columns is None:
            name = mapping.source_columns[0]
            type_ = self._types.get(name, pa.string())
            is_plain = not (pa.types.is_string(type_) or pa.types.is_null(type_))
            if is_plain and not nulls and mapping.values is None and mapping.extract is None:
                column = self._sql_names[name]
                is_float = pa.types.is_floating(type_)
                return (
                    f"case when not isnan({column}) then {column} end" if is_float else column,
                    type_,
                )
            given = self._text(name, nulls)
        else:
            parts = ", ".join(self._text(name, nulls) for name in mapping.columns)
            given = _without_markers(f"concat_ws({quoted(mapping.join)}, {parts})", nulls)
        if mapping.extract is not None:
            group = min(re.compile(mapping.extract).groups, 1)
            found = f"regexp_extract({given}, {quoted(mapping.extract)}, {group})"
            given = _without_markers(found, nulls)
        return given, pa.string()

    def _text(self, name: str, nulls: Sequence[str]) -> str:
        """SQL of a raw column as trimmed text, null for empty values and null markers."""
        if name not in self._sql_names:
            return "cast(null as varchar)"
        type_ = self._types[name]
        if pa.types.is_null(type_):
            return "cast(null as varchar)"
        return _without_markers(as_text(self._sql_names[name], type_), nulls)

    def _condition(self, condition: RowFilter) -> str:
        text = self._text(condition.column, self._source.nulls)

        def among(values: Sequence[str]) -> str:
            listed = ", ".join(quoted(value.strip(SPACES)) for value in values)
            return f"coalesce({text} in ({listed}), false)" if listed else "false"

        tests = []
        if condition.equals is not None:
            tests.append(among([condition.equals]))
        if condition.one_of is not None:
            tests.append(among(condition.one_of))
        if condition.none_of is not None:
            tests.append(f"not {among(condition.none_of)}")
        if condition.is_null is not None:
            tests.append(f"{text} is {'' if condition.is_null else 'not '}null")
        return f"({' and '.join(tests) or 'true'})"

    def _raw_json(self) -> str:
        members = ", ".join(f"{quoted(name)}, {column}" for name, column in self._sql_names.items())
        return f"cast(json_object({members}) as varchar)"

    def _extra(self) -> str:
        """SQL of the JSON object of what no mapping keeps: other columns, hashed ids' originals.

        Empty values are left out; null where nothing remains.
        """
        named = named_columns(self._all_mappings)
        hashed = {
            name
            for target, column in self._mapping.columns.items()
            if self._entity.column(target).kind in ("id", "ref")
            for name in column.source_columns
        }
        members = []
        for name, column in self._sql_names.items():
            if name in named and name not in hashed:
                continue
            text = self._text(name, [])
            kept = f"{text} is not null"
            if name in named:
                kept = f"regexp_matches(lower({text}), {quoted(EMAIL_PATTERN)})"
            key = quoted(json.dumps(name, ensure_ascii=False) + ":")
            members.append(f"case when {kept} then {key} || to_json({column}) end")
        if not members:
            return "cast(null as varchar)"
        joined = f"nullif(concat_ws(',', {', '.join(members)}), '')"
        return f"'{{' || {joined} || '}}'"

    def _digest(self, values: Sequence[_Value]) -> str:
        """SQL of the part of a derived id that holds no addresses.

        Made of the values as given, so that correcting a format later keeps the id.
        """
        if self._entity.requires_id:
            return "null"
        parts = [
            f"coalesce('=' || cast(t{place} as varchar), '-')"
            for place, value in enumerate(values)
            if value.column.kind not in ("id", "ref", "email")
        ]
        return f"md5(concat_ws(chr(31), '', {', '.join(parts)}))" if parts else "''"

    def _probe(self, column: Column, mapping: ColumnMapping, reading: Reading) -> None:
        """Try the cast on the mapping's own values.

        Raises MappingError for a constant, or target of the value map, that cannot be read,
        and for a format or pattern that DuckDB does not know.
        """
        given = [mapping.constant, *(mapping.values or {}).values()]
        texts = [written(value, reading.number) for value in given if value is not None]
        if not (texts or mapping.formats or mapping.extract):
            return
        cast = cast_sql(column.kind, "x", pa.string(), reading, "p")
        listed = ", ".join(f"({quoted(text)})" for text in ["", *texts])
        pattern = quoted(mapping.extract or "")
        try:
            probed = self._con.sql(
                f"select x, {cast.value}, {cast.problem}, regexp_matches(x, {pattern})"
                f" from (select *, {cast.prepared} as p from (values {listed}) given(x))"
            ).fetchall()
        except duckdb.Error as error:
            raise MappingError(f"{self.place}.{column.name}: {error}") from error
        for text, value, problem, _ in probed:
            if text and value is None:
                raise MappingError(f"{self.place}.{column.name}: '{text}' {problem}")


def _without_markers(text: str, nulls: Sequence[str]) -> str:
    """SQL of the trimmed text, null where it is empty or a null marker."""
    markers = ", ".join(quoted(marker) for marker in ["", *(item.strip(SPACES) for item in nulls)])
    value = trimmed(text)
    return f"case when {value} not in ({markers}) then {value} end"


# After the query: what must not be code of the engine, or needs all rows at once


def _replace_addresses(table: pa.Table, entity: Entity, hash_key: bytes) -> pa.Table:
    """Add the companions of email columns; hash ids that are addresses."""

    def as_id(text: str) -> str:
        address = normalize_email(text) if "@" in text else None
        return text if address is None else HASH_PREFIX + hash_value(hash_key, address)

    for column in entity.columns:
        if column.kind == "email":
            encoded = _encoded(table.column(column.name))
            addresses = [normalize_email(text) for text in encoded.values]
            hashes = [item and hash_value(hash_key, item) for item in addresses]
            domains = [item and email_domain(item) for item in addresses]
            table = table.append_column(f"{column.name}_hash", encoded.decoded(hashes))
            table = table.append_column(f"{column.name}_domain", encoded.decoded(domains))
        elif column.kind in ("id", "ref"):
            values = table.column(column.name).cast(pa.string())
            if pc.any(pc.match_substring(values, "@")).as_py():
                encoded = _encoded(values)
                place = table.schema.get_field_index(column.name)
                changed = encoded.decoded([as_id(text) for text in encoded.values])
                table = table.set_column(place, column.name, changed)
    return table


@dataclass(frozen=True)
class _Encoded:
    """A text column as its distinct values and, per row, the place of its value among them."""

    values: list[str]
    places: pa.Array

    def decoded(self, values: Sequence[str | None]) -> pa.Array:
        """The column with each distinct value replaced by the one at its place."""
        return pa.array(values, pa.string()).take(self.places)


def _encoded(column: pa.ChunkedArray) -> _Encoded:
    # In one piece: each of many would have a dictionary of its own, to be united with all others.
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    return _Encoded(encoded.dictionary.to_pylist(), encoded.indices)


def _derive_ids(
    con: duckdb.DuckDBPyConnection, table: pa.Table, entity: Entity, load_mode: LoadMode
) -> pa.Table:
    """Fill `source_id` where it is null: md5 of the row's values and its occurrence.

    Identical rows are numbered, so none gets lost, and the ids do not depend on the order of
    rows or files. A snapshot is numbered as a whole. Elsewhere each file is, since it may come
    in a load of its own: in `upsert` a row that two files hold is one, in `append` it is two.
    """
    ids = table.column("source_id")
    if ids.null_count == 0:
        return table
    hashed = list(_private_names(entity))
    if load_mode == "append":
        hashed.append("_file")
    con.register("mapped", table.select(["source_id", "_digest", *hashed]))
    parts = ", ".join(["_digest", *(f"""coalesce('=' || "{name}", '-')""" for name in hashed)])
    keys = (
        con.sql(
            f"select case when source_id is null then md5(concat_ws(chr(31), {parts})) end as key"
            " from mapped"
        )
        .to_arrow_table(batch_size=BATCH_ROWS)
        .column("key")
        .combine_chunks()
    )
    derived = pc.coalesce(ids.cast(pa.string()).combine_chunks(), keys)
    codes = _codes(keys)
    groups = [codes]
    if load_mode != "snapshot":
        groups.append(_codes(table.column("_file").combine_chunks()))
    occurrence = pd.Series(codes).groupby(groups).cumcount().to_numpy()
    again = np.flatnonzero((occurrence > 0) & (codes >= 0))
    if len(again):
        mask = np.zeros(len(codes), dtype=bool)
        mask[again] = True
        texts = [
            hashlib.md5(f"{keys[row].as_py()}|{occurrence[row] + 1}".encode()).hexdigest()
            for row in again.tolist()
        ]
        derived = pc.replace_with_mask(derived, pa.array(mask), pa.array(texts, pa.string()))
    return table.set_column(table.schema.get_field_index("source_id"), "source_id", derived)


def _codes(values: pa.Array) -> np.ndarray:
    """A number for each distinct value, -1 for null."""
    indices = values.dictionary_encode().indices
    return pc.fill_null(indices, -1).to_numpy(zero_copy_only=False)


def _private_names(entity: Entity) -> Iterator[str]:
    """The columns that enter a derived id as hashes: addresses, and ids that may be some."""
    for column in entity.columns:
        if column.kind == "email":
            yield f"{column.name}_hash"
        elif column.kind in ("id", "ref") and column.name != "source_id":
            yield column.name
