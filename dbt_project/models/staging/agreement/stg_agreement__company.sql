select
    cast(company_name as string) as company_name,
    cast(timezone as string) as timezone,
    cast(reporting_currency as string) as reporting_currency,
    cast(fiscal_year_start_month as bigint) as fiscal_year_start_month,
    cast(history_start as date) as history_start,
    cast(as_of as timestamp) as as_of
from {{ current_agreement('company') }}
