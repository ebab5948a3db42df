{# One row per period, segment and product: whether deals are lost on price. #}
{% set keys = ["period_grain", "period_start", "segment", "product_id"] %}
with closed as (
    {{ evidence_rows("(select * from " ~ ref("fct_opportunities") ~ " where is_closed)", "closed_date") }}
),

lines as (
    {{ evidence_rows(ref("fct_price_realization"), "closed_date") }}
),

feedback as (
    {{ evidence_rows(ref("fct_sales_feedback"), "recorded_date") }}
),

slices as (
    select true as is_total
    union all
    select false as is_total
),

-- Everything once for its product and once for all products.
{% for name in ["closed", "lines", "feedback"] %}
{{ name }}_by_product as (
    select
        {{ name }}.*,
        case when slices.is_total then '(all)' else coalesce({{ name }}.product_id, '(none)') end as slice_product_id
    from {{ name }}
    cross join slices
),
{% endfor %}

deal_counts as (
    select
        period_grain,
        period_start,
        slice_segment as segment,
        slice_product_id as product_id,
        count(*) as closed_deals,
        sum(case when is_won then 1 else 0 end) as won_deals,
        sum(case when not is_won then 1 else 0 end) as lost_deals,
        count(lost_reason_category) as lost_with_reason,
        sum(case when lost_reason_category = 'price' then 1 else 0 end) as lost_on_price,
        sum(case when lost_reason_category = 'competitor' then 1 else 0 end) as lost_to_competitor,
        sum(case when lost_reason_category = 'product' then 1 else 0 end) as lost_on_product,
        sum(case when lost_reason_category = 'price' then cast(amount_reporting as decimal(38, 2)) end) as lost_value_on_price
    from closed_by_product
    group by period_grain, period_start, slice_segment, slice_product_id
),

line_sums as (
    select
        period_grain,
        period_start,
        slice_segment as segment,
        slice_product_id as product_id,
        count(distinct opportunity_id) as priced_deals,
        sum(case when is_won then cast(list_amount_reporting as decimal(38, 2)) end) as won_list_value,
        sum(case when is_won then cast(sold_amount_reporting as decimal(38, 2)) end) as won_sold_value,
        sum(case when not is_won then cast(list_amount_reporting as decimal(38, 2)) end) as lost_list_value,
        sum(case when not is_won then cast(sold_amount_reporting as decimal(38, 2)) end) as lost_sold_value
    from lines_by_product
    where is_closed and list_amount_reporting is not null and sold_amount_reporting is not null
    group by period_grain, period_start, slice_segment, slice_product_id
),

feedback_counts as (
    select
        period_grain,
        period_start,
        slice_segment as segment,
        slice_product_id as product_id,
        sum(case when feedback_type = 'price' then 1 else 0 end) as price_feedback,
        sum(case when feedback_type = 'competitor' then 1 else 0 end) as competitor_feedback
    from feedback_by_product
    group by period_grain, period_start, slice_segment, slice_product_id
),

-- The reason and the rival that are named most; of equals the first in the alphabet.
reason_counts as (
    select
        period_grain,
        period_start,
        slice_segment as segment,
        slice_product_id as product_id,
        'reason' as kind,
        lost_reason_category as name,
        count(*) as mentions
    from closed_by_product
    where lost_reason_category is not null
    group by period_grain, period_start, slice_segment, slice_product_id, lost_reason_category

    union all

    select
        period_grain,
        period_start,
        slice_segment as segment,
        slice_product_id as product_id,
        'competitor' as kind,
        {{ voiced_topic("topic") }} as name,
        count(*) as mentions
    from feedback_by_product
    where feedback_type = 'competitor' and topic is not null
    group by period_grain, period_start, slice_segment, slice_product_id, {{ voiced_topic("topic") }}
),

tops as (
    select
        {{ keys | join(", ") }},
        max(case when kind = 'reason' then name end) as top_lost_reason,
        max(case when kind = 'competitor' then name end) as top_competitor
    from (
        select
            reason_counts.*,
            row_number() over (
                partition by {{ keys | join(", ") }}, kind
                order by mentions desc nulls last, name asc nulls last
            ) as place
        from reason_counts
    ) as ranked
    where place = 1
    group by {{ keys | join(", ") }}
),

all_keys as (
    select {{ keys | join(", ") }} from deal_counts
    union
    select {{ keys | join(", ") }} from line_sums
    union
    select {{ keys | join(", ") }} from feedback_counts
),

counted as (
    select
        {% for key in keys %}all_keys.{{ key }},
        {% endfor %}
        {% for name in ["closed_deals", "won_deals", "lost_deals", "lost_with_reason", "lost_on_price",
                        "lost_to_competitor", "lost_on_product"] -%}
        coalesce(deal_counts.{{ name }}, 0) as {{ name }},
        {% endfor -%}
        deal_counts.lost_value_on_price,
        coalesce(line_sums.priced_deals, 0) as priced_deals,
        line_sums.won_list_value,
        line_sums.won_sold_value,
        line_sums.lost_list_value,
        line_sums.lost_sold_value,
        coalesce(feedback_counts.price_feedback, 0) as price_feedback,
        coalesce(feedback_counts.competitor_feedback, 0) as competitor_feedback,
        tops.top_lost_reason,
        tops.top_competitor
    from all_keys
    {% for relation in ["deal_counts", "line_sums", "feedback_counts", "tops"] %}
    left join {{ relation }}
        on all_keys.period_grain = {{ relation }}.period_grain
        and all_keys.period_start = {{ relation }}.period_start
        and all_keys.segment = {{ relation }}.segment
        and all_keys.product_id = {{ relation }}.product_id
    {% endfor %}
),

-- A segment beside all the others of its period and product.
compared as (
    select
        counted.*,
        totals.lost_with_reason - counted.lost_with_reason as others_with_reason,
        totals.lost_on_price - counted.lost_on_price as others_on_price
    from counted
    left join counted as totals
        on counted.segment <> '(all)'
        and totals.segment = '(all)'
        and counted.period_grain = totals.period_grain
        and counted.period_start = totals.period_start
        and counted.product_id = totals.product_id
)

select
    cast(period_grain as string) as period_grain,
    cast(period_start as date) as period_start,
    cast(segment as string) as segment,
    cast(product_id as string) as product_id,
    cast(closed_deals as bigint) as closed_deals,
    cast(won_deals as bigint) as won_deals,
    cast(lost_deals as bigint) as lost_deals,
    {{ share("won_deals", "closed_deals") }} as win_rate,
    {{ wilson_low("won_deals", "closed_deals") }} as win_rate_low,
    {{ wilson_high("won_deals", "closed_deals") }} as win_rate_high,
    cast(lost_with_reason as bigint) as lost_with_reason,
    cast(lost_on_price as bigint) as lost_on_price,
    {{ share("lost_on_price", "lost_with_reason") }} as price_loss_share,
    {{ wilson_low("lost_on_price", "lost_with_reason") }} as price_loss_share_low,
    {{ wilson_high("lost_on_price", "lost_with_reason") }} as price_loss_share_high,
    {{ share("others_on_price", "others_with_reason") }} as other_segments_price_loss_share,
    {{ wilson_high("others_on_price", "others_with_reason") }} as other_segments_price_loss_share_high,
    -- Both samples may err: even the least that is likely here is more than the most elsewhere.
    coalesce(
        not {{ is_small_sample("lost_with_reason") }}
        and lost_on_price >= 8
        and {{ wilson_low("lost_on_price", "lost_with_reason") }} > {{ wilson_high("others_on_price", "others_with_reason") }},
        false
    ) as is_above_others,
    cast(lost_to_competitor as bigint) as lost_to_competitor,
    {{ share("lost_to_competitor", "lost_with_reason") }} as competitor_loss_share,
    cast(lost_on_product as bigint) as lost_on_product,
    cast(lost_value_on_price as decimal(18, 2)) as lost_value_on_price,
    cast(priced_deals as bigint) as priced_deals,
    cast(won_list_value as decimal(18, 2)) as list_value,
    cast(won_sold_value as decimal(18, 2)) as sold_value,
    {{ share("won_sold_value", "won_list_value") }} as price_realization,
    {{ share("won_list_value - won_sold_value", "won_list_value") }} as average_discount,
    {{ share("lost_list_value - lost_sold_value", "lost_list_value") }} as average_discount_lost,
    cast(price_feedback as bigint) as price_feedback,
    cast(competitor_feedback as bigint) as competitor_feedback,
    cast(top_lost_reason as string) as top_lost_reason,
    cast(top_competitor as string) as top_competitor,
    {{ is_small_sample("lost_with_reason") }} as is_small_sample
from compared
