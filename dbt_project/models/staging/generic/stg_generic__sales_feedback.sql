select
    source_system,
    source_id,
    recorded_at,
    {{ report_date('recorded_at') }} as recorded_date,
    {{ is_date_only('recorded_at') }} as is_recorded_date_only,
    rep_id,
    lead_id,
    opportunity_id,
    campaign_id,
    product_id,
    feedback_type,
    {{ without_personal('topic') }} as topic,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('sales_feedback') }}
