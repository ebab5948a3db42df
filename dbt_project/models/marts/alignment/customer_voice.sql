{# One row per period, segment, campaign, product and topic: what customers and leads said,
   through the reps' feedback and the reasons of losses and rejections. #}
with placed as (
    {{ evidence_rows(ref("voice_mentions"), "heard_date") }}
),

-- A deal counts once with its value, however often it is spoken of.
deals as (
    select distinct
        period_grain, period_start, slice_segment, campaign_id, product_id, voice_type, topic,
        opportunity_id, amount_reporting
    from placed
    where opportunity_id is not null
),

deal_values as (
    select
        period_grain, period_start, slice_segment, campaign_id, product_id, voice_type, topic,
        count(*) as opportunities,
        sum(cast(amount_reporting as decimal(38, 2))) as opportunity_value
    from deals
    group by period_grain, period_start, slice_segment, campaign_id, product_id, voice_type, topic
),

counted as (
    select
        period_grain, period_start, slice_segment, campaign_id, product_id, voice_type, topic,
        count(*) as mentions,
        count(distinct person_id) as persons,
        sum(count(*)) over (
            partition by period_grain, period_start, slice_segment, voice_type
        ) as all_mentions
    from placed
    group by period_grain, period_start, slice_segment, campaign_id, product_id, voice_type, topic
)

select
    cast({{ surrogate_key([
        "counted.period_grain", "counted.period_start", "counted.slice_segment", "counted.campaign_id",
        "counted.product_id", "counted.voice_type", "counted.topic",
    ]) }} as string) as customer_voice_id,
    cast(counted.period_grain as string) as period_grain,
    cast(counted.period_start as date) as period_start,
    cast(counted.slice_segment as string) as segment,
    cast(counted.campaign_id as string) as campaign_id,
    cast(counted.product_id as string) as product_id,
    cast(counted.voice_type as string) as voice_type,
    cast(counted.topic as string) as topic,
    cast(counted.mentions as bigint) as mentions,
    cast(counted.persons as bigint) as persons,
    cast(coalesce(deal_values.opportunities, 0) as bigint) as opportunities,
    cast(deal_values.opportunity_value as decimal(18, 2)) as opportunity_value,
    {{ share("counted.mentions", "counted.all_mentions") }} as mention_share,
    {{ wilson_low("counted.mentions", "counted.all_mentions") }} as mention_share_low,
    {{ wilson_high("counted.mentions", "counted.all_mentions") }} as mention_share_high,
    {{ is_small_sample("counted.all_mentions") }} as is_small_sample
from counted
left join deal_values
    on counted.period_grain = deal_values.period_grain
    and counted.period_start = deal_values.period_start
    and counted.slice_segment = deal_values.slice_segment
    and coalesce(counted.campaign_id, '') = coalesce(deal_values.campaign_id, '')
    and coalesce(counted.product_id, '') = coalesce(deal_values.product_id, '')
    and counted.voice_type = deal_values.voice_type
    and coalesce(counted.topic, '') = coalesce(deal_values.topic, '')
