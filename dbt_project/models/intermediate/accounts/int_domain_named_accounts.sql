{# Which account a lead's company name means at a web domain that several names share, be they of a
   parent and its child or of a portal: one row per domain and name as leads give it. It is the
   account whose records give that domain and the same name; else the name but for a slip; else the
   longest that the lead's begins with; else the only one that begins with the lead's. #}
with accounts as (
    select distinct
        evidence.domain,
        evidence.company_name,
        {{ account_key('coalesce(components.component_id, evidence.subject_id)') }} as account_id
    from {{ ref('int_account_evidence') }} as evidence
    left join {{ ref('int_account_components') }} as components on evidence.subject_id = components.node_id
    where evidence.domain is not null and evidence.company_name is not null
),

matches as (
    select domain, company_name, account_id, 0 as closeness, 0 as other_length
    from accounts
    union all
    select
        links.domain,
        links.company_name,
        accounts.account_id,
        links.closeness,
        case when links.closeness = 2 then length(links.other_name) else 0 end as other_length
    from {{ ref('int_domain_name_links') }} as links
    inner join accounts
        on links.domain = accounts.domain
        and links.other_name = accounts.company_name
),

ranked as (
    select
        matches.*,
        rank() over (
            partition by domain, company_name
            order by closeness asc nulls last, other_length desc nulls last
        ) as choice
    from matches
),

decided as (
    select domain, company_name, min(account_id) as account_id
    from ranked
    where choice = 1
    group by domain, company_name
    having min(account_id) = max(account_id)
),

shared as (
    select distinct domain from {{ ref('int_domain_names') }}
),

mentioned as (
    select company_domain as raw_domain, company as raw_company
    from {{ ref('stg_generic__leads') }}
    where not is_deleted and company is not null
    union
    select email_domain as raw_domain, company as raw_company
    from {{ ref('stg_generic__leads') }}
    where not is_deleted and company is not null
),

given as (
    select distinct
        shared.domain,
        mentioned.raw_company,
        {{ company_words('mentioned.raw_company') }} as company_name
    from mentioned
    inner join {{ ref('int_web_domains') }} as spellings on mentioned.raw_domain = spellings.raw_domain
    inner join shared on spellings.domain = shared.domain
)

select given.domain, given.raw_company, decided.account_id
from given
inner join decided
    on given.domain = decided.domain
    and given.company_name = decided.company_name
