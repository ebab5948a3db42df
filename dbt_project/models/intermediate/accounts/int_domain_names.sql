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

all_names as (
    select domain, company_name, sum(mentions) as mentions
    from folded
    where company_name is not null and company_name not in ('{{ no_names() | join("', '") }}')
    group by domain, company_name
),

disputed as (
    select domain from all_names group by domain having count(*) > 1
)

select
    all_names.domain,
    all_names.company_name,
    all_names.domain || ' ' || all_names.company_name as node_id,
    all_names.mentions,
    {{ is_spelled('all_names.domain', 'all_names.company_name') }} as is_spelled,
    {% for pattern in name_beginnings() -%}
    {{ is_spelled('all_names.domain', first_group('all_names.company_name', pattern)) }}{{ ' or ' if not loop.last }}
    {%- endfor %} as has_spelled_beginning
from all_names
inner join disputed on all_names.domain = disputed.domain
