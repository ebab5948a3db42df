-- One row per journey with touches: the first and last touch of its person at or before the
-- journey's basis (creation of the deal, else its closing, else the end of the lead; open
-- leads have no bound), and whether any touch came before the deal was closed. A touch without
-- any evidence of a channel is counted, but is neither the first nor the last: it would hide
-- what the other touches, or the records, do know.
with journeys as (
    select
        journeys.journey_id,
        journeys.person_id,
        journeys.basis_at,
        journeys.basis_date,
        journeys.is_basis_date_only,
        opportunities.opportunity_id,
        opportunities.closed_at,
        opportunities.closed_date,
        opportunities.is_closed_date_only
    from {{ ref('int_journeys') }} as journeys
    left join {{ ref('int_opportunities') }} as opportunities
        on journeys.opportunity_id = opportunities.opportunity_id
),

-- Every touch of the person beside the journey, whatever its time.
touches as (
    select
        journeys.journey_id,
        {{ is_by_moment("touches", "journeys", "basis") }} as is_by_basis,
        touches.channel_id <> 'unattributed' as has_channel,
        journeys.opportunity_id is not null
        and {{ is_by_moment("touches", "journeys", "closed") }} as is_by_closing,
        {{ struct({
            "occurred_at": "touches.occurred_at",
            "touch_id": "touches.touch_id",
            "channel_id": "touches.channel_id",
        }) }} as touch
    from journeys
    inner join {{ ref('int_touches') }} as touches
        on journeys.person_id = touches.person_id
),

-- The smallest is the earliest, ties broken by touch_id. One pass over all touches: a join
-- back for the details of each end takes several.
bounds as (
    select
        journey_id,
        min(case when is_by_basis and has_channel then touch end) as first_touch,
        max(case when is_by_basis and has_channel then touch end) as last_touch,
        sum(case when is_by_basis then 1 else 0 end) as touch_count,
        {{ any_true("is_by_closing") }} as is_influenced
    from touches
    group by journey_id
)

select
    journey_id,
    first_touch.touch_id as first_touch_id,
    first_touch.channel_id as first_touch_channel_id,
    first_touch.occurred_at as first_touch_at,
    last_touch.touch_id as last_touch_id,
    last_touch.channel_id as last_touch_channel_id,
    last_touch.occurred_at as last_touch_at,
    cast(touch_count as bigint) as touch_count,
    is_influenced
from bounds
