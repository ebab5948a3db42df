select
    source_system,
    source_id,
    rate_date,
    currency,
    rate,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('fx_rate') }}
