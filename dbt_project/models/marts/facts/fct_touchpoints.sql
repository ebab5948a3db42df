-- depends_on: {{ ref('int_touchpoint_months') }}
{{ config(materialized='by_part', parts='int_touchpoint_months', part=period_start("month", "occurred_date")) }}

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
    cast(events.utm_source as string) as utm_source,
    cast(events.utm_medium as string) as utm_medium,
    cast(events.utm_campaign as string) as utm_campaign,
    cast(events.utm_term as string) as utm_term,
    cast(events.utm_content as string) as utm_content,
    cast(events.referrer as string) as referrer,
    cast(events.landing_page as string) as landing_page,
    cast(events.click_id_type as string) as click_id_type,
    cast(events.click_id_hash as string) as click_id_hash,
    cast(duplicates.touch_id is not null as boolean) as is_duplicate
from {{ ref('int_touches') }} as touches
inner join {{ ref('int_touch_events') }} as events
    on touches.touch_id = events.touch_id
    and touches.occurred_month = events.occurred_month
left join {{ ref('int_touch_duplicates') }} as duplicates
    on touches.touch_id = duplicates.touch_id
