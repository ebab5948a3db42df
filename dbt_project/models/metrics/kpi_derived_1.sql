-- Derived KPIs that are made of no other derived KPI, by period and slice.
{{ derived_kpis(1, ['kpi_sums', 'kpi_stocks', 'kpi_percentiles']) }}
