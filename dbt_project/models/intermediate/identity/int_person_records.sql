{# A conversion is about whoever it names, else about its visitor, else about a person of its
   own: it never vanishes for want of a name. #}
with conversions as (
    select
        conversions.source_system,
        conversions.source_id,
        coalesce(
            {{ named_person() }},
            visitors.person_id,
            {{ person_key(person_node('conversion', 'conversions.source_system', 'conversions.source_id')) }}
        ) as person_id
    from {{ ref('stg_generic__conversions') }} as conversions
    {{ join_person('conversions') }}
    left join {{ ref('int_visitor_persons') }} as visitors
        on conversions.anonymous_id = visitors.anonymous_id
        and conversions.occurred_at > visitors.after_at
        and conversions.occurred_at <= visitors.until_at
)

select source_system, object_type, source_id, survivor_id, person_id, is_sole_id
from {{ ref('int_person_identifiers') }}
union all
select
    source_system,
    'conversion' as object_type,
    source_id,
    source_id as survivor_id,
    min(person_id) as person_id,
    false as is_sole_id
from conversions
group by source_system, source_id
