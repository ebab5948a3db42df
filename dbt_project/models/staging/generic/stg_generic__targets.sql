select
    source_system,
    source_id,
    kpi_id,
    period_grain,
    period_start,
    segment,
    channel_id,
    region,
    target_value,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('target') }}
