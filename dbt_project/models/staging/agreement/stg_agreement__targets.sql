select
    cast(kpi_id as string) as kpi_id,
    cast(period_grain as string) as period_grain,
    cast(period_start as date) as period_start,
    cast(segment as string) as segment,
    cast(channel_id as string) as channel_id,
    cast(region as string) as region,
    cast(target_value as decimal(18, 6)) as target_value
from {{ current_agreement('targets') }}
