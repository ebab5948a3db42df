{# One row per period, segment and region: how much of the market the two teams know and reach,
   and how concentrated effort and revenue are. #}
{% set keys = ["period_grain", "period_start", "segment", "region"] %}
{% set slices = ["segment", "region"] %}
with periods as (
    {{ evidence_periods() }}
),

accounts as (
    select
        account_id,
        coalesce(segment, '(none)') as segment,
        coalesce(region, '(none)') as region,
        created_date
    from {{ ref('dim_account') }}
),

-- What happened with an account, and when.
contacts as (
    select account_id, occurred_date as contact_date, 'marketing' as kind
    from {{ ref('fct_touchpoints') }}
    where account_id is not null
    union all
    select account_id, occurred_date as contact_date, 'sales' as kind
    from {{ sales_activities() }} as worked
    where account_id is not null
    union all
    select account_id, created_date as contact_date, 'opportunity' as kind
    from {{ ref('fct_opportunities') }}
    where account_id is not null and created_date is not null
    union all
    select account_id, closed_date as contact_date, 'won' as kind
    from {{ ref('fct_opportunities') }}
    where account_id is not null and is_won and closed_date is not null
    union all
    select account_id, started_date as contact_date, 'journey' as kind
    from {{ ref('fct_funnel') }}
    where account_id is not null and started_date is not null
),

-- Since when an account is known, and since when it is a customer.
firsts as (
    select
        accounts.account_id,
        accounts.segment,
        accounts.region,
        least(
            coalesce(accounts.created_date, min(contacts.contact_date)),
            coalesce(min(contacts.contact_date), accounts.created_date)
        ) as known_date,
        min(case when contacts.kind = 'won' then contacts.contact_date end) as customer_date
    from accounts
    left join contacts
        on accounts.account_id = contacts.account_id
    group by accounts.account_id, accounts.segment, accounts.region, accounts.created_date
),

known as (
    select
        periods.period_grain,
        periods.period_start,
        {{ kpi_sliced(slices) }},
        count(*) as known_accounts,
        sum(case when firsts.customer_date <= periods.last_day then 1 else 0 end) as customer_accounts
    from firsts
    inner join periods
        on coalesce(firsts.known_date, periods.period_start) <= periods.last_day
    {{ by_every_slice(["periods.period_grain", "periods.period_start"], slices) }}
),

-- First by the weeks of each month, which are far fewer than days, then by period.
contact_weeks as (
    select
        {{ evidence_grains().values() | join(", ") }},
        contacts.account_id,
        {{ any_true("contacts.kind = 'marketing'") }} as is_marketing,
        {{ any_true("contacts.kind = 'sales'") }} as is_sales,
        {{ any_true("contacts.kind = 'opportunity'") }} as is_opportunity
    from contacts
    inner join {{ ref('dim_date') }} as days
        on contacts.contact_date = days.date_day
    where days.date_day <= {{ as_of_date() }}
    group by {{ evidence_grains().values() | join(", ") }}, contacts.account_id
),

reached_accounts as (
    {% for grain, column in evidence_grains().items() -%}
    select
        '{{ grain }}' as period_grain,
        {{ column }} as period_start,
        account_id,
        {{ any_true("is_marketing") }} as is_marketing,
        {{ any_true("is_sales") }} as is_sales,
        {{ any_true("is_opportunity") }} as is_opportunity
    from contact_weeks
    group by {{ column }}, account_id
    {{ "union all" if not loop.last }}
    {% endfor -%}
),

reached as (
    select
        reached_accounts.period_grain,
        reached_accounts.period_start,
        {{ kpi_sliced(slices) }},
        sum(case when reached_accounts.is_marketing then 1 else 0 end) as marketing_accounts,
        sum(case when reached_accounts.is_sales then 1 else 0 end) as sales_accounts,
        sum(case when reached_accounts.is_marketing and reached_accounts.is_sales then 1 else 0 end) as both_accounts,
        sum(case when reached_accounts.is_opportunity then 1 else 0 end) as opportunity_accounts
    from reached_accounts
    inner join accounts
        on reached_accounts.account_id = accounts.account_id
    {{ by_every_slice(["reached_accounts.period_grain", "reached_accounts.period_start"], slices) }}
),

-- Effort in the period, revenue in the twelve months up to its end, with the slices that their own
-- facts have: so the sums are those of the scorecard, also of what has no account.
amounts as (
    select
        account_id,
        coalesce(segment, '(none)') as segment,
        coalesce(region, '(none)') as region,
        occurred_date as amount_date,
        1 as activities,
        cast(null as decimal(38, 2)) as won_value
    from {{ sales_activities() }} as worked
    union all
    select
        account_id,
        coalesce(segment, '(none)') as segment,
        coalesce(region, '(none)') as region,
        closed_date as amount_date,
        0 as activities,
        cast(amount_reporting as decimal(38, 2)) as won_value
    from {{ ref('fct_opportunities') }}
    where is_won
),

sliced_amounts as (
    select
        periods.period_grain,
        periods.period_start,
        {{ kpi_sliced(slices) }},
        amounts.account_id,
        sum(amounts.activities) as activities,
        sum(amounts.won_value) as won_value
    from amounts
    inner join periods
        on amounts.amount_date <= periods.last_day
        and (
            (amounts.activities = 1 and amounts.amount_date >= periods.period_start)
            or (
                amounts.activities = 0
                and amounts.amount_date >= {{ add_months(add_days("periods.last_day", 1), -12) }}
            )
        )
    {{ by_every_slice(["periods.period_grain", "periods.period_start", "amounts.account_id"], slices) }}
),

-- How much single accounts hold of it can be told of what has one.
account_amounts as (
    select * from sliced_amounts where account_id is not null
),

effort as (
    {{ concentration("account_amounts", keys, "activities", "account_id") }}
),

revenue as (
    {{ concentration("account_amounts", keys, "won_value", "account_id") }}
),

revenue_sums as (
    select {{ keys | join(", ") }}, sum(won_value) as won_value
    from sliced_amounts
    group by {{ keys | join(", ") }}
    having sum(won_value) is not null
),

-- The market as agreed for the period's end. A line without a region is a segment in all
-- regions; where only single regions are given, they add up to it.
market_lines as (
    select
        periods.period_grain,
        periods.period_start,
        market.segment,
        coalesce(nullif(market.region, ''), '(all)') as region,
        market.companies,
        market.annual_value,
        row_number() over (
            partition by periods.period_grain, periods.period_start, market.segment, market.region
            order by market.valid_from desc nulls last
        ) as choice
    from {{ ref('stg_agreement__target_market') }} as market
    inner join periods
        on market.valid_from <= periods.last_day
),

segment_totals as (
    select
        period_grain,
        period_start,
        segment,
        coalesce(
            max(case when region = '(all)' then companies end),
            sum(case when region <> '(all)' then companies end)
        ) as companies,
        coalesce(
            max(case when region = '(all)' then annual_value end),
            sum(case when region <> '(all)' then annual_value end)
        ) as annual_value
    from market_lines
    where choice = 1
    group by period_grain, period_start, segment
),

market as (
    select period_grain, period_start, segment, region, companies, annual_value
    from market_lines
    where choice = 1 and region <> '(all)'
    union all
    select period_grain, period_start, segment, '(all)' as region, companies, annual_value
    from segment_totals
    union all
    select
        period_grain,
        period_start,
        '(all)' as segment,
        '(all)' as region,
        sum(companies) as companies,
        sum(annual_value) as annual_value
    from segment_totals
    group by period_grain, period_start
    union all
    select
        period_grain,
        period_start,
        '(all)' as segment,
        region,
        sum(companies) as companies,
        sum(annual_value) as annual_value
    from market_lines
    where choice = 1 and region <> '(all)'
    group by period_grain, period_start, region
),

all_keys as (
    select {{ keys | join(", ") }} from known
    union
    select {{ keys | join(", ") }} from market
    union
    select {{ keys | join(", ") }} from revenue_sums
),

combined as (
    select
        {% for key in keys %}all_keys.{{ key }},
        {% endfor %}
        market.companies,
        market.annual_value,
        coalesce(known.known_accounts, 0) as known_accounts,
        coalesce(known.customer_accounts, 0) as customer_accounts,
        case
            when periods.last_day >= {{ seen_since(ref('fct_touchpoints'), 'occurred_date') }} then coalesce(reached.marketing_accounts, 0)
        end as marketing_accounts,
        case
            when periods.last_day >= {{ seen_since(sales_activities(), 'occurred_date') }} then coalesce(reached.sales_accounts, 0)
        end as sales_accounts,
        case
            when periods.last_day >= {{ seen_since(ref('fct_touchpoints'), 'occurred_date') }}
                and periods.last_day >= {{ seen_since(sales_activities(), 'occurred_date') }}
                then coalesce(reached.both_accounts, 0)
        end as both_accounts,
        coalesce(reached.opportunity_accounts, 0) as opportunity_accounts,
        effort.top_share as effort_top_share,
        effort.hhi as effort_hhi,
        revenue.top_share as revenue_top_share,
        revenue.hhi as revenue_hhi,
        coalesce(revenue_sums.won_value, 0) as won_value
    from all_keys
    inner join periods
        on all_keys.period_grain = periods.period_grain
        and all_keys.period_start = periods.period_start
    {% for relation in ["market", "known", "reached", "effort", "revenue", "revenue_sums"] %}
    left join {{ relation }}
        on {{ kpi_same("all_keys", relation, keys) }}
    {% endfor %}
),

-- Of the accounts those that are part of an agreed market. A line without a region is all of its
-- segment; where only single regions are given, no other region counts.
agreed as (
    select {{ keys | join(", ") }} from market_lines where choice = 1 and companies is not null
),

in_segments as (
    select
        {% for key in keys -%}
        combined.{{ key }},
        {% endfor -%}
        combined.known_accounts as known_in_market,
        combined.marketing_accounts as marketing_in_market,
        combined.sales_accounts as sales_in_market,
        combined.customer_accounts as customer_in_market
    from combined
    inner join agreed
        on combined.period_grain = agreed.period_grain
        and combined.period_start = agreed.period_start
        and combined.segment = agreed.segment
        and combined.region = agreed.region

    union all

    select
        combined.period_grain,
        combined.period_start,
        combined.segment,
        '(all)' as region,
        sum(combined.known_accounts) as known_in_market,
        sum(combined.marketing_accounts) as marketing_in_market,
        sum(combined.sales_accounts) as sales_in_market,
        sum(combined.customer_accounts) as customer_in_market
    from combined
    inner join agreed
        on combined.period_grain = agreed.period_grain
        and combined.period_start = agreed.period_start
        and combined.segment = agreed.segment
        and combined.region = agreed.region
    left join agreed as wholes
        on combined.period_grain = wholes.period_grain
        and combined.period_start = wholes.period_start
        and combined.segment = wholes.segment
        and wholes.region = '(all)'
    where wholes.segment is null
    group by combined.period_grain, combined.period_start, combined.segment
),

in_market as (
    select * from in_segments

    union all

    select
        period_grain,
        period_start,
        '(all)' as segment,
        region,
        sum(known_in_market) as known_in_market,
        sum(marketing_in_market) as marketing_in_market,
        sum(sales_in_market) as sales_in_market,
        sum(customer_in_market) as customer_in_market
    from in_segments
    group by period_grain, period_start, region
)

select
    cast(parts.period_grain as string) as period_grain,
    cast(parts.period_start as date) as period_start,
    cast(parts.segment as string) as segment,
    cast(parts.region as string) as region,
    cast(parts.companies as bigint) as companies_in_market,
    cast(parts.known_accounts as bigint) as known_accounts,
    cast(parts.marketing_accounts as bigint) as marketing_accounts,
    cast(parts.sales_accounts as bigint) as sales_accounts,
    cast(parts.both_accounts as bigint) as both_accounts,
    cast(parts.opportunity_accounts as bigint) as opportunity_accounts,
    cast(parts.customer_accounts as bigint) as customer_accounts,
    {{ share("in_market.known_in_market", "parts.companies") }} as known_share,
    {{ share("in_market.marketing_in_market", "parts.companies") }} as marketing_share,
    {{ share("in_market.sales_in_market", "parts.companies") }} as sales_share,
    {{ share("in_market.customer_in_market", "parts.companies") }} as customer_share,
    cast(parts.effort_top_share as double) as effort_top_10_percent_share,
    cast(parts.effort_hhi as double) as effort_hhi,
    cast(parts.revenue_top_share as double) as revenue_top_10_percent_share,
    cast(parts.revenue_hhi as double) as revenue_hhi,
    cast(parts.annual_value as decimal(18, 2)) as annual_market_value,
    cast(parts.won_value as decimal(18, 2)) as won_value_12_months,
    {{ share("parts.won_value", "totals.won_value") }} as won_value_share
from combined as parts
inner join combined as totals
    on totals.segment = '(all)'
    and totals.region = '(all)'
    and parts.period_grain = totals.period_grain
    and parts.period_start = totals.period_start
left join in_market
    on parts.period_grain = in_market.period_grain
    and parts.period_start = in_market.period_start
    and parts.segment = in_market.segment
    and parts.region = in_market.region
