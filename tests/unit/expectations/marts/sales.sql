-- Sound rows for the suites of `expectations/suites/sales.py`: one lead handed over and answered,
-- one deal sold in two lines, and a line each of cost, quota and feedback.
create table staging.stg_generic__opportunity_lines as
select source_system, 'o1' as opportunity_id, quantity, 10.005::decimal(18, 6) as sold_price
from (values ('crm', 2::decimal(18, 6)), ('erp', null)) as t (source_system, quantity)
union all
-- The line of a deleted deal.
select 'crm', 'o9', 1, 999;
create table staging.stg_generic__costs as
select 'erp' as source_system, 100::decimal(18, 6) as amount, 'USD' as currency;
create table staging.stg_generic__rep_quotas as
select 'crm' as source_system, 50::decimal(18, 6) as amount, 'EUR' as currency;
create table staging.stg_generic__sales_feedback as select 'crm' as source_system;

alter table marts.fct_funnel_events add column if not exists is_time_known boolean;
update marts.fct_funnel_events set is_time_known = true where journey_id = 'j1' and stage_id = 'mql';
create table marts.fct_lead_response as
select
    journeys.journey_id, journeys.person_id, 'a1' as account_id, journeys.opportunity_id,
    'r1' as owner_id, timestamp '2025-01-15 10:00:00' as handed_at,
    date '2025-01-15' as handed_date, date '2025-01-15' as first_response_date,
    'v1' as first_response_activity_id, 30::bigint as response_minutes,
    20::bigint as response_business_minutes, 1::bigint as attempts, 'accepted' as decision,
    null::varchar as rejected_reason,
    'p' as promise_id, true as within_promise, 'direct' as channel_id, 'k1' as campaign_id
from marts.fct_funnel_events as events
join marts.fct_funnel as journeys on events.journey_id = journeys.journey_id
where events.stage_id = 'mql' and events.is_time_known;
create table marts.fct_price_realization as
select
    opportunity_line_id, 'd1' as opportunity_id, 'x1' as product_id, 'a1' as account_id,
    'r1' as owner_id, 'direct' as channel_id, false as is_whole_deal, true as is_won,
    null::varchar as lost_reason, true as is_closed, 'EUR' as currency, list_amount::decimal(18, 2) as list_amount,
    sold_amount::decimal(18, 2) as sold_amount, discount_amount::decimal(18, 2) as discount_amount,
    list_amount::decimal(18, 2) as list_amount_reporting,
    sold_amount::decimal(18, 2) as sold_amount_reporting, source_system
from (values ('n1', 25.00, 20.01, 4.99, 'crm'), ('n2', null, 10.01, null, 'erp'))
    as t (opportunity_line_id, list_amount, sold_amount, discount_amount, source_system);
create table marts.fct_costs as
select
    'c1' as cost_id, cost_date, 50::decimal(18, 6) as amount, 'USD' as currency,
    45::decimal(18, 6) as amount_reporting, 'marketing' as team, 'erp' as source_system
from (values (date '2025-01-01'), (date '2025-01-02')) as t (cost_date);
create table marts.fct_quotas as
select
    'q1' as quota_id, quota_date, 'r1' as rep_id, 25::decimal(18, 6) as amount, 'EUR' as currency,
    25::decimal(18, 6) as amount_reporting, 'crm' as source_system
from (values (date '2025-01-01'), (date '2025-01-02')) as t (quota_date);
create table marts.fct_sales_feedback as
select
    'b1' as feedback_id, timestamp '2025-01-12 10:00:00' as recorded_at,
    date '2025-01-12' as recorded_date, 'r1' as rep_id, 'p1' as person_id, 'a1' as account_id,
    'j1' as journey_id, 'd1' as opportunity_id, 'k1' as campaign_id, 'x1' as product_id,
    'price' as feedback_type, 'too dear in 2024/2025' as topic, 'direct' as channel_id, 'crm' as source_system;
