select
    source_system,
    source_id,
    period_start,
    period_grain,
    team,
    category,
    amount,
    currency,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('cost') }}
