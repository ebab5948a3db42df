{#
  References from one record to another. An id means the record of the same source system;
  where that system has no such record and exactly one other system has, it means that one.

  `records` is a relation with the columns source_system, source_id, is_sole_id (no other
  system has a record with this id) and whatever the caller wants of it. Write
  `resolve_record(...)` among the joins and `resolved(...)` among the columns:

      select {{ resolved("lead", "person_id") }} as person_id
      from activities
      {{ resolve_record("activities", "lead_id", leads, "lead") }}
#}
{% macro resolve_record(from_alias, reference, records, name, object_type=none) %}
left join {{ records }} as own_{{ name }}
  on {{ from_alias }}.source_system = own_{{ name }}.source_system
  and {{ from_alias }}.{{ reference }} = own_{{ name }}.source_id
  {% if object_type %}and own_{{ name }}.object_type = '{{ object_type }}'{% endif %}
left join {{ records }} as sole_{{ name }}
  on own_{{ name }}.source_id is null
  and {{ from_alias }}.{{ reference }} = sole_{{ name }}.source_id
  and sole_{{ name }}.is_sole_id
  {% if object_type %}and sole_{{ name }}.object_type = '{{ object_type }}'{% endif %}
{% endmacro %}

{% macro resolved(name, column) -%}
  coalesce(own_{{ name }}.{{ column }}, sole_{{ name }}.{{ column }})
{%- endmacro %}

{#
  All records of an object that exist, as a query: those that have a row (`records`, with
  `condition`), and those that are only named by another row, which would otherwise vanish.
  A reference that resolves to another system's record makes no record of its own.

  `references` is a list of [relation, column, condition].
#}
{% macro records_and_references(records, references, condition='true') -%}
with own as (
    select distinct source_system, source_id from {{ records }} where {{ condition }}
),

systems as (
    select source_id, count(*) as system_count from own group by source_id
),

named as (
    {% for relation, column, is_valid in references %}
    select source_system, {{ column }} as source_id
    from {{ relation }}
    where {{ column }} is not null and {{ is_valid }}
    {{ 'union' if not loop.last }}
    {% endfor %}
),

known as (
    select source_system, source_id, false as is_reference_only from own
    union all
    select named.source_system, named.source_id, true as is_reference_only
    from named
    left join own on named.source_system = own.source_system and named.source_id = own.source_id
    left join systems on named.source_id = systems.source_id
    where own.source_id is null and coalesce(systems.system_count, 0) <> 1
),

known_systems as (
    select source_id, count(*) as system_count from known group by source_id
)

select
    known.source_system,
    known.source_id,
    known.is_reference_only,
    known_systems.system_count = 1 as is_sole_id
from known
inner join known_systems on known.source_id = known_systems.source_id
{%- endmacro %}
