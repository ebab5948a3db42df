{{ config(materialized='table') }}
select
    cast(company_name as string) as company_name,
    cast(timezone as string) as timezone,
    cast(reporting_currency as string) as reporting_currency,
    cast(fiscal_year_start_month as bigint) as fiscal_year_start_month,
    cast(gross_margin_share as decimal(18, 6)) as gross_margin_share,
    cast(contract_months as decimal(18, 6)) as contract_months,
    cast(customer_lifetime_months as decimal(18, 6)) as customer_lifetime_months,
    cast(history_start as date) as history_start,
    cast(as_of as timestamp) as as_of
from {{ current_agreement('company') }}
