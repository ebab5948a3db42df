-- One row per week, segment and region, with what the worth of findings is worked out from.
with amounts as (
    select
        spend_date as day,
        segment,
        region,
        cast(spend_reporting as decimal(38, 6)) as spend,
        cast(0 as decimal(38, 6)) as new_pipeline,
        cast(0 as decimal(38, 6)) as won_from_leads,
        0 as leads_handed
    from {{ ref('fct_ad_spend') }}

    union all

    select
        created_date as day,
        segment,
        region,
        cast(0 as decimal(38, 6)) as spend,
        cast(amount_reporting as decimal(38, 6)) as new_pipeline,
        cast(0 as decimal(38, 6)) as won_from_leads,
        0 as leads_handed
    from {{ ref('fct_opportunities') }}
    where coalesce(opportunity_type, 'new') = 'new'

    union all

    select
        closed_date as day,
        segment,
        region,
        cast(0 as decimal(38, 6)) as spend,
        cast(0 as decimal(38, 6)) as new_pipeline,
        cast(amount_reporting as decimal(38, 6)) as won_from_leads,
        0 as leads_handed
    from {{ ref('fct_opportunities') }}
    where is_won and source_lead_id is not null

    union all

    select
        handed_date as day,
        segment,
        region,
        cast(0 as decimal(38, 6)) as spend,
        cast(0 as decimal(38, 6)) as new_pipeline,
        cast(0 as decimal(38, 6)) as won_from_leads,
        1 as leads_handed
    from {{ ref('fct_lead_response') }}
)

select
    {{ period_start("week", "day") }} as week_start,
    cast(segment as string) as segment,
    cast(region as string) as region,
    cast(coalesce(sum(spend), 0) as double) as spend,
    cast(coalesce(sum(new_pipeline), 0) as double) as new_pipeline,
    cast(coalesce(sum(won_from_leads), 0) as double) as won_from_leads,
    cast(sum(leads_handed) as bigint) as leads_handed
from amounts
where day > {{ add_days(as_of_date(), -79 * 7) }}
    and day <= {{ as_of_date() }}
group by {{ period_start("week", "day") }}, segment, region
