{{ config(materialized='table') }}
select
    cast(source as string) as source,
    cast(object_type as string) as object_type,
    cast(label as string) as label,
    cast(stage_id as string) as stage_id
from {{ current_agreement('stage_labels') }}
