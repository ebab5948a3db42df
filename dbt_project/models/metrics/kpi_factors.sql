-- One row per factor of a derived KPI's numerator and denominator, such as those of
-- `wins * average_won_value`: another KPI, its target, a setting of the company, or a number.
-- `level` says after how many other derived KPIs it can be computed, from 1.
{% set settings = ["gross_margin_share", "contract_months", "customer_lifetime_months"] %}
with derived as (
    select * from {{ ref('stg_agreement__kpis') }} where kind = 'derived'
),

written as (
    {% for part in ["numerator", "denominator"] %}
    select
        kpi_id,
        '{{ part }}' as part,
        {{ text_parts(part, "*") }} as term
    from derived
    {{ "union all" if not loop.last }}
    {% endfor %}
),

factors as (
    select kpi_id, part, trim(term) as term
    from written
),

told_apart as (
    select
        factors.kpi_id,
        factors.part,
        factors.term,
        case
            when factors.term in ('{{ settings | join("', '") }}') then 'setting'
            when {{ matches_fully("factors.term", "'[0-9]+([.][0-9]+)?'") }} then 'number'
            when {{ matches_fully("factors.term", "'target *[(].*[)]'") }} then 'target'
            else 'kpi'
        end as factor_kind,
        case factors.term
            {% for setting in settings -%}
            when '{{ setting }}' then cast(company.{{ setting }} as double)
            {% endfor -%}
        end as setting_value
    from factors
    cross join {{ ref('stg_agreement__company') }} as company
),

-- Derived KPIs that are made of derived KPIs.
nested as (
    select told_apart.kpi_id, told_apart.term
    from told_apart
    inner join derived
        on told_apart.term = derived.kpi_id
),

levels as (
    select
        derived.kpi_id,
        max(
            case
                when second_level.kpi_id is not null then 3
                when first_level.kpi_id is not null then 2
                else 1
            end
        ) as level
    from derived
    left join nested as first_level
        on derived.kpi_id = first_level.kpi_id
    left join nested as second_level
        on first_level.term = second_level.kpi_id
    group by derived.kpi_id
)

select
    told_apart.kpi_id,
    told_apart.part,
    told_apart.term,
    told_apart.factor_kind,
    case told_apart.factor_kind
        when 'kpi' then told_apart.term
        when 'target' then {{ first_group("told_apart.term", "'[(] *([^ )]*) *[)]'") }}
    end as factor_kpi_id,
    case told_apart.factor_kind
        when 'setting' then told_apart.setting_value
        when 'number' then cast(told_apart.term as double)
    end as fixed_value,
    levels.level
from told_apart
inner join levels
    on told_apart.kpi_id = levels.kpi_id
