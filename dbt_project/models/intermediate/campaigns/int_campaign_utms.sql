{# Which campaign a utm_campaign value means: the one that declares it, else the one of that
   name, else the one of that id. #}
with spellings as (
    select campaign_id, source_system, source_id, is_deleted, 1 as priority, {{ folded('utm_campaign') }} as utm_campaign
    from {{ ref('int_campaigns') }}
    union all
    select campaign_id, source_system, source_id, is_deleted, 2 as priority, {{ folded('name') }} as utm_campaign
    from {{ ref('int_campaigns') }}
    union all
    select campaign_id, source_system, source_id, is_deleted, 3 as priority, {{ folded('source_id') }} as utm_campaign
    from {{ ref('int_campaigns') }}
),

ranked as (
    select
        utm_campaign,
        campaign_id,
        row_number() over (
            partition by utm_campaign
            order by
                priority asc nulls last,
                is_deleted asc nulls last,
                source_system asc nulls last,
                source_id asc nulls last
        ) as choice
    from spellings
    where utm_campaign is not null
)

select utm_campaign, campaign_id
from ranked
where choice = 1
