select
    source_system,
    source_id,
    opportunity_id,
    product_id,
    quantity,
    list_price,
    sold_price,
    currency,
    _table,
    _load_id,
    _file,
    _line
from {{ current_rows('opportunity_line') }}
