-- One row per calendar and local day, from the first handover to a year after `as_of`: when
-- work begins and ends in UTC (null on a day off), and the working time of all days before, so
-- that the working time between two moments is the difference of two such sums.
with first_days as (
    select min(entered_date) as first_day
    from {{ ref('int_lead_stage_entries') }}
    where stage_id = 'mql'
    union all
    select min(entered_date) as first_day
    from {{ ref('int_opportunity_stage_entries') }}
    where stage_id = 'mql'
    union all
    select {{ as_of_date() }} as first_day
),

bounds as (
    -- A day more on each side: a region may be a day ahead of the company, or behind.
    select {{ add_days('min(first_day)', -1) }} as first_day, {{ add_days(as_of_date(), 367) }} as last_day
    from first_days
),

days as (
    {{ day_spine('(select first_day from bounds)', '(select last_day from bounds)') }}
),

opened as (
    select
        calendars.region,
        calendars.timezone,
        days.date_day,
        case when count(holidays.holiday_date) = 0 then min(hours.opens_at) end as opens_at,
        case when count(holidays.holiday_date) = 0 then min(hours.closes_at) end as closes_at
    from {{ ref('int_business_calendars') }} as calendars
    cross join days
    left join {{ ref('stg_agreement__working_hours') }} as hours
        on calendars.hours_region = hours.region
        and {{ iso_weekday('days.date_day') }} = hours.weekday
    left join {{ ref('stg_agreement__holidays') }} as holidays
        on holidays.region in (calendars.region, '*')
        and days.date_day = holidays.holiday_date
    group by calendars.region, calendars.timezone, days.date_day
),

in_utc as (
    select
        region,
        date_day,
        {{ local_to_utc(
            add_microseconds('cast(date_day as timestamp)', microseconds_of_day('opens_at')), 'timezone'
        ) }} as opens_at,
        {{ local_to_utc(
            add_microseconds('cast(date_day as timestamp)', microseconds_of_day('closes_at')), 'timezone'
        ) }} as closes_at
    from opened
),

measured as (
    select
        in_utc.*,
        coalesce({{ microseconds_between('opens_at', 'closes_at') }}, 0) as open_microseconds
    from in_utc
)

select
    region,
    date_day,
    opens_at,
    closes_at,
    cast(open_microseconds as bigint) as open_microseconds,
    cast(
        coalesce(
            sum(open_microseconds) over (
                partition by region
                order by date_day asc nulls last
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as bigint
    ) as clock_before
from measured
