{{ config(materialized='table') }}
select
    cast(rule_order as bigint) as rule_order,
    cast(channel_id as string) as channel_id,
    cast(channel_label as string) as channel_label,
    cast(utm_source as string) as utm_source,
    cast(utm_medium as string) as utm_medium,
    cast(utm_campaign as string) as utm_campaign,
    cast(referrer as string) as referrer,
    cast(click_id_type as string) as click_id_type,
    cast(lead_source as string) as lead_source,
    cast(touch_type as string) as touch_type
from {{ current_agreement('channel_rules') }}
