select
    cast(reason_order as bigint) as reason_order,
    cast(object_type as string) as object_type,
    cast(pattern as string) as pattern,
    cast(reason as string) as reason
from {{ current_agreement('reasons') }}
