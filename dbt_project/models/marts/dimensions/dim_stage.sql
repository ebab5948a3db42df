select
    stages.stage_id,
    cast(stages.stage_name as string) as stage_name,
    cast(stages.position as bigint) as position,
    stages.accountable_team,
    stages.stage_id in ('{{ main_stages() | join("', '") }}') as is_main_path,
    stages.stage_id in {{ closing_stages() }} as is_closing,
    stages.entry_rule,
    stages.stuck_after_days
from {{ ref('stg_agreement__stages') }} as stages
