select
    source_system,
    source_id,
    name,
    email_hash,
    email_domain,
    team,
    region,
    manager_id,
    is_active,
    updated_at,
    {{ report_date('updated_at') }} as updated_date,
    {{ is_date_only('updated_at') }} as is_updated_date_only,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('rep', newest_by='updated_at') }}
