select
    cast(promise_id as string) as promise_id,
    cast(promise_name as string) as promise_name,
    cast(promised_by as string) as promised_by,
    cast(measure as string) as measure,
    cast(threshold as decimal(18, 6)) as threshold,
    cast(required_share as decimal(18, 6)) as required_share,
    cast(period_grain as string) as period_grain,
    cast(calendar as string) as calendar,
    cast(segment as string) as segment,
    cast(region as string) as region,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to,
    cast(description as string) as description
from {{ current_agreement('promises') }}
