{# Pairs of accounts that may be one company, for somebody to decide: too weak to merge them. #}
with pairs as (
    select
        {{ account_key('coalesce(own.component_id, links.company_id)') }} as company_account_id,
        {{ account_key('coalesce(other.component_id, links.other_id)') }} as other_account_id,
        links.reason,
        links.confidence
    from {{ ref('int_account_name_links') }} as links
    left join {{ ref('int_account_components') }} as own on links.company_id = own.node_id
    left join {{ ref('int_account_components') }} as other on links.other_id = other.node_id
)

select
    least(company_account_id, other_account_id) as account_id_a,
    greatest(company_account_id, other_account_id) as account_id_b,
    {{ value_at_max('reason', ['confidence', 'reason']) }} as reason,
    cast(max(confidence) as double) as confidence
from pairs
where company_account_id <> other_account_id
group by least(company_account_id, other_account_id), greatest(company_account_id, other_account_id)
