-- A company of one lead won, one lead lost, one open lead and one purchase without a CRM, in
-- the columns that gate 2 reads. Everything in it is as it should be.
create schema staging;
create schema marts;

create table staging.stg_agreement__stage_labels as
select * from (values ('*', 'opportunity', 'Closed Won', 'won'), ('crm', 'opportunity', 'Sold', 'won'))
    as t (source, object_type, label, stage_id);
create table staging.stg_generic__leads as
select
    'crm' as source_system,
    source_id,
    cast(null as varchar) as merged_into_id,
    false as is_deleted
from (values ('l1'), ('l2'), ('l3')) as t (source_id)
union all
select 'crm', 'l9', null, true;
create table staging.stg_generic__opportunities as
select
    'crm' as source_system, source_id, stage, is_won, amount::decimal(18, 6) as amount,
    currency, is_deleted
from (values
    ('o1', ' sold ', null::boolean, 100.004, 'EUR', false),
    ('o2', 'Lost', false, 50, 'USD', false),
    ('o9', 'Sold', true, 999, 'EUR', true)
) as t (source_id, stage, is_won, amount, currency, is_deleted);
create table staging.stg_generic__conversions as
select 'shop' as source_system, 'c1' as source_id, 20::decimal(18, 6) as amount, 'EUR' as currency;
create table staging.stg_generic__touches as select 'web' as source_system from range(2);
create table staging.stg_generic__email_events as
select 'mail' as source_system, event_type from (values ('click'), ('open')) as t (event_type);
create table staging.stg_generic__campaign_members as
select 'crm' as source_system, responded_at
from (values (timestamp '2025-01-03 10:00:00'), (null)) as t (responded_at);
create table staging.stg_generic__ad_reports as
select 'ads' as source_system, 12.5::decimal(18, 6) as cost, 'USD' as currency, 3 as clicks
from range(2);
create table staging.stg_generic__activities as
select 'crm' as source_system, is_deleted from (values (false), (true)) as t (is_deleted);

create table marts.dim_date as
select cast(range as date) as date_day from range(date '2025-01-01', date '2025-03-01', interval 1 day);
create table marts.dim_rep as select 'r1' as rep_id;
create table marts.dim_account as
select 'a1' as account_id, 'r1' as owner_rep_id, 2 as record_count, 0.95::double as match_confidence;
create table marts.bridge_account_record as
select 'a1' as account_id, 'crm' as source_system, source_id, 'domain' as match_type, 0.95::double as match_confidence
from (values ('A1'), ('A2')) as t (source_id);
create table marts.dim_person as
select person_id, 'a1' as account_id from (values ('p1'), ('p2'), ('p3'), ('p4')) as t (person_id);
create table marts.dim_channel as
select channel_id
from (values ('direct'), ('other'), ('unattributed'), ('paid_search')) as t (channel_id);
create table marts.dim_campaign as select 'k1' as campaign_id, 'paid_search' as channel_id;
create table marts.dim_product as select 'x1' as product_id;
create table marts.dim_stage as
select stage_id, row_number() over () as position, 'sales' as accountable_team
from (values ('lead'), ('mql'), ('sal'), ('sql'), ('opportunity'), ('won'), ('disqualified'),
             ('lost'), ('recycled')) as t (stage_id);
create table marts.dim_kpi as
select
    kpi_id, kpi_id as kpi_name, kind, numerator, denominator, 'both' as owner_team,
    'a formula' as formula, 'a book' as formula_source, 'fct_funnel' as numerator_fact,
    case when denominator is not null then 'fct_funnel' end as denominator_fact
from (values ('leads', 'sum', 'leads', null), ('wins', 'sum', 'wins', null),
             ('spend', 'sum', 'spend', null), ('quota_attainment', 'ratio', 'won_value', 'quota'),
             ('pipeline_open', 'stock', 'pipeline_open', null))
    as t (kpi_id, kind, numerator, denominator);
create table marts.bridge_person_record as
select person_id, 'crm' as source_system, 'lead' as object_type, source_id
from (values ('p1', 'l1'), ('p2', 'l2'), ('p3', 'l3')) as t (person_id, source_id)
union all
select 'p4', 'shop', 'conversion', 'c1';

