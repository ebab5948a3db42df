-- One row per path and touch that may count for it: within the agreement's window before the
-- basis event, by a person of rank 1 or 2, or by anybody of the account (rank 3) where those
-- have none. A touch without any evidence of a channel, and a second record of one attendance,
-- count for nothing.
with touches as (
    select touches.*
    from {{ ref('int_touches') }} as touches
    left join {{ ref('int_touch_duplicates') }} as duplicates
        on touches.touch_id = duplicates.touch_id
    where duplicates.touch_id is null and touches.channel_id <> 'unattributed'
),

of_people as (
    select
        paths.path_number,
        people.person_rank,
        touches.touch_id,
        {{ attribution_age_days("touches", "paths") }} as age_days
    from {{ ref('int_attribution_paths') }} as paths
    inner join {{ ref('int_attribution_people') }} as people
        on paths.journey_id = people.journey_id
    inner join touches
        on people.person_id = touches.person_id
    where {{ is_by_moment("touches", "paths", "basis") }}
),

in_window as (
    select *
    from of_people
    where age_days <= (
            select parameters.window_days from {{ ref('stg_agreement__attribution') }} as parameters
        )
),

found as (
    select
        path_number,
        min(person_rank) as person_rank
    from in_window
    group by path_number
),

of_accounts as (
    select
        paths.path_number,
        touches.touch_id,
        {{ attribution_age_days("touches", "paths") }} as age_days
    from {{ ref('int_attribution_paths') }} as paths
    left join found
        on paths.path_number = found.path_number
    inner join touches
        on paths.account_id = touches.account_id
    where found.path_number is null
        and {{ is_by_moment("touches", "paths", "basis") }}
)

select
    in_window.path_number,
    in_window.touch_id,
    in_window.person_rank,
    in_window.age_days
from in_window
inner join found
    on in_window.path_number = found.path_number
    and in_window.person_rank = found.person_rank
union all
select
    path_number,
    touch_id,
    cast(3 as bigint) as person_rank,
    age_days
from of_accounts
where age_days <= (
        select parameters.window_days from {{ ref('stg_agreement__attribution') }} as parameters
    )
