{% set main = main_stages() %}
with stages as (
    select * from {{ ref('int_journey_stages') }}
),

amounts as (
    select * from {{ ref('int_opportunity_amounts') }}
)

select
    journeys.journey_id,
    journeys.person_id,
    attributes.account_id,
    journeys.opportunity_id,
    journeys.source_system,
    journeys.source_lead_id,
    case
        when opportunities.object_type = 'opportunity' then opportunities.source_id
    end as source_opportunity_id,
    coalesce(opportunities.object_type = 'conversion', false) as is_conversion,
    coalesce({% for stage in all_stages() %}stages.{{ stage }}_at{{ ", " if not loop.last }}{% endfor %}) as started_at,
    case
        {%- for stage in all_stages() %}
        when stages.{{ stage }}_at is not null then stages.{{ stage }}_date
        {%- endfor %}
    end as started_date,
    case journeys.outcome
        {%- for stage in ["won", "lost", "disqualified", "recycled"] %}
        when '{{ stage }}' then stages.{{ stage }}_date
        {%- endfor %}
    end as ended_date,
    {%- for stage in all_stages() %}
    case when stages.is_{{ stage }}_observed then stages.{{ stage }}_at end as {{ stage }}_at,
    case when stages.is_{{ stage }}_observed then stages.{{ stage }}_date end as {{ stage }}_date,
    {%- endfor %}
    {%- for stage in main %}
    stages.furthest_reached >= {{ loop.index }} as reached_{{ stage }},
    {%- endfor %}
    {%- for stage in all_stages() if stage not in main %}
    stages.is_{{ stage }}_observed as reached_{{ stage }},
    {%- endfor %}
    journeys.outcome,
    amounts.amount,
    amounts.currency,
    amounts.amount_reporting,
    coalesce(touches.first_touch_channel_id, attributes.record_channel_id) as first_touch_channel_id,
    coalesce(touches.last_touch_channel_id, attributes.record_channel_id) as last_touch_channel_id,
    touches.first_touch_id,
    touches.last_touch_id,
    cast(coalesce(touches.touch_count, 0) as bigint) as touch_count,
    coalesce(attributes.record_campaign_id, touches.first_touch_campaign_id) as campaign_id,
    attributes.lead_source,
    coalesce(
        attributes.opportunity_segment, accounts.segment, attributes.lead_segment
    ) as segment,
    attributes.region,
    attributes.owner_id,
    attributes.opportunity_type,
    {%- for stage in main[:-1] %}
    {{ days_between_stages(stage, main[loop.index]) }} as days_{{ stage }}_to_{{ main[loop.index] }},
    {%- endfor %}
    {{ days_between_stages("lead", "won") }} as days_lead_to_won,
    stages.has_time_travel
from {{ ref('int_journeys') }} as journeys
inner join stages
    on journeys.journey_id = stages.journey_id
inner join {{ ref('int_journey_attributes') }} as attributes
    on journeys.journey_id = attributes.journey_id
left join {{ ref('int_opportunities') }} as opportunities
    on journeys.opportunity_id = opportunities.opportunity_id
left join amounts
    on journeys.opportunity_id = amounts.opportunity_id
left join {{ ref('dim_account') }} as accounts
    on attributes.account_id = accounts.account_id
left join {{ ref('int_journey_touches') }} as touches
    on journeys.journey_id = touches.journey_id
