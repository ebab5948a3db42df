{# Touches of all kinds in one shape, each row read once: what the web tracked, clicks in
   emails, and answers to campaigns. URLs leave without their query strings. An answer to a campaign is an attendance where the campaign is an event, by its type
   or channel, else its name. Who the person is comes later, and so does the campaign where its utm_campaign may
   mean several: that takes the touch's channel. #}
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
),

parsed as (
    select
        touch_id,
        source_system,
        source_id,
        touch_type,
        occurred_at,
        occurred_date,
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
),

placed as (
    select
        parsed.touch_id,
        parsed.source_system,
        parsed.source_id,
        case
            when parsed.is_campaign_response and {{ matches_fully(
                "coalesce(campaigns.campaign_type || ' ' || coalesce(campaigns.channel_label, ''), campaigns.channel_label, campaigns.name)",
                "'.*(event|webinar|trade ?show|trade ?fair|conference|congress|kongress|messe|seminar|workshop|summit).*'"
            ) }} then 'event_attendance'
            else parsed.touch_type
        end as touch_type,
        parsed.occurred_at,
        parsed.occurred_date,
        parsed.is_occurred_date_only,
        parsed.anonymous_id,
        parsed.email_hash,
        parsed.lead_id,
        parsed.contact_id,
        campaigns.campaign_id,
        coalesce(parsed.channel_label, campaigns.channel_label) as channel_label,
        case when parsed.is_campaign_response or parsed.touch_type = 'event_attendance' then campaigns.campaign_type end as lead_source,
        parsed.click_id_hash,
        parsed.click_id_type,
        parsed.utm_source,
        parsed.utm_medium,
        parsed.utm_campaign,
        parsed.utm_term,
        parsed.utm_content,
        parsed.referrer,
        parsed.landing_page,
        parsed.is_campaign_response
    from parsed
    {{ resolve_record('parsed', 'campaign_id', ref('int_campaign_records'), 'campaign') }}
    left join {{ ref('int_campaign_utms') }} as utms
        on {{ folded('parsed.utm_campaign') }} = utms.utm_campaign
        and utms.is_sole
    left join {{ ref('int_campaigns') }} as campaigns
        on coalesce({{ resolved('campaign', 'campaign_id') }}, utms.campaign_id) = campaigns.campaign_id
)

select
    *,
    {{ surrogate_key(channel_evidence_columns()) }} as evidence_key
from placed
