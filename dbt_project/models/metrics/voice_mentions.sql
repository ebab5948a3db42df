-- One row per thing that a customer or lead said: a note of a rep, the reason of a loss or of a
-- rejection. Words that were heard only once in all the time may tell of one person and are not
-- shown. A table of its own, because DuckDB 2.0 can fail on a union that several others read.
with heard as (
    select
        feedback.recorded_date as heard_date,
        feedback.segment,
        feedback.campaign_id,
        feedback.product_id,
        feedback.feedback_type as voice_type,
        {{ voiced_topic("feedback.topic") }} as topic,
        feedback.person_id,
        feedback.opportunity_id,
        deals.amount_reporting
    from {{ ref('fct_sales_feedback') }} as feedback
    left join {{ ref('fct_opportunities') }} as deals
        on feedback.opportunity_id = deals.opportunity_id

    union all

    select
        deals.closed_date as heard_date,
        deals.segment,
        funnel.campaign_id,
        deals.product_id,
        'lost_reason' as voice_type,
        {{ voiced_topic("deals.lost_reason") }} as topic,
        deals.person_id,
        deals.opportunity_id,
        deals.amount_reporting
    from {{ ref('fct_opportunities') }} as deals
    inner join {{ ref('fct_funnel') }} as funnel
        on deals.journey_id = funnel.journey_id
    where deals.is_closed and not deals.is_won and deals.lost_reason is not null

    union all

    select
        rejected_date as heard_date,
        segment,
        campaign_id,
        cast(null as string) as product_id,
        'rejected_reason' as voice_type,
        {{ voiced_topic("rejected_reason") }} as topic,
        person_id,
        cast(null as string) as opportunity_id,
        cast(null as decimal(18, 2)) as amount_reporting
    from {{ ref('fct_lead_response') }}
    where decision = 'rejected' and rejected_reason is not null
)

select
    heard_date,
    segment,
    campaign_id,
    product_id,
    voice_type,
    case
        when topic is not null and count(*) over (partition by topic) = 1 then '(single mention)'
        else topic
    end as topic,
    person_id,
    opportunity_id,
    amount_reporting
from heard
