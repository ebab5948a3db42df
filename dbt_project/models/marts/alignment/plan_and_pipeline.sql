{# One row per campaign and week in which anything was planned or happened: what marketing plans
   and spends beside what sales sees of it. Weeks to come have their plan alone; so have rows
   without a campaign, one per segment and region that the plan names instead. #}
{% set keys = ["campaign_id", "segment", "region", "week_start"] %}
{% set measures = {
    "planned_budget": "decimal(18, 6)", "actual_budget": "decimal(18, 6)", "spend": "decimal(18, 6)",
    "planned_accounts": "bigint", "planned_reps": "bigint",
    "touched_persons": "bigint", "touched_accounts": "bigint",
    "leads": "bigint", "mqls": "bigint", "accepted": "bigint", "rejected": "bigint",
    "follow_ups": "bigint", "active_reps": "bigint",
    "opportunities": "bigint", "pipeline": "decimal(18, 2)", "wins": "bigint", "won_value": "decimal(18, 2)",
    "feedback": "bigint",
} %}
{% set planned = ["planned_budget", "actual_budget", "planned_accounts", "planned_reps"] %}
{% set counts = ["touched_persons", "touched_accounts", "leads", "mqls", "accepted", "rejected", "follow_ups",
    "active_reps", "opportunities", "wins", "feedback"] %}
with journeys as (
    select * from {{ ref('fct_funnel') }} where campaign_id is not null
),

-- What sales did about a campaign's leads while they were open: with their persons, or on
-- their deals.
follow_ups as (
    {% for key in ["person_id", "opportunity_id"] %}
    select journeys.campaign_id, activities.occurred_date as event_date, activities.activity_id, activities.rep_id
    from journeys
    inner join {{ sales_activities() }} as activities
        on journeys.{{ key }} = activities.{{ key }}
        and activities.occurred_date >= journeys.started_date
        and (journeys.ended_date is null or activities.occurred_date <= journeys.ended_date)
    {{ "union" if not loop.last }}
    {% endfor %}
),

feedback as (
    select
        coalesce(feedback.campaign_id, journeys.campaign_id) as campaign_id,
        feedback.recorded_date as event_date,
        feedback.feedback_type,
        {{ voiced_topic("feedback.topic") }} as topic
    from {{ ref('fct_sales_feedback') }} as feedback
    left join journeys
        on feedback.journey_id = journeys.journey_id
    where coalesce(feedback.campaign_id, journeys.campaign_id) is not null
),

-- What can be added up, one row per happening: its day, what it counts, and how much of it.
happenings as (
    select campaign_id, spend_date as event_date, 'spend' as measure, spend_reporting as amount
    from {{ ref('fct_ad_spend') }}
    union all
    select
        journeys.campaign_id,
        events.entered_date as event_date,
        case events.stage_id
            when 'lead' then 'leads'
            when 'mql' then 'mqls'
            when 'opportunity' then 'opportunities'
            when 'won' then 'wins'
        end as measure,
        1 as amount
    from {{ ref('fct_funnel_events') }} as events
    inner join journeys
        on events.journey_id = journeys.journey_id
    where not events.is_inferred and events.stage_id in ('lead', 'mql', 'opportunity', 'won')
    union all
    select campaign_id, coalesce(accepted_date, rejected_date) as event_date, decision as measure, 1 as amount
    from {{ ref('fct_lead_response') }}
    where decision <> 'open'
    union all
    select journeys.campaign_id, deals.created_date as event_date, 'pipeline' as measure, deals.amount_reporting as amount
    from {{ ref('fct_opportunities') }} as deals
    inner join journeys
        on deals.journey_id = journeys.journey_id
    union all
    select journeys.campaign_id, deals.closed_date as event_date, 'won_value' as measure, deals.amount_reporting as amount
    from {{ ref('fct_opportunities') }} as deals
    inner join journeys
        on deals.journey_id = journeys.journey_id
    where deals.is_won
    union all
    select campaign_id, event_date, 'feedback' as measure, 1 as amount
    from feedback
),

-- What has to be counted without repetition.
members as (
    select campaign_id, occurred_date as event_date, 'touched_persons' as measure, person_id as member_id
    from {{ ref('fct_touchpoints') }}
    union all
    select campaign_id, occurred_date as event_date, 'touched_accounts' as measure, account_id as member_id
    from {{ ref('fct_touchpoints') }}
    union all
    select campaign_id, event_date, 'follow_ups' as measure, activity_id as member_id
    from follow_ups
    union all
    select campaign_id, event_date, 'active_reps' as measure, rep_id as member_id
    from follow_ups
),

-- A line of the plan is about its campaign; without one about its segment and region.
plan_line_weeks as (
    select
        plans.plan_id,
        plans.campaign_id,
        case when plans.campaign_id is null then plans.segment end as segment,
        case when plans.campaign_id is null then plans.region end as region,
        days.week_start,
        sum(plans.planned_budget_reporting) as planned_budget,
        sum(case when plans.plan_date <= {{ as_of_date() }} then plans.actual_budget_reporting end) as actual_budget,
        max(plans.planned_accounts) as planned_accounts,
        max(plans.planned_reps) as planned_reps,
        max(plans.currency_without_rate) as currency_without_rate
    from {{ ref('int_plan_days') }} as plans
    inner join {{ ref('dim_date') }} as days
        on plans.plan_date = days.date_day
    group by plans.plan_id, plans.campaign_id, plans.segment, plans.region, days.week_start
),

plan_weeks as (
    select
        {{ keys | join(", ") }},
        {{ surrogate_key(keys) }} as plan_and_pipeline_id,
        {% for name in planned -%}
        sum({{ name }}) as {{ name }},
        {% endfor -%}
        max(currency_without_rate) as currency_without_rate
    from plan_line_weeks
    group by {{ keys | join(", ") }}
),

by_week as (
    select
        happenings.campaign_id,
        cast(null as string) as segment,
        cast(null as string) as region,
        days.week_start,
        happenings.measure,
        sum(cast(happenings.amount as decimal(38, 6))) as amount
    from happenings
    inner join {{ ref('dim_date') }} as days
        on happenings.event_date = days.date_day
    where happenings.campaign_id is not null and days.date_day <= {{ as_of_date() }}
    group by happenings.campaign_id, days.week_start, happenings.measure

    union all

    select
        members.campaign_id,
        cast(null as string) as segment,
        cast(null as string) as region,
        days.week_start,
        members.measure,
        cast(count(distinct members.member_id) as decimal(38, 6)) as amount
    from members
    inner join {{ ref('dim_date') }} as days
        on members.event_date = days.date_day
    where members.campaign_id is not null and members.member_id is not null and days.date_day <= {{ as_of_date() }}
    group by members.campaign_id, days.week_start, members.measure

    {% for name in planned %}
    union all

    select {{ keys | join(", ") }}, '{{ name }}' as measure, cast({{ name }} as decimal(38, 6)) as amount
    from plan_weeks
    {% endfor %}
),

pivoted as (
    select
        {{ surrogate_key(keys) }} as plan_and_pipeline_id,
        {% for name in measures -%}
        sum(case when measure = '{{ name }}' then amount end) as {{ name }},
        {% endfor -%}
        {{ keys | join(", ") }}
    from by_week
    group by {{ keys | join(", ") }}
),

top_feedback as (
    select campaign_id, week_start, feedback_type, topic
    from (
        select
            feedback.campaign_id,
            days.week_start,
            feedback.feedback_type,
            feedback.topic,
            row_number() over (
                partition by feedback.campaign_id, days.week_start
                order by count(*) desc nulls last, feedback.feedback_type asc nulls last, feedback.topic asc nulls last
            ) as place
        from feedback
        inner join {{ ref('dim_date') }} as days
            on feedback.event_date = days.date_day
        group by feedback.campaign_id, days.week_start, feedback.feedback_type, feedback.topic
    ) as ranked
    where place = 1
)

select
    cast(pivoted.plan_and_pipeline_id as string) as plan_and_pipeline_id,
    cast(pivoted.campaign_id as string) as campaign_id,
    cast(pivoted.week_start as date) as week_start,
    cast(campaigns.channel_id as string) as channel_id,
    cast(coalesce(pivoted.segment, campaigns.segment) as string) as segment,
    cast(coalesce(pivoted.region, campaigns.region) as string) as region,
    {% for name, type in measures.items() -%}
    {% if name in counts -%}
    cast(
        case
            when pivoted.campaign_id is not null and pivoted.week_start <= {{ as_of_date() }} then coalesce(pivoted.{{ name }}, 0)
        end as {{ type }}
    ) as {{ name }},
    {% else -%}
    cast(pivoted.{{ name }} as {{ type }}) as {{ name }},
    {% endif -%}
    {% endfor -%}
    cast(top_feedback.feedback_type as string) as top_feedback_type,
    cast(top_feedback.topic as string) as top_feedback_topic,
    cast(plan_weeks.currency_without_rate as string) as currency_without_rate
from pivoted
left join {{ ref('dim_campaign') }} as campaigns
    on pivoted.campaign_id = campaigns.campaign_id
left join top_feedback
    on pivoted.campaign_id = top_feedback.campaign_id
    and pivoted.week_start = top_feedback.week_start
left join plan_weeks
    on pivoted.plan_and_pipeline_id = plan_weeks.plan_and_pipeline_id
