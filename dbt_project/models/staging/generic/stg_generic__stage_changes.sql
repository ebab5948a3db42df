select
    source_system,
    source_id,
    object_type,
    object_id,
    from_stage,
    to_stage,
    changed_at,
    {{ report_date('changed_at') }} as changed_date,
    {{ is_date_only('changed_at') }} as is_changed_date_only,
    amount,
    expected_close_date,
    changed_by_id,
    {{ without_personal('reason') }} as reason,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('stage_change') }}
