{# Whose web domain it is, where several names are given at it: one row per domain and name. It is
   the company that more than half of the records name, with its children; else the one of which a
   record has the very name that the domain spells. Else it is a portal's or a mail provider's.
   That a name only begins with what the domain spells says nothing: at porto.example, "Porto Café"
   and "Porto Livros" are two. #}
with names as (
    select
        names.domain,
        names.company_name,
        names.mentions,
        names.is_spelled,
        coalesce(components.component_id, names.node_id) as company_id
    from {{ ref('int_domain_names') }} as names
    left join {{ ref('int_domain_name_components') }} as components on names.node_id = components.node_id
),

companies as (
    select
        domain,
        company_id,
        sum(mentions) as mentions,
        max(case when is_spelled then 1 else 0 end) as is_spelled
    from names
    group by domain, company_id
),

weighed as (
    select
        companies.*,
        case when 2 * mentions > sum(mentions) over (partition by domain) then 1 else 0 end as is_majority,
        sum(is_spelled) over (partition by domain) as spelled_count
    from companies
),

claimed as (
    select
        weighed.*,
        case
            when max(is_majority) over (partition by domain) = 1 then is_majority
            when spelled_count = 1 then is_spelled
            else 0
        end as is_owner
    from weighed
),

owned as (
    select
        claimed.*,
        max(is_owner) over (partition by domain) as has_owner
    from claimed
)

select
    names.domain,
    names.company_name,
    owned.has_owner = 1 as is_company_domain,
    owned.is_owner = 1 as is_owner
from names
inner join owned
    on names.domain = owned.domain
    and names.company_id = owned.company_id
