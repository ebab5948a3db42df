select
    source_system,
    source_id,
    anonymous_id,
    email_hash,
    email_domain,
    lead_id,
    contact_id,
    observed_at,
    {{ report_date('observed_at') }} as observed_date,
    {{ is_date_only('observed_at') }} as is_observed_date_only,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('identity_link') }}
