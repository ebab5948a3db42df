"""Casts: one DuckDB expression that reads a value of a declared kind.

Belongs here: how numbers, times, booleans and codes are written. Does not belong here: which
raw column a value comes from (`mapping`), which values are allowed (`expectations`).

An expression is null where the value cannot be read; a caller tells that from a missing value
by looking at the input. No expression can fail on data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pyarrow as pa

from orchestration.lib.company.currencies import CURRENCIES
from orchestration.lib.company.source_config import NumberFormat
from orchestration.lib.duck import quoted
from orchestration.lib.schema import KINDS

FIRST_YEAR, LAST_YEAR = 1900, 2200  # outside, a date is a misread one such as 0024-05-01
SPACES = " \t\r\n\v\f\u00a0\u2007\u202f\u3000\u200b\ufeff"
ISO = "iso"


@dataclass(frozen=True)
class Reading:
    """How the values of one column are written."""

    timezone: str = "UTC"
    formats: tuple[str, ...] = (ISO,)
    number: NumberFormat = field(default_factory=NumberFormat)

    def of_typed(self) -> Reading:
        """For the text of typed numbers: it has a decimal point, whatever the mapping says."""
        plain = self.number.model_copy(update={"decimal": ".", "thousands": ""})
        return replace(self, number=plain)


@dataclass(frozen=True)
class Cast:
    """SQL of a read value; of what is wrong with an unreadable one; of its being a date only.

    `prepared` is computed first, under the name that the other expressions use for it, so
    that costly work is done once.
    """

    value: str
    problem: str
    date_only: str | None = None
    prepared: str = "null"


@dataclass(frozen=True)
class _Moment:
    """One way to read a time. `frame`: 'local' and 'date' are clock times, 'utc' an instant."""

    value: str
    frame: str


def trimmed(text: str) -> str:
    """SQL of a text without white space around it, the typographic kinds included.

    Most texts begin and end with a visible character of ASCII: to see that is five times as fast
    as to look for each kind of space.
    """
    is_bare = " and ".join(
        f"unicode({sign}) between 33 and 126" for sign in (text, f"right({text}, 1)")
    )
    return f"case when {is_bare} then {text} else trim({text}, {quoted(SPACES)}) end"


def as_text(value: str, arrow_type: pa.DataType) -> str:
    """SQL of a raw value of any type as text; a whole number has no decimals, NaN is null."""
    if pa.types.is_string(arrow_type):
        return value
    text = f"cast({value} as varchar)"
    if pa.types.is_floating(arrow_type):
        whole = f"cast(cast({value} as bigint) as varchar)"
        return (
            f"case when isnan({value}) then null"
            f" when abs({value}) < 1e15 and {value} = trunc({value}) then {whole} else {text} end"
        )
    if pa.types.is_decimal(arrow_type):
        return (
            f"case when {value} = trunc({value}) then cast(trunc({value}) as varchar)"
            f" else {text} end"
        )
    return text


def cast_sql(
    kind: str, value: str, arrow_type: pa.DataType, reading: Reading, prepared: str
) -> Cast:
    """The cast of a SQL expression of that Arrow type to an entity kind.

    Text is expected trimmed, with null for a missing value. `prepared` is the name under
    which the result refers to its own `prepared` expression.
    """
    if pa.types.is_string(arrow_type):
        return _cast_text(kind, value, reading, prepared)
    typed = _cast_typed(kind, value, arrow_type, reading)
    if typed is not None:
        return typed
    return _cast_text(kind, as_text(value, arrow_type), reading.of_typed(), prepared)


def written(value: str | int | float | bool, number: NumberFormat) -> str:
    """A constant of the YAML as this column's values are written.

    YAML's own numbers have a decimal point, and are neither percentages nor still to scale.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    exact = Decimal(str(value)) * (100 if number.percent else 1) * number.divide_by
    return format(exact / number.multiply_by, "f").replace(".", number.decimal)


