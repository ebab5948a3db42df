-- One row per opportunity line of a deal that exists: list and sold money of all its units. A
-- line without a quantity is one unit; without a currency it has its deal's; without a list
-- price it has its product's, where that is in the line's currency. A deal without lines that
-- names both of its amounts is one line of its own.
with products as (
    select
        source_system,
        source_id,
        {{ record_key("source_system", "source_id") }} as product_id,
        list_price,
        currency,
        row_number() over (
            partition by source_system, source_id
            order by updated_at desc nulls last, _table asc nulls last
        ) as version
    from {{ ref('stg_generic__products') }}
),

lines as (
    select
        {{ surrogate_key([
            "'opportunity_line'", "given.source_system", "given._table", "given.source_id"
        ]) }} as opportunity_line_id,
        {{ resolved("opportunity", "opportunity_id") }} as opportunity_id,
        {{ resolved("product", "product_id") }} as product_id,
        given.source_system,
        coalesce(given.quantity, 1) as quantity,
        given.list_price,
        given.sold_price,
        given.currency
    from {{ ref('stg_generic__opportunity_lines') }} as given
    {{ resolve_record("given", "opportunity_id", ref("int_opportunity_records"), "opportunity") }}
    {{ resolve_record("given", "product_id", ref("int_product_records"), "product") }}
),

priced as (
    select
        lines.opportunity_line_id,
        lines.opportunity_id,
        lines.product_id,
        lines.source_system,
        lines.quantity,
        coalesce(lines.currency, amounts.currency) as currency,
        lines.sold_price,
        coalesce(
            lines.list_price,
            case
                when products.currency = coalesce(lines.currency, amounts.currency) then products.list_price
            end
        ) as list_price
    from lines
    inner join {{ ref('int_opportunity_amounts') }} as amounts
        on lines.opportunity_id = amounts.opportunity_id
    left join products
        on lines.product_id = products.product_id
        and products.version = 1
),

deals_with_lines as (
    select distinct opportunity_id from priced
),

sold as (
    select
        opportunity_line_id,
        opportunity_id,
        product_id,
        source_system,
        quantity,
        currency,
        {{ times("quantity", "list_price") }} as list_amount,
        {{ times("quantity", "sold_price") }} as sold_amount,
        false as is_whole_deal
    from priced

    union all

    select
        {{ surrogate_key(["'whole_deal'", "amounts.opportunity_id"]) }} as opportunity_line_id,
        amounts.opportunity_id,
        products.product_id,
        deals.source_system,
        cast(1 as decimal(18, 6)) as quantity,
        amounts.currency,
        amounts.list_amount,
        amounts.amount as sold_amount,
        true as is_whole_deal
    from {{ ref('int_opportunity_amounts') }} as amounts
    inner join {{ ref('int_opportunities') }} as deals
        on amounts.opportunity_id = deals.opportunity_id
    left join deals_with_lines
        on amounts.opportunity_id = deals_with_lines.opportunity_id
    left join {{ ref('int_opportunity_products') }} as products
        on amounts.opportunity_id = products.opportunity_id
    where deals_with_lines.opportunity_id is null
        and amounts.amount is not null
        and amounts.list_amount is not null
)

select
    sold.*,
    {{ to_reporting("sold.list_amount") }} as list_amount_reporting,
    {{ to_reporting("sold.sold_amount") }} as sold_amount_reporting
from sold
inner join {{ ref('int_opportunity_amounts') }} as amounts
    on sold.opportunity_id = amounts.opportunity_id
{{ join_fx_rate("sold.currency", "amounts.rate_date") }}
