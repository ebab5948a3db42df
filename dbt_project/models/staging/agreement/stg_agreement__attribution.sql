{{ config(materialized='table') }}
select
    cast(window_days as bigint) as window_days,
    cast(half_life_days as decimal(18, 6)) as half_life_days,
    cast(direct_channels as string) as direct_channels,
    cast(kpi_model as string) as kpi_model
from {{ current_agreement('attribution') }}