def _cast_text(kind: str, text: str, reading: Reading, prepared: str) -> Cast:
    match kind:
        case "timestamp" | "date":
            return _moment_cast(kind, text, _text_moments(text, reading.formats), reading)
        case "money" | "number" | "rate":
            plain = _plain_number(text, prepared, reading.number)
            return Cast(
                f"try_cast({_scaled(plain, reading.number)} as {_decimal(kind)})",
                f"case when {plain} is not null"
                f" then {_range_problem(kind)}"
                f" else {quoted(f'is no number{_notation(reading.number)}')} end",
                prepared=_number_parts(text, reading.number),
            )
        case "integer":
            plain = _plain_number(text, prepared, reading.number)
            number = f"try_cast({_scaled(plain, reading.number)} as decimal(38, 9))"
            return Cast(
                f"case when {number} = trunc({number}) then try_cast({number} as bigint) end",
                quoted(f"is no whole number{_notation(reading.number)}"),
                prepared=_number_parts(text, reading.number),
            )
        case "boolean":
            return Cast(
                f"case when lower({text}) in ('true', 't', 'yes', 'y', '1', '1.0') then true"
                f" when lower({text}) in ('false', 'f', 'no', 'n', '0', '0.0') then false end",
                quoted("is none of true, false, yes, no, y, n, t, f, 1, 0"),
            )
    readable = quoted("cannot be read")  # never shown: these kinds read any text
    match kind:
        case "enum":
            return Cast(f"regexp_replace(lower({text}), '[\\s-]+', '_', 'g')", readable)
        case "currency":
            return Cast(f"upper({text})", readable)
        case "email":
            return Cast(f"lower({text})", readable)
    return Cast(text, readable)


def _cast_typed(kind: str, value: str, type_: pa.DataType, reading: Reading) -> Cast | None:
    """The cast without a detour through text, where the raw type allows it."""
    types = pa.types
    if kind in ("timestamp", "date"):
        if types.is_date(type_):
            moment = _Moment(f"cast({value} as timestamp)", "date")
        elif types.is_timestamp(type_) and type_.tz is None:
            moment = _Moment(f"cast({value} as timestamp)", "local")
        elif types.is_timestamp(type_):
            moment = _Moment(f"timezone('UTC', {value})", "utc")
        else:
            return None
        return _moment_cast(kind, value, [moment], reading)
    if kind == "boolean" and types.is_boolean(type_):
        return Cast(value, quoted("cannot be read"))
    is_number = types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_)
    if reading.number.percent or reading.number.divide_by != reading.number.multiply_by:
        return None
    if kind in ("money", "number", "rate") and is_number:
        return Cast(f"try_cast({value} as {_decimal(kind)})", _range_problem(kind))
    if kind == "integer" and types.is_integer(type_):
        return Cast(f"try_cast({value} as bigint)", quoted("is not below 2^63"))
    if kind == "integer" and is_number:
        return Cast(
            f"case when {value} = trunc({value}) then try_cast({value} as bigint) end",
            quoted("is no whole number"),
        )
    return None


# Times


def _moment_cast(kind: str, value: str, moments: list[_Moment], reading: Reading) -> Cast:
    zone = quoted(reading.timezone)
    is_utc = reading.timezone == "UTC"

    def converted(moment: _Moment) -> str:
        if kind == "date":
            shifts = moment.frame == "utc" and not is_utc
            local = f"timezone({zone}, timezone('UTC', {moment.value}))"
            return f"cast({local if shifts else moment.value} as date)"
        if moment.frame == "local" and not is_utc:
            return f"timezone('UTC', timezone({zone}, {moment.value}))"
        return moment.value

    read = f"coalesce({', '.join(map(converted, moments))}, null)"
    plausible = f"year({read}) between {FIRST_YEAR} and {LAST_YEAR}"
    expected = " or ".join("ISO 8601" if item == ISO else item for item in reading.formats)
    problem = (
        f"case when {read} is not null"
        f" then {quoted(f'is outside the years {FIRST_YEAR} to {LAST_YEAR}')}"
        f" else {quoted(f'does not match {expected}')} end"
    )
    cases = "".join(
        f" when {moment.value} is not null then {str(moment.frame == 'date').lower()}"
        for moment in moments
    )
    return Cast(
        f"case when {plausible} then {read} end",
        problem,
        f"case{cases} end" if kind == "timestamp" else None,
    )


