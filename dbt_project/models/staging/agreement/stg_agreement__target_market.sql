select
    cast(segment as string) as segment,
    cast(region as string) as region,
    cast(valid_from as date) as valid_from,
    cast(companies as bigint) as companies,
    cast(annual_value as decimal(18, 6)) as annual_value
from {{ current_agreement('target_market') }}
