with opportunities as (
    select * from {{ ref('int_opportunities') }}
),

record_channels as (
    select * from {{ ref('int_record_channels') }}
)

select
    opportunities.opportunity_id,
    funnel.journey_id,
    funnel.person_id,
    funnel.account_id,
    products.product_id,
    {{ resolved("owner", "rep_id") }} as owner_id,
    {{ resolved("creator", "rep_id") }} as created_by_id,
    opportunities.source_system,
    funnel.source_lead_id,
    funnel.source_opportunity_id,
    funnel.is_conversion,
    coalesce(
        opportunities.closing_stage_id,
        case
            when opportunities.label_stage_id not in {{ closing_stages() }}
                then opportunities.label_stage_id
        end,
        'opportunity'
    ) as stage_id,
    opportunities.stage_label,
    opportunities.created_at,
    opportunities.created_date,
    opportunities.closed_at,
    opportunities.closed_date,
    opportunities.expected_close_date,
    amounts.amount,
    amounts.currency,
    amounts.amount_reporting,
    amounts.list_amount,
    amounts.list_amount_reporting,
    coalesce(opportunities.closing_stage_id = 'won', false) as is_won,
    opportunities.closing_stage_id is not null as is_closed,
    opportunities.lost_reason,
    cast(
        case when opportunities.closing_stage_id = 'lost' then reasons.reason end as string
    ) as lost_reason_category,
    coalesce(source_channels.team, 'unknown') as sourced_by_lead_source,
    coalesce(touch_channels.team, 'unknown') as sourced_by_first_touch,
    coalesce(rep_teams.team, 'unknown') as sourced_by_creator,
    coalesce(touches.is_influenced, false) as is_influenced,
    opportunities.opportunity_type,
    opportunities.forecast_category,
    opportunities.lead_source,
    funnel.first_touch_channel_id as channel_id,
    funnel.last_touch_channel_id,
    funnel.segment,
    funnel.region
from opportunities
inner join {{ ref('fct_funnel') }} as funnel
    on opportunities.opportunity_id = funnel.opportunity_id
inner join {{ ref('int_opportunity_amounts') }} as amounts
    on opportunities.opportunity_id = amounts.opportunity_id
left join {{ ref('int_journey_touches') }} as touches
    on funnel.journey_id = touches.journey_id
left join record_channels as own_channels
    on opportunities.source_system = own_channels.source_system
    and opportunities.object_type = own_channels.object_type
    and opportunities.source_id = own_channels.source_id
left join {{ ref('int_journeys') }} as journeys
    on funnel.journey_id = journeys.journey_id
left join record_channels as lead_channels
    on journeys.lead_source_system = lead_channels.source_system
    and lead_channels.object_type = 'lead'
    and journeys.source_lead_id = lead_channels.source_id
left join {{ ref('int_channels') }} as source_channels
    on coalesce(nullif(own_channels.channel_id, 'unattributed'), lead_channels.channel_id) = source_channels.channel_id
left join {{ ref('int_channels') }} as touch_channels
    on touches.sourcing_channel_id = touch_channels.channel_id
left join {{ ref('int_opportunity_products') }} as products
    on opportunities.opportunity_id = products.opportunity_id
{{ join_reason("lost", "opportunities.lost_reason") }}
{{ resolve_record("opportunities", "owner_id", ref("int_rep_records"), "owner") }}
{{ resolve_record("opportunities", "created_by_id", ref("int_rep_records"), "creator") }}
left join {{ ref('int_rep_teams') }} as rep_teams
    on {{ resolved("creator", "rep_id") }} = rep_teams.rep_id