_DATE = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?"
_OFFSET = r"[zZ]|UTC|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?"


def _text_moments(text: str, formats: tuple[str, ...]) -> list[_Moment]:
    moments: list[_Moment] = []
    for item in formats:
        match item:
            case "iso":
                moments += _iso_moments(text)
            case "epoch_s":
                moments.append(_Moment(_epoch(text, 11, 1_000_000), "utc"))
            case "epoch_ms":
                moments.append(_Moment(_epoch(text, 14, 1_000), "utc"))
            case "excel":
                moments += _serial_moments(text)
            case _:
                moments.append(_format_moment(text, item))
    return moments


def _iso_moments(text: str) -> list[_Moment]:
    # DuckDB's own cast ignores an offset, so each form is recognized before it is cast.
    offset = rf"^({_DATE}[T ]{_CLOCK}) ?({_OFFSET})$"
    clock, shift = (f"regexp_extract({text}, '{offset}', {group})" for group in (1, 2))
    digits = f"regexp_replace({shift}, '[^0-9]', '', 'g')"
    minutes = (
        f"case when length({digits}) > 1 then (case when {shift}[1] = '-' then -1 else 1 end)"
        f" * (60 * cast({digits}[1:2] as integer)"
        f" + coalesce(try_cast({digits}[3:4] as integer), 0)) else 0 end"
    )
    as_timestamp = f"try_cast({text} as timestamp)"
    return [
        _Moment(
            f"case when regexp_full_match({text}, '{_DATE}[T ]{_CLOCK}') then {as_timestamp} end",
            "local",
        ),
        _Moment(f"case when regexp_full_match({text}, '{_DATE}') then {as_timestamp} end", "date"),
        _Moment(
            f"case when regexp_full_match({text}, '{offset}')"
            f" then try_cast({clock} as timestamp) - to_minutes({minutes}) end",
            "utc",
        ),
    ]


def _format_moment(text: str, format_: str) -> _Moment:
    parsed = f"try_strptime({text}, {quoted(format_)})"
    if re.search(r"%[zZ]", format_):
        return _Moment(f"timezone('UTC', {parsed})", "utc")
    has_time = re.search(r"%-?[HIMSfpcXTRngs]", format_)
    return _Moment(parsed, "local" if has_time else "date")


def _epoch(text: str, digits: int, microseconds: int) -> str:
    number = f"try_cast({text} as decimal(28, 6))"
    return (
        f"case when regexp_full_match({text}, '-?\\d{{1,{digits}}}(\\.\\d+)?')"
        f" then make_timestamp(cast(round({number} * {microseconds}) as bigint)) end"
    )


def _serial_moments(text: str) -> list[_Moment]:
    """Excel's day numbers; a fraction is a time of day, exact to the millisecond."""
    number = f"try_cast({text} as decimal(28, 11))"
    whole = f"{number} = trunc({number})"
    read = (
        "timestamp '1899-12-30 00:00:00'"
        f" + to_milliseconds(cast(round({number} * 86400000) as bigint))"
    )
    is_serial = f"regexp_full_match({text}, '\\d{{1,6}}(\\.\\d+)?')"
    return [
        _Moment(f"case when {is_serial} and {whole} then {read} end", "date"),
        _Moment(f"case when {is_serial} and not {whole} then {read} end", "local"),
    ]


# Numbers


def _decimal(kind: str) -> str:
    type_ = KINDS[kind]
    return f"decimal({type_.precision}, {type_.scale})"


def _range_problem(kind: str) -> str:
    type_ = KINDS[kind]
    return quoted(f"is not below 10^{type_.precision - type_.scale}")


def _thousands(number: NumberFormat) -> str:
    other = "." if number.decimal == "," else ","
    return other if number.thousands is None else number.thousands


def _notation(number: NumberFormat) -> str:
    thousands = _thousands(number)
    grouping = f" and thousands '{thousands}'" if thousands else ""
    return f" written with decimal '{number.decimal}'{grouping}"


