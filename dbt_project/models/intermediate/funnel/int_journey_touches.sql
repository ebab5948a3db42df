-- One row per journey with touches: the first and last touch at or before the journey's basis
-- (creation of the deal, else its closing, else the end of the lead; open leads have no bound).
-- They are those of the journey's person; where that person has none, those of the deal's other
-- contacts. The first one within the agreement's window before the basis tells who sourced the
-- deal, and any of these people's touches since that window opened influenced it, up to its
-- closing. A touch without any evidence of a channel is counted, but is neither first nor last:
-- it would hide what the other touches, or the records, do know. A second record of one answer
-- to a campaign counts for nothing.
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

people as (
    select distinct journey_id, person_id
    from {{ ref('int_attribution_people') }}
),

-- Every touch of these people beside the journey, whatever its time.
touches as (
    select
        journeys.journey_id,
        touches.touch_id,
        touches.channel_id,
        touches.campaign_id,
        touches.occurred_at,
        coalesce(people.person_id = journeys.person_id, false) as is_own,
        {{ is_by_moment("touches", "journeys", "basis") }} as is_by_basis,
        {{ is_by_moment("touches", "journeys", "basis") }}
        and touches.channel_id <> 'unattributed' as can_be_end,
        journeys.opportunity_id is not null
        and {{ is_by_moment("touches", "journeys", "closed") }} as is_by_closing,
        journeys.basis_at is null
        or {{ attribution_age_days("touches", "journeys") }} <= parameters.window_days as is_in_window
    from journeys
    inner join people
        on journeys.journey_id = people.journey_id
    inner join {{ ref('int_touches') }} as touches
        on people.person_id = touches.person_id
    left join {{ ref('int_touch_duplicates') }} as duplicates
        on touches.touch_id = duplicates.touch_id
    cross join {{ ref('stg_agreement__attribution') }} as parameters
    where duplicates.touch_id is null
),

-- From each end, those of the journey's person before all others.
placed as (
    select
        *,
        row_number() over (
            partition by journey_id, can_be_end
            order by is_own desc nulls last, occurred_at asc nulls last, touch_id asc nulls last
        ) as place_from_first,
        row_number() over (
            partition by journey_id, can_be_end
            order by is_own desc nulls last, occurred_at desc nulls last, touch_id desc nulls last
        ) as place_from_last
    from touches
)

select
    journey_id,
    max(case when can_be_end and place_from_first = 1 then touch_id end) as first_touch_id,
    max(case when can_be_end and place_from_first = 1 then channel_id end) as first_touch_channel_id,
    max(case when can_be_end and place_from_first = 1 then campaign_id end) as first_touch_campaign_id,
    max(case when can_be_end and place_from_first = 1 then occurred_at end) as first_touch_at,
    max(case when can_be_end and place_from_last = 1 then touch_id end) as last_touch_id,
    max(case when can_be_end and place_from_last = 1 then channel_id end) as last_touch_channel_id,
    max(case when can_be_end and place_from_last = 1 then occurred_at end) as last_touch_at,
    {{ value_at_max("case when can_be_end and is_in_window then channel_id end", ["0 - place_from_first"]) }} as sourcing_channel_id,
    cast(
        case
            when {{ any_true("can_be_end and is_own") }} then sum(case when is_by_basis and is_own then 1 else 0 end)
            else sum(case when is_by_basis then 1 else 0 end)
        end as bigint
    ) as touch_count,
    {{ any_true("is_by_closing and is_in_window") }} as is_influenced
from placed
group by journey_id
