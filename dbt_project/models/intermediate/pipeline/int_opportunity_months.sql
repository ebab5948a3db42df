-- The months of fct_opportunity_daily, and what the days of each are made of.
select
    month_start as part,
    cast({{ fingerprint("int_opportunity_stretches") }} as string) as fingerprint
from {{ ref('int_opportunity_stretches') }}
group by month_start
