{{ config(materialized='connected_components') }}

{# Names at one web domain that mean one company, or a parent and its children, as the system says. #}
select
    domain || ' ' || company_name as node_a,
    domain || ' ' || other_name as node_b
from {{ ref('int_domain_name_links') }}
union all
select
    children.domain || ' ' || children.company_name as node_a,
    parents.domain || ' ' || parents.company_name as node_b
from {{ ref('int_account_evidence') }} as children
inner join {{ ref('int_account_evidence') }} as parents
    on children.parent_subject_id = parents.subject_id
    and children.domain = parents.domain
where children.company_name <> parents.company_name
