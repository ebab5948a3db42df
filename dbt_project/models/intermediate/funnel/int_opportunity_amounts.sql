-- One row per opportunity: its money, with one rate for good, that of the day it was created,
-- else closed, else of `as_of`.
with opportunities as (
    select
        opportunity_id,
        currency,
        cast(amount as decimal(18, 2)) as amount,
        cast(list_amount as decimal(18, 2)) as list_amount,
        coalesce(created_date, closed_date, {{ as_of_date() }}) as rate_date
    from {{ ref('int_opportunities') }}
)

select
    opportunities.opportunity_id,
    opportunities.rate_date,
    opportunities.currency,
    fx.rate,
    opportunities.amount,
    opportunities.list_amount,
    {{ to_reporting("opportunities.amount") }} as amount_reporting,
    {{ to_reporting("opportunities.list_amount") }} as list_amount_reporting
from opportunities
{{ join_fx_rate("opportunities.currency", "opportunities.rate_date") }}
