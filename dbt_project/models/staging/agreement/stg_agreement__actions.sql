{{ config(materialized='table') }}
select
    cast(item_id as string) as item_id,
    cast(decision as string) as decision,
    cast(owner as string) as owner,
    cast(due as date) as due,
    cast(closed_at as date) as closed_at
from {{ current_agreement('actions') }}
