with products as (
    select
        *,
        row_number() over (
            partition by source_system, source_id
            order by updated_at desc nulls last, _table asc nulls last
        ) as version
    from {{ ref('stg_generic__products') }}
)

select
    cast(records.product_id as string) as product_id,
    cast(coalesce(products.name, records.source_id) as string) as product_name,
    cast(products.family as string) as family,
    cast(products.list_price as decimal(18, 2)) as list_price,
    cast(products.currency as string) as currency,
    cast(coalesce(products.is_active, true) as boolean) as is_active,
    cast(records.is_reference_only as boolean) as is_reference_only,
    cast(records.source_system as string) as source_system,
    cast(records.source_id as string) as source_id
from {{ ref('int_product_records') }} as records
left join products
    on records.source_system = products.source_system
    and records.source_id = products.source_id
    and products.version = 1
