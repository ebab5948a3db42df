-- The core company: one lead is deleted upstream, and a purchase tells of a lead nobody wrote down.
create table marts.reconciliation as
with parts as (
    select *
    from (values
        ('leads', 'crm', null, '(agrees)', 3, 3),
        ('leads', 'crm', null, 'deleted upstream', 0, 1),
        ('leads', 'crm', null, 'known from the stage of an opportunity', 1, 0),
        ('opportunities', 'crm', null, '(agrees)', 2, 2),
        ('opportunities', 'crm', null, 'deleted upstream', 0, 1),
        ('conversions', 'shop', null, '(agrees)', 1, 1),
        ('ad_spend', 'ads', 'USD', '(agrees)', 25, 25)
    ) as t (measure, source_system, currency, cause, our_value, source_value)
),

rows_of_mart as (
    select * from parts
    union all
    select measure, source_system, currency, '(all)', sum(our_value), sum(source_value)
    from parts
    group by measure, source_system, currency
)

select
    md5(measure || cause) as reconciliation_id, measure, source_system,
    cast(null as varchar) as platform, currency, date '2025-01-01' as period_start, cause,
    our_value::decimal(38, 6) as our_value, source_value::decimal(38, 6) as source_value,
    (our_value - source_value)::decimal(38, 6) as difference
from rows_of_mart;
