{{ config(materialized='view') }}

select load_id, file_name
from {{ source('manifest', 'replaced_files') }}
