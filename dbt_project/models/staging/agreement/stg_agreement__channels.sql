select
    cast(channel_id as string) as channel_id,
    cast(channel_name as string) as channel_name,
    cast(is_paid as boolean) as is_paid,
    cast(position as bigint) as position,
    cast(coalesce(team, case when channel_id = 'outbound' then 'sales' else 'marketing' end) as string) as team
from {{ current_agreement('channels') }}