create table marts.fct_funnel as
select
    journey_id, person_id, 'a1' as account_id, opportunity_id, outcome, amount::decimal(18, 2) as amount,
    currency, 'r1' as owner_id, 'direct' as first_touch_channel_id,
    'paid_search' as last_touch_channel_id, 1 as touch_count, 1.0 as days_lead_to_mql,
    0.0 as days_mql_to_sal, null::double as days_sal_to_sql, 2.0 as days_sql_to_opportunity,
    3.0 as days_opportunity_to_won, 6.0 as days_lead_to_won, false as has_time_travel
from (values
    ('j1', 'p1', 'd1', 'won', 100, 'EUR'),
    ('j2', 'p2', 'd2', 'lost', 50, 'USD'),
    ('j3', 'p3', null, 'open', null, null),
    ('j4', 'p4', 'd3', 'won', 20, 'EUR')
) as t (journey_id, person_id, opportunity_id, outcome, amount, currency);
create table marts.fct_opportunities as
select
    opportunity_id, journey_id, person_id, 'a1' as account_id, 'r1' as owner_id, 'r1' as created_by_id,
    source_system, source_opportunity_id, stage_id, amount::decimal(18, 2) as amount, currency,
    amount_reporting::decimal(18, 2) as amount_reporting, null::decimal(18, 2) as list_amount,
    null::decimal(18, 2) as list_amount_reporting, is_won, true as is_closed,
    'waits until 01.03.2026' as lost_reason,
    'direct' as channel_id, date '2025-01-10' as created_date, date '2025-01-20' as closed_date
from (values
    ('d1', 'j1', 'p1', 'crm', 'o1', 'won', 100, 'EUR', 100, true),
    ('d2', 'j2', 'p2', 'crm', 'o2', 'lost', 50, 'USD', 40, false),
    ('d3', 'j4', 'p4', 'shop', null, 'won', 20, 'EUR', 20, true)
) as t (opportunity_id, journey_id, person_id, source_system, source_opportunity_id, stage_id,
        amount, currency, amount_reporting, is_won);
create table marts.fct_funnel_events as
select
    journeys.journey_id, journeys.person_id, journeys.account_id, journeys.opportunity_id,
    stages.stage_id, stages.stage_id not in ('lead', 'opportunity', 'won', 'lost') as is_inferred,
    date '2025-01-15' as entered_date, 'direct' as channel_id
from marts.fct_funnel as journeys
join (values ('lead', 1), ('mql', 2), ('sal', 3), ('sql', 4), ('opportunity', 5), ('won', 6))
    as stages (stage_id, place)
    on stages.place <= case journeys.outcome when 'won' then 6 when 'lost' then 5 else 1 end
union all
select journey_id, person_id, account_id, opportunity_id, 'lost', false, date '2025-01-20', 'direct'
from marts.fct_funnel where outcome = 'lost';
create table marts.fct_touchpoints as
select
    touch_id, person_id, 'a1' as account_id, timestamp '2025-01-02 10:00:00' as occurred_at,
    date '2025-01-02' as occurred_date, 'web_session' as touch_type, false as is_paid,
    'direct' as channel_id, 'k1' as campaign_id, source_system
from (values ('t1', 'p1', 'web'), ('t2', null, 'web'), ('t3', 'p2', 'mail'), ('t4', 'p3', 'crm'))
    as t (touch_id, person_id, source_system);
create table marts.fct_ad_spend as
select
    's1' as ad_spend_id, date '2025-01-02' as spend_date, 'k1' as campaign_id,
    'paid_search' as channel_id, 10 as impressions, 6 as clicks, 25::decimal(18, 6) as spend,
    'USD' as currency, 20::decimal(18, 6) as spend_reporting, 'ads' as source_system;
create table marts.fct_sales_activities as
select
    'v1' as activity_id, 'r1' as rep_id, 'sales' as team, 'p1' as person_id, 'a1' as account_id,
    'd1' as opportunity_id, timestamp '2025-01-12 10:00:00' as occurred_at,
    date '2025-01-12' as occurred_date, 'call' as activity_type,
    'reached' as outcome, 'crm' as source_system;

create table marts.release_info (release_id varchar);
create table marts.data_quality (gate varchar);
