select
    cast(stage_id as string) as stage_id,
    cast(stage_name as string) as stage_name,
    cast(position as bigint) as position,
    cast(accountable_team as string) as accountable_team
from {{ current_agreement('stages') }}
