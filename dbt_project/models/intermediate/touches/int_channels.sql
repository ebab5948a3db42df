{# The agreement's channels, and those that classification itself gives should it lack them. #}
with fallbacks as (
    select 'direct' as channel_id, 'Direct' as channel_name, 9997 as position
    union all
    select 'other' as channel_id, 'Other' as channel_name, 9998 as position
    union all
    select 'unattributed' as channel_id, 'Unattributed' as channel_name, 9999 as position
)

select
    channel_id,
    channel_name,
    is_paid,
    position,
    case when channel_id in ('other', 'unattributed') then 'unknown' else team end as team
from {{ ref('stg_agreement__channels') }}
union all
select
    fallbacks.channel_id,
    fallbacks.channel_name,
    false as is_paid,
    fallbacks.position,
    case when fallbacks.channel_id = 'direct' then 'marketing' else 'unknown' end as team
from fallbacks
left join {{ ref('stg_agreement__channels') }} as agreed
    on fallbacks.channel_id = agreed.channel_id
where agreed.channel_id is null
