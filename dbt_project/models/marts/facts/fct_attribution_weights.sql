-- One row per opportunity, basis and touch with its weight by each model; where nothing is known
-- of how an opportunity came about, one row without a touch.
select
    cast(paths.opportunity_id as string) as opportunity_id,
    cast(touches.touch_id as string) as touch_id,
    cast(paths.basis as string) as basis,
    cast(paths.basis_date as date) as basis_date,
    cast(paths.basis_month as date) as basis_month,
    cast(coalesce(touches.channel_id, 'unattributed') as string) as channel_id,
    cast(touches.campaign_id as string) as campaign_id,
    cast(touches.touch_position as bigint) as touch_position,
    cast(touches.age_days as double) as age_days,
    cast(paths.amount_reporting as decimal(18, 2)) as amount,
    {%- for model in attribution_models() %}
    cast(coalesce(weights.{{ model }}_weight, 1) as double) as {{ model }}_weight,
    {%- endfor %}
    cast(opportunities.segment as string) as segment,
    cast(opportunities.region as string) as region
from {{ ref('int_attribution_paths') }} as paths
inner join {{ ref('fct_opportunities') }} as opportunities
    on paths.opportunity_id = opportunities.opportunity_id
left join {{ ref('int_attribution_touches') }} as touches
    on paths.path_number = touches.path_number
left join {{ ref('int_attribution_weights') }} as weights
    on touches.path_number = weights.path_number
    and touches.touch_position = weights.touch_position
where paths.is_converted
