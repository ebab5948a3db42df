select
    cast(account_id as string) as account_id,
    cast(source_system as string) as source_system,
    cast(source_id as string) as source_id,
    cast(match_type as string) as match_type,
    cast(match_confidence as double) as match_confidence
from {{ ref('int_account_records') }}
