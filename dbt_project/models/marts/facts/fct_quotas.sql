{# One row per quota line and day of its period; future days too. #}
select
    cast(days.quota_id as string) as quota_id,
    cast(days.quota_date as date) as quota_date,
    cast(days.rep_id as string) as rep_id,
    cast(reps.region as string) as region,
    cast(days.amount as decimal(18, 6)) as amount,
    cast(days.currency as string) as currency,
    {{ to_reporting('days.amount', scale=6) }} as amount_reporting,
    cast(days.source_system as string) as source_system
from {{ ref('int_quota_days') }} as days
left join {{ ref('dim_rep') }} as reps
    on days.rep_id = reps.rep_id
{{ join_fx_rate('days.currency', 'days.quota_date') }}
