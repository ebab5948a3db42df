{# The companies of one name in one place: one row per name and place, with the company it means
   if there is only one that has a domain or a place in a hierarchy, or none but those without. #}
select
    company_name,
    place,
    count(distinct case when has_domain or is_in_hierarchy then company_id end) as settled_count,
    case
        when count(distinct case when has_domain or is_in_hierarchy then company_id end) = 0 then min(company_id)
        when count(distinct case when has_domain or is_in_hierarchy then company_id end) = 1
            then min(case when has_domain or is_in_hierarchy then company_id end)
    end as company_id
from {{ ref('int_account_names') }}
where place is not null
group by company_name, place
