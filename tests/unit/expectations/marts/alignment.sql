-- What the core company says to the four accusations. Each of its numbers is of January 2025,
-- once in all and once in its only segment, (none).
alter table marts.dim_date add column if not exists month_start date;
update marts.dim_date set month_start = date_trunc('month', date_day);
alter table marts.fct_funnel add column if not exists campaign_id varchar;
update marts.fct_funnel set campaign_id = 'k1' where journey_id = 'j1';
alter table marts.fct_opportunities add column if not exists segment varchar;

create table marts.sales_effort as
select
    'month' as period_grain, date '2025-01-01' as period_start, segment, 1 as activities, 1 as leads_handed, 3 as open_deals,
    1.0::double as follow_up_rate, 0.2::double as follow_up_rate_low, 1.0::double as follow_up_rate_high,
    1.0::double as response_in_promise_rate, 0.2::double as response_in_promise_rate_low,
    1.0::double as response_in_promise_rate_high, 0.5::double as open_deals_touched_share
from (values ('(all)'), ('(none)')) as t (segment);

create table marts.price_evidence as
select
    'month' as period_grain, date '2025-01-01' as period_start, segment, '(all)' as product_id,
    3 as closed_deals, 2 as won_deals, 1 as lost_deals,
    0.667::double as win_rate, 0.2::double as win_rate_low, 0.9::double as win_rate_high,
    1.0::double as price_loss_share, 0.2::double as price_loss_share_low, 1.0::double as price_loss_share_high,
    0.0::double as other_segments_price_loss_share, 0.1::double as other_segments_price_loss_share_high,
    1 as lost_on_price, false as is_above_others, true as is_small_sample,
    'price' as top_lost_reason, 'acme since 2025-03-01' as top_competitor
from (values ('(all)'), ('(none)')) as t (segment);

create table marts.customer_voice as
select
    'v' || segment as customer_voice_id, 'month' as period_grain, date '2025-01-01' as period_start, segment,
    'k1' as campaign_id, 'x1' as product_id, 'price' as voice_type, 'too dear' as topic, 1 as mentions,
    1.0::double as mention_share, 0.2::double as mention_share_low, 1.0::double as mention_share_high
from (values ('(all)'), ('(none)')) as t (segment);

create table marts.market_coverage as
select
    'month' as period_grain, date '2025-01-01' as period_start, segment, '(all)' as region,
    1 as known_accounts, 1 as marketing_accounts, 1 as sales_accounts, 1 as both_accounts,
    1 as customer_accounts, 1.0::double as effort_top_10_percent_share,
    1.0::double as revenue_top_10_percent_share, 120::decimal(18, 2) as won_value_12_months
from (values ('(all)'), ('(none)')) as t (segment);

create table marts.plan_and_pipeline as
select
    plan_and_pipeline_id, campaign_id, week_start, leads, accepted, 0 as rejected, spend::decimal(18, 6) as spend,
    null::decimal(18, 2) as pipeline, won_value::decimal(18, 2) as won_value, null::varchar as currency_without_rate
from (values
    ('w1', 'k1', date '2024-12-30', 0, 0, 20, null),
    ('w2', 'k1', date '2025-01-20', 1, 1, null, 100),
    ('w3', null, date '2025-01-20', null, null, null, null)
) as t (plan_and_pipeline_id, campaign_id, week_start, leads, accepted, spend, won_value);

create table marts.kpi_drivers as
select
    'leads' as kpi_id, 'month' as period_grain, date '2025-01-01' as period_start,
    'previous' as comparison, dimension, member, 4.0::double as rate_effect,
    0.0::double as mix_effect, 4.0::double as total_effect
from (values ('segment', '(none)'), ('channel_id', 'direct'), ('region', 'EU')) as t (dimension, member);
