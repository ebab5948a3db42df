{# A parameter of a URL's query, decoded; null where it has none. The test for the name comes
   first, since most URLs lack it and a regular expression costs far more. #}
{% macro url_parameter(url, name) -%}
  case
    when {{ holds(url, "'" ~ name ~ "='") }}
      then nullif({{ decode_parameter(first_group(url, "'[?&]" ~ name ~ "=([^&#]*)'")) }}, '')
  end
{%- endmacro %}

{# The click ids that ad platforms add to a landing page. #}
{% macro click_id_types() -%}
  {{ return(['gclid', 'gbraid', 'wbraid', 'dclid', 'fbclid', 'msclkid', 'li_fat_id', 'ttclid', 'twclid', 'rdt_cid']) }}
{%- endmacro %}

{% macro has_click_id(url) -%}
  ({%- for name in click_id_types() %}{{ ' or ' if not loop.first }}{{ holds(url, "'" ~ name ~ "='") }}{% endfor -%})
{%- endmacro %}

{% macro url_click_id_type(url) -%}
  case
    when {{ has_click_id(url) }}
      then nullif({{ first_group(url, "'[?&](" ~ click_id_types() | join('|') ~ ")='") }}, '')
  end
{%- endmacro %}

{% macro url_click_id(url) -%}
  case
    when {{ has_click_id(url) }}
      then nullif({{ first_group(url, "'[?&](?:" ~ click_id_types() | join('|') ~ ")=([^&#]*)'") }}, '')
  end
{%- endmacro %}

{# A URL without query and fragment. #}
{% macro url_page(url) -%}
  case
    when {{ holds(url, "'?'") }} or {{ holds(url, "'#'") }} then {{ first_group(url, "'^([^?#]*)'") }}
    else {{ url }}
  end
{%- endmacro %}

{# The utm parameters of a URL as a query string of their own, still encoded; '' without any. #}
{% macro url_utm_query(url) -%}
  case
    when {{ holds(url, "'utm_'") }} then (
      {%- for name in ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] %}
      {{ '|| ' if not loop.first }}coalesce('&{{ name }}=' || nullif({{ first_group(url, "'[?&]" ~ name ~ "=([^&#]*)'") }}, ''), '')
      {%- endfor %})
    else ''
  end
{%- endmacro %}

{# A URL that may be shown: its page and its utm parameters, without any address in it. #}
{% macro url_shown(url) -%}
  {{ without_addresses(url_page(url) ~ " || " ~ "coalesce('?' || nullif(substr(" ~ url_utm_query(url) ~ ", 2), ''), '')") }}
{%- endmacro %}

{# A text in which whatever looks like an email address is blotted out. #}
{% macro without_addresses(text) -%}
  case
    when {{ holds(text, "'@'") }} or {{ holds(text, "'%40'") }}
      then {{ replace_all(text, "'[^/?&=#@ ]+(@|%40)[^/?&=#@ ]+'", "'(address)'") }}
    else {{ text }}
  end
{%- endmacro %}

{#
  A free text in which whatever looks like an email address or a phone number is blotted out: a
  run of seven or more digits, with blanks, points, strokes and brackets between. Dates and spans
  of years stay. First each of them is followed by the word for a number and each number becomes
  it; then the word goes where a digit is before it. Nobody can recognize names.
#}
{% macro without_personal(text) -%}
  {%- set addresses = replace_all(text, "'[^@ ]*[ ]?(@|%40)[ ]?[^@ ]*'", "'(address)'") -%}
  {%- set year = "(?:19|20)[0-9][0-9]" -%}
  {%- set day = "[0-9]{1,2}[./-]" -%}
  {%- set dates = year ~ "[./-]" ~ day ~ "[0-9]{1,2}|" ~ day ~ day ~ year ~ "|" ~ year ~ "[/-]" ~ year -%}
  {%- set phone = "[+(]{0,2}(?:[0-9][ ()/.–-]{0,3}){6,}[0-9]" -%}
  {%- set marked = replace_all(addresses, "'(" ~ dates ~ ")|" ~ phone ~ "'", "'" ~ first_match() ~ "(number)'") -%}
  {{ replace_all(marked, "'([0-9])[(]number[)]'", "'" ~ first_match() ~ "'") }}
{%- endmacro %}

{# What the texts and URLs of a touch tell, taken apart: URLs leave without their query strings,
   click ids hashed. From the columns of the entity `touch`. #}
{% macro touch_texts() -%}
  md5(coalesce(click_id, {{ url_click_id('landing_page') }})) as click_id_hash,
  {{ folded('coalesce(click_id_type, ' ~ url_click_id_type('landing_page') ~ ')') }} as click_id_type,
  {% for name in ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] -%}
  {{ without_addresses('coalesce(' ~ name ~ ', ' ~ url_parameter('landing_page', name) ~ ')') }} as {{ name }},
  {% endfor -%}
  {{ without_addresses(url_page('referrer')) }} as referrer,
  {{ url_shown('landing_page') }} as landing_page
{%- endmacro %}
