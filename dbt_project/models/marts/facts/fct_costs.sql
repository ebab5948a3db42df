{# One row per cost line and day of its period; future days too. #}
select
    cast(days.cost_id as string) as cost_id,
    cast(days.cost_date as date) as cost_date,
    cast(coalesce({{ funnel_team('days.team') }}, {{ folded('days.team') }}) as string) as team,
    cast(days.category as string) as category,
    cast(days.amount as decimal(18, 6)) as amount,
    cast(days.currency as string) as currency,
    {{ to_reporting('days.amount', scale=6) }} as amount_reporting,
    cast(days.source_system as string) as source_system
from {{ ref('int_cost_days') }} as days
{{ join_fx_rate('days.currency', 'days.cost_date') }}
