{{ config(materialized='table') }}
select
    cast(region as string) as region,
    cast(holiday_date as date) as holiday_date,
    cast(holiday_name as string) as holiday_name
from {{ current_agreement('holidays') }}
