{# Which account the company name of a lead means: one row per name and country as leads give
   them. Exactly one account of that country must have the name, else exactly one of any
   country where either side gives none; else, where none has the name at all, exactly one of
   the same country must have it but for a slip of the finger. #}
with accounts as (
    select
        {{ account_key('coalesce(components.component_id, names.company_id)') }} as account_id,
        names.company_name,
        names.country,
        max(case when names.has_domain then 1 else 0 end) as has_domain
    from {{ ref('int_account_names') }} as names
    left join {{ ref('int_account_components') }} as components on names.company_id = components.node_id
    group by coalesce(components.component_id, names.company_id), names.company_name, names.country
),

given as (
    select
        company as raw_company,
        coalesce(country, '') as raw_country,
        {{ company_words('company') }} as company_name,
        {{ country_words('country') }} as country
    from {{ ref('stg_generic__leads') }}
    where company is not null and not is_deleted and merged_into_id is null
    group by company, country
),

asked as (
    select distinct company_name, country
    from given
    where company_name is not null and company_name not in ('{{ no_names() | join("', '") }}')
),

known as (
    select
        asked.company_name,
        asked.country,
        accounts.account_id,
        accounts.has_domain,
        case when asked.country = accounts.country then 1 else 2 end as closeness
    from asked
    inner join accounts
        on asked.company_name = accounts.company_name
        and (asked.country is null or accounts.country is null or asked.country = accounts.country)
),

known_names as (
    select distinct company_name from accounts
),

unknown as (
    select asked.company_name, asked.country
    from asked
    left join known_names on asked.company_name = known_names.company_name
    where known_names.company_name is null
),

unknown_blocks as (
    {{ name_blocks('unknown') }}
),

account_blocks as (
    {{ name_blocks('(select distinct company_name, country from accounts) as account_names') }}
),

slips as (
    select
        unknown_blocks.company_name,
        unknown_blocks.country,
        accounts.account_id,
        accounts.has_domain,
        1 as closeness
    from unknown_blocks
    inner join account_blocks
        on unknown_blocks.country = account_blocks.country
        and unknown_blocks.block = account_blocks.block
    inner join accounts
        on account_blocks.company_name = accounts.company_name
        and account_blocks.country = accounts.country
    where {{ is_slip('unknown_blocks', 'account_blocks') }}
),

matches as (
    select * from known
    union all
    select * from slips
),

ranked as (
    select
        company_name,
        coalesce(country, '') as country,
        account_id,
        has_domain,
        closeness,
        min(closeness) over (partition by company_name, coalesce(country, '')) as closest
    from matches
),

decided as (
    select
        company_name,
        country,
        min(account_id) as account_id,
        max(has_domain) = 1 as has_domain
    from ranked
    where closeness = closest
    group by company_name, country
    having min(account_id) = max(account_id)
)

select
    given.raw_company,
    given.raw_country,
    decided.account_id,
    decided.has_domain
from given
inner join decided
    on given.company_name = decided.company_name
    and coalesce(given.country, '') = decided.country
