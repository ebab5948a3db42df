{{ config(materialized='connected_components') }}

{# Records of one person: they share an address, a lead was converted to a contact, or one
    record was merged into another. Visitor ids are no nodes: a shared computer must not make
    two people one. #}
with contacts as (
    select
        records.source_system,
        records.source_id,
        records.email_hash,
        records.merged_into_id
    from {{ ref('stg_generic__contacts') }} as records
    inner join {{ ref('int_person_nodes') }} as nodes
        on nodes.object_type = 'contact'
        and records.source_system = nodes.source_system
        and records.source_id = nodes.source_id
    where not records.is_deleted or records.merged_into_id is not null
),

leads as (
    select
        records.source_system,
        records.source_id,
        records.email_hash,
        records.merged_into_id,
        records.converted_contact_id
    from {{ ref('stg_generic__leads') }} as records
    inner join {{ ref('int_person_nodes') }} as nodes
        on nodes.object_type = 'lead'
        and records.source_system = nodes.source_system
        and records.source_id = nodes.source_id
    where not records.is_deleted or records.merged_into_id is not null
)

select
    {{ person_node('contact', 'source_system', 'source_id') }} as node_a,
    {{ person_node('email', none, 'email_hash') }} as node_b
from contacts
where email_hash is not null
union all
select
    {{ person_node('lead', 'source_system', 'source_id') }} as node_a,
    {{ person_node('email', none, 'email_hash') }} as node_b
from leads
where email_hash is not null
union all
select
    {{ person_node('contact', 'source_system', 'source_id') }} as node_a,
    {{ person_node('email', none, hash_of_id('source_id')) }} as node_b
from contacts
where {{ hash_of_id('source_id') }} is not null
union all
select
    {{ person_node('lead', 'source_system', 'source_id') }} as node_a,
    {{ person_node('email', none, hash_of_id('source_id')) }} as node_b
from leads
where {{ hash_of_id('source_id') }} is not null
union all
select
    {{ person_node('contact', 'source_system', 'source_id') }} as node_a,
    {{ person_node('contact', 'source_system', 'merged_into_id') }} as node_b
from contacts
where merged_into_id is not null
union all
select
    {{ person_node('lead', 'source_system', 'source_id') }} as node_a,
    {{ person_node('lead', 'source_system', 'merged_into_id') }} as node_b
from leads
where merged_into_id is not null
union all
select
    {{ person_node('lead', 'leads.source_system', 'leads.source_id') }} as node_a,
    coalesce(
        {{ resolved('contact', 'node_id') }},
        {{ person_node('contact', 'leads.source_system', 'leads.converted_contact_id') }}
    ) as node_b
from leads
{{ resolve_record('leads', 'converted_contact_id', ref('int_person_nodes'), 'contact', object_type='contact') }}
where leads.converted_contact_id is not null
