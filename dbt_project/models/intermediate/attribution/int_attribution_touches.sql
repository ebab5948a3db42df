-- One row per path and touch, in order of time: what the models weigh. The flags tell whether
-- the touch came at or before a milestone; none does where the milestone is not known.
select
    candidates.path_number,
    cast(row_number() over (
        partition by candidates.path_number
        order by touches.occurred_at asc nulls last, candidates.touch_id asc nulls last
    ) as bigint) as touch_position,
    candidates.touch_id,
    touches.channel_id,
    touches.campaign_id,
    candidates.person_rank,
    cast(candidates.age_days as double) as age_days,
    paths.lead_at is not null and {{ is_by_moment("touches", "paths", "lead") }} as is_by_lead,
    paths.created_at is not null and {{ is_by_moment("touches", "paths", "created") }} as is_by_creation,
    paths.basis = 'revenue' as is_by_closing
from {{ ref('int_attribution_candidates') }} as candidates
inner join {{ ref('int_attribution_paths') }} as paths
    on candidates.path_number = paths.path_number
inner join {{ ref('int_touches') }} as touches
    on candidates.touch_id = touches.touch_id
