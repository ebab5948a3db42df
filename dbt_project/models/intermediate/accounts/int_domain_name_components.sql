{{ config(materialized='connected_components') }}

{# Names at one web domain that mean one company: they agree, or the system says so of the accounts
   with these names, which were merged, or are parent and child or children of one parent. #}
with families as (
    select domain, company_name, subject_id as family_id
    from {{ ref('int_account_evidence') }}
    union
    select domain, company_name, parent_subject_id as family_id
    from {{ ref('int_account_evidence') }}
    where parent_subject_id is not null
)

select
    domain || ' ' || company_name as node_a,
    domain || ' ' || other_name as node_b
from {{ ref('int_domain_name_links') }}
union all
select
    names.node_id as node_a,
    families.domain || ' ~' || families.family_id as node_b
from families
inner join {{ ref('int_domain_names') }} as names
    on families.domain = names.domain
    and families.company_name = names.company_name
