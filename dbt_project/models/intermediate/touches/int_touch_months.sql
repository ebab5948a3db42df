-- The months of int_touch_events, and what the touches of each are made of.
select
    occurred_month as part,
    cast({{ fingerprint("int_touch_campaigns") }} as string) as fingerprint
from {{ ref('int_touch_campaigns') }}
group by occurred_month
