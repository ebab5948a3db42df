{{ config(materialized='table') }}
select
    cast(kpi_id as string) as kpi_id,
    cast(kpi_name as string) as kpi_name,
    cast(position as bigint) as position,
    cast(kind as string) as kind,
    cast(numerator as string) as numerator,
    cast(denominator as string) as denominator,
    cast(percentile as decimal(18, 6)) as percentile,
    cast(unit as string) as unit,
    cast(direction as string) as direction,
    cast(owner_team as string) as owner_team,
    cast(formula as string) as formula,
    cast(formula_source as string) as formula_source,
    cast(rival_definitions as string) as rival_definitions,
    cast(description as string) as description
from {{ current_agreement('kpis') }}
