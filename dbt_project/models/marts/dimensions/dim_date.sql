{# From the first day of history or data to the last day of as_of's fiscal year. #}
with first_days as (
    select history_start as first_day from {{ ref('stg_agreement__company') }}
    union all
    select min(occurred_date) as first_day from {{ ref('int_touches') }}
    union all
    select min(created_date) as first_day from {{ ref('stg_generic__leads') }} where not is_deleted
    union all
    select min(created_date) as first_day from {{ ref('stg_generic__opportunities') }} where not is_deleted
    union all
    select min(changed_date) as first_day from {{ ref('stg_generic__stage_changes') }}
    union all
    select min(occurred_date) as first_day from {{ ref('stg_generic__conversions') }}
    union all
    select min(occurred_date) as first_day from {{ ref('stg_generic__activities') }} where not is_deleted
    union all
    select min(report_date) as first_day from {{ ref('stg_generic__ad_reports') }}
),

company as (
    select coalesce(fiscal_year_start_month, 1) as start_month from {{ ref('stg_agreement__company') }}
),

bounds as (
    select
        (select min(first_days.first_day) from first_days) as first_day,
        {{ month_end(add_months(
            as_of_date(),
            '11 - (cast(month(' ~ as_of_date() ~ ') as bigint) - start_month + 12) % 12'
        )) }} as last_day
    from company
),

days as (
    {{ day_spine('(select first_day from bounds)', '(select last_day from bounds)') }}
),

calendar as (
    select
        days.date_day,
        cast(year(days.date_day) as bigint) as year_number,
        cast(month(days.date_day) as bigint) as month_number,
        cast(day(days.date_day) as bigint) as day_number,
        {{ iso_weekday('days.date_day') }} as day_of_week,
        {{ period_start('month', 'days.date_day') }} as month_start,
        (cast(month(days.date_day) as bigint) - company.start_month + 12) % 12 + 1 as fiscal_period,
        working_hours.weekday is not null and holidays.holiday_date is null as is_business_day
    from days
    cross join company
    left join {{ ref('stg_agreement__working_hours') }} as working_hours
        on working_hours.region = '*'
        and {{ iso_weekday('days.date_day') }} = working_hours.weekday
    left join {{ ref('stg_agreement__holidays') }} as holidays
        on holidays.region = '*'
        and days.date_day = holidays.holiday_date
),

fiscal as (
    select
        *,
        {{ add_months('month_start', '1 - fiscal_period') }} as fiscal_year_start,
        {{ fiscal_quarter_start('date_day') }} as fiscal_quarter_start
    from calendar
)

select
    cast(date_day as date) as date_day,
    cast(year_number * 10000 + month_number * 100 + day_number as bigint) as date_id,
    cast(day_of_week as bigint) as day_of_week,
    cast(case day_of_week
        when 1 then 'Monday'
        when 2 then 'Tuesday'
        when 3 then 'Wednesday'
        when 4 then 'Thursday'
        when 5 then 'Friday'
        when 6 then 'Saturday'
        else 'Sunday'
    end as string) as day_name,
    cast(is_business_day as boolean) as is_business_day,
    cast({{ period_start('week', 'date_day') }} as date) as week_start,
    cast({{ iso_week('date_day') }} as bigint) as iso_week,
    cast(month_start as date) as month_start,
    cast(month_number as bigint) as month_number,
    cast(cast(year_number as string) || '-' || {{ two_digits('month_number') }} as string) as month_label,
    cast({{ period_start('quarter', 'date_day') }} as date) as quarter_start,
    cast({{ period_start('year', 'date_day') }} as date) as year_start,
    cast(year_number as bigint) as year_number,
    cast(fiscal_year_start as date) as fiscal_year_start,
    cast(year({{ add_months('fiscal_year_start', '11') }}) as bigint) as fiscal_year,
    cast(fiscal_quarter_start as date) as fiscal_quarter_start,
    cast(round((fiscal_period - 1 - (fiscal_period - 1) % 3) / 3.0) + 1 as bigint) as fiscal_quarter,
    cast(fiscal_period as bigint) as fiscal_period
from fiscal
