{{ config(materialized='connected_components') }}

{# Lead and contact records that were merged, each chain of merges as one component. #}
select
    {{ person_node('lead', 'source_system', 'source_id') }} as node_a,
    {{ person_node('lead', 'source_system', 'merged_into_id') }} as node_b
from {{ ref('stg_generic__leads') }}
where merged_into_id <> source_id
union all
select
    {{ person_node('contact', 'source_system', 'source_id') }} as node_a,
    {{ person_node('contact', 'source_system', 'merged_into_id') }} as node_b
from {{ ref('stg_generic__contacts') }}
where merged_into_id <> source_id
