{# The company names that accounts and leads give at a web domain, where they give several: one row
   per domain and name, with the company they mean there (`company_key`) and what tells whose domain
   it is.

   Names agree where one begins with the whole other ("Alpha", "Alpha Sales") or is it but for a
   slip; a first word in common is not enough ("Hotel Adler", "Hotel Post"). What the domain spells
   counts as a name of its own: at alpha.example, "Alpha Sales" and "Alpha Logistics" are Alpha.
   Where five or more names begin with it and none of them is it, it is rather the word of a trade. #}
{% set beginnings = ["'^([^ ]+)'", "'^([^ ]+ [^ ]+)'", "'^([^ ]+ [^ ]+ [^ ]+)'", "'^(.+)$'"] %}
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
),

names as (
    select all_names.*
    from all_names
    inner join disputed on all_names.domain = disputed.domain
),

blocks as (
    {{ name_blocks('(select company_name, domain as country from names) as at_domains') }}
),

slips as (
    select
        blocks.country as domain,
        blocks.company_name,
        min(others.company_name) as other_name
    from blocks
    inner join blocks as others
        on blocks.country = others.country
        and blocks.block = others.block
        and blocks.company_name > others.company_name
    where {{ is_slip('blocks', 'others') }}
    group by blocks.country, blocks.company_name
),

meant as (
    select
        names.domain,
        names.company_name,
        coalesce(slips.other_name, names.company_name) as meant_name,
        names.mentions
    from names
    left join slips
        on names.domain = slips.domain
        and names.company_name = slips.company_name
),

known as (
    select distinct domain, meant_name from meant
),

beginnings as (
    {% for pattern in beginnings %}
    select domain, company_name, meant_name, {{ first_group('meant_name', pattern) }} as beginning
    from meant
    {{ "union" if not loop.last }}
    {% endfor %}
),

judged as (
    select
        beginnings.*,
        -- One of the parts of the domain before its last dot, without hyphens.
        length(replace(beginning, ' ', '')) >= 3
        and {{ holds(
            "'.' || replace(" ~ first_group('domain', "'^(.*)[.][^.]*$'") ~ ", '-', '') || '.'",
            "'.' || replace(beginning, ' ', '') || '.'"
        ) }} as is_spelled,
        count(*) over (partition by domain, beginning) as name_count
    from beginnings
    where beginning <> ''
),

keys as (
    select
        judged.domain,
        judged.company_name,
        {{ value_at_max('judged.beginning', ['0 - length(judged.beginning)']) }} as company_key,
        {{ any_true('judged.is_spelled') }} as is_spelled
    from judged
    left join known
        on judged.domain = known.domain
        and judged.beginning = known.meant_name
    where known.meant_name is not null or (judged.is_spelled and judged.name_count < 5)
    group by judged.domain, judged.company_name
),

companies as (
    select
        keys.domain,
        keys.company_key,
        {{ any_true('keys.is_spelled') }} as is_spelled,
        sum(names.mentions) as mentions
    from keys
    inner join names
        on keys.domain = names.domain
        and keys.company_name = names.company_name
    group by keys.domain, keys.company_key
),

weighed as (
    select
        companies.*,
        count(*) over (partition by domain) as company_count,
        2 * mentions > sum(mentions) over (partition by domain) as is_majority
    from companies
),

owned as (
    select
        domain,
        max(company_count) as company_count,
        {{ any_true('is_spelled') }} as is_spelled,
        {{ any_true('is_majority') }} as has_majority
    from weighed
    group by domain
)

select
    keys.domain,
    keys.company_name,
    keys.company_key,
    -- Whose domain it is: the company that most records at it name; or that it spells, where only
    -- few others are named at it. Else it is a portal's or a mail provider's.
    owned.has_majority or (owned.is_spelled and owned.company_count < 5) as is_company_domain,
    -- A domain that spells a company is that of its brands and branches too.
    weighed.is_majority or (owned.is_spelled and owned.company_count < 5) as is_owner
from keys
inner join weighed
    on keys.domain = weighed.domain
    and keys.company_key = weighed.company_key
inner join owned on keys.domain = owned.domain
