{# Pairs of accounts that may be one company, for somebody to decide: too weak to merge them. #}
with by_name as (
    select
        {{ account_key('coalesce(own.component_id, links.company_id)') }} as company_account_id,
        {{ account_key('coalesce(other.component_id, links.other_id)') }} as other_account_id,
        links.reason,
        links.confidence
    from {{ ref('int_account_name_links') }} as links
    left join {{ ref('int_account_components') }} as own on links.company_id = own.node_id
    left join {{ ref('int_account_components') }} as other on links.other_id = other.node_id
),

at_domains as (
    select
        evidence.domain,
        {{ account_key('coalesce(components.component_id, evidence.subject_id)') }} as account_id,
        {{ any_true('owners.is_owner') }} as is_owner,
        {{ any_true('names.has_spelled_beginning') }} as has_spelled_beginning
    from {{ ref('int_account_evidence') }} as evidence
    inner join {{ ref('int_domain_names') }} as names
        on evidence.domain = names.domain
        and evidence.company_name = names.company_name
    inner join {{ ref('int_domain_owners') }} as owners
        on evidence.domain = owners.domain
        and evidence.company_name = owners.company_name
    left join {{ ref('int_account_components') }} as components on evidence.subject_id = components.node_id
    group by evidence.domain, {{ account_key('coalesce(components.component_id, evidence.subject_id)') }}
),

{# A domain of many companies is no lead to follow. #}
few_at_domains as (
    select *
    from (
        select at_domains.*, count(*) over (partition by domain) as account_count
        from at_domains
    ) as counted
    where account_count <= 10
),

{# Two of the owner's name are apart because the system says so, as parent and child. #}
by_domain as (
    select
        own.account_id as company_account_id,
        other.account_id as other_account_id,
        'same domain, and another name' as reason,
        0.5 as confidence
    from few_at_domains as own
    inner join few_at_domains as other
        on own.domain = other.domain
        and own.account_id < other.account_id
    where own.is_owner <> other.is_owner
        or (not own.is_owner and own.has_spelled_beginning and other.has_spelled_beginning)
),

pairs as (
    select * from by_name
    union all
    select * from by_domain
)

select
    least(company_account_id, other_account_id) as account_id_a,
    greatest(company_account_id, other_account_id) as account_id_b,
    {{ value_at_max('reason', ['confidence', 'reason']) }} as reason,
    cast(max(confidence) as double) as confidence
from pairs
where company_account_id <> other_account_id
group by least(company_account_id, other_account_id), greatest(company_account_id, other_account_id)
