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
