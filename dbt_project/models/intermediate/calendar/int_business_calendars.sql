-- One row per region with working hours or holidays of its own, and `*` for every other region:
-- whose working hours it has, and in which timezone they are.
with own_hours as (
    select region, min(timezone) as timezone
    from {{ ref('stg_agreement__working_hours') }}
    group by region
),

regions as (
    select region from own_hours
    union
    select region from {{ ref('stg_agreement__holidays') }}
)

select
    regions.region,
    coalesce(own_hours.region, shared_hours.region) as hours_region,
    coalesce(
        case when own_hours.region is null then shared_hours.timezone else own_hours.timezone end,
        company.timezone
    ) as timezone
from regions
cross join {{ ref('stg_agreement__company') }} as company
left join own_hours
    on regions.region = own_hours.region
left join own_hours as shared_hours
    on shared_hours.region = '*'
where coalesce(own_hours.region, shared_hours.region) is not null
