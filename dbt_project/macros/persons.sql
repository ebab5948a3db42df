{# A node of the identity graph. The leading digit makes the order: address, contact, lead,
   visitor, conversion. Source names hold no separator. #}
{% macro person_node(kind, source_system, identifier) -%}
  {%- if kind == 'email' -%}'1|' || {{ identifier }}
  {%- elif kind == 'contact' -%}'2|' || {{ source_system }} || '|' || {{ identifier }}
  {%- elif kind == 'lead' -%}'3|' || {{ source_system }} || '|' || {{ identifier }}
  {%- elif kind == 'visitor' -%}'4|' || {{ identifier }}
  {%- elif kind == 'conversion' -%}'5|' || {{ source_system }} || '|' || {{ identifier }}
  {%- else -%}{{ exceptions.raise_compiler_error('no such kind of person node: ' ~ kind) }}
  {%- endif -%}
{%- endmacro %}

{# The key of the person whose component is named by a node. #}
{% macro person_key(node) -%}
  {{ surrogate_key(["'person'", node]) }}
{%- endmacro %}

{# An id that the mapping replaced by the keyed hash of an address is that address. #}
{% macro hash_of_id(source_id) -%}
  case when {{ source_id }} like 'hash:%' then substr({{ source_id }}, 6) end
{%- endmacro %}

{#
  Who a row is about, by what it says itself: its contact, else its lead, else its address.
  Write `join_person(...)` among the joins and `named_person()` among the columns; the row
  has the columns contact_id, lead_id and email_hash.
#}
{% macro join_person(from_alias) %}
{{ resolve_record(from_alias, 'contact_id', ref('int_person_identifiers'), 'contact', object_type='contact') }}
{{ resolve_record(from_alias, 'lead_id', ref('int_person_identifiers'), 'lead', object_type='lead') }}
left join {{ ref('int_person_identifiers') }} as email
  on email.object_type = 'email'
  and {{ from_alias }}.email_hash = email.source_id
{% endmacro %}

{% macro named_person() -%}
  coalesce({{ resolved('contact', 'person_id') }}, {{ resolved('lead', 'person_id') }}, email.person_id)
{%- endmacro %}

{# The name a record gives; null where it gives none. #}
{% macro full_name() -%}
  coalesce(
    nullif(trim(name), ''),
    nullif(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '')
  )
{%- endmacro %}

{# True where an address is that of a function and not of a human. #}
{% macro is_role_mailbox(email) -%}
  coalesce({{ folded(first_group(email, "'^([^@]*)@'")) }} in (
    'info', 'office', 'welcome', 'desk', 'frontdesk', 'anfrage', 'anfragen', 'compras', 'ventas', 'acquisti', 'vendite',
    'achats', 'ventes', 'accueil', 'recepcion', 'segreteria', 'kontakt', 'contact', 'contacto', 'contato', 'mail', 'post', 'hello', 'hi', 'team', 'sales', 'vertrieb',
    'verkauf', 'support', 'service', 'help', 'admin', 'webmaster', 'marketing', 'accounting', 'accounts', 'billing', 'finance',
    'buchhaltung', 'rechnung', 'invoice', 'einkauf', 'purchasing', 'procurement', 'orders', 'bestellung', 'hr', 'jobs',
    'empfang', 'reception', 'secretariat', 'sekretariat', 'zentrale', 'verwaltung', 'commercial', 'enquiries', 'inquiries'
  ), false)
{%- endmacro %}

{# True where a word of one name can stand for one of a fuller name: the same, its initial, or
   a short form (Max for Maximilian, but not Jan for Jana). #}
{% macro same_word(word, fuller_word) -%}
  {{ word }} = {{ fuller_word }}
  {%- for short, long in [(word, fuller_word), (fuller_word, word)] %}
  or (
    substr({{ long }}, 1, length({{ short }})) = {{ short }}
    and (
      length({{ short }}) = 1
      or (length({{ short }}) >= 3 and length({{ long }}) >= length({{ short }}) + 4)
    )
  )
  {%- endfor %}
{%- endmacro %}
