{{ config(materialized='view') }}

{# The agreement is a load too: another one reads every part anew. #}
select
    loads.load_id as part,
    coalesce(cast(agreement.load_id as string), '') || '|' || loads.amendment as fingerprint
from {{ ref('stg_lake__loads') }} as loads
left join {{ ref('stg_lake__loads') }} as agreement
    on agreement.source_system = 'agreement' and agreement.is_newest
