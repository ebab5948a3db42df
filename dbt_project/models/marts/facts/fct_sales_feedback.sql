{# One row per feedback of a rep. The rep's words stay in the lake. #}
select
    cast(feedback.feedback_id as string) as feedback_id,
    cast(feedback.recorded_at as timestamp) as recorded_at,
    cast(feedback.recorded_date as date) as recorded_date,
    cast(feedback.rep_id as string) as rep_id,
    cast(coalesce(feedback.lead_person_id, funnel.person_id) as string) as person_id,
    cast(funnel.account_id as string) as account_id,
    cast(feedback.journey_id as string) as journey_id,
    cast(coalesce(feedback.opportunity_id, funnel.opportunity_id) as string) as opportunity_id,
    cast(feedback.campaign_id as string) as campaign_id,
    cast(feedback.product_id as string) as product_id,
    cast(feedback.feedback_type as string) as feedback_type,
    cast(feedback.topic as string) as topic,
    cast(funnel.first_touch_channel_id as string) as channel_id,
    cast(funnel.segment as string) as segment,
    cast(funnel.region as string) as region,
    cast(feedback.source_system as string) as source_system
from {{ ref('int_sales_feedback') }} as feedback
left join {{ ref('fct_funnel') }} as funnel
    on feedback.journey_id = funnel.journey_id
