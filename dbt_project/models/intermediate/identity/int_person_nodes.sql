{# The records that stand for a person. A merged record stays, so that what names it finds the
   survivor's person; a deleted one does not. Node ids sort contacts before leads, and after
   addresses: a component is named by its smallest node. #}
with records as (
    select distinct source_system, 'contact' as object_type, source_id
    from {{ ref('stg_generic__contacts') }}
    where not is_deleted or merged_into_id is not null
    union all
    select distinct source_system, 'lead' as object_type, source_id
    from {{ ref('stg_generic__leads') }}
    where not is_deleted or merged_into_id is not null
),

systems as (
    select object_type, source_id, count(*) as system_count
    from records
    group by object_type, source_id
)

select
    records.source_system,
    records.object_type,
    records.source_id,
    case records.object_type
        when 'contact' then {{ person_node('contact', 'records.source_system', 'records.source_id') }}
        else {{ person_node('lead', 'records.source_system', 'records.source_id') }}
    end as node_id,
    systems.system_count = 1 as is_sole_id
from records
inner join systems
    on records.object_type = systems.object_type and records.source_id = systems.source_id
