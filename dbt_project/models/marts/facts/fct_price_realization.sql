{# One row per opportunity line, or per deal without lines. #}
select
    cast(lines.opportunity_line_id as string) as opportunity_line_id,
    cast(lines.opportunity_id as string) as opportunity_id,
    cast(lines.product_id as string) as product_id,
    cast(deals.account_id as string) as account_id,
    cast(deals.owner_id as string) as owner_id,
    cast(lines.is_whole_deal as boolean) as is_whole_deal,
    cast(lines.quantity as decimal(18, 6)) as quantity,
    cast(lines.currency as string) as currency,
    cast(lines.list_amount as decimal(18, 2)) as list_amount,
    cast(lines.sold_amount as decimal(18, 2)) as sold_amount,
    cast(lines.list_amount - lines.sold_amount as decimal(18, 2)) as discount_amount,
    cast(lines.list_amount_reporting as decimal(18, 2)) as list_amount_reporting,
    cast(lines.sold_amount_reporting as decimal(18, 2)) as sold_amount_reporting,
    cast(
        lines.list_amount_reporting - lines.sold_amount_reporting as decimal(18, 2)
    ) as discount_amount_reporting,
    cast(lines.sold_amount as double) / nullif(cast(lines.list_amount as double), 0) as price_realization,
    cast(deals.is_won as boolean) as is_won,
    cast(deals.is_closed as boolean) as is_closed,
    cast(deals.created_date as date) as created_date,
    cast(deals.closed_date as date) as closed_date,
    cast(deals.lost_reason as string) as lost_reason,
    cast(deals.opportunity_type as string) as opportunity_type,
    cast(deals.channel_id as string) as channel_id,
    cast(deals.segment as string) as segment,
    cast(deals.region as string) as region,
    cast(lines.source_system as string) as source_system
from {{ ref('int_opportunity_lines') }} as lines
inner join {{ ref('fct_opportunities') }} as deals
    on lines.opportunity_id = deals.opportunity_id
