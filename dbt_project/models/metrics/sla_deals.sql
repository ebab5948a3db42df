-- One row per deal, with the days on which it was open.
select
    opportunity_id,
    journey_id,
    person_id,
    account_id,
    segment,
    region,
    created_date,
    coalesce(closed_date, {{ as_of_date() }}) as last_open_date
from {{ ref('fct_opportunities') }}
where created_date is not null and (closed_date is not null or not is_closed)
    and created_date <= coalesce(closed_date, {{ as_of_date() }})
