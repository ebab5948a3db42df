-- depends_on: {{ ref('int_touch_months') }}
{{ config(materialized='by_part', parts='int_touch_months', part='occurred_month') }}

{# Touches with what each tells by itself. URLs leave without their query strings. An answer to
   a campaign is an attendance where the campaign is an event, by its type or channel, else its
   name. Who the person is comes later, and so does the campaign where its utm_campaign may mean
   several: that takes the touch's channel. #}
with placed as (
    select
        touches.touch_id,
        touches.source_system,
        touches.source_id,
        case
            when touches.is_campaign_response and {{ matches_fully(
                "coalesce(campaigns.campaign_type || ' ' || coalesce(campaigns.channel_label, ''), campaigns.channel_label, campaigns.name)",
                "'.*(event|webinar|trade ?show|trade ?fair|conference|congress|kongress|messe|seminar|workshop|summit).*'"
            ) }} then 'event_attendance'
            else touches.touch_type
        end as touch_type,
        touches.occurred_at,
        touches.occurred_date,
        touches.occurred_month,
        touches.is_occurred_date_only,
        touches.anonymous_id,
        md5(touches.anonymous_id) as visitor_id,
        touches.email_hash,
        touches.lead_id,
        touches.contact_id,
        campaigns.campaign_id,
        coalesce(touches.channel_label, campaigns.channel_label) as channel_label,
        case when touches.is_campaign_response or touches.touch_type = 'event_attendance' then campaigns.campaign_type end as lead_source,
        touches.click_id_hash,
        touches.click_id_type,
        touches.utm_source,
        touches.utm_medium,
        touches.utm_campaign,
        touches.utm_term,
        touches.utm_content,
        touches.referrer,
        touches.landing_page,
        touches.is_campaign_response
    from {{ ref('int_touches_unioned') }} as touches
    left join {{ ref('int_touch_campaigns') }} as campaigns
        on touches.occurred_month = campaigns.occurred_month
        and touches.source_system = campaigns.source_system
        and {{ equal_or_missing("touches.campaign_id", "campaigns.named_id") }}
        and {{ equal_or_missing("touches.utm_campaign", "campaigns.named_utm") }}
)

select
    *,
    {{ surrogate_key(channel_evidence_columns()) }} as evidence_key
from placed
