{# Which names a company goes by, and where: one row per company (by merges and domain), name
   and country. A company without a country counts for the one country in which its name
   occurs; where that name occurs in several, nobody can say, and it has no `place`. #}
with parents as (
    select distinct parent_subject_id from {{ ref('int_account_evidence') }}
),

names as (
    select
        coalesce(components.component_id, evidence.subject_id) as company_id,
        evidence.company_name,
        evidence.country,
        {{ any_true('domains.domain is not null') }} as has_domain,
        {{ any_true('evidence.parent_subject_id is not null or parents.parent_subject_id is not null') }} as is_in_hierarchy
    from {{ ref('int_account_evidence') }} as evidence
    left join {{ ref('int_account_domains') }} as domains on evidence.subject_id = domains.subject_id
    left join {{ ref('int_account_domain_components') }} as components
        on evidence.subject_id = components.node_id
    left join parents on evidence.subject_id = parents.parent_subject_id
    where evidence.company_name is not null
    group by coalesce(components.component_id, evidence.subject_id), evidence.company_name, evidence.country
),

countries as (
    select
        company_name,
        min(country) as country,
        count(distinct country) as country_count
    from names
    group by company_name
)

select
    names.company_id,
    names.company_name,
    names.country,
    case
        when names.country is not null then names.country
        when countries.country_count = 0 then '(any)'
        when countries.country_count = 1 then countries.country
    end as place,
    names.has_domain,
    names.is_in_hierarchy
from names
inner join countries on names.company_name = countries.company_name
