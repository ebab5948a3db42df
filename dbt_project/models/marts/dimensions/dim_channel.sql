select
    cast(channel_id as string) as channel_id,
    cast(channel_name as string) as channel_name,
    cast(is_paid as boolean) as is_paid,
    cast(position as bigint) as position,
    cast(team as string) as team
from {{ ref('int_channels') }}
