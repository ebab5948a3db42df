{{ config(materialized='connected_components') }}

{# Records that the systems themselves say are one person: merged into one another, or a lead
   and the contact it was converted to. This goes before any address or name. #}
select nodes.node_id as node_a, merged.component_id as node_b
from {{ ref('int_person_nodes') }} as nodes
inner join {{ ref('int_merge_components') }} as merged on nodes.node_id = merged.node_id
union all
select
    nodes.node_id as node_a,
    coalesce(
        {{ resolved('contact', 'node_id') }},
        {{ person_node('contact', 'leads.source_system', 'leads.converted_contact_id') }}
    ) as node_b
from {{ ref('stg_generic__leads') }} as leads
inner join {{ ref('int_person_nodes') }} as nodes
    on nodes.object_type = 'lead'
    and leads.source_system = nodes.source_system
    and leads.source_id = nodes.source_id
{{ resolve_record('leads', 'converted_contact_id', ref('int_person_nodes'), 'contact', object_type='contact') }}
where leads.converted_contact_id is not null
    and (not leads.is_deleted or leads.merged_into_id is not null)
