{# Which campaigns a utm_campaign value may mean: those that declare it, or have it as their
   name, or as their id. The best grounds have the lowest rank, and a live campaign goes before
   a deleted one. #}
with spellings as (
    select campaign_id, is_deleted, 1 as priority, {{ folded('utm_campaign') }} as utm_campaign
    from {{ ref('int_campaigns') }}
    union all
    select campaign_id, is_deleted, 2 as priority, {{ folded('name') }} as utm_campaign
    from {{ ref('int_campaigns') }}
    union all
    select campaign_id, is_deleted, 3 as priority, {{ folded('source_id') }} as utm_campaign
    from {{ ref('int_campaigns') }}
),

candidates as (
    select
        utm_campaign,
        campaign_id,
        min(2 * priority + case when is_deleted then 1 else 0 end) as grounds
    from spellings
    where utm_campaign is not null
    group by utm_campaign, campaign_id
)

select
    utm_campaign,
    campaign_id,
    cast(rank() over (partition by utm_campaign order by grounds asc nulls last) as bigint) as grounds_rank,
    cast(count(*) over (partition by utm_campaign, grounds) as bigint) as equal_count,
    count(*) over (partition by utm_campaign) = 1 as is_sole
from candidates
