{{ config(materialized='connected_components') }}

{# Account subjects of one company by their domains. #}
select subject_id as node_a, node_id as node_b
from {{ ref('int_account_domains') }}
where not is_kept_apart
