{# A touch belongs to whoever it names, else to whoever its visitor id is known for at that
   time. Its campaign is the one it names, else the one of its utm_campaign; of several the one
   of its channel. What tells of no channel itself has that of the session around it. The texts
   stay with the events: they are most of a row, and only fct_touchpoints has them. #}
select
    touches.touch_id,
    coalesce({{ named_person() }}, visitors.person_id) as person_id,
    touches.visitor_id,
    accounts.account_id,
    touches.occurred_at,
    touches.occurred_date,
    touches.occurred_month,
    touches.is_occurred_date_only,
    coalesce(inherited.channel_id, evidence.channel_id) as channel_id,
    coalesce(touches.campaign_id, agreeing.campaign_id, otherwise.campaign_id) as campaign_id,
    touches.touch_type,
    coalesce(channels.is_paid, false) as is_paid,
    touches.source_system,
    touches.source_id,
    touches.is_campaign_response
from {{ ref('int_touch_events') }} as touches
{{ join_person('touches') }}
left join {{ ref('int_visitor_persons') }} as visitors
    on touches.anonymous_id = visitors.anonymous_id
    and touches.occurred_at > visitors.after_at
    and touches.occurred_at <= visitors.until_at
left join {{ ref('int_person_accounts') }} as accounts
    on coalesce({{ named_person() }}, visitors.person_id) = accounts.person_id
left join {{ ref('int_channel_evidence') }} as evidence
    on touches.evidence_key = evidence.evidence_key
left join {{ ref('int_touch_inheritances') }} as inherited
    on touches.touch_id = inherited.touch_id
left join {{ ref('int_channels') }} as channels
    on coalesce(inherited.channel_id, evidence.channel_id) = channels.channel_id
left join {{ ref('int_campaign_utm_channels') }} as agreeing
    on {{ folded('touches.utm_campaign') }} = agreeing.utm_campaign
    and evidence.channel_id = agreeing.channel_id
left join {{ ref('int_campaign_utm_channels') }} as otherwise
    on {{ folded('touches.utm_campaign') }} = otherwise.utm_campaign
    and otherwise.channel_id is null
