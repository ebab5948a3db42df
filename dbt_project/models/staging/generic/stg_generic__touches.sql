{{ config(materialized='view') }}

select *
from {{ current_rows('touch', versions=ref('stg_generic__touch_versions')) }}
