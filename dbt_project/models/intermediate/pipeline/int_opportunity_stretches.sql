-- One row per stretch of days on which a deal stood alike, cut at the ends of months, with what
-- the deal is said to be: whatever fct_opportunity_daily tells of these days. The moves are those
-- of a stretch's first day.
{% set amounts = ["new", "reopened", "grown", "shrunk", "won", "lost", "removed"] %}
with stretches as (
    select * from {{ ref('int_opportunity_moves') }}
),

days as (
    {{ day_spine('(select min(first_day) from stretches)', '(select max(last_day) from stretches)') }}
),

months as (
    select distinct {{ period_start("month", "date_day") }} as month_start
    from days
)

select
    months.month_start,
    greatest(stretches.first_day, months.month_start) as first_day,
    least(stretches.last_day, {{ month_end("months.month_start") }}) as last_day,
    stretches.first_day >= months.month_start as has_moves,
    stretches.is_last and stretches.last_day <= {{ month_end("months.month_start") }} as is_last,
    stretches.opportunity_id,
    stretches.stage_id,
    stretches.stage_label,
    stretches.is_open,
    stretches.opening_amount,
    {%- for amount in amounts %}
    stretches.{{ amount }}_amount,
    {%- endfor %}
    stretches.closing_amount,
    stretches.expected_close_date,
    stretches.move,
    stretches.is_advanced,
    stretches.is_pushed,
    stretches.is_pulled_in,
    stretches.has_time_travel,
    deals.account_id,
    deals.owner_id,
    deals.channel_id,
    deals.segment,
    deals.region,
    deals.opportunity_type,
    deals.forecast_category
from stretches
inner join months
    on stretches.first_day <= {{ month_end("months.month_start") }}
    and stretches.last_day >= months.month_start
inner join {{ ref('fct_opportunities') }} as deals
    on stretches.opportunity_id = deals.opportunity_id
