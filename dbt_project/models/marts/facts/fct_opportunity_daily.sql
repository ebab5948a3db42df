-- depends_on: {{ ref('int_opportunity_months') }}
{{ config(materialized='by_part', parts='int_opportunity_months', part=period_start("month", "date_day")) }}
{% set moves = ["new", "reopened", "grown", "shrunk", "won", "lost", "removed"] %}
{% set flags = ["advanced", "pushed", "pulled_in"] %}
with stretches as (
    select
        *,
        case when has_moves then first_day end as moves_day
    from {{ ref('int_opportunity_stretches') }}
),

days as (
    {{ day_spine('(select min(first_day) from stretches)', '(select max(last_day) from stretches)') }}
)

-- On the other days of a stretch the deal stands as it stood.
select
    cast(stretches.opportunity_id as string) as opportunity_id,
    cast(days.date_day as date) as date_day,
    cast(stretches.stage_id as string) as stage_id,
    cast(stretches.stage_label as string) as stage_label,
    cast(stretches.is_open as boolean) as is_open,
    cast(
        case
            when days.date_day = stretches.moves_day then stretches.opening_amount
            else stretches.closing_amount
        end as decimal(18, 2)
    ) as opening_amount,
    {%- for move in moves %}
    cast(
        case when days.date_day = stretches.moves_day then stretches.{{ move }}_amount else 0 end
        as decimal(18, 2)
    ) as {{ move }}_amount,
    {%- endfor %}
    cast(stretches.closing_amount as decimal(18, 2)) as closing_amount,
    cast(stretches.expected_close_date as date) as expected_close_date,
    cast(case when days.date_day = stretches.moves_day then stretches.move end as string) as move,
    {%- for flag in flags %}
    cast(coalesce(days.date_day = stretches.moves_day, false) and stretches.is_{{ flag }} as boolean) as is_{{ flag }},
    {%- endfor %}
    cast(stretches.is_last and days.date_day = stretches.last_day as boolean) as is_last_day,
    cast(stretches.has_time_travel as boolean) as has_time_travel,
    cast(stretches.account_id as string) as account_id,
    cast(stretches.owner_id as string) as owner_id,
    cast(stretches.channel_id as string) as channel_id,
    cast(stretches.segment as string) as segment,
    cast(stretches.region as string) as region,
    cast(stretches.opportunity_type as string) as opportunity_type,
    cast(stretches.forecast_category as string) as forecast_category
from stretches
inner join days
    on days.date_day between stretches.first_day and stretches.last_day
