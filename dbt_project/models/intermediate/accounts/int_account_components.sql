{{ config(materialized='connected_components') }}

{# Account records and web domains of one company: by merges, then by domain, then by name. #}
select node_id as node_a, component_id as node_b
from {{ ref('int_account_merge_components') }}
union all
select subject_id as node_a, node_id as node_b
from {{ ref('int_account_domains') }}
where not is_kept_apart
union all
select company_id as node_a, other_id as node_b
from {{ ref('int_account_name_links') }}
where confidence >= 0.8
