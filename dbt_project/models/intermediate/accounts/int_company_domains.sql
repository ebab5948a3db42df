{# The web domains that stand for a company: one row per spelling that a record uses. Not here:
   free mail, and domains of portals and mail providers that nobody listed, which show by the names
   at them. #}
with portals as (
    select distinct domain
    from {{ ref('int_domain_owners') }}
    where not is_company_domain
)

select
    spellings.raw_domain,
    spellings.domain,
    '~' || spellings.domain as node_id
from {{ ref('int_web_domains') }} as spellings
left join portals on spellings.domain = portals.domain
where portals.domain is null
