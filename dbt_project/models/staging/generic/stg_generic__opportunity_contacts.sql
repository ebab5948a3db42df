select
    source_system,
    source_id,
    opportunity_id,
    contact_id,
    role,
    is_primary,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('opportunity_contact') }}
