{{ config(materialized='table') }}
select
    cast(region as string) as region,
    cast(weekday as bigint) as weekday,
    cast(opens_at as string) as opens_at,
    cast(closes_at as string) as closes_at,
    cast(timezone as string) as timezone
from {{ current_agreement('working_hours') }}
