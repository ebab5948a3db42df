select
    cast(stage_id as string) as stage_id,
    cast(stage_name as string) as stage_name,
    cast(position as bigint) as position,
    cast(accountable_team as string) as accountable_team,
    cast(entry_rule as string) as entry_rule,
    cast(stuck_after_days as bigint) as stuck_after_days
from {{ current_agreement('stages') }}
