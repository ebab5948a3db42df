{# As-of ranges: a rate applies from its day until the currency's next one. Where the
   agreement and a source name the same day, the agreement counts. #}
with given as (
    select rate_date, currency, rate, 1 as priority, '' as source_system, '' as source_table, '' as source_id
    from {{ ref('stg_agreement__fx_rates') }}
    union all
    select rate_date, currency, rate, 2 as priority, source_system, _table as source_table, source_id
    from {{ ref('stg_generic__fx_rates') }}
),

chosen as (
    select
        rate_date,
        currency,
        rate,
        row_number() over (
            partition by currency, rate_date
            order by
                priority asc nulls last,
                source_system asc nulls last,
                source_table asc nulls last,
                source_id asc nulls last
        ) as choice
    from given
),

company as (
    select reporting_currency from {{ ref('stg_agreement__company') }}
)

select
    currency,
    cast(rate_date as date) as valid_from,
    cast(
        coalesce(
            lead(rate_date) over (partition by currency order by rate_date asc nulls last),
            cast('9999-12-31' as date)
        ) as date
    ) as valid_to,
    cast(rate as decimal(18, 8)) as rate
from chosen
where
    choice = 1
    and currency not in (select company.reporting_currency from company)
union all
select
    reporting_currency as currency,
    cast('0001-01-01' as date) as valid_from,
    cast('9999-12-31' as date) as valid_to,
    cast(1 as decimal(18, 8)) as rate
from company
