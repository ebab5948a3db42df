{# One row per journey that marketing handed to sales. Minutes are those between two known
   times; a promise is judged even where one of them is only a date, see int_handover_clocks. #}
with handed as (
    select
        handovers.*,
        funnel.account_id,
        funnel.source_system,
        funnel.owner_id,
        funnel.first_touch_channel_id as channel_id,
        funnel.campaign_id,
        funnel.segment,
        funnel.region,
        funnel.has_time_travel,
        responses.first_response_at,
        responses.first_response_date,
        responses.first_response_activity_id,
        coalesce(responses.attempts, 0) as attempts,
        coalesce(handovers.handed_date >= {{ seen_since(sales_activities(), 'occurred_date') }}, false) as is_observed,
        reasons.reason as rejected_reason_category,
        clocks.calendar_region,
        clocks.clock_from,
        clocks.business_clock_from,
        clocks.elapsed_minutes,
        clocks.business_minutes,
        clocks.is_to_the_minute
    from {{ ref('int_handovers') }} as handovers
    inner join {{ ref('fct_funnel') }} as funnel
        on handovers.journey_id = funnel.journey_id
    inner join {{ ref('int_handover_clocks') }} as clocks
        on handovers.journey_id = clocks.journey_id
        and clocks.event = 'response'
    left join {{ ref('int_handover_responses') }} as responses
        on handovers.journey_id = responses.journey_id
    {{ join_reason("rejected", "handovers.rejected_reason") }}
),

-- The most specific line of a promise that applies to a day, segment and region.
promises as (
    select
        slices.handed_date,
        slices.segment,
        slices.region,
        lines.promise_id,
        lines.threshold,
        lines.calendar,
        row_number() over (
            partition by slices.handed_date, slices.segment, slices.region
            order by {{ promise_specificity("lines") }} desc nulls last, lines.promise_id asc nulls last
        ) as choice
    from (select distinct handed_date, segment, region from handed) as slices
    inner join {{ ref('dim_promise') }} as lines
        on lines.measure = 'response_minutes'
        and {{ promise_covers("lines", "slices", "handed_date") }}
),

promised as (
    select
        handed.*,
        promises.promise_id,
        promises.threshold,
        promises.calendar,
        case promises.calendar
            when 'elapsed' then handed.elapsed_minutes
            when 'business' then handed.business_minutes
        end as promise_minutes,
        handed.business_clock_from + cast(promises.threshold * 60000000 as bigint) as business_due
    from handed
    left join promises
        on promises.choice = 1
        and handed.handed_date = promises.handed_date
        and coalesce(handed.segment, '') = coalesce(promises.segment, '')
        and coalesce(handed.region, '') = coalesce(promises.region, '')
),

due_days as (
    {{ business_due_days("promised", "journey_id", "business_due", "calendar = 'business'") }}
)

select
    cast(promised.journey_id as string) as journey_id,
    cast(promised.person_id as string) as person_id,
    cast(promised.account_id as string) as account_id,
    cast(promised.opportunity_id as string) as opportunity_id,
    cast(promised.source_system as string) as source_system,
    cast(promised.source_lead_id as string) as source_lead_id,
    cast(promised.owner_id as string) as owner_id,
    cast(promised.handed_at as timestamp) as handed_at,
    cast(promised.handed_date as date) as handed_date,
    cast(promised.is_handed_date_only as boolean) as is_handed_date_only,
    cast(promised.first_response_at as timestamp) as first_response_at,
    cast(promised.first_response_date as date) as first_response_date,
    cast(promised.first_response_activity_id as string) as first_response_activity_id,
    cast(case when promised.is_to_the_minute then promised.elapsed_minutes end as bigint) as response_minutes,
    cast(case when promised.is_to_the_minute then promised.business_minutes end as bigint) as response_business_minutes,
    cast(case when promised.is_observed then promised.attempts end as bigint) as attempts,
    -- Nobody has been forgotten while the promised time runs and the journey is open.
    cast(
        case
            when not promised.is_observed then null
            when promised.first_response_at is not null then true
            when promised.ended_at is null and promised.promise_minutes <= promised.threshold then null
            else false
        end as boolean
    ) as is_followed_up,
    cast(promised.decision as string) as decision,
    {% for decision in ["accepted", "rejected"] -%}
    cast(case when promised.decision = '{{ decision }}' then promised.decided_at end as timestamp) as {{ decision }}_at,
    cast(case when promised.decision = '{{ decision }}' then promised.decided_date end as date) as {{ decision }}_date,
    {% endfor -%}
    cast(promised.rejected_reason as string) as rejected_reason,
    cast(promised.rejected_reason_category as string) as rejected_reason_category,
    cast(promised.promise_id as string) as promise_id,
    cast(
        case
            when promised.calendar = 'elapsed'
                then {{ add_microseconds('promised.clock_from', 'promised.threshold * 60000000') }}
            else {{ business_due_at('promised.business_due', 'due_days') }}
        end as timestamp
    ) as due_at,
    -- Kept or broken by a response; without one broken once the time is up.
    cast(
        case
            when promised.is_observed
                and (promised.first_response_at is not null or promised.promise_minutes > promised.threshold)
                then promised.promise_minutes <= promised.threshold
        end as boolean
    ) as within_promise,
    cast(promised.has_time_travel as boolean) as has_time_travel,
    cast(promised.channel_id as string) as channel_id,
    cast(promised.campaign_id as string) as campaign_id,
    cast(promised.segment as string) as segment,
    cast(promised.region as string) as region
from promised
left join due_days
    on promised.journey_id = due_days.journey_id
