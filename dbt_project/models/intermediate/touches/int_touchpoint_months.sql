-- The months of fct_touchpoints, and what the touches of each are made of: what they tell
-- themselves, and what was found out about them.
with told as (
    select
        occurred_month,
        {{ fingerprint("int_touch_events") }} as fingerprint
    from {{ ref('int_touch_events') }}
    group by occurred_month
),

found as (
    select
        touches.occurred_month,
        {{ fingerprint("touches, duplicates.touch_id") }} as fingerprint
    from {{ ref('int_touches') }} as touches
    left join {{ ref('int_touch_duplicates') }} as duplicates
        on touches.touch_id = duplicates.touch_id
    group by touches.occurred_month
)

select
    told.occurred_month as part,
    cast(told.fingerprint as string) || '|' || cast(found.fingerprint as string) as fingerprint
from told
inner join found
    on told.occurred_month = found.occurred_month
