select
    source_system,
    source_id,
    account_id,
    opportunity_id,
    issued_on,
    amount,
    currency,
    status,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('invoice') }}
