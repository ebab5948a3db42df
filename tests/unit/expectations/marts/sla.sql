-- A promise of sales with one lead late and one in time, and a promise of marketing that was
-- missed by its KPI.
create table marts.sla_ledger as
select
    promise_id, date '2025-01-01' as valid_from, measure_kind, date '2025-01-01' as period_start,
    due_count, due_count - broken_count as kept_count, broken_count, delivered::double as delivered,
    shortfall::double as shortfall, status, measured_median::double as measured_median
from (values
    ('fast', 'record', 2, 1, 0.5, 0.4, 'broken', 130),
    ('enough', 'kpi', 0, 0, 200, 40, 'broken', null)
) as t (promise_id, measure_kind, due_count, broken_count, delivered, shortfall, status, measured_median);
create table marts.sla_breaches as
select
    breach_id, promise_id, date '2025-01-01' as valid_from, promised_by, date '2025-01-01' as period_start,
    subject_type, journey_id, opportunity_id, kpi_id, owner_id, minutes_late
from (values
    ('b1', 'fast', 'sales', 'lead', 'j1', 'd1', null, 'r1', 20),
    ('b2', 'enough', 'marketing', 'kpi', null, null, 'leads', null, null)
) as t (breach_id, promise_id, promised_by, subject_type, journey_id, opportunity_id, kpi_id, owner_id, minutes_late);
