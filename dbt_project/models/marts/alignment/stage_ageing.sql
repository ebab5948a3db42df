{% set main = main_stages() %}
with open_journeys as (
    select *
    from {{ ref('fct_funnel') }}
    where outcome = 'open'
),

stages as (
    {{ stage_rows() }}
),

entries as (
    select
        events.journey_id,
        events.stage_id,
        stages.stage_rank,
        events.entered_at,
        events.entered_date,
        events.is_time_known
    from {{ ref('fct_funnel_events') }} as events
    inner join stages
        on events.stage_id = stages.stage_id
    where not events.is_inferred
),

-- How long completed stays took: of deals at a label of their own, of leads in a stage.
label_history as (
    select
        source_system,
        stage_label,
        count(days) as samples,
        {{ percentile("days", 0.9) }} as p90_days
    from {{ ref('int_opportunity_label_stays') }}
    where days is not null and stage_label is not null
    group by source_system, stage_label
),

stays as (
    select
        entries.journey_id,
        entries.stage_id,
        cast({{ microseconds_between(
            "entries.entered_at",
            "lead(entries.entered_at) over (partition by entries.journey_id order by entries.entered_at asc nulls last, entries.stage_rank asc nulls last)"
        ) }} as double) / cast(86400000000 as double) as days
    from entries
    inner join {{ ref('fct_funnel') }} as journeys
        on entries.journey_id = journeys.journey_id
    where entries.is_time_known and not journeys.has_time_travel
),

stage_history as (
    select
        stage_id,
        count(days) as samples,
        {{ percentile("days", 0.9) }} as p90_days
    from stays
    where days is not null
    group by stage_id
),

furthest as (
    select
        journey_id,
        {{ value_at_max("stage_id", ["stage_rank"]) }} as stage_id,
        {{ value_at_max("entered_at", ["stage_rank"]) }} as entered_at,
        {{ value_at_max("entered_date", ["stage_rank"]) }} as entered_date
    from entries
    where stage_rank <= {{ main | length }}
    group by journey_id
),

activities as (
    select
        journeys.journey_id,
        max(activities.occurred_at) as last_activity_at,
        max(activities.occurred_date) as last_activity_date
    from open_journeys as journeys
    inner join {{ sales_activities() }} as activities
        on journeys.opportunity_id = activities.opportunity_id
    where activities.occurred_at <= {{ as_of() }}
    group by journeys.journey_id

    union all

    select
        journeys.journey_id,
        max(activities.occurred_at) as last_activity_at,
        max(activities.occurred_date) as last_activity_date
    from open_journeys as journeys
    inner join {{ sales_activities() }} as activities
        on journeys.person_id = activities.person_id
    where activities.occurred_at <= {{ as_of() }}
    group by journeys.journey_id
),

last_activities as (
    select
        journey_id,
        max(last_activity_at) as last_activity_at,
        max(last_activity_date) as last_activity_date
    from activities
    group by journey_id
),

placed as (
    select
        journeys.*,
        coalesce(deals.stage_id, furthest.stage_id) as current_stage_id,
        deals.stage_label,
        case
            when deals.opportunity_id is null then furthest.entered_at
            else coalesce(label_stays.entered_at, records.stage_changed_at)
        end as entered_at,
        case
            when deals.opportunity_id is null then furthest.entered_date
            when label_stays.entered_at is not null then label_stays.entered_day
            else records.stage_changed_date
        end as entered_date
    from open_journeys as journeys
    left join furthest
        on journeys.journey_id = furthest.journey_id
    left join {{ ref('fct_opportunities') }} as deals
        on journeys.opportunity_id = deals.opportunity_id
    left join {{ ref('int_opportunities') }} as records
        on journeys.opportunity_id = records.opportunity_id
    left join {{ ref('int_opportunity_label_stays') }} as label_stays
        on journeys.opportunity_id = label_stays.opportunity_id
        and label_stays.is_last
),

limits as (
    select
        placed.*,
        case
            when placed.entered_date is not null
                then greatest({{ days_between("placed.entered_date", as_of_date()) }}, 0)
        end as days_in_stage,
        agreed.stuck_after_days,
        case
            when placed.opportunity_id is not null and label_history.samples >= 20
                then cast(ceil(label_history.p90_days) as bigint)
            when placed.opportunity_id is null and stage_history.samples >= 20
                then cast(ceil(stage_history.p90_days) as bigint)
        end as usual_days
    from placed
    left join {{ ref('stg_agreement__stages') }} as agreed
        on placed.current_stage_id = agreed.stage_id
    left join label_history
        on placed.source_system = label_history.source_system
        and placed.stage_label = label_history.stage_label
    left join stage_history
        on placed.current_stage_id = stage_history.stage_id
)

select
    cast(limits.journey_id as string) as journey_id,
    cast(limits.opportunity_id as string) as opportunity_id,
    cast(limits.current_stage_id as string) as stage_id,
    cast(limits.stage_label as string) as stage_label,
    cast(limits.entered_at as timestamp) as entered_at,
    cast(limits.entered_date as date) as entered_date,
    cast(limits.days_in_stage as bigint) as days_in_stage,
    cast(coalesce(limits.stuck_after_days, limits.usual_days) as bigint) as limit_days,
    cast(
        case
            when limits.stuck_after_days is not null then 'agreement'
            when limits.usual_days is not null then 'history'
        end as string
    ) as limit_source,
    cast(
        limits.days_in_stage > coalesce(limits.stuck_after_days, limits.usual_days) as boolean
    ) as is_stuck,
    cast(limits.amount_reporting as decimal(18, 2)) as amount_reporting,
    cast(limits.owner_id as string) as owner_id,
    cast(limits.account_id as string) as account_id,
    cast(limits.segment as string) as segment,
    cast(limits.region as string) as region,
    cast(limits.first_touch_channel_id as string) as channel_id,
    cast(last_activities.last_activity_at as timestamp) as last_activity_at,
    cast(
        case
            when last_activities.journey_id is not null
                then greatest({{ days_between("last_activities.last_activity_date", as_of_date()) }}, 0)
        end as bigint
    ) as days_since_activity
from limits
left join last_activities
    on limits.journey_id = last_activities.journey_id
