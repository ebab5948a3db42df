{# Whose a visitor id is at a time: its next link at or after that time, else the last one
   before. A link without a time counts only where the id has no other. A visitor who
   converts without ever being linked is a person too, known by the visitor id alone. #}
with links as (
    select
        anonymous_id,
        coalesce(observed_at, cast('0001-01-01 00:00:00' as timestamp)) as observed_at,
        min(person_id) as person_id
    from {{ ref('int_anonymous_links') }}
    group by anonymous_id, coalesce(observed_at, cast('0001-01-01 00:00:00' as timestamp))
),

neighbours as (
    select
        anonymous_id,
        observed_at,
        person_id,
        lead(person_id) over (partition by anonymous_id order by observed_at asc nulls last)
            as next_person_id
    from links
),

{# Of a run of links to one person only the last bounds a range. #}
bounds as (
    select
        anonymous_id,
        observed_at,
        person_id,
        lag(observed_at) over (partition by anonymous_id order by observed_at asc nulls last)
            as previous_at,
        lead(observed_at) over (partition by anonymous_id order by observed_at asc nulls last)
            as next_at
    from neighbours
    where next_person_id is null or next_person_id <> person_id
),

unlinked as (
    select distinct conversions.anonymous_id
    from {{ ref('stg_generic__conversions') }} as conversions
    left join links on conversions.anonymous_id = links.anonymous_id
    where conversions.anonymous_id is not null and links.anonymous_id is null
)

select
    anonymous_id,
    person_id,
    coalesce(previous_at, cast('0001-01-01 00:00:00' as timestamp)) as after_at,
    case
        when next_at is null then cast('9999-12-31 00:00:00' as timestamp)
        else observed_at
    end as until_at,
    true as is_linked
from bounds
union all
select
    anonymous_id,
    {{ person_key(person_node('visitor', none, 'anonymous_id')) }} as person_id,
    cast('0001-01-01 00:00:00' as timestamp) as after_at,
    cast('9999-12-31 00:00:00' as timestamp) as until_at,
    false as is_linked
from unlinked
