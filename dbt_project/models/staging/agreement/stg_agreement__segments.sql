select
    cast(segment as string) as segment,
    cast(position as bigint) as position,
    cast(labels as string) as labels,
    cast(min_employees as bigint) as min_employees,
    cast(max_employees as bigint) as max_employees,
    cast(industry as string) as industry,
    cast(country as string) as country,
    cast(description as string) as description
from {{ current_agreement('segments') }}
