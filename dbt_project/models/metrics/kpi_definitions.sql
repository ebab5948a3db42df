-- One row per KPI of the agreement: what it is made of, and which of its inputs the company
-- lacks, knows only up to a day, or cannot split by a slice.
select
    kpis.kpi_id,
    kpis.kind,
    kpis.numerator,
    kpis.denominator,
    kpis.percentile,
    case
        when kpis.kind = 'derived' then null
        when numerators.input_id is null then 'input_missing:' || coalesce(kpis.numerator, '(none)')
        when kpis.kind = 'ratio' and denominators.input_id is null
            then 'input_missing:' || coalesce(kpis.denominator, '(none)')
    end as missing_input,
    {%- for slice in kpi_slices() %}
    case
        when not numerators.has_{{ slice }} then 'input_not_split:' || kpis.numerator
        when not denominators.has_{{ slice }} then 'input_not_split:' || kpis.denominator
    end as not_split_by_{{ slice }},
    {%- endfor %}
    numerators.input_id is not null as has_numerator,
    denominators.input_id is not null as has_denominator,
    numerators.known_until as numerator_known_until,
    denominators.known_until as denominator_known_until
from {{ ref('stg_agreement__kpis') }} as kpis
left join {{ ref('kpi_inputs') }} as numerators
    on kpis.kind <> 'derived' and kpis.numerator = numerators.input_id
left join {{ ref('kpi_inputs') }} as denominators
    on kpis.kind = 'ratio' and kpis.denominator = denominators.input_id
