select
    cast(touches.touch_id as string) as touch_id,
    cast(touches.person_id as string) as person_id,
    cast(touches.visitor_id as string) as visitor_id,
    cast(touches.account_id as string) as account_id,
    cast(touches.occurred_at as timestamp) as occurred_at,
    cast(touches.occurred_date as date) as occurred_date,
    cast(touches.is_occurred_date_only as boolean) as is_occurred_date_only,
    cast(touches.channel_id as string) as channel_id,
    cast(touches.campaign_id as string) as campaign_id,
    cast(touches.touch_type as string) as touch_type,
    cast(touches.is_paid as boolean) as is_paid,
    cast(touches.source_system as string) as source_system,
    cast(touches.utm_source as string) as utm_source,
    cast(touches.utm_medium as string) as utm_medium,
    cast(touches.utm_campaign as string) as utm_campaign,
    cast(touches.utm_term as string) as utm_term,
    cast(touches.utm_content as string) as utm_content,
    cast(touches.referrer as string) as referrer,
    cast(touches.landing_page as string) as landing_page,
    cast(touches.click_id_type as string) as click_id_type,
    cast(touches.click_id_hash as string) as click_id_hash,
    cast(duplicates.touch_id is not null as boolean) as is_duplicate
from {{ ref('int_touches') }} as touches
left join {{ ref('int_touch_duplicates') }} as duplicates
    on touches.touch_id = duplicates.touch_id
