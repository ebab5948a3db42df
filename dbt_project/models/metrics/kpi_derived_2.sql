-- Derived KPIs that are made of those of the first level, by period and slice.
{{ derived_kpis(2, ['kpi_sums', 'kpi_stocks', 'kpi_percentiles', 'kpi_derived_1']) }}