def _is_simple(text: str, number: NumberFormat) -> str:
    """SQL: the text is digits and a decimal sign at most, the cheap and common case."""
    point = re.escape(number.decimal)
    exponent = "" if _shift(number) else r"(?:[eE][+-]?\d{1,2})?"
    simple = rf"[+-]?(?:\d+(?:{point}\d*)?|{point}\d+){exponent}"
    return f"regexp_full_match({text}, {quoted(simple)})"


def _number_parts(text: str, number: NumberFormat) -> str:
    """SQL of the parts of a number that is not simple, as a struct of texts."""
    point, group = re.escape(number.decimal), re.escape(_thousands(number))
    grouped = rf"\d{{1,3}}(?:{group}\d{{3}})+|" if group else ""
    digits = rf"(?:{grouped}\d+)(?:{point}\d*)?|{point}\d+"
    symbol = r"(?:[A-Z]{0,3}\p{Sc}|([A-Z]{3}))"
    suffix = r"([kKmMbB]|[bB][nN])?" if number.suffixes else "()"
    percent = "%?" if number.percent else ""
    pattern = (
        rf"^(\()?\s*([+-])?\s*(?:{symbol}\s*)?([+-])?\s*({digits})"
        rf"\s*{suffix}\s*{percent}\s*(?:{symbol}\s*)?(-)?\s*(\))?$"
    )
    # Grouping and minus signs come in typographic variants.
    spaces, quotes, minus = "\u00a0\u2007\u2009\u202f", "\u2019", "\u2212"
    clean = f"translate({text}, {quoted(spaces + quotes + minus)}, '    ''-')"
    names = "'opened', 'before', 'prefix', 'inside', 'digits', 'suffix', 'code', 'after', 'closed'"
    extracted = f"regexp_extract({clean}, {quoted(pattern)}, [{names}])"
    return f"case when not {_is_simple(text, number)} then {extracted} end"


def _plain_number(text: str, parts: str, number: NumberFormat) -> str:
    """SQL of the number in plain notation, such as '-342.09e3'; null for anything else.

    The exponent carries suffix, percent sign and scale, so that nothing is rounded.
    """
    signs = f"{parts}.opened || {parts}.before || {parts}.inside || {parts}.after"
    codes = ", ".join(map(quoted, ("", *sorted(CURRENCIES))))
    is_number = (
        f"{parts}.digits <> '' and length({signs}) <= 1"
        f" and ({parts}.opened = '') = ({parts}.closed = '')"
        f" and {parts}.prefix || {parts}.code in ({codes})"
    )
    shift = _shift(number)
    exponents = {"": 0, "k": 3, "m": 6, "b": 9, "bn": 9}
    cases = " ".join(f"when '{key}' then 'e{power - shift}'" for key, power in exponents.items())
    composed = (
        f"(case when {signs} in ('(', '-') then '-' else '' end)"
        f" || {_with_point(f'{parts}.digits', number)} || (case lower({parts}.suffix) {cases} end)"
    )
    simple = _with_point(text, number) + (f" || 'e{-shift}'" if shift else "")
    return (
        f"case when {_is_simple(text, number)} then {simple} when {is_number} then {composed} end"
    )


def _shift(number: NumberFormat) -> int:
    """By how many places the decimal point moves left."""
    return 2 * number.percent + _zeros(number.divide_by) - _zeros(number.multiply_by)


def _zeros(scale: int) -> int:
    """The zeros of a power of ten; 0 of any other number."""
    zeros = len(str(scale)) - 1
    return zeros if scale == 10**zeros else 0


def _scaled(plain: str, number: NumberFormat) -> str:
    """SQL of the number divided or multiplied by what is no power of ten, such as 60."""
    for sign, scale in (("/", number.divide_by), ("*", number.multiply_by)):
        if scale != 10 ** _zeros(scale):
            return f"try_cast({plain} as double) {sign} {scale}"
    return plain


def _with_point(digits: str, number: NumberFormat) -> str:
    """SQL of digits without grouping and with a decimal point."""
    if _thousands(number):
        digits = f"replace({digits}, {quoted(_thousands(number))}, '')"
    return digits if number.decimal == "." else f"replace({digits}, {quoted(number.decimal)}, '.')"
