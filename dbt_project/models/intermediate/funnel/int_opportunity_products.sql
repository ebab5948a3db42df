-- One row per opportunity: the product it names, else the one that all its lines name.
with line_products as (
    select
        {{ resolved("opportunity", "opportunity_id") }} as opportunity_id,
        {{ resolved("product", "product_id") }} as product_id
    from {{ ref('stg_generic__opportunity_lines') }} as lines
    {{ resolve_record("lines", "opportunity_id", ref("int_opportunity_records"), "opportunity") }}
    {{ resolve_record("lines", "product_id", ref("int_product_records"), "product") }}
),

sole_products as (
    select
        opportunity_id,
        min(product_id) as product_id
    from line_products
    group by opportunity_id
    having min(product_id) = max(product_id) and count(product_id) = count(*)
)

select
    opportunities.opportunity_id,
    coalesce({{ resolved("product", "product_id") }}, sole_products.product_id) as product_id
from {{ ref('int_opportunities') }} as opportunities
left join sole_products
    on opportunities.opportunity_id = sole_products.opportunity_id
{{ resolve_record("opportunities", "source_product_id", ref("int_product_records"), "product") }}
