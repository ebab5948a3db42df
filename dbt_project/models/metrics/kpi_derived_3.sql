-- Derived KPIs that are made of those of the second level, by period and slice.
{{ derived_kpis(3, ['kpi_sums', 'kpi_stocks', 'kpi_percentiles', 'kpi_derived_1', 'kpi_derived_2']) }}
