select
    source_system,
    source_id,
    rep_id,
    period_start,
    period_grain,
    amount,
    currency,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('rep_quota') }}
