{{ config(materialized='view') }}

{# Touches of all kinds in one shape: what the web tracked, clicks in emails, and answers to
   campaigns. #}
with clicks as (
    select
        *,
        cast(null as string) as click_id,
        cast(null as string) as click_id_type,
        {% for name in ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'referrer'] -%}
        cast(null as string) as {{ name }},
        {% endfor -%}
        url as landing_page
    from {{ ref('stg_generic__email_events') }}
    where event_type = 'click'
)

select
    touch_id,
    source_system,
    source_id,
    touch_type,
    occurred_at,
    occurred_date,
    {{ period_start('month', 'occurred_date') }} as occurred_month,
    is_occurred_date_only,
    anonymous_id,
    email_hash,
    lead_id,
    contact_id,
    campaign_id,
    channel as channel_label,
    click_id_hash,
    click_id_type,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_term,
    utm_content,
    referrer,
    landing_page,
    false as is_campaign_response
from {{ ref('stg_generic__touches') }}
union all
select
    {{ surrogate_key(["'email_event'", 'source_system', '_table', 'source_id']) }} as touch_id,
    source_system,
    source_id,
    'email_click' as touch_type,
    occurred_at,
    occurred_date,
    {{ period_start('month', 'occurred_date') }} as occurred_month,
    is_occurred_date_only,
    cast(null as string) as anonymous_id,
    email_hash,
    lead_id,
    contact_id,
    campaign_id,
    cast(null as string) as channel_label,
    {{ touch_texts() }},
    false as is_campaign_response
from clicks
union all
select
    {{ surrogate_key(["'campaign_member'", 'source_system', '_table', 'source_id']) }} as touch_id,
    source_system,
    source_id,
    'other' as touch_type,
    responded_at as occurred_at,
    responded_date as occurred_date,
    {{ period_start('month', 'responded_date') }} as occurred_month,
    is_responded_date_only as is_occurred_date_only,
    cast(null as string) as anonymous_id,
    email_hash,
    lead_id,
    contact_id,
    campaign_id,
    cast(null as string) as channel_label,
    {% for name in ['click_id_hash', 'click_id_type', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'referrer', 'landing_page'] -%}
    cast(null as string) as {{ name }},
    {% endfor -%}
    true as is_campaign_response
from {{ ref('stg_generic__campaign_members') }}
where responded_at is not null
