{# Which account a web domain means: the one whose records have it; else the only one that the
   contacts with such an address belong to; else, where no account is known, one of that domain
   itself. Where several may be meant, the domain has no row. #}
with domains as (
    select distinct domain, node_id
    from {{ ref('int_company_domains') }}
),

declared as (
    select domain, {{ any_true('not is_kept_apart') }} as is_clear
    from {{ ref('int_account_domains') }}
    group by domain
),

of_contacts as (
    select
        spellings.domain,
        min({{ resolved('account', 'account_id') }}) as account_id,
        count(distinct {{ resolved('account', 'account_id') }}) as account_count
    from {{ ref('stg_generic__contacts') }} as contacts
    inner join {{ ref('int_company_domains') }} as spellings
        on contacts.email_domain = spellings.raw_domain
    {{ resolve_record('contacts', 'account_id', ref('int_account_records'), 'account') }}
    where not contacts.is_deleted and contacts.merged_into_id is null
    group by spellings.domain
)

select
    domains.domain,
    case
        when declared.is_clear then {{ account_key('components.component_id') }}
        when of_contacts.account_count = 1 then of_contacts.account_id
        else {{ account_key('domains.node_id') }}
    end as account_id,
    declared.domain is null and coalesce(of_contacts.account_count, 0) = 0 as is_domain_only
from domains
left join declared on domains.domain = declared.domain
left join of_contacts on domains.domain = of_contacts.domain
left join {{ ref('int_account_components') }} as components on domains.node_id = components.node_id
where coalesce(declared.is_clear, false)
    or (declared.domain is null and coalesce(of_contacts.account_count, 0) <= 1)
