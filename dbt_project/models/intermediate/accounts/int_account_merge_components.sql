{{ config(materialized='connected_components') }}

{# Account records that were merged, each chain of merges as one component. #}
select
    accounts.source_system || '|' || accounts.source_id as node_a,
    {{ resolved('survivor', 'node_id') }} as node_b
from {{ ref('stg_generic__accounts') }} as accounts
{{ resolve_record('accounts', 'merged_into_id', ref('int_account_nodes'), 'survivor') }}
where accounts.merged_into_id is not null
