{#
  How names of people and companies, and web domains, are compared. Nothing here is shown:
  a name is folded to be equal with another spelling of itself.
#}

{# Small letters without marks, ä as ae; letters of other alphabets stay, in small. #}
{% macro plain_letters(text) -%}
  {%- set pairs = {'ä': 'ae', 'ö': 'oe', 'ü': 'ue', 'ß': 'ss'} -%}
  {%- set marked = {'a': 'ÀÁÂÃÅĀĂĄàáâãåāăą', 'c': 'ÇĆČçćč', 'd': 'ĎĐďđ', 'e': 'ÈÉÊËĒĖĘĚèéêëēėęě', 'g': 'ĞĢğģ',
    'i': 'ÌÍÎÏĪĮİìíîïīįı', 'k': 'Ķķ', 'l': 'ĹĻĽŁĺļľł', 'n': 'ÑŃŅŇñńņň', 'o': 'ÒÓÔÕŌŐòóôõōő', 'r': 'ŔŘŕř',
    's': 'ŚŞŠȘśşšș', 'ö': 'øœØŒ', 'ä': 'æÆ', 't': 'ŢŤȚţťț', 'u': 'ÙÚÛŪŮŰŲùúûūůűų', 'y': 'ÝŸýÿ', 'z': 'ŹŻŽźżž'} -%}
  {%- set capitals = 'ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ' -%}
  {%- set ns = namespace(from=capitals, to=capitals | lower, text='') -%}
  {%- for plain, letters in marked.items() -%}
    {%- set ns.from = ns.from ~ letters -%}
    {%- set ns.to = ns.to ~ plain * (letters | length) -%}
  {%- endfor -%}
  {%- set ns.text = "translate(" ~ text ~ ", '" ~ ns.from ~ "', '" ~ ns.to ~ "')" -%}
  {%- for letter, plain in pairs.items() -%}
    {%- set ns.text = "replace(" ~ ns.text ~ ", '" ~ letter ~ "', '" ~ plain ~ "')" -%}
  {%- endfor -%}
  {{ ns.text }}
{%- endmacro %}

{# Words parted by one blank each, without punctuation and without `unwanted` words. #}
{% macro words_only(text, unwanted) -%}
  {%- set punctuation = '!"#$%&()*+,-./:;<=>?@[]^_`{|}~«»„“”‚–—·' -%}
  {%- set spaced = "replace(translate(" ~ text ~ ", '" ~ punctuation ~ "', '" ~ ' ' * (punctuation | length) ~ "'), '''', '')" -%}
  {%- set single = replace_all("' ' || " ~ spaced ~ " || ' '", "'[ ]+'", "' '") -%}
  nullif(trim({{ replace_all(single, "'( (" ~ unwanted | join('|') ~ "))+ '", "' '") }}), '')
{%- endmacro %}

{# What people write where a name is asked for and they give none. #}
{% macro no_names() -%}
  {{ return(
    ['unknown', 'unbekannt', 'not provided', 'not given', 'n a', 'na', 'none', 'null', 'test', 'tbd', 'anonymous',
     'private', 'privat', 'self employed', 'selfemployed', 'freelance', 'freelancer', 'individual', 'student', 'xxx', 'x']
  ) }}
{%- endmacro %}

{# A person's name as words, without titles and particles, which many people share. #}
{% macro person_words(name) -%}
  {%- set before_at = first_group(name, "'^([^@]*)'") -%}
  {%- set plain = plain_letters(before_at) -%}
  {#- Müller, Mueller and Muller are one name. -#}
  {%- set ns = namespace(text=plain) -%}
  {%- for vowel in ['a', 'o', 'u'] -%}
    {%- set ns.text = "replace(" ~ ns.text ~ ", '" ~ vowel ~ "e', '" ~ vowel ~ "')" -%}
  {%- endfor -%}
  {{ words_only(ns.text, [
    'mr', 'mrs', 'ms', 'miss', 'mx', 'dr', 'prof', 'dipl', 'ing', 'mag', 'msc', 'mba', 'phd', 'sir', 'herr', 'frau', 'mme',
    'mlle', 'sr', 'sra', 'dott', 'jr', 'von', 'van', 'vom', 'zu', 'zur', 'der', 'den', 'ter', 'ten', 'del', 'della', 'di',
    'da', 'dos', 'de', 'du', 'la', 'le', 'el', 'al', 'bin', 'ibn', 'and', 'und'
  ]) }}
{%- endmacro %}

{# A company's name as words: without its legal form, which people leave out. #}
{% macro company_words(name) -%}
  {%- set joined = "replace(replace(replace(" ~ plain_letters(name) ~ ", '.', ''), '&', ' and '), '+', ' and ')" -%}
  {%- set words = "' ' || " ~ words_only(joined, ['and', 'und', 'the']) -%}
  {%- set forms = [
    'gmbh', 'mbh', 'ggmbh', 'ag', 'kg', 'kgaa', 'ohg', 'gbr', 'ug', 'haftungsbeschraenkt', 'ev', 'eg', 'se', 'co', 'cie',
    'company', 'ltd', 'limited', 'plc', 'llp', 'lp', 'llc', 'inc', 'incorporated', 'corp', 'corporation', 'sa', 'sas', 'sasu',
    'sarl', 'sci', 'snc', 'srl', 'srls', 'spa', 'sapa', 'sl', 'slu', 'slp', 'sau', 'lda', 'ltda', 'bv', 'nv', 'bvba', 'oy',
    'oyj', 'ab', 'as', 'asa', 'aps', 'hf', 'ehf', 'sro', 'spol', 'doo', 'dd', 'kft', 'zrt', 'bt', 'nyrt', 'sp z oo', 'spzoo',
    'pty', 'pte', 'pvt', 'sdn bhd', 'bhd', 'kk', 'uab', 'sia', 'ou', 'ooo'
  ] -%}
  nullif(trim({{ replace_all(words, "'([^ ]+)( (" ~ forms | join('|') ~ "))+$'", "'" ~ first_match() ~ "'") }}), '')
{%- endmacro %}

{# What takes a name's first words, and all of them: '' where it has fewer. #}
{% macro name_beginnings() -%}
  {{ return(["'^([^ ]+)'", "'^([^ ]+ [^ ]+)'", "'^([^ ]+ [^ ]+ [^ ]+)'", "'^(.+)$'"]) }}
{%- endmacro %}

{# True where the words are one of the parts of a web domain before its last dot, without hyphens. #}
{% macro is_spelled(domain, words) -%}
  (
    length(replace({{ words }}, ' ', '')) >= 3
    and {{ holds(
      "'.' || replace(" ~ first_group(domain, "'^(.*)[.][^.]*$'") ~ ", '-', '') || '.'",
      "'.' || replace(" ~ words ~ ", ' ', '') || '.'"
    ) }}
  )
{%- endmacro %}

{# The host of a web address, without www; null where it is none. #}
{% macro domain_of(text) -%}
  nullif({{ first_group(folded(text),
    "'^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@]*@)?(?:www(?:2|3)?[.])?([^/:?#,; @]+[.][a-z][a-z0-9-]*[a-z0-9])[.]?(?:[/:?#,; ].*)?$'"
  ) }}, '')
{%- endmacro %}

{# One spelling for a country that is often written in several; others as they are, in small. #}
{% macro country_words(country) -%}
  {%- set spellings = {
    'de': ['deu', 'ger', 'germany', 'deutschland'], 'at': ['aut', 'austria', 'osterreich', 'oesterreich'],
    'ch': ['che', 'switzerland', 'schweiz', 'suisse'], 'fr': ['fra', 'france', 'frankreich'],
    'it': ['ita', 'italy', 'italien', 'italia'], 'es': ['esp', 'spain', 'spanien', 'espana'],
    'pt': ['prt', 'portugal'], 'nl': ['nld', 'netherlands', 'the netherlands', 'niederlande', 'holland'],
    'be': ['bel', 'belgium', 'belgien'], 'lu': ['lux', 'luxembourg', 'luxemburg'],
    'gb': ['uk', 'gbr', 'united kingdom', 'great britain', 'england', 'scotland', 'wales', 'grossbritannien'],
    'ie': ['irl', 'ireland', 'irland'], 'us': ['usa', 'united states', 'united states of america'],
    'ca': ['can', 'canada', 'kanada'], 'mx': ['mex', 'mexico', 'mexiko'], 'br': ['bra', 'brazil', 'brasil', 'brasilien'],
    'dk': ['dnk', 'denmark', 'danmark', 'daenemark'], 'se': ['swe', 'sweden', 'sverige', 'schweden'],
    'no': ['nor', 'norway', 'norge', 'norwegen'], 'fi': ['fin', 'finland', 'finnland'],
    'pl': ['pol', 'poland', 'polen', 'polska'], 'cz': ['cze', 'czech republic', 'czechia', 'tschechien'],
    'hu': ['hun', 'hungary', 'ungarn'], 'gr': ['grc', 'greece', 'griechenland'], 'tr': ['tur', 'turkey', 'tuerkei'],
    'in': ['ind', 'india', 'indien'], 'cn': ['chn', 'china'], 'jp': ['jpn', 'japan'],
    'au': ['aus', 'australia', 'australien'], 'sg': ['sgp', 'singapore', 'singapur'], 'za': ['zaf', 'south africa']
  } -%}
  case {{ plain_letters("trim(" ~ country ~ ")") }}
    {%- for code, names in spellings.items() %}{% for name in names %}
    when '{{ name }}' then '{{ code }}'
    {%- endfor %}{% endfor %}
    else nullif({{ plain_letters("trim(" ~ country ~ ")") }}, '')
  end
{%- endmacro %}

{#
  True where two names of companies are one with a slip of the finger: two letters next to
  each other changed places, or, in a name of at least twelve letters, one letter is wrong,
  missing or too many. Numbers must agree. Both names have the columns of `name_blocks`.
#}
{% macro is_slip(a, b) -%}
  (
    {{ a }}.digits = {{ b }}.digits
    and (
      (length({{ a }}.company_name) >= 5 and {{ a }}.letters = {{ b }}.letters and levenshtein({{ a }}.company_name, {{ b }}.company_name) = 2)
      or (
        length({{ a }}.company_name) >= 12 and length({{ b }}.company_name) >= 12
        and levenshtein({{ a }}.company_name, {{ b }}.company_name) = 1
      )
    )
  )
{%- endmacro %}

{#
  Names with what a slip leaves as it is, one row per block: all letters, the first six, the
  last six. Only names within a block are compared; one of more than 500 names says nothing.
  `names` has the columns company_name and country.
#}
{% macro name_blocks(names) -%}
  select *
  from (
    select blocks.*, count(*) over (partition by block, country) as block_size
    from (
      {%- for block in ["'a' || letters", "'b' || substr(company_name, 1, 6)", "'c' || substr(company_name, length(company_name) - 5, 6)"] %}
      select
        company_name,
        country,
        letters,
        digits,
        {{ block }} as block
      from (
        select
          company_name,
          country,
          {{ letters_sorted('company_name') }} as letters,
          {{ replace_all('company_name', "'[^0-9]'", "''") }} as digits
        from {{ names }}
        where country is not null
      ) as spelled
      {{ 'union all' if not loop.last }}
      {%- endfor %}
    ) as blocks
  ) as sized
  where block_size <= 500
{%- endmacro %}
