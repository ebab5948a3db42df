with records as (
    {{ records_and_references(ref('stg_generic__products'), [
        [ref('stg_generic__opportunities'), 'product_id', 'not is_deleted'],
        [ref('stg_generic__opportunity_lines'), 'product_id', 'true'],
        [ref('stg_generic__sales_feedback'), 'product_id', 'true'],
    ]) }}
)

select
    source_system,
    source_id,
    {{ record_key('source_system', 'source_id') }} as product_id,
    is_reference_only,
    is_sole_id
from records
