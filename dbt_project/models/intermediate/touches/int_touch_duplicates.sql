-- One row per answer to a campaign that only repeats a touch: any other touch of the same person
-- with the same campaign on the same day, as the tool that ran the campaign tells it.
with touches as (
    select
        touches.touch_id,
        touches.person_id,
        touches.campaign_id,
        touches.occurred_date,
        touches.is_campaign_response
    from {{ ref('int_touches') }} as touches
    where touches.campaign_id is not null
)

select
    responses.touch_id,
    min(others.touch_id) as duplicate_of
from touches as responses
inner join touches as others
    on responses.person_id = others.person_id
    and responses.campaign_id = others.campaign_id
    and responses.occurred_date = others.occurred_date
    and not others.is_campaign_response
where responses.is_campaign_response
group by responses.touch_id
