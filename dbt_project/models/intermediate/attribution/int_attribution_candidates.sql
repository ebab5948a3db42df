-- One row per path and touch that may count for it: within the agreement's window before the
-- basis event, by a person of rank 1 or 2, or by anybody of the account (rank 3) where those
-- have none. A touch without any evidence of a channel, and a second record of one attendance,
-- count for nothing.
-- The people of each path, at their first rank. Grouped before the join with the touches, so
-- that it meets each touch once and not once per role.
with people as (
    select
        paths.path_number,
        paths.basis_at,
        paths.basis_date,
        paths.is_basis_date_only,
        people.person_id,
        min(people.person_rank) as person_rank
    from {{ ref('int_attribution_paths') }} as paths
    inner join {{ ref('int_attribution_people') }} as people
        on paths.journey_id = people.journey_id
    group by
        paths.path_number,
        paths.basis_at,
        paths.basis_date,
        paths.is_basis_date_only,
        people.person_id
),

of_people as (
    select
        people.path_number,
        people.person_rank,
        touches.touch_id,
        {{ attribution_age_days("touches", "people") }} as age_days
    from people
    inner join {{ ref('int_touches') }} as touches
        on people.person_id = touches.person_id
    left join {{ ref('int_touch_duplicates') }} as duplicates
        on touches.touch_id = duplicates.touch_id
    where {{ is_by_moment("touches", "people", "basis") }}
        and duplicates.touch_id is null
        and touches.channel_id <> 'unattributed'
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
    inner join {{ ref('int_touches') }} as touches
        on paths.account_id = touches.account_id
    left join {{ ref('int_touch_duplicates') }} as duplicates
        on touches.touch_id = duplicates.touch_id
    where found.path_number is null
        and duplicates.touch_id is null
        and touches.channel_id <> 'unattributed'
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
