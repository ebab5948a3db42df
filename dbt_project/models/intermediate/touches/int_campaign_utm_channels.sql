{# Google and Meta may both have a campaign "Sommer". Of several campaigns that a utm_campaign
   value may mean, a touch means the one of its own channel: a row per value and channel. Where
   none has it, it means the one with the best grounds, if no other has grounds as good: the row
   without a channel. #}
with candidates as (
    select
        utms.utm_campaign,
        utms.campaign_id,
        utms.grounds_rank,
        utms.equal_count,
        channels.channel_id
    from {{ ref('int_campaign_utms') }} as utms
    inner join {{ ref('int_record_channels') }} as channels
        on channels.object_type = 'campaign'
        and utms.campaign_id = channels.source_id
    where not utms.is_sole
),

ranked as (
    select
        candidates.*,
        row_number() over (
            partition by utm_campaign, channel_id
            order by grounds_rank asc nulls last, campaign_id asc nulls last
        ) as choice
    from candidates
)

select utm_campaign, channel_id, campaign_id
from ranked
where choice = 1
union all
select utm_campaign, cast(null as string) as channel_id, campaign_id
from candidates
where grounds_rank = 1 and equal_count = 1
