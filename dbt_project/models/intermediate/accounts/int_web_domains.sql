{# The web domains that records name: one row per spelling. Not here: what is no domain, and the
   agreement's free-mail domains, which are nobody's company. #}
with mentioned as (
    select domain as raw_domain
    from {{ ref('stg_generic__accounts') }}
    where domain is not null and (not is_deleted or merged_into_id is not null)
    union
    select company_domain as raw_domain
    from {{ ref('stg_generic__leads') }}
    where company_domain is not null and not is_deleted
    union
    select email_domain as raw_domain
    from {{ ref('stg_generic__leads') }}
    where email_domain is not null and not is_deleted
    union
    select email_domain as raw_domain
    from {{ ref('stg_generic__contacts') }}
    where email_domain is not null and not is_deleted
),

spelled as (
    select raw_domain, {{ domain_of('raw_domain') }} as domain
    from mentioned
),

free_mail as (
    select distinct {{ folded('domain') }} as domain
    from {{ ref('stg_agreement__free_mail_domains') }}
)

select
    spelled.raw_domain,
    spelled.domain
from spelled
left join free_mail on spelled.domain = free_mail.domain
where spelled.domain is not null and free_mail.domain is null
