{{ config(materialized='view') }}

select load_id as part, '' as fingerprint
from {{ ref('stg_lake__loads') }}
