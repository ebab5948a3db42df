{# The web domains that stand for a company: one row per spelling that a record uses. Not here:
   what is no domain, free-mail domains of the agreement, and the domains of portals and mail
   providers that nobody listed, which show by the names: at one domain, records name companies
   that begin with five or more different words. #}
with mentioned as (
    select domain as raw_domain, name
    from {{ ref('stg_generic__accounts') }}
    where domain is not null and (not is_deleted or merged_into_id is not null)
    union
    select company_domain as raw_domain, company as name
    from {{ ref('stg_generic__leads') }}
    where company_domain is not null and not is_deleted
    union
    select email_domain as raw_domain, company as name
    from {{ ref('stg_generic__leads') }}
    where email_domain is not null and not is_deleted
    union
    select email_domain as raw_domain, cast(null as string) as name
    from {{ ref('stg_generic__contacts') }}
    where email_domain is not null and not is_deleted
),

spelled as (
    select raw_domain, {{ domain_of('raw_domain') }} as domain
    from mentioned
    group by raw_domain
),

company_names as (
    select distinct
        spelled.domain,
        {{ first_group(company_words('mentioned.name'), "'^([^ ]+)'") }} as first_word
    from mentioned
    inner join spelled on mentioned.raw_domain = spelled.raw_domain
    where mentioned.name is not null and spelled.domain is not null
),

portals as (
    select domain from company_names group by domain having count(*) >= 5
),

free_mail as (
    select distinct {{ folded('domain') }} as domain
    from {{ ref('stg_agreement__free_mail_domains') }}
)

select
    spelled.raw_domain,
    spelled.domain,
    '~' || spelled.domain as node_id
from spelled
left join portals on spelled.domain = portals.domain
left join free_mail on spelled.domain = free_mail.domain
where spelled.domain is not null and portals.domain is null and free_mail.domain is null
