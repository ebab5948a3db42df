{{ config(materialized='connected_components') }}

{# Who uses an address together: its subjects and the groups of their names. #}
select
    names.email_hash || '|subject|' || names.subject_id as node_a,
    names.email_hash || '|name|' || name_groups.group_name as node_b
from {{ ref('int_address_names') }} as names
inner join {{ ref('int_address_name_groups') }} as name_groups
    on names.email_hash = name_groups.email_hash
    and names.person_name = name_groups.person_name
