{# The campaign that touches name: by its id, else by a utm_campaign that only one campaign has.
   One row per month and pair of names, with what tells whether its touches are the same as
   before. #}
with touches as (
    select
        occurred_month,
        source_system,
        campaign_id,
        utm_campaign,
        {{ fingerprint("int_touches_unioned") }} as fingerprint
    from {{ ref('int_touches_unioned') }}
    group by occurred_month, source_system, campaign_id, utm_campaign
)

select
    touches.occurred_month,
    touches.source_system,
    touches.campaign_id as named_id,
    touches.utm_campaign as named_utm,
    campaigns.campaign_id,
    campaigns.campaign_type,
    campaigns.channel_label,
    campaigns.name,
    touches.fingerprint
from touches
{{ resolve_record('touches', 'campaign_id', ref('int_campaign_records'), 'campaign') }}
left join {{ ref('int_campaign_utms') }} as utms
    on {{ folded('touches.utm_campaign') }} = utms.utm_campaign
    and utms.is_sole
left join {{ ref('int_campaigns') }} as campaigns
    on coalesce({{ resolved('campaign', 'campaign_id') }}, utms.campaign_id) = campaigns.campaign_id
