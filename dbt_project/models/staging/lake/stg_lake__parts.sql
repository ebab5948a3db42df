{{ config(materialized='view') }}

{# The agreement is a load too: another one reads every part anew. #}
select
    load_id as part,
    coalesce(
        cast(
            (
                select max(agreements.load_id)
                from {{ ref('stg_lake__loads') }} as agreements
                where agreements.source_system = 'agreement' and agreements.is_newest
            ) as string
        ), ''
    ) || '|' || amendment as fingerprint
from {{ ref('stg_lake__loads') }}
