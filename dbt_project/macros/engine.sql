{#
  Every expression that engines spell differently, dispatched by adapter. Models use these
  macros and otherwise only SQL that DuckDB and Spark read alike. An engine without its own
  version of a macro fails at compile time, which is better than a silent difference.

  Types that both engines know by one name need no macro: string, bigint, double, boolean,
  date, timestamp, decimal(p, s).
#}

{# ── time ─────────────────────────────────────────────────────────────────────────────── #}

{# A naive UTC timestamp as wall-clock time of an IANA timezone. #}
{% macro utc_to_local(utc_timestamp, timezone) -%}
  {{ adapter.dispatch('utc_to_local', 'tandem')(utc_timestamp, timezone) }}
{%- endmacro %}
{% macro duckdb__utc_to_local(utc_timestamp, timezone) -%}
  timezone({{ timezone }}, timezone('UTC', {{ utc_timestamp }}))
{%- endmacro %}

{# Wall-clock time of an IANA timezone as a naive UTC timestamp. A time that a change of the
   clocks skips or repeats is one that exists. #}
{% macro local_to_utc(local_timestamp, timezone) -%}
  {{ adapter.dispatch('local_to_utc', 'tandem')(local_timestamp, timezone) }}
{%- endmacro %}
{% macro duckdb__local_to_utc(local_timestamp, timezone) -%}
  timezone('UTC', timezone({{ timezone }}, {{ local_timestamp }}))
{%- endmacro %}

{# A timestamp moved by a number of microseconds. #}
{% macro add_microseconds(timestamp, microseconds) -%}
  {{ adapter.dispatch('add_microseconds', 'tandem')(timestamp, microseconds) }}
{%- endmacro %}
{% macro duckdb__add_microseconds(timestamp, microseconds) -%}
  ({{ timestamp }} + to_microseconds(cast({{ microseconds }} as bigint)))
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(first_day, last_day) -%}
  {{ adapter.dispatch('days_between', 'tandem')(first_day, last_day) }}
{%- endmacro %}
{% macro duckdb__days_between(first_day, last_day) -%}
  cast({{ last_day }} - {{ first_day }} as bigint)
{%- endmacro %}

{# Microseconds from one timestamp to another, as bigint. #}
{% macro microseconds_between(start, finish) -%}
  {{ adapter.dispatch('microseconds_between', 'tandem')(start, finish) }}
{%- endmacro %}
{% macro duckdb__microseconds_between(start, finish) -%}
  (epoch_us({{ finish }}) - epoch_us({{ start }}))
{%- endmacro %}

{# The last second of the day that holds a timestamp. #}
{% macro end_of_day(timestamp) -%}
  {{ adapter.dispatch('end_of_day', 'tandem')(timestamp) }}
{%- endmacro %}
{% macro duckdb__end_of_day(timestamp) -%}
  (date_trunc('day', {{ timestamp }}) + interval 86399 second)
{%- endmacro %}

{# A date moved by a number of days. #}
{% macro add_days(day, days) -%}
  {{ adapter.dispatch('add_days', 'tandem')(day, days) }}
{%- endmacro %}
{% macro duckdb__add_days(day, days) -%}
  cast({{ day }} + cast({{ days }} as integer) as date)
{%- endmacro %}

{# A date moved by a number of months; the day is cut to the month's last. #}
{% macro add_months(day, months) -%}
  {{ adapter.dispatch('add_months', 'tandem')(day, months) }}
{%- endmacro %}
{% macro duckdb__add_months(day, months) -%}
  cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{# First day of the period (week from Monday, month, quarter, year) that holds a date. #}
{% macro period_start(grain, day) -%}
  {{ adapter.dispatch('period_start', 'tandem')(grain, day) }}
{%- endmacro %}
{% macro duckdb__period_start(grain, day) -%}
  cast(date_trunc('{{ grain }}', {{ day }}) as date)
{%- endmacro %}

{# Last day of the month that holds a date. #}
{% macro month_end(day) -%}
  {{ adapter.dispatch('month_end', 'tandem')(day) }}
{%- endmacro %}
{% macro duckdb__month_end(day) -%}
  last_day({{ day }})
{%- endmacro %}

{# Day of the week, 1 (Monday) to 7 (Sunday). #}
{% macro iso_weekday(day) -%}
  {{ adapter.dispatch('iso_weekday', 'tandem')(day) }}
{%- endmacro %}
{% macro duckdb__iso_weekday(day) -%}
  cast(isodow({{ day }}) as bigint)
{%- endmacro %}

{# ISO week number, 1 to 53. #}
{% macro iso_week(day) -%}
  {{ adapter.dispatch('iso_week', 'tandem')(day) }}
{%- endmacro %}
{% macro duckdb__iso_week(day) -%}
  cast(weekofyear({{ day }}) as bigint)
{%- endmacro %}

{# One row per day from first to last, both included; one column, `date_day`. #}
{% macro day_spine(first_day, last_day) -%}
  {{ adapter.dispatch('day_spine', 'tandem')(first_day, last_day) }}
{%- endmacro %}
{% macro duckdb__day_spine(first_day, last_day) -%}
  select cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date) as date_day
{%- endmacro %}

{# A number below 100 as two digits, for labels such as 2025-07. #}
{% macro two_digits(number) -%}
  {{ adapter.dispatch('two_digits', 'tandem')(number) }}
{%- endmacro %}
{% macro duckdb__two_digits(number) -%}
  lpad(cast({{ number }} as string), 2, '0')
{%- endmacro %}

{# ── text ─────────────────────────────────────────────────────────────────────────────── #}

{# True where the whole value matches the regular expression, whatever its case. #}
{% macro matches_fully(value, pattern) -%}
  {{ adapter.dispatch('matches_fully', 'tandem')(value, pattern) }}
{%- endmacro %}
{% macro duckdb__matches_fully(value, pattern) -%}
  regexp_full_match({{ value }}, {{ pattern }}, 'i')
{%- endmacro %}

{# First group of the first match, whatever its case; '' without a match. #}
{% macro first_group(value, pattern) -%}
  {{ adapter.dispatch('first_group', 'tandem')(value, pattern) }}
{%- endmacro %}
{% macro duckdb__first_group(value, pattern) -%}
  regexp_extract({{ value }}, {{ pattern }}, 1, 'i')
{%- endmacro %}

{# Every match replaced, whatever its case. #}
{% macro replace_all(value, pattern, replacement) -%}
  {{ adapter.dispatch('replace_all', 'tandem')(value, pattern, replacement) }}
{%- endmacro %}
{% macro duckdb__replace_all(value, pattern, replacement) -%}
  regexp_replace({{ value }}, {{ pattern }}, {{ replacement }}, 'gi')
{%- endmacro %}

{# True where the value holds the text; far cheaper than a regular expression. #}
{% macro holds(value, text) -%}
  {{ adapter.dispatch('holds', 'tandem')(value, text) }}
{%- endmacro %}
{% macro duckdb__holds(value, text) -%}
  contains({{ value }}, {{ text }})
{%- endmacro %}

{# A query parameter's value with + and %20 read back; unreadable sequences stay. #}
{% macro decode_parameter(value) -%}
  {{ adapter.dispatch('decode_parameter', 'tandem')(value) }}
{%- endmacro %}
{% macro duckdb__decode_parameter(value) -%}
  url_decode(replace({{ value }}, '+', ' '))
{%- endmacro %}

{# A text as SQL literal, whatever quotes and backslashes it holds. #}
{% macro text_literal(text) -%}
  {{ adapter.dispatch('text_literal', 'tandem')(text) }}
{%- endmacro %}
{% macro duckdb__text_literal(text) -%}
  '{{ text | replace("'", "''") }}'
{%- endmacro %}

{# One row per part of a text between separators; no row for null. A select term. #}
{% macro text_parts(value, separator) -%}
  {{ adapter.dispatch('text_parts', 'tandem')(value, separator) }}
{%- endmacro %}
{% macro duckdb__text_parts(value, separator) -%}
  unnest(string_split({{ value }}, '{{ separator }}'))
{%- endmacro %}

{# A text's characters in order, so that two texts of the same letters are equal. #}
{% macro letters_sorted(text) -%}
  {{ adapter.dispatch('letters_sorted', 'tandem')(text) }}
{%- endmacro %}
{% macro duckdb__letters_sorted(text) -%}
  array_to_string(list_sort(string_split({{ text }}, '')), '')
{%- endmacro %}

{# How a replacement of replace_all names the first group. #}
{% macro first_match() -%}
  {{ return(adapter.dispatch('first_match', 'tandem')()) }}
{%- endmacro %}
{% macro duckdb__first_match() -%}
  {{ return('\\1') }}
{%- endmacro %}

{# ── aggregates ───────────────────────────────────────────────────────────────────────── #}

{# The value of the row whose key columns are the largest, among rows that have a value; make
   the key unique and without nulls. #}
{% macro value_at_max(value, key) -%}
  {{ adapter.dispatch('value_at_max', 'tandem')(value, key) }}
{%- endmacro %}
{% macro duckdb__value_at_max(value, key) -%}
  arg_max({{ value }}, row({{ key | join(', ') }}))
{%- endmacro %}

{# Named values as one, ordered by the first, then the second and so on; read them back with
   `name.field`. Give it no nulls where it is compared: engines order them differently. #}
{% macro struct(fields) -%}
  {{ adapter.dispatch('struct', 'tandem')(fields) }}
{%- endmacro %}
{% macro duckdb__struct(fields) -%}
  struct_pack({% for name, value in fields.items() %}{{ name }} := {{ value }}{{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}

{# True if the condition holds in any row of the group. #}
{% macro any_true(condition) -%}
  coalesce(max(case when {{ condition }} then 1 else 0 end), 0) = 1
{%- endmacro %}

{# The sum of the group's doubles, which sums of doubles are not: the same whatever the order of the
   rows, since each is first a decimal, of up to 23 digits before the point and 15 after. As
   double. With `over`, the sum of a window. #}
{% macro exact_sum(value, over=none) -%}
  cast(sum(cast({{ value }} as decimal(38, 15))) {{ "over (" ~ over ~ ") " if over }}as double)
{%- endmacro %}

{# The product of the group's values, as double; nulls are passed over. From the least to the
   largest, so that the order of the rows does not show in the last digits. #}
{% macro product(value) -%}
  {{ adapter.dispatch('product', 'tandem')(value) }}
{%- endmacro %}
{% macro duckdb__product(value) -%}
  product(cast({{ value }} as double) order by cast({{ value }} as double) asc nulls last)
{%- endmacro %}

{# The exact percentile of a group's doubles, a share from 0 to 1, between two values in
   proportion; nulls do not count. #}
{% macro percentile(value, share) -%}
  {{ adapter.dispatch('percentile', 'tandem')(value, share) }}
{%- endmacro %}
{% macro duckdb__percentile(value, share) -%}
  quantile_cont({{ value }}, {{ share }})
{%- endmacro %}

{# The number of parts that a separated text has; null for null. #}
{% macro list_length(value, separator) -%}
  {{ adapter.dispatch('list_length', 'tandem')(value, separator) }}
{%- endmacro %}
{% macro duckdb__list_length(value, separator) -%}
  cast(len(string_split({{ value }}, '{{ separator }}')) as bigint)
{%- endmacro %}

{# A number that tells whether a group's rows are the same as before, whatever their order. #}
{% macro fingerprint(rows) -%}
  {{ adapter.dispatch('fingerprint', 'tandem')(rows) }}
{%- endmacro %}
{% macro duckdb__fingerprint(rows) -%}
  sum(cast(hash({{ rows }}) as hugeint))
{%- endmacro %}

{# True where two values are equal, or both are missing: a join's condition. #}
{% macro equal_or_missing(value, other) -%}
  {{ adapter.dispatch('equal_or_missing', 'tandem')(value, other) }}
{%- endmacro %}
{% macro duckdb__equal_or_missing(value, other) -%}
  {{ value }} is not distinct from {{ other }}
{%- endmacro %}
