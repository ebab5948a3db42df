{{ config(materialized='table') }}
select
    cast(rate_date as date) as rate_date,
    cast(currency as string) as currency,
    cast(rate as decimal(18, 8)) as rate
from {{ current_agreement('fx_rates') }}
