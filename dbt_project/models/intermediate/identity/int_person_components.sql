{{ config(materialized='connected_components') }}

{# Records and addresses of one person: the systems say so, or they share an address that is
   not shared by several people. Visitor ids are no nodes: a shared computer must not make two
   people one. #}
select node_id as node_a, component_id as node_b
from {{ ref('int_crm_components') }}
union all
select
    evidence.node_id as node_a,
    coalesce(shared.person_node_id, {{ person_node('email', none, 'evidence.email_hash') }}) as node_b
from {{ ref('int_person_evidence') }} as evidence
left join {{ ref('int_shared_addresses') }} as shared
    on evidence.email_hash = shared.email_hash
    and evidence.subject_id = shared.subject_id
where evidence.email_hash is not null
