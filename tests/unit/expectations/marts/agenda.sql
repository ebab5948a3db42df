-- One finding that has been open for two weeks, and a KPI that is new.
create table marts.review_agenda as
select
    date '2025-03-10' as week_start, 'i1' as item_id, 1::bigint as rank, 'finding' as item_kind,
    'lost_on_price' as finding, 'open' as status, 'Deals of segment A are lost on price.' as title,
    '20 of 25.' as evidence, 'segment' as subject_type, 'A' as subject_id, 'A' as subject_name,
    cast(null as varchar) as kpi_id, cast(null as varchar) as promise_id, 'A' as segment,
    cast(null as varchar) as region, cast(null as varchar) as channel_id,
    cast(null as varchar) as campaign_id, 0.8::double as measured, 0.17::double as expected,
    0.6::double as interval_low, 0.89::double as interval_high, 25::bigint as sample_size,
    1000.00::decimal(18, 2) as value_at_stake, 'sales' as accountable_team,
    date '2025-03-03' as first_week, 2::bigint as weeks_open, 'Look at the list price.' as decision,
    'sales' as owner, date '2025-04-01' as due, cast(null as date) as closed_at,
    'segment = ''A''' as source_filter
union all
select
    date '2025-03-10', 'i2', 2, 'kpi_move', null, 'new', 'Leads are below their target.', '80, not 100.',
    'kpi', 'leads', 'Leads', (select min(kpi_id) from marts.dim_kpi), null, null, null, null, null, 80, 100, 70, 90, 13,
    null, 'marketing', date '2025-03-10', 1, null, null, null, null, 'kpi_id = ''leads''';
