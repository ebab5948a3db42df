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
        coalesce(people.person_id = journeys.person_id, false) as is_own,
        {{ is_by_moment("touches", "journeys", "basis") }} as is_by_basis,
        touches.channel_id <> 'unattributed' as has_channel,
        journeys.opportunity_id is not null
        and {{ is_by_moment("touches", "journeys", "closed") }} as is_by_closing,
        journeys.basis_at is null
        or {{ attribution_age_days("touches", "journeys") }} <= parameters.window_days as is_in_window,
        {{ struct({
            "occurred_at": "touches.occurred_at",
            "touch_id": "touches.touch_id",
            "channel_id": "touches.channel_id",
            "campaign_id": "coalesce(touches.campaign_id, '')",
        }) }} as touch
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

-- The smallest is the earliest, ties broken by touch_id. One pass over all touches: a join
-- back for the details of each end takes several.
bounds as (
    select
        journey_id,
        {% for group, condition in {"own": "is_own", "any": "true"}.items() -%}
        min(case when {{ condition }} and is_by_basis and has_channel then touch end) as first_{{ group }},
        max(case when {{ condition }} and is_by_basis and has_channel then touch end) as last_{{ group }},
        min(
            case when {{ condition }} and is_by_basis and has_channel and is_in_window then touch end
        ) as sourcing_{{ group }},
        sum(case when {{ condition }} and is_by_basis then 1 else 0 end) as count_{{ group }},
        {% endfor -%}
        {{ any_true("is_by_closing and is_in_window") }} as is_influenced
    from touches
    group by journey_id
),

chosen as (
    select
        journey_id,
        coalesce(first_own, first_any) as first_touch,
        coalesce(last_own, last_any) as last_touch,
        coalesce(sourcing_own, sourcing_any) as sourcing_touch,
        case when first_own is null then count_any else count_own end as touch_count,
        is_influenced
    from bounds
)

select
    journey_id,
    first_touch.touch_id as first_touch_id,
    first_touch.channel_id as first_touch_channel_id,
    nullif(first_touch.campaign_id, '') as first_touch_campaign_id,
    first_touch.occurred_at as first_touch_at,
    last_touch.touch_id as last_touch_id,
    last_touch.channel_id as last_touch_channel_id,
    last_touch.occurred_at as last_touch_at,
    sourcing_touch.channel_id as sourcing_channel_id,
    cast(touch_count as bigint) as touch_count,
    is_influenced
from chosen
