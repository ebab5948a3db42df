{{ config(materialized='view') }}

select
    source_system,
    source_id,
    occurred_at,
    {{ report_date('occurred_at') }} as occurred_date,
    {{ is_date_only('occurred_at') }} as is_occurred_date_only,
    event_type,
    email_hash,
    email_domain,
    lead_id,
    contact_id,
    campaign_id,
    url,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('email_event') }}
