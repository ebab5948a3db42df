{# One row per reviewed week and region: leads that sales accepted in the 13 weeks before its
   end, that have got no further, and that nobody has called or written to since. Without any
   activity in the company's data nobody can say that, and there are no rows. #}
{% set grace_days = 7 %}
with company as (
    select count(activity_id) > 0 as has_activities from {{ sales_activities() }} as activities
),

accepted as (
    select
        leads.journey_id,
        leads.person_id,
        coalesce(leads.region, '(none)') as region,
        leads.owner_id,
        leads.source_lead_id,
        leads.accepted_date,
        funnel.ended_date,
        least(funnel.sql_at, funnel.opportunity_at) as advanced_at
    from {{ ref('fct_lead_response') }} as leads
    inner join {{ ref('fct_funnel') }} as funnel
        on leads.journey_id = funnel.journey_id
    where leads.accepted_date > {{ add_days(as_of_date(), -40 * 7) }}
),

-- Whatever sales did with the person since, by the first time it did.
worked as (
    select
        accepted.journey_id,
        min(activities.occurred_date) as first_date
    from accepted
    inner join {{ sales_activities() }} as activities
        on accepted.person_id = activities.person_id
        and activities.occurred_date >= accepted.accepted_date
    group by accepted.journey_id
),

waiting as (
    select
        weeks.week_start,
        weeks.week_end,
        accepted.region,
        accepted.owner_id,
        accepted.journey_id,
        accepted.source_lead_id,
        accepted.accepted_date,
        coalesce(worked.first_date <= weeks.week_end, false)
        or coalesce(accepted.ended_date <= weeks.week_end, false)
        or coalesce(cast(accepted.advanced_at as date) <= weeks.week_end, false) as is_worked
    from {{ ref('finding_weeks') }} as weeks
    inner join accepted
        on accepted.accepted_date <= {{ add_days("weeks.week_end", -grace_days) }}
        and accepted.accepted_date > {{ add_days("weeks.week_end", "-13 * 7") }}
    left join worked
        on accepted.journey_id = worked.journey_id
    inner join company
        on company.has_activities
),

numbered as (
    select
        *,
        row_number() over (
            partition by week_start, region, is_worked
            order by accepted_date asc nulls last, journey_id asc nulls last
        ) as place
    from waiting
)

select
    cast(week_start as date) as week_start,
    cast(week_end as date) as week_end,
    cast(region as string) as region,
    cast(count(*) as bigint) as accepted_count,
    cast(sum(case when not is_worked then 1 else 0 end) as bigint) as uncalled_count,
    cast(count(distinct case when not is_worked then owner_id end) as bigint) as owner_count,
    cast(max(case when not is_worked and place = 1 then source_lead_id end) as string) as example_1,
    cast(max(case when not is_worked and place = 2 then source_lead_id end) as string) as example_2,
    cast(max(case when not is_worked and place = 3 then source_lead_id end) as string) as example_3
from numbered
group by week_start, week_end, region
having sum(case when not is_worked then 1 else 0 end) > 0
