-- The KPIs of the core company, after the facts they are made of. As of 31 January 2025.
create table staging.stg_agreement__attribution as select 'linear' as kpi_model;
alter table marts.dim_channel add column is_paid boolean default false;
update marts.dim_channel set is_paid = true where channel_id = 'paid_search';
alter table marts.fct_funnel_events add column if not exists opportunity_type varchar;
alter table marts.fct_opportunities add column if not exists opportunity_type varchar;
alter table marts.fct_opportunities add column if not exists sourced_by_lead_source varchar default 'marketing';
alter table marts.fct_opportunities add column if not exists sourced_by_first_touch varchar default 'sales';
alter table marts.fct_opportunities add column if not exists sourced_by_creator varchar default 'unknown';
alter table marts.fct_opportunities add column if not exists is_influenced boolean default false;
alter table marts.fct_lead_response add column if not exists is_followed_up boolean default true;
alter table marts.fct_price_realization add column if not exists closed_date date default '2025-01-20';
alter table marts.fct_price_realization
add column if not exists discount_amount_reporting decimal(18, 2) default 4.99;
create table marts.fct_acquisition_costs as
select cost_date, 'marketing' as team, 'tools' as category, amount_reporting::decimal(38, 6) as amount_reporting
from marts.fct_costs
union all
select spend_date, 'marketing', 'ad_spend', spend_reporting from marts.fct_ad_spend;

create table marts.kpi_components as
select
    component_date, component_id, '(none)' as segment, 'direct' as channel_id, 'EU' as region,
    value::decimal(38, 6) as value
from (values
    (date '2025-01-15', 'leads', 4), (date '2025-01-15', 'opportunities_created', 3),
    (date '2025-01-15', 'wins', 2), (date '2025-01-15', 'wins_new', 2), (date '2025-01-20', 'losses', 1),
    (date '2025-01-15', 'closed', 2), (date '2025-01-20', 'closed', 1),
    (date '2025-01-15', 'closed_new', 2), (date '2025-01-20', 'closed_new', 1),
    (date '2025-01-10', 'pipeline_created', 160), (date '2025-01-10', 'sourced_pipeline_by_lead_source', 160),
    (date '2025-01-20', 'won_value', 120), (date '2025-01-20', 'won_value_new', 120),
    (date '2025-01-20', 'wins_valued', 2), (date '2025-01-20', 'wins_valued_new', 2),
    (date '2025-01-20', 'closed_value', 160), (date '2025-01-20', 'paid_won_value', 75),
    (date '2025-01-15', 'leads_handed', 1), (date '2025-01-15', 'leads_accepted', 1),
    (date '2025-01-15', 'leads_followed_up', 1), (date '2025-01-15', 'follow_ups_due', 1), (date '2025-01-15', 'responses_due', 1),
    (date '2025-01-15', 'responses_in_promise', 1), (date '2025-01-20', 'list_value_won', 25),
    (date '2025-01-20', 'sold_value_won', 20.01), (date '2025-01-20', 'discount_value_won', 4.99),
    (date '2025-01-01', 'quota', 25), (date '2025-01-02', 'quota', 25), (date '2025-01-02', 'spend', 20),
    (date '2025-01-01', 'acquisition_cost', 45), (date '2025-01-02', 'acquisition_cost', 65)
) as t (component_date, component_id, value);
create table marts.kpi_scorecard as
with days as (
    select cast(range as date) as date_day
    from range(date '2025-01-01', date '2025-02-01', interval 1 day)
),
periods as (
    select 'day' as period_grain, date_day as period_start, date_day from days
    union all
    select 'month', date '2025-01-01', date_day from days
),
slices as (
    select * from (values ('(all)', '(all)', '(all)'), ('(none)', '(all)', '(all)'),
                          ('(all)', 'direct', '(all)'), ('(all)', '(all)', 'EU'))
        as t (segment, channel_id, region)
),
parts as (
    select
        kpis.kpi_id, kpis.kind, periods.period_grain, periods.period_start,
        coalesce(sum(numerators.value), 0) as numerator,
        case when kpis.kind = 'ratio' then coalesce(sum(denominators.value), 0) end as denominator
    from marts.dim_kpi as kpis
    cross join periods
    left join marts.kpi_components as numerators
        on numerators.component_id = kpis.numerator and numerators.component_date = periods.date_day
    left join marts.kpi_components as denominators
        on denominators.component_id = kpis.denominator and denominators.component_date = periods.date_day
    where kpis.kind in ('sum', 'ratio')
    group by kpis.kpi_id, kpis.kind, periods.period_grain, periods.period_start
    union all
    select
        'pipeline_open', 'stock', last_days.period_grain, last_days.period_start,
        coalesce(sum(daily.closing_amount), 0), null
    from (
        select period_grain, period_start, max(date_day) as date_day from periods group by all
    ) as last_days
    left join marts.fct_opportunity_daily as daily
        on daily.date_day = last_days.date_day and daily.is_open
    group by all
)
select
    period_grain, period_start, kpi_id, kind, segment, channel_id, region, numerator, denominator,
    case when kind = 'ratio' then numerator / nullif(denominator, 0) else numerator end::double as value,
    case when kind = 'ratio' and denominator = 0 then 'denominator_zero' end as null_reason,
    null::double as target, 0::double as previous_value, null::double as year_ago_value
from parts cross join slices;
