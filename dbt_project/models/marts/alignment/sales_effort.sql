{# One row per period and segment: how much sales does, for whom, and how soon. #}
{% set keys = ["period_grain", "period_start", "segment"] %}
{% set group_keys = "period_grain, period_start, slice_segment" %}
with activities as (
    {{ evidence_rows(sales_activities(), "occurred_date") }}
),

handed as (
    {{ evidence_rows(ref("fct_lead_response"), "handed_date") }}
),

won as (
    {{ evidence_rows("(select * from " ~ ref("fct_opportunities") ~ " where is_won)", "closed_date") }}
),

activity_counts as (
    select
        period_grain,
        period_start,
        slice_segment as segment,
        count(*) as activities,
        sum(
            case
                when activity_type in ('call', 'email', 'meeting') and coalesce(direction, 'outbound') = 'outbound'
                    then 1
                else 0
            end
        ) as outbound_activities,
        {% for type in ["call", "email", "meeting"] -%}
        sum(case when activity_type = '{{ type }}' then 1 else 0 end) as {{ type }}s,
        {% endfor -%}
        count(distinct rep_id) as active_reps,
        count(distinct account_id) as accounts_touched
    from activities
    group by {{ group_keys }}
),

account_activities as (
    select
        period_grain,
        period_start,
        slice_segment as segment,
        account_id,
        count(*) as activities
    from activities
    where account_id is not null
    group by {{ group_keys }}, account_id
),

account_shares as (
    {{ concentration("account_activities", keys, "activities", "account_id") }}
),

handed_counts as (
    select
        period_grain,
        period_start,
        slice_segment as segment,
        count(*) as leads_handed,
        count(is_followed_up) as leads_observed,
        sum(case when is_followed_up then 1 else 0 end) as leads_followed_up,
        sum(attempts) as attempts,
        count(response_business_minutes) as responses,
        {{ percentile("cast(response_business_minutes as double)", 0.5) }} as response_minutes_median,
        {{ percentile("cast(response_business_minutes as double)", 0.9) }} as response_minutes_p90,
        count(within_promise) as responses_due,
        sum(case when within_promise then 1 else 0 end) as responses_in_promise
    from handed
    group by {{ group_keys }}
),

periods as (
    {{ evidence_periods() }}
),

-- Deals that were open in a period, and those that somebody worked on while they were.
open_deals as (
    select
        periods.period_grain,
        periods.period_start,
        {{ kpi_sliced(["segment"]) }},
        count(distinct deals.opportunity_id) as open_deals,
        count(distinct deals.account_id) as accounts_with_open_deal,
        count(distinct days.opportunity_id) as worked_deals
    from (
        select
            opportunity_id,
            account_id,
            created_date,
            last_open_date,
            coalesce(segment, '(none)') as segment
        from {{ ref('sla_deals') }}
    ) as deals
    inner join periods
        on deals.created_date <= periods.last_day
        and deals.last_open_date >= periods.period_start
    left join {{ ref('sla_deal_days') }} as days
        on deals.opportunity_id = days.opportunity_id
        and days.worked_date >= periods.period_start
        and days.worked_date <= periods.last_day
    {{ by_every_slice(["periods.period_grain", "periods.period_start"], ["segment"]) }}
),

won_sums as (
    select
        period_grain,
        period_start,
        slice_segment as segment,
        sum(cast(amount_reporting as decimal(38, 2))) as won_value
    from won
    group by {{ group_keys }}
),

-- A period in which nobody did anything has its total too.
all_keys as (
    select {{ keys | join(", ") }} from activity_counts
    union
    select {{ keys | join(", ") }} from handed_counts
    union
    select {{ keys | join(", ") }} from open_deals
    union
    select {{ keys | join(", ") }} from won_sums
    union
    select period_grain, period_start, '(all)' as segment from periods
    where last_day >= {{ seen_since(sales_activities(), 'occurred_date') }}
),

-- What depends on activities is null in periods before the first of them, not 0.
combined as (
    select
        {% for key in keys %}all_keys.{{ key }},
        {% endfor %}
        {% for name in ["activities", "outbound_activities", "calls", "emails", "meetings", "active_reps", "accounts_touched"] -%}
        case when periods.last_day >= {{ seen_since(sales_activities(), 'occurred_date') }} then coalesce(activity_counts.{{ name }}, 0) end as {{ name }},
        {% endfor -%}
        {% for name in ["leads_handed", "leads_observed", "responses", "responses_due", "responses_in_promise"] -%}
        coalesce(handed_counts.{{ name }}, 0) as {{ name }},
        {% endfor -%}
        case when handed_counts.leads_observed > 0 then handed_counts.leads_followed_up end as leads_followed_up,
        handed_counts.attempts,
        handed_counts.response_minutes_median,
        handed_counts.response_minutes_p90,
        coalesce(open_deals.open_deals, 0) as open_deals,
        coalesce(open_deals.accounts_with_open_deal, 0) as accounts_with_open_deal,
        case when periods.last_day >= {{ seen_since(ref('sla_deal_days'), 'worked_date') }} then coalesce(open_deals.worked_deals, 0) end as worked_deals,
        account_shares.top_share,
        won_sums.won_value
    from all_keys
    inner join periods
        on all_keys.period_grain = periods.period_grain
        and all_keys.period_start = periods.period_start
    {% for relation in ["activity_counts", "handed_counts", "open_deals", "account_shares", "won_sums"] %}
    left join {{ relation }}
        on {{ kpi_same("all_keys", relation, keys) }}
    {% endfor %}
)

select
    cast(parts.period_grain as string) as period_grain,
    cast(parts.period_start as date) as period_start,
    cast(parts.segment as string) as segment,
    {% for name in ["activities", "outbound_activities", "calls", "emails", "meetings", "active_reps"] -%}
    cast(parts.{{ name }} as bigint) as {{ name }},
    {% endfor -%}
    {{ share("parts.activities", "parts.active_reps") }} as activities_per_rep,
    {{ share("parts.activities", "totals.activities") }} as activity_share,
    {{ share("parts.won_value", "totals.won_value") }} as won_value_share,
    cast(parts.leads_handed as bigint) as leads_handed,
    cast(parts.leads_observed as bigint) as leads_observed,
    cast(parts.leads_followed_up as bigint) as leads_followed_up,
    {{ share("parts.leads_followed_up", "parts.leads_observed") }} as follow_up_rate,
    {{ wilson_low("parts.leads_followed_up", "parts.leads_observed") }} as follow_up_rate_low,
    {{ wilson_high("parts.leads_followed_up", "parts.leads_observed") }} as follow_up_rate_high,
    {{ share("parts.attempts", "parts.leads_observed") }} as attempts_per_lead,
    cast(parts.responses as bigint) as responses,
    cast(parts.response_minutes_median as double) as response_business_minutes_median,
    cast(parts.response_minutes_p90 as double) as response_business_minutes_p90,
    cast(parts.responses_due as bigint) as responses_due,
    cast(parts.responses_in_promise as bigint) as responses_in_promise,
    {{ share("parts.responses_in_promise", "parts.responses_due") }} as response_in_promise_rate,
    {{ wilson_low("parts.responses_in_promise", "parts.responses_due") }} as response_in_promise_rate_low,
    {{ wilson_high("parts.responses_in_promise", "parts.responses_due") }} as response_in_promise_rate_high,
    cast(parts.accounts_touched as bigint) as accounts_touched,
    cast(parts.open_deals as bigint) as open_deals,
    cast(parts.accounts_with_open_deal as bigint) as accounts_with_open_deal,
    {{ share("parts.worked_deals", "parts.open_deals") }} as open_deals_touched_share,
    cast(parts.top_share as double) as top_accounts_share,
    {{ is_small_sample("parts.leads_observed") }} as is_small_sample
from combined as parts
inner join combined as totals
    on totals.segment = '(all)'
    and parts.period_grain = totals.period_grain
    and parts.period_start = totals.period_start
