{# A person's account: the one that its records name; else the one that a lead's web domain or
   the address's means, where the lead's company name decides between several of that domain; else
   the one of the lead's company name; else one of the domain itself. A record with a company's
   domain takes a name only from an account without one. #}
with records as (
    select
        source_system,
        'lead' as object_type,
        source_id,
        company_domain,
        email_domain,
        company,
        coalesce(country, '') as country,
        created_at
    from {{ ref('stg_generic__leads') }}
    where not is_deleted and merged_into_id is null
    union all
    select
        source_system,
        'contact' as object_type,
        source_id,
        cast(null as string) as company_domain,
        email_domain,
        cast(null as string) as company,
        '' as country,
        created_at
    from {{ ref('stg_generic__contacts') }}
    where not is_deleted and merged_into_id is null
),

domains as (
    select
        spellings.raw_domain,
        spellings.domain,
        companies.raw_domain is not null as is_company_domain,
        accounts.account_id,
        accounts.is_domain_only
    from {{ ref('int_web_domains') }} as spellings
    left join {{ ref('int_company_domains') }} as companies on spellings.raw_domain = companies.raw_domain
    left join {{ ref('int_domain_accounts') }} as accounts on spellings.domain = accounts.domain
),

open_records as (
    select persons.person_id, records.*
    from records
    inner join {{ ref('int_person_identifiers') }} as persons
        on records.source_system = persons.source_system
        and records.object_type = persons.object_type
        and records.source_id = persons.source_id
    left join {{ ref('int_person_named_accounts') }} as named on persons.person_id = named.person_id
    where named.person_id is null
),

candidates as (
    select
        open_records.person_id,
        open_records.source_system,
        open_records.object_type,
        open_records.source_id,
        open_records.created_at,
        case
            when own_named.account_id is not null then own_named.account_id
            when not own.is_domain_only then own.account_id
            when mail_named.account_id is not null then mail_named.account_id
            when not mail.is_domain_only then mail.account_id
            when companies.account_id is not null then companies.account_id
            else coalesce(own.account_id, mail.account_id)
        end as account_id,
        case
            when own_named.account_id is not null or not own.is_domain_only then 1
            when mail_named.account_id is not null or not mail.is_domain_only then 2
            when companies.account_id is not null then 3
            else 4
        end as priority
    from open_records
    left join domains as own on open_records.company_domain = own.raw_domain
    left join domains as mail on open_records.email_domain = mail.raw_domain
    left join {{ ref('int_domain_named_accounts') }} as own_named
        on own.domain = own_named.domain
        and open_records.company = own_named.raw_company
    left join {{ ref('int_domain_named_accounts') }} as mail_named
        on mail.domain = mail_named.domain
        and open_records.company = mail_named.raw_company
    left join {{ ref('int_company_accounts') }} as companies
        on open_records.company = companies.raw_company
        and open_records.country = companies.raw_country
        and (
            not companies.has_domain
            or not (coalesce(own.is_company_domain, false) or coalesce(mail.is_company_domain, false))
        )
),

ranked as (
    select
        person_id,
        account_id,
        row_number() over (
            partition by person_id
            order by
                priority asc nulls last,
                created_at desc nulls last,
                source_system asc nulls last,
                object_type asc nulls last,
                source_id asc nulls last,
                account_id asc nulls last
        ) as choice
    from candidates
    where account_id is not null
)

select person_id, account_id
from {{ ref('int_person_named_accounts') }}
union all
select person_id, account_id
from ranked
where choice = 1
