select
    source_system,
    source_id,
    campaign_id,
    segment,
    region,
    starts_on,
    ends_on,
    planned_budget,
    actual_budget,
    currency,
    accounts,
    reps,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('marketing_plan') }}
