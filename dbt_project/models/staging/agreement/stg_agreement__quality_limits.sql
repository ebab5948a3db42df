select
    cast(source as string) as source,
    cast(agreement_rows.table as string) as table_name,
    cast(max_bad_share as double) as max_bad_share,
    cast(max_bad_rows as bigint) as max_bad_rows,
    cast(max_drop_share as double) as max_drop_share
from {{ current_agreement('quality_limits') }}
