{# The company names that accounts and leads give at a web domain, where they give several: one row
   per domain and name, with how many records give it. #}
with mentioned as (
    select domain as raw_domain, name
    from {{ ref('stg_generic__accounts') }}
    where not is_deleted or merged_into_id is not null
    union all
    select company_domain as raw_domain, company as name
    from {{ ref('stg_generic__leads') }}
    where not is_deleted
    union all
    select email_domain as raw_domain, company as name
    from {{ ref('stg_generic__leads') }}
    where not is_deleted and (company_domain is null or company_domain <> email_domain)
),

counted as (
    select
        spellings.domain,
        mentioned.name,
        count(*) as mentions
    from mentioned
    inner join {{ ref('int_web_domains') }} as spellings on mentioned.raw_domain = spellings.raw_domain
    where mentioned.name is not null
    group by spellings.domain, mentioned.name
),

folded as (
    select
        domain,
        {{ company_words('name') }} as company_name,
        mentions
    from counted
),

-- The names are told apart after the sum, and not by a filter before it: an engine would take
-- each spelling apart once for the name and again for every condition on it.
all_names as (
    select
        domain,
        company_name,
        sum(mentions) as mentions,
        company_name is not null and company_name not in ('{{ no_names() | join("', '") }}') as is_name
    from folded
    group by domain, company_name
),

counted_names as (
    select
        *,
        sum(case when is_name then 1 else 0 end) over (partition by domain) as domain_names
    from all_names
)

select
    domain,
    company_name,
    domain || ' ' || company_name as node_id,
    mentions,
    {{ is_spelled('domain', 'company_name') }} as is_spelled,
    {% for pattern in name_beginnings() -%}
    {{ is_spelled('domain', first_group('company_name', pattern)) }}{{ ' or ' if not loop.last }}
    {%- endfor %} as has_spelled_beginning
from counted_names
where is_name and domain_names > 1
