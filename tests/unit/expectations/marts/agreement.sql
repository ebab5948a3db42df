-- A promise of two lines and one on a KPI; every stage, KPI and promise has its accountable.
create table marts.dim_promise as
select
    promise_id, valid_from::date as valid_from, valid_to::date as valid_to, promised_by,
    case promised_by when 'sales' then 'marketing' else 'sales' end as promised_to,
    measure_kind, 240::decimal(18, 6) as threshold,
    case measure_kind when 'record' then 0.9::double end as required_share, 'minutes' as unit
from (values
    ('fast', '2025-01-01', '2025-06-30', 'sales', 'record'),
    ('fast', '2025-07-01', null, 'sales', 'record'),
    ('enough', '2025-01-01', null, 'marketing', 'kpi')
) as t (promise_id, valid_from, valid_to, promised_by, measure_kind);
create table marts.dim_responsibility as
select
    md5(subject_type || subject_id) as responsibility_id, subject_type, subject_id,
    'accountable' as role, 'sales' as team
from (
    select 'stage', stage_id from marts.dim_stage
    union all
    select 'kpi', kpi_id from marts.dim_kpi
    union all
    select distinct 'promise', promise_id from marts.dim_promise
) as t (subject_type, subject_id);
